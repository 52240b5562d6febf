"""Limits before the wire: settings, exposure, the controls, and the receipts without which nothing is written. All pure."""

from autotrader.risk.exposure import Exposure
from autotrader.risk.limits import Limits
from autotrader.risk.profiles import PROFILES, KeyRow, default_profile, describe, is_looser, risk_settings
from autotrader.risk.receipts import ReceiptBook
from autotrader.risk.settings import RiskSettings
from autotrader.risk.validity import find_fault
from autotrader.risk.verdicts import Breach, BreachAction, Denied, Passed, Verdict

__all__ = [
    "PROFILES", "Breach", "BreachAction", "Denied", "Exposure", "KeyRow", "Limits", "Passed", "ReceiptBook", "RiskSettings",
    "Verdict", "default_profile", "describe", "find_fault", "is_looser", "risk_settings",
]
