"""Tokens that must not open anything, and that each check is what stops them."""

import json
import re
import time
from collections.abc import Callable

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey
from shared.oidc import TokenRefused, gate, token
from shared.oidc.gate import Oidc
from shared.oidc.issuers import Issuer

from tests.shared.oidc.conftest import accepts
from tests.shared.oidc.issuer import RunningIssuer, authenticated, other_key, part, rsa_key, signed


def away(seconds: int) -> int:
    """So far from now."""
    return int(time.time()) + seconds


Attack = Callable[[RunningIssuer], str]
THIEF = "thief"


def by_thief(issuer: RunningIssuer, **header: object) -> str:
    """Signed with a key that is not the issuer's."""
    return signed(issuer.header(**header), issuer.claims(), rsa_key(THIEF))


def twice(issuer: RunningIssuer) -> str:
    """Says `customer_id` twice; who takes the first and who takes the last see different customers."""
    claims = json.dumps(issuer.claims()).replace('"customer_id":', '"customer_id": "OTHER", "customer_id":').encode()
    return signed(issuer.header(), claims, issuer.keys["first"])


def twice_in_the_header(issuer: RunningIssuer) -> str:
    header = json.dumps(issuer.header()).replace('"alg":', '"alg": "none", "alg":').encode()
    return signed(header, issuer.claims(), issuer.keys["first"])


def with_the_public_key_as_secret(issuer: RunningIssuer) -> str:
    return authenticated(issuer.header(alg="HS256"), issuer.claims(), rsa_key("first").as_pem(private=False))


def encrypted(issuer: RunningIssuer) -> str:
    public = RSAKey.import_key(rsa_key("first").as_dict(private=False))
    return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A256GCM"}, json.dumps(issuer.claims()).encode(), public)


ATTACKS: dict[str, tuple[Attack, str]] = {
    "none": (lambda i: f"{part(i.header(alg='none'))}.{part(i.claims())}.", "form"),
    "none with a signature": (lambda i: f"{part(i.header(alg='none'))}.{part(i.claims())}.AA", "algorithm"),
    "None": (lambda i: f"{part(i.header(alg='None'))}.{part(i.claims())}.AA", "algorithm"),
    "no algorithm": (lambda i: f"{part(i.header(alg=None))}.{part(i.claims())}.AA", "algorithm"),
    "the public key as a secret": (with_the_public_key_as_secret, "algorithm"),
    "an algorithm of another kind of key": (lambda i: signed(i.header(alg="ES256"), i.claims(), other_key("ES256"), "ES256"), "signature"),
    "unknown crit": (lambda i: i.token({"crit": ["b64"], "b64": True}), "extension"),
    "another unknown crit": (lambda i: i.token({"crit": ["exp2"], "exp2": 1}), "extension"),
    "embedded jwk": (lambda i: by_thief(i, jwk=rsa_key(THIEF).as_dict(private=False)), "names_a_key"),
    "embedded jwk without kid": (lambda i: by_thief(i, kid=None, jwk=rsa_key(THIEF).as_dict(private=False)), "names_a_key"),
    "jku": (lambda i: by_thief(i, jku=f"{i.url}/keys", kid=THIEF), "names_a_key"),
    "x5u": (lambda i: by_thief(i, x5u=f"{i.url}/keys"), "names_a_key"),
    "x5c": (lambda i: by_thief(i, x5c=["MIIB"]), "names_a_key"),
    "kid of a file": (lambda i: by_thief(i, kid="../../../../dev/null"), "key"),
    "kid with SQL": (lambda i: by_thief(i, kid="first' OR '1'='1"), "key"),
    "no kid": (lambda i: by_thief(i, kid=None), "key"),
    "kid of another kind": (lambda i: by_thief(i, kid=["first"]), "key"),
    "another's signature": (lambda i: by_thief(i), "signature"),
    "stripped signature": (lambda i: i.token().rpartition(".")[0] + ".", "form"),
    "cut signature": (lambda i: i.token()[:-8], "signature"),
    "other claims": (lambda i: ".".join([i.token().split(".")[0], part(i.claims(sub="admin")), i.token().split(".")[2]]), "signature"),
    "wrong audience": (lambda i: i.token(aud="billing"), "audience"),
    "audience within another": (lambda i: i.token(aud="lsc-billing"), "audience"),
    "no audience": (lambda i: i.token(aud=None), "audience"),
    "audience of another kind": (lambda i: i.token(aud={"lsc": 1}), "audience"),
    "another issuer": (lambda i: i.token(iss="https://login.example.com"), "issuer"),
    "issuer of another kind": (lambda i: i.token(iss=[i.url]), "issuer"),
    "an ID token": (lambda i: i.token({"typ": "JWT"}), "type"),
    "no type": (lambda i: i.token({"typ": None}), "type"),
    "expired": (lambda i: i.token(iat=away(-600), exp=away(-31)), "expired"),
    "without an end": (lambda i: i.token(exp=None), "expired"),
    "an end that is no number": (lambda i: i.token(exp="2999-01-01"), "expired"),
    "an end that is true": (lambda i: i.token(exp=True), "expired"),
    "an end far away": (lambda i: i.token(exp=10**400), "expired"),
    "for too long": (lambda i: i.token(exp=away(90_000)), "issued"),
    "issued in the future": (lambda i: i.token(iat=away(200)), "issued"),
    "never issued": (lambda i: i.token(iat=None), "issued"),
    "not yet": (lambda i: i.token(nbf=away(200)), "early"),
    "no subject": (lambda i: i.token(sub=None), "subject"),
    "a long subject": (lambda i: i.token(sub="x" * 256), "subject"),
    "1 MB": (lambda i: i.token(padding="x" * 1_000_000), "size"),
    "10 kB": (lambda i: i.token(padding="x" * 10_000), "size"),
    "duplicate claims": (twice, "form"),
    "duplicate header": (twice_in_the_header, "form"),
    "not a number": (lambda i: signed(i.header(), b'{"exp": NaN}', i.keys["first"]), "form"),
    "no object": (lambda i: signed(i.header(), b"[]", i.keys["first"]), "form"),
    "deep": (lambda i: signed(i.header(), b"[" * 5000, i.keys["first"]), "form"),
    "broken UTF-8": (lambda i: signed(i.header(), b'{"iss": "\xff"}', i.keys["first"]), "form"),
    "encrypted": (encrypted, "form"),
    "a claim that names no customer": (lambda i: i.token(customer_id=""), "customer"),
    "a customer that is null": (lambda i: signed(i.header(), {**i.claims(), "customer_id": None}, i.keys["first"]), "customer"),
    "a customer of another kind": (lambda i: i.token(customer_id=["ACME"]), "customer"),
    "a customer with a slash": (lambda i: i.token(customer_id="A/B"), "customer"),
    "no customer": (lambda i: i.token(customer_id=None), "customer"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_refused_for_its_reason(oidc: Oidc, issuer: RunningIssuer, name: str) -> None:
    attack, reason = ATTACKS[name]

    with pytest.raises(TokenRefused) as refused:
        oidc.caller(attack(issuer))

    assert refused.value.reason == reason
    assert oidc.known(attack(issuer)) is None


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("type", "an ID token"),
        ("type", "no type"),
        ("names_a_key", "sound with jku"),
        ("audience", "wrong audience"),
        ("audience", "no audience"),
        ("expired", "expired"),
        ("early", "not yet"),
        ("issued", "for too long"),
        ("issued", "never issued"),
        ("issued", "issued in the future"),
        ("subject", "a long subject"),
    ],
)
async def test_without_its_check_the_attack_succeeds(
    oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch, reason: str, name: str
) -> None:
    token_of_attack = issuer.token({"jku": f"{issuer.url}/keys"}) if name == "sound with jku" else ATTACKS[name][0](issuer)
    before = accepts(oidc, token_of_attack)

    monkeypatch.setitem(token.BEFORE if reason in token.BEFORE else token.AFTER, reason, lambda *_: True)

    assert not before
    assert accepts(oidc, token_of_attack)


