"""New ids: in the order of time, and everywhere what a UUID is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shared.ids import id_of, new_id, new_id_at

THEN = datetime(2026, 1, 15, 9, 30, 0, 123_999, UTC)


def test_each_id_is_later_than_the_one_before() -> None:
    ids = [new_id() for _ in range(2000)]

    assert ids == sorted(set(ids))
    assert {each.version for each in ids} == {7}


def test_an_id_is_the_same_as_its_text_and_its_bytes() -> None:
    made = new_id()
    read = UUID(str(made))

    assert isinstance(made, UUID)
    assert (made, hash(made), made.bytes) == (read, hash(read), read.bytes)
    assert id_of(str(made)) == id_of(made.bytes) == read


def test_an_id_says_the_millisecond_of_its_instant() -> None:
    milliseconds = int.from_bytes(new_id_at(THEN).bytes[:6], "big")

    assert datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds) == THEN.replace(microsecond=123_000)


@pytest.mark.parametrize("said", ["", "x", "0" * 31, "g" * 32])
def test_a_text_that_is_no_uuid_is_no_id(said: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        id_of(said)


@pytest.mark.parametrize("said", [b"", b"x" * 15, b"x" * 17])
def test_sixteen_bytes_are_an_id_and_no_others(said: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        id_of(said)
