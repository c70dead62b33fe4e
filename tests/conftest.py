"""Profiles of the property tests: the ordinary one, and the long one of `script/test --all`."""

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=2_000)
settings.load_profile("default")
