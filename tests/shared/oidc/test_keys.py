"""The issuer's keys: rotated, away, wrong, too large. What was known goes on, and no request waits for the issuer."""

import gzip
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import OctKey
from shared.observability import api_metrics
from shared.oidc.gate import Oidc
from shared.oidc.key_set import Pace

from tests.shared.oidc.conftest import accepts, gate, in_time
from tests.shared.oidc.issuer import RunningIssuer, other_key, part, rsa_key, running, signed

SHORT = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - what must be refused
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


async def test_a_new_key_is_taken_soon_and_one_that_is_gone_opens_nothing(oidc: Oidc, issuer: RunningIssuer) -> None:
    old = issuer.token()
    oidc.caller(old)
    issuer.keys = {"second": rsa_key("second")}

    new = issuer.token(kid="second")

    assert not accepts(oidc, new)
    await in_time(lambda: accepts(oidc, new))
    assert not accepts(oidc, old)


async def test_a_key_that_stays_keeps_its_tokens_known(oidc: Oidc, issuer: RunningIssuer) -> None:
    first = issuer.token()
    oidc.caller(first)
    issuer.keys["second"] = rsa_key("second")

    await in_time(lambda: accepts(oidc, issuer.token(kid="second")))

    assert oidc.known(first) is not None


async def test_another_key_of_the_same_name_does_not_open_for_the_old_one(oidc: Oidc, issuer: RunningIssuer) -> None:
    old = issuer.token()
    oidc.caller(old)
    issuer.keys = {"first": rsa_key("second"), "second": rsa_key("second")}

    await in_time(lambda: accepts(oidc, issuer.token(kid="second")))

    assert not accepts(oidc, old)


async def test_known_keys_go_on_while_the_issuer_is_away(issuer: RunningIssuer) -> None:
    async with gate(issuer, pace=Pace(every=0.05, again=0.05, at_least=0.05)) as oidc:
        await in_time(lambda: accepts(oidc, issuer.token()))
        await issuer.stop()
        [key_set] = oidc._key_sets.values()
        await in_time(lambda: key_set.age > 0.5)

        assert accepts(oidc, issuer.token(sub="somebody new"))
        await issuer.start(int(issuer.url.rpartition(":")[2]))
        await in_time(lambda: key_set.age < 0.5)


async def test_keys_do_not_outlive_an_issuer_that_stays_away(issuer: RunningIssuer) -> None:
    async with gate(issuer, pace=Pace(every=0.05, again=0.05, at_least=0.05, kept=0.5)) as oidc:
        known = issuer.token()
        await in_time(lambda: accepts(oidc, known))
        issuer.bodies["/keys"] = lambda: b"gone"

        await in_time(lambda: not accepts(oidc, known))


def _many(count: int) -> bytes:
    return json.dumps({"keys": [{"kty": "oct", "kid": str(number), "k": "AAAA"} for number in range(count)]}).encode()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/keys", b"<html>Sorry</html>"),
        ("/keys", b"[]"),
        ("/keys", b"{}"),
        ("/keys", b'{"keys": {"first": 1}}'),
        ("/keys", b""),
        ("/keys", b"[" * 100_000),
        ("/keys", _many(101)),
        ("/keys", b'{"keys": []}' + b" " * 300_000),
        ("/keys", b" " * 100_000_000),
        ("/keys", HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"keys": []}' + b" " * 100_000_000, 1)),
        ("/keys", b"HTTP/1.1 500 Oh no\r\nConnection: close\r\n\r\n{}"),
        ("/keys", b"HTTP/1.1 302 Found\r\nLocation: /other\r\nConnection: close\r\n\r\n"),
        ("/keys", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"),
        ("/keys", b"nonsense"),
        ("/.well-known/openid-configuration", b'{"issuer": "https://login.example.com", "jwks_uri": "URL/other"}'),
        ("/.well-known/openid-configuration", b"{}"),
    ],
    ids=lambda value: value[:40].decode() if isinstance(value, bytes) else value,
)
async def test_what_is_not_sound_changes_nothing(issuer: RunningIssuer, path: str, body: bytes) -> None:
    issuer.bodies["/other"] = lambda: b'{"keys": []}'
    async with gate(issuer, pace=Pace(every=0.05, again=0.05, at_least=0.05)) as oidc:
        await in_time(lambda: accepts(oidc, issuer.token()))
        [key_set] = oidc._key_sets.values()
        issuer.bodies[path] = lambda: body.replace(b"URL", issuer.url.encode())

        await in_time(lambda: key_set.age > 0.3)

        assert accepts(oidc, issuer.token(sub="somebody new"))


