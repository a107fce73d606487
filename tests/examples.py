"""How many examples hypothesis tries: few with every run of the tests, many with LSC_HYPOTHESIS=long."""

import os

from hypothesis import HealthCheck, Phase, settings

LONG = 20


def examples(count: int, steps: int = 50, *, shrinks: bool = True) -> settings:
    """`shrinks`: what fails is made smaller before it is told; with many also where that takes long."""
    more = LONG if os.environ.get("LSC_HYPOTHESIS") == "long" else 1
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    phases = [phase for phase in Phase if phase is not Phase.shrink or shrinks or more > 1]
    return settings(max_examples=count * more, stateful_step_count=steps, deadline=None, suppress_health_check=slow, phases=phases)
