"""What is said of a body that does not fit."""

import pytest
from shared.bus import Heard, Partition
from shared.envelope import Envelope, Unreadable, event_in
from uuid_utils.compat import uuid7


def test_a_body_that_is_wrong_everywhere_is_told_in_few_words() -> None:
    """To tell all of it would take longer than a transaction may rest."""
    body = b'{"lines": [' + b"1," * 100_000 + b"1]}"
    heard = Heard(Partition("orders", 0), 1, b"key", [], body)
    envelope = Envelope(str(uuid7()), "order.received.v1", "order/1", 1, "ACME", "key", "2026-01-15T09:30:00Z", str(uuid7()), None, heard)

    with pytest.raises(Unreadable, match=r"wrong in 1000\d\d places") as told:
        event_in(envelope)

    assert len(str(told.value)) < 200
