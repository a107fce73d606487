"""What a busy machine has to do with how long an answer takes."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Took:
    """An answer; how long the API ran meanwhile, how long it waited for a processor, and how long its caller did."""

    seconds: float
    ran: float
    waited: float
    caller_waited: float

    def alone(self, share: float) -> float:
        """Where nobody else wants the processors nobody waits for them; the database, whom we cannot ask, gets its `share` of them here."""
        elsewhere = max(0.0, self.seconds - self.ran - self.waited - self.caller_waited)
        return min(self.seconds, self.ran + elsewhere * share)


def processor_seconds(process_id: int) -> tuple[float, float]:
    """How long it has run, and how long it has waited for a processor; 0 where nobody counts that."""
    ran = waited = 0
    for file in Path(f"/proc/{process_id}/task").glob("*/schedstat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            counts = file.read_text().split()
            ran, waited = ran + int(counts[0]), waited + int(counts[1])
    return ran / 1e9, waited / 1e9
