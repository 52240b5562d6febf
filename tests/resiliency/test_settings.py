import msgspec
import pytest

from autotrader.config import Settings
from autotrader.resiliency.settings import ResiliencySettings


def test_defaults_are_those_of_the_configuration():
    venue = Settings().venues["binance"].model_dump()
    assert ResiliencySettings.of(venue) == ResiliencySettings()


def test_configured_budgets_arrive():
    budget = {"name": "weight", "limit": 6000, "interval_s": 60, "query": 4}
    venue = {"rate": {"reserve": 0.3, "budgets": [budget]}, "account": "x"}
    made = ResiliencySettings.of(venue)
    assert (made.rate.reserve, made.rate.budgets[0].query, made.rate.budgets[0].order) == (0.3, 4, 1)


def test_wrong_type_is_refused():
    with pytest.raises(msgspec.ValidationError):
        ResiliencySettings.of({"retry": {"max_retries": "many"}})


def test_switched_off_means_one_attempt_and_no_budgets():
    made = ResiliencySettings.of({"rate": {"budgets": [{"name": "w", "limit": 1, "interval_s": 1}]}}, enabled=False).in_force()
    assert (made.retry.max_retries, made.rate.budgets) == (1, ())
    assert ResiliencySettings().in_force() == ResiliencySettings()


def test_arguments_of_the_facade_map_on_the_settings():
    made = ResiliencySettings.named(max_retries=4, initial_backoff=0.1, circuit_breaker_threshold=7, circuit_breaker_timeout=30)
    assert (made.retry.max_retries, made.retry.initial_backoff_s) == (4, 0.1)
    assert (made.breaker.minimum_failures, made.breaker.open_max_s) == (7, 30)
