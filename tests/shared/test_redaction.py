"""What is taken out of a log line, what stays, and what it costs."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from secrets import token_urlsafe
from string import ascii_letters, ascii_lowercase, digits
from time import process_time

import pytest
import structlog
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from shared.log_lines import start_logging
from shared.redaction import GONE, LONGEST, know, redact, scrub

SECRET = token_urlsafe(32)
JWT = f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJDQU5BUlkifQ.{token_urlsafe(16)}"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET}\n-----END PRIVATE KEY-----"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What the log of a process says; the settings of the run are put back."""
    root, hook = logging.getLogger(), sys.excepthook
    before, level, known = root.handlers[:], root.level, structlog.get_config()
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    start_logging("crm", "api", "debug")
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook = before, hook
    root.setLevel(level)
    structlog.configure(**known)
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization=Basic {SECRET}",
        f"{{'authorization': 'Bearer operator.{SECRET}'}}",
        f"(b'authorization', b'Bearer acme.{SECRET}')",
        f"(b'x-api-key', b'{SECRET}')",
        f"[('cookie', 'a=1; session={SECRET}; b=2')]",
        f"Cookie: a=1; session={SECRET}",
        f"/orders?q=password%3D{SECRET}",
        f"key operator.{SECRET} is unknown",
        f"/orders?token={SECRET}&limit=1",
        f'{{"client_secret": "{SECRET}"}}',
        f"password='{SECRET}'",
        f"LSC_MASTER_KEY={SECRET}",
        f"cannot reach postgresql://crm:{SECRET}@db:5432/crm",
        f"cannot reach postgresql+asyncpg://crm:{SECRET}/x@y@[::1]/crm",
        f"DSN https://{SECRET[:8]}:{SECRET}@host/1",
        PEM,
        PEM[: PEM.index("-----END")],
        f"1 validation error\n  Input should be a valid string [type=string_type, input_value={{'x': '{SECRET}'}}, input_type=dict]",
        f"null value\nDETAIL:  Failing row contains (1, {SECRET}, null).",
        f"duplicate\nDETAIL:  Key (phone)=({SECRET}) already exists.",
    ],
    ids=lambda text: text.replace(SECRET, "SECRET").replace(SECRET[:8], "SECR"),
)
def test_secrets_are_known_by_their_form(text: str) -> None:
    assert SECRET not in scrub(text)
    assert GONE in scrub(text)


def test_a_token_of_an_identity_provider_is_known_by_its_form() -> None:
    assert scrub(f"refused {JWT} because it is old") == f"refused {GONE} because it is old"


@pytest.mark.parametrize(
    "text",
    [
        "order 01a2004f-1a48-7103-b4a6-82d464be8d90 is released at 2026-05-01T00:00:00.000Z",
        '  File "shared/consumer.py", line 64, in run\nasyncpg.exceptions.InvalidPasswordError: password authentication failed',
        '  File "/srv/.venv/lib/python3.11/site-packages/asyncpg/connect_utils.py", line 1278, in _connect',
        "deploy.test_the_first_start_of_postgres_makes_a_database_and_a_login",
        "connecting to http://127.0.0.1:8001/readyz?limit=1 and kafka:9092",
        "[Errno 111] Connect call failed ('127.0.0.1', 5432)",
    ],
)
def test_the_rest_stays_as_it_is(text: str) -> None:
    assert scrub(text) == text


def test_what_this_process_knows_to_be_secret_is_taken_out_whatever_it_looks_like() -> None:
    know(["correct horse/battery"])

    assert scrub("a correct horse/battery b correct%20horse%2Fbattery") == f"a {GONE} b {GONE}"


def test_fields_are_redacted_by_their_names_and_at_every_depth() -> None:
    line = {
        "event": "x", "token": "abc", "Authorization": "abc", "customer_id": "ACME", "rows": 3,
        "sent": {"password": "abc", "list": [{"api_key": "abc", "sku": "A-1"}], "key": SecretStr("abc")},
    }  # fmt: skip

    done = redact(None, "info", line)

    assert done["sent"] == {"password": GONE, "list": [{"api_key": GONE, "sku": "A-1"}], "key": GONE}
    assert (done["token"], done["Authorization"], done["customer_id"], done["rows"]) == (GONE, GONE, "ACME", 3)


class Opaque:
    def __repr__(self) -> str:
        return f"Opaque(Bearer {SECRET})"


def test_every_way_into_the_log_is_redacted(written: StringIO) -> None:
    log = structlog.get_logger()
    said = f"said Bearer {SECRET}"
    log.info(said, thing=Opaque(), error=RuntimeError(f"operator.{SECRET}"))
    try:
        raise ValueError(f"operator.{SECRET}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("uvicorn.error").exception("failed for Bearer %s", SECRET)
    logging.getLogger("asyncio").error("Task exception", exc_info=RuntimeError(f"token={SECRET}"))
    logging.getLogger("other").debug("%s", {"password": SECRET})
    sys.excepthook(RuntimeError, RuntimeError(f"operator.{SECRET}"), None)

    lines = [json.loads(line) for line in written.getvalue().splitlines()]

    assert [line["level"] for line in lines] == ["info", "error", "error", "error", "debug", "critical"]
    assert SECRET not in written.getvalue()
    assert written.getvalue().count(GONE) >= 8


def test_nobody_forges_a_line(written: StringIO) -> None:
    forged = 'x\n{"level": "info", "event": "paid"}\r\x1b[2J\u2028\u202e\x85\x00'

    structlog.get_logger().info(forged, field=forged, names={forged: forged})
    logging.getLogger("uvicorn.error").warning("%s", forged)

    text = written.getvalue()
    assert len(text.splitlines()) == 2
    assert text.replace("\n", "").isprintable()
    assert json.loads(text.splitlines()[0])["field"] == forged


def test_a_line_has_its_bounds(written: StringIO) -> None:
    structlog.get_logger().info("x" * 10**6, field="y" * 10**6, many=list(range(10**5)), deep=_nested(50))

    assert len(written.getvalue()) < 3 * LONGEST


def _nested(depth: int) -> object:
    return {"a": _nested(depth - 1)} if depth else "end"


@given(st.text(ascii_letters + digits + "-_", min_size=43, max_size=43))
@example("_yy-" + "A" * 39)
@example("ab-" + "c" * 40)
def test_a_key_is_known_by_its_form_whatever_its_secret_begins_with(secret: str) -> None:
    assume(not set(secret) <= set(ascii_lowercase + "_"))

    assert secret not in scrub(f"key operator.{secret} is unknown")


@given(st.text(), st.text())
def test_a_known_form_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    assert SECRET not in scrub(f"{before} Bearer {SECRET} {after}")


@pytest.mark.parametrize(
    "hostile", ["a", "a://", "a:/", "://", "eyJ-", "secret ", "Key (", "-----BEGIN A", "bearer ", "x.", "x://a:b", "secret=\"'", "key: "]
)
def test_a_hostile_text_costs_no_more_than_its_length(hostile: str) -> None:
    text = hostile * (60_000 // len(hostile)) + " secret bearer :// key"

    began = process_time()
    scrub(text)

    assert process_time() - began < 0.5