async def test_an_issuer_that_shows_no_keys_any_more_is_believed(issuer: RunningIssuer) -> None:
    async with gate(issuer, pace=Pace(every=0.05, again=0.05, at_least=0.05)) as oidc:
        await in_time(lambda: accepts(oidc, issuer.token()))
        issuer.bodies["/keys"] = lambda: b'{"keys": []}'

        await in_time(lambda: not accepts(oidc, issuer.token()))


def _jwk(key: Any, **more: object) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "RSA", "kid": "bad"},
        {"kty": "nonsense", "kid": "bad"},
        {"kid": "bad"},
        "text",
        None,
        _jwk(OctKey.generate_key(256), kid="bad", k="AAAA"),
        {"kty": "RSA", "kid": "bad", "e": "AQAB", "n": part(SHORT.public_numbers().n.to_bytes(128, "big"))},
        _jwk(rsa_key("thief"), kid=7),
        _jwk(rsa_key("thief"), kid="bad", use="enc"),
    ],
    ids=["empty", "kind", "no kind", "text", "null", "secret", "short", "kid", "encryption"],
)
async def test_a_key_that_is_no_use_is_passed_over_and_the_others_are_taken(issuer: RunningIssuer, jwk: object) -> None:
    sound = json.loads(issuer.jwks())["keys"]
    issuer.bodies["/keys"] = lambda: json.dumps({"keys": [jwk, *sound]}).encode()

    async with gate(issuer) as oidc:
        await in_time(lambda: accepts(oidc, issuer.token()))
        [key_set] = oidc._key_sets.values()
        assert set(key_set._keys) == {"first"}


async def test_unknown_kids_do_not_make_us_ask_again_and_again(oidc: Oidc, issuer: RunningIssuer) -> None:
    asked = issuer.asked
    forged = [issuer.token({"kid": f"kid-{number}"}) for number in range(200)]

    assert not any(accepts(oidc, each) for each in forged)
    issuer.keys["second"] = rsa_key("second")
    await in_time(lambda: accepts(oidc, issuer.token(kid="second")))

    assert issuer.asked - asked <= 3


async def test_the_same_unknown_kid_is_asked_for_once(issuer: RunningIssuer) -> None:
    async with gate(issuer, pace=Pace(every=60, again=60, at_least=0.02, missed=60)) as oidc:
        await in_time(lambda: accepts(oidc, issuer.token()))
        forged, asked = issuer.token({"kid": "unknown"}), issuer.asked
        [key_set] = oidc._key_sets.values()
        accepts(oidc, forged)
        await in_time(lambda: issuer.asked > asked and not key_set._wanted.is_set())

        assert not any(accepts(oidc, forged) for _ in range(100))
        assert not key_set._wanted.is_set()


async def test_no_more_unknown_kids_are_remembered_than_fit(oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.oidc.key_set.MOST_MISSED", 3)
    [key_set] = oidc._key_sets.values()

    for number in range(10):
        key_set.find(f"kid-{number}")

    assert len(key_set._missed) == 3


@pytest.mark.parametrize(("algorithm", "listed"), [("ES256", "ES256"), ("EdDSA", "EdDSA"), ("Ed25519", "Ed25519")])
async def test_keys_of_other_kinds_sign_as_well(issuer: RunningIssuer, algorithm: str, listed: str) -> None:
    issuer.keys["curve"] = other_key("ES256" if algorithm == "ES256" else "EdDSA")
    token = signed(issuer.header(kid="curve", alg=algorithm), issuer.claims(), issuer.keys["curve"], algorithm)

    async with gate(issuer, algorithms=[listed]) as oidc:
        await in_time(lambda: accepts(oidc, token))
        assert not accepts(oidc, issuer.token())


async def test_two_issuers_do_not_sign_for_each_other(issuer: RunningIssuer) -> None:
    async with running() as other:
        other.keys = {"first": rsa_key("second")}
        async with gate(issuer, other) as oidc:
            await in_time(lambda: accepts(oidc, issuer.token()) and accepts(oidc, other.token()))

            assert not accepts(oidc, other.token(iss=issuer.url))


async def test_the_age_of_the_keys_is_shown(oidc: Oidc, issuer: RunningIssuer) -> None:
    lines = api_metrics().decode().splitlines()

    [age] = [line for line in lines if line.startswith(f'lsc_oidc_keys_age_seconds{{issuer="{issuer.url}"}}')]
    assert float(age.split()[-1]) < 60
    assert f'lsc_oidc_keys{{issuer="{issuer.url}"}} 1.0' in lines
