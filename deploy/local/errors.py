"""
StackError        the embedded stack cannot do what was asked; its sentence is for the person at the terminal
  InUseError      another run has this folder
  StartError      a program did not come up; the last lines of its log are part of the sentence
  MissingError    a tool that is not installed
"""

from pathlib import Path


class StackError(Exception):
    pass


class InUseError(StackError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is in use by another run. Stop that one first (Ctrl-C in its terminal).")


class StartError(StackError):
    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} did not start. The end of {log}:\n{last_lines(log)}")


class MissingError(StackError):
    def __init__(self, tools: list[str]) -> None:
        super().__init__(f"Missing: {', '.join(tools)}. Kafka without Docker needs a JDK 17 or newer and, once, Maven.")


def last_lines(log: Path, count: int = 20) -> str:
    if not log.exists():
        return "  (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 64_000))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"  {line[:400]}" for line in lines[-count:])