async def test_without_the_limit_a_large_token_succeeds(oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "MOST_CHARACTERS", 100_000)

    assert accepts(oidc, ATTACKS["10 kB"][0](issuer))


@pytest.mark.parametrize("name", ["duplicate claims", "duplicate header"])
async def test_without_looking_for_duplicates_they_succeed(
    oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(token, "unique", dict)

    assert accepts(oidc, ATTACKS[name][0](issuer))


async def test_without_the_allow_list_an_unsigned_token_succeeds(
    oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is the wall: the library itself would take `none`."""
    [key_set] = oidc._key_sets.values()
    key_set.issuer = Issuer.model_construct(**{**dict(key_set.issuer), "algorithms": frozenset({"none"})})
    unsigned = ATTACKS["none"][0](issuer)
    monkeypatch.setattr(token, "_FORM", re.compile(r"(.+)\.(.+)\."))

    assert accepts(oidc, unsigned)


async def test_the_library_does_not_take_a_public_key_for_a_secret(oidc: Oidc, issuer: RunningIssuer) -> None:
    """Behind the allow-list there is another wall."""
    [key_set] = oidc._key_sets.values()
    key_set.issuer = Issuer.model_construct(**{**dict(key_set.issuer), "algorithms": frozenset({"HS256"})})

    with pytest.raises(TokenRefused, match="signature"):
        oidc.caller(with_the_public_key_as_secret(issuer))


async def test_what_is_refused_is_refused_again(oidc: Oidc, issuer: RunningIssuer) -> None:
    forged = by_thief(issuer)

    assert [accepts(oidc, forged) for _ in range(3)] == [False] * 3
    assert len(oidc._verified) == 1


async def test_no_more_tokens_are_remembered_than_fit(oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_VERIFIED", 3)
    tokens = [issuer.token(sub=f"user-{number}") for number in range(5)]

    assert all(accepts(oidc, each) for each in tokens)

    assert [oidc.known(each) is not None for each in tokens] == [False, False, True, True, True]


async def test_a_token_is_known_until_it_expires(oidc: Oidc, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    short = issuer.token()
    oidc.caller(short)
    known = oidc.known(short)

    later = away(3600)
    monkeypatch.setattr(time, "time", lambda: later)

    assert known is not None
    assert oidc.known(short) is None
    assert not accepts(oidc, short)
