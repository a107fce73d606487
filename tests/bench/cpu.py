import psutil


class Cpu:
    """CPU seconds used since `begin`, by name of a process; PostgreSQL's backends count together."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._processes = processes | {"generator": psutil.Process().pid}
        self._begun = self._now()

    def spent(self) -> dict[str, float]:
        now = self._now()
        return {name: round(now[name] - self._begun.get(name, 0.0), 3) for name in now}

    def _now(self) -> dict[str, float]:
        return {name: _seconds(pid, family=name == "postgres") for name, pid in self._processes.items()}


def _seconds(pid: int, *, family: bool) -> float:
    """A backend that ended is counted by its parent, as far as the parent has waited for it."""
    try:
        process = psutil.Process(pid)
        times = [process.cpu_times()] + [child.cpu_times() for child in (process.children(recursive=True) if family else [])]
        own = times[0].children_user + times[0].children_system if family else 0.0
        return float(sum(each.user + each.system for each in times) + own)
    except psutil.NoSuchProcess:
        return 0.0
