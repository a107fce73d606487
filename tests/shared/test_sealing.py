import os
from base64 import b64encode
from dataclasses import replace

import pytest
from shared.sealing import NONCE_BYTES, MasterKeys, SubjectKey, Unopenable, disclose, enclose, joined, key_ids_in, new_master_key

PLAIN = "周杰 Quellenweg 7"
WEAK = [
    "",
    "main",
    "main.",
    "main.c2hvcnQ=",
    "main." + b64encode(bytes(32)).decode(),
    "main." + b64encode(b"abcd" * 8).decode(),
    "a b." + b64encode(bytes(range(32))).decode(),
]


def test_what_is_sealed_opens_under_its_key_for_its_customer_and_field_only() -> None:
    key, other = SubjectKey.new(), SubjectKey.new()

    sealed = key.seal_text(PLAIN, "ACME", "ship_to")

    assert key.open_text(sealed, "ACME", "ship_to") == PLAIN
    wrong = [
        (key, sealed, "LANTERN", "ship_to"),
        (key, sealed, "ACME", "signed_by"),
        (replace(other, key_id=key.key_id), sealed, "ACME", "ship_to"),
        (replace(key, key_id=other.key_id), sealed, "ACME", "ship_to"),
        (key, sealed[:-4] + "AAAA", "ACME", "ship_to"),
        (key, "not base64!", "ACME", "ship_to"),
        (key, "", "ACME", "ship_to"),
    ]
    for by, what, customer_id, field in wrong:
        with pytest.raises(Unopenable):
            by.open_text(what, customer_id, field)


def test_the_parts_of_what_it_is_bound_to_do_not_run_into_each_other() -> None:
    key = SubjectKey.new()

    sealed = key.seal(b"x", "AC", "MEship_to")

    with pytest.raises(Unopenable):
        key.open(sealed, "ACME", "ship_to")


def test_the_same_words_never_look_the_same() -> None:
    key = SubjectKey.new()

    assert len({key.seal_text(PLAIN, "ACME", "ship_to") for _ in range(100)}) == 100


def test_what_holds_several_subjects_needs_the_keys_of_all() -> None:
    keys = [SubjectKey.new() for _ in range(3)]
    known = {key.key_id: key for key in keys}

    stored = enclose(keys, PLAIN.encode(), "ACME", "answer")

    assert key_ids_in(stored) == [key.key_id for key in keys]
    assert disclose(stored, known, "ACME", "answer").decode() == PLAIN
    for gone in keys:
        with pytest.raises(Unopenable):
            disclose(stored, {key_id: key for key_id, key in known.items() if key is not gone}, "ACME", "answer")


def test_the_joined_key_follows_from_every_one_of_its_keys() -> None:
    keys = [SubjectKey.new() for _ in range(3)]

    for place, key in enumerate(keys):
        another = [*keys[:place], replace(key, secret=SubjectKey.new().secret), *keys[place + 1 :]]
        assert joined(another).secret != joined(keys).secret


def test_a_plain_answer_names_no_keys() -> None:
    assert key_ids_in(b'{"order_id": 1}') == key_ids_in(b"") == []


def test_a_subjects_key_is_unwrapped_by_its_master_key_alone() -> None:
    old, new = new_master_key("2026"), new_master_key("2027")
    key = SubjectKey.new()

    wrapped = MasterKeys(old).wrap(key)

    assert key.secret not in wrapped.wrapped
    assert MasterKeys(new, [old]).unwrap(wrapped) == key
    assert MasterKeys(new, [old]).wrap(key).master_id == "2027"
    with pytest.raises(Unopenable, match="2026 is not among LSC_MASTER_KEY"):
        MasterKeys(new).unwrap(wrapped)
    with pytest.raises(Unopenable):
        MasterKeys(old).unwrap(wrapped._replace(key_id=SubjectKey.new().key_id))


@pytest.mark.parametrize("weak", WEAK)
def test_a_weak_master_key_is_refused_with_how_to_make_a_good_one(weak: str) -> None:
    with pytest.raises(ValueError, match="python -m shared master-key") as refused:
        MasterKeys(weak)

    assert len(weak) < 6 or weak.partition(".")[2] not in str(refused.value)


def test_no_nonce_is_used_twice_nor_shared_with_a_forked_process() -> None:
    key = SubjectKey.new()
    _ = key.seal(b"drawn ahead", "ACME", "field")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(_nonce_of(key) for _ in range(50)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 50 * NONCE_BYTES)
    ours = [_nonce_of(key) for _ in range(1000)]

    assert len(theirs) == 50 * NONCE_BYTES
    assert len({*ours, *(theirs[at : at + NONCE_BYTES] for at in range(0, len(theirs), NONCE_BYTES))}) == 1050


def _nonce_of(key: SubjectKey) -> bytes:
    return key.seal(b"data", "ACME", "field")[1 : 1 + NONCE_BYTES]
