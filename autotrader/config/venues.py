"""What may be said of a venue: the keys that all have in common, those of the paper venue, and each venue's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from autotrader.config.sections import ClassPath, Count, Exact, NotNegative, Number, Positive, Section, Seed, Share, Whole
from autotrader.secrets import Secret

__all__ = [
    "KNOWN_VENUES", "BreakerKeys", "BudgetKeys", "PaperVenueSection", "RateKeys", "RetryKeys", "SimulatorKeys", "VenueSection",
    "WireVenueSection",
]

KNOWN_VENUES = ("paper", "binance", "coinbase", "ibkr", "oanda", "okx")


class BreakerKeys(Section):
    """The circuit breaker: opens at a share of failed or slow calls among the last ``window_calls`` in ``window_s``."""

    window_calls: Count = 20
    window_s: Positive = 30.0
    minimum_calls: Count = 5
    minimum_failures: Count = 1
    failure_share: Annotated[Number, Field(gt=0, le=1)] = 0.5
    slow_share: Annotated[Number, Field(gt=0, le=1)] = 0.8
    slow_s: Positive = 2.0
    open_s: Positive = 5.0
    open_max_s: Positive = 60.0
    probes: Count = 1
    probe_timeout_s: Positive = 20.0


class RetryKeys(Section):
    """Retries of requests that are proved not taken: attempts in all, back-off, and the share of traffic they may be."""

    max_retries: Count = 3
    initial_backoff_s: Positive = 0.5
    max_backoff_s: Positive = 5.0
    submit_age_s: Positive = 2.0
    cancel_age_s: Positive = 30.0
    budget_share: Annotated[Number, Field(ge=0, le=1)] = 0.1
    budget_floor: Whole = 3
    budget_window_s: Positive = 60.0


class BudgetKeys(Section):
    """One limit of the venue: ``limit`` weight per ``interval_s``, and what each kind of request weighs in it."""

    name: str
    limit: Count
    interval_s: Positive
    order: Whole = 1
    replace: Whole = 1
    cancel: Whole = 1
    query: Whole = 1
    snapshot: Whole = 1


class RateKeys(Section):
    """The rate budgets; ``ceiling`` is the share of each that we use, ``reserve`` the share of that kept from new orders."""

    ceiling: Annotated[Number, Field(gt=0, le=1)] = 0.9
    reserve: Annotated[Number, Field(ge=0, lt=1)] = 0.2
    budgets: tuple[BudgetKeys, ...] = ()


class VenueSection(Section):
    """One venue. Keys beyond these are the venue's own: ``options``, checked by its adapter; secrets among them are hidden.

    ``deadline_s`` and ``request_life_s``: None is the venue's own default. ``adapter`` names the plan of a venue that is
    not built in.
    """

    model_config = ConfigDict(extra="allow")

    enabled: bool = False
    adapter: ClassPath | None = None
    account: str = ""
    deadline_s: Positive | None = None
    request_life_s: Positive | None = None
    breaker: BreakerKeys = BreakerKeys()
    retry: RetryKeys = RetryKeys()
    rate: RateKeys = RateKeys()

    @property
    def options(self) -> dict[str, Any]:
        """Return the venue's own keys."""
        return dict(self.model_extra or {})

    def secret(self, key: str) -> Secret | None:
        """Return one of the venue's secrets, None when it is not set."""
        value = (self.model_extra or {}).get(key)
        return value if isinstance(value, Secret) else None


class SimulatorKeys(Section):
    """The simulated venue that a run in mode SIMULATED starts for itself, and ends with itself.

    ``faults``, ``tape`` and ``ledger`` are files; ``latency_ms`` lies between a request and its answer.
    """

    start: bool = False
    seed: Seed | None = None
    latency_ms: NotNegative | None = None
    faults: str = ""
    tape: str = ""
    ledger: str = ""


class WireVenueSection(VenueSection):
    """A venue behind a wire: the built-in ones but paper, and those that name their adapter."""

    simulator: SimulatorKeys = SimulatorKeys()


class PaperVenueSection(VenueSection):
    """The paper venue: the matching engine in this process, with faults to order.

    Fees are shares of the notional, ``outages`` are (start, length) in seconds since the start of the run; ``balances``
    empty: 1,000,000 of each quote currency and 100 of each base coin. ``faults`` is a fault script or a file with one.
    """

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    account: str = "PAPER"
    latency_ms: NotNegative = 0.0
    reply_latency_ms: NotNegative = 0.0
    fill_delay_ms: NotNegative = 0.0
    maker_fee: Annotated[Exact, Field(gt=-1, lt=1)] = Decimal("0.0002")
    taker_fee: Annotated[Exact, Field(gt=-1, lt=1)] = Decimal("0.0005")
    fee_asset: Annotated[Literal["QUOTE", "BASE"], BeforeValidator(str.upper)] = "QUOTE"
    margin_rate: Annotated[Exact, Field(gt=0, le=1)] = Decimal("0.05")
    slippage_bps: Annotated[Exact, Field(ge=0)] = Decimal(0)
    depth: Count = 10
    reject_probability: Share = Decimal(0)
    reject_code: str = "PAPER_REJECT"
    lost_reply_probability: Share = Decimal(0)
    reply_timeout_s: Positive = 1.0
    outages: tuple[tuple[NotNegative, Positive], ...] = ()
    outage_probability: Share = Decimal(0)
    outage_s: Positive = 5.0
    faults: str | dict[str, Any] = ""
    balances: dict[str, Annotated[Exact, Field(ge=0)]] = Field(default_factory=dict)
    seed: Seed | None = None
