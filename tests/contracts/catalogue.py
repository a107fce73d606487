"""The samples: messages as they lay on the wire, one file each, never changed and never removed.

`python -m tests.contracts.catalogue` notes new files in samples/index.json; it refuses when an old one differs.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from shared.bus import Heard, Partition, partition_of
from shared.envelope import event_in, opened
from shared.events import Event

SAMPLES = Path(__file__).parent / "samples"
INDEX = SAMPLES / "index.json"


@dataclass(frozen=True)
class Sample:
    name: str
    topic: str
    key: str
    headers: dict[str, str]
    body: dict[str, object]

    @property
    def type(self) -> str:
        return self.name.partition("/")[0]

    @property
    def heard(self) -> Heard:
        headers = [(name, value.encode()) for name, value in self.headers.items()]
        return Heard(Partition(self.topic, partition_of(self.key)), 0, self.key.encode(), headers, json.dumps(self.body).encode())

    @property
    def event(self) -> Event:
        return event_in(opened(self.heard))


def samples() -> list[Sample]:
    return [sample(str(file.relative_to(SAMPLES))) for file in sorted(SAMPLES.glob("*/*.json"))]


def sample(name: str) -> Sample:
    return Sample(name, **json.loads((SAMPLES / name).read_text(encoding="utf-8")))


def noted() -> dict[str, str]:
    """The SHA-256 of every sample that was ever published."""
    index: dict[str, str] = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else {}
    return index


def found() -> dict[str, str]:
    return {str(file.relative_to(SAMPLES)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(SAMPLES.glob("*/*.json"))}


def main() -> None:
    before, now = noted(), found()
    if broken := [name for name, digest in before.items() if now.get(name) != digest]:
        sys.exit(f"Published samples are kept as they are; restore {', '.join(broken)} and add a new file instead.")
    INDEX.write_text(json.dumps(dict(sorted(now.items())), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
