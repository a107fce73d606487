"""The page says of every guard of the rig what its absence was caught by."""

from tests.crash.sabotage import GUARDS
from tests.docs.texts import table_rows, text


def test_every_guard_has_its_row_and_no_row_is_of_a_guard_that_is_gone() -> None:
    rows = list(table_rows(text("docs/reliability.md").content, "guard that was taken away"))

    assert [row[0] for row in rows] == [guard.guard for guard in GUARDS]
    assert [row[0] for row in rows if row[1] in ("", "nothing")] == []
    assert [row[0] for row in rows if not row[3].startswith("nothing, settled")] == []
