from collections.abc import Iterator, Sequence

from shared.events import LINES_PER_EVENT, OrderLine


def in_parts(lines: Sequence[OrderLine]) -> Iterator[tuple[tuple[OrderLine, ...], bool]]:
    """As many lines at a time as fit into an event, and whether more follow."""
    for start in range(0, len(lines), LINES_PER_EVENT):
        end = start + LINES_PER_EVENT
        yield tuple(lines[start:end]), end < len(lines)
