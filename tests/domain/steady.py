"""How invented examples are drawn: the same in every run, and never failed for being slow."""

from hypothesis import HealthCheck, settings

steady = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
