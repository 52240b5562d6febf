"""One per venue: circuit breaker, retries, rate budget, dead letters."""
