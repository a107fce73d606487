"""How many examples hypothesis tries: few with every run of the tests, many with LSC_HYPOTHESIS=long."""

import os

from hypothesis import HealthCheck, settings

LONG = 20


def examples(count: int, steps: int = 50) -> settings:
    more = LONG if os.environ.get("LSC_HYPOTHESIS") == "long" else 1
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=count * more, stateful_step_count=steps, deadline=None, suppress_health_check=slow)
