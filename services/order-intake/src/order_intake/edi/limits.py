from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one body may hold. No standard sets these; beyond them the codec reports `too-much` and stops."""

    body_bytes: int = 10 * 2**20
    interchanges: int = 1000
    groups: int = 1000
    messages: int = 1000
    segments_per_message: int = 50_000
    elements: int = 100
    element_bytes: int = 4096
    components: int = 20
    faults_per_message: int = 100


LIMITS = Limits()
