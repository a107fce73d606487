"""What is no secret, though it stands where one should: short, guessable, published, or left over from an example. Pure."""

import re
from itertools import pairwise
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

LEAST = 32
LEAST_PASSWORD = 12
HOW = """Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))\""""

_WORDS = re.compile(
    r"change.?me|choose|example|placeholder|replace|password|passwd|passwort|secret|operator|postgres|letmein|default|sample|qwerty|asdfgh",
    re.IGNORECASE,
)
_EASY = re.compile(r"(postgres|password|passwd|admin|root|secret|guest|test|user|lsc|changeme|choose\w*|letmein)\d{0,4}", re.IGNORECASE)


def weakness(secret: str, least: int = LEAST) -> str | None:
    """Why this is no secret, said without it; None where nothing speaks against it."""
    if len(secret) < least:
        return f"it has fewer than {least} characters"
    if len(set(secret)) < 8:
        return "it is made of a few characters only"
    if _repeats(secret):
        return "it repeats itself"
    if _counts(secret):
        return "it counts up or down"
    if _WORDS.search(secret):
        return "it has a word of examples in it"
    return None


def weak_key(key: str) -> str | None:
    """The same of a key `id.secret`."""
    found = re.fullmatch(r"[A-Za-z0-9_-]{1,40}\.([^\s.]+)", key)
    return weakness(found[1]) if found else "it is not of the form `id.secret`"


def weak_database(url: str) -> str | None:
    """Why a database behind the network is not guarded by this URL; loopback and sockets are guarded by the machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is no URL; characters such as / ? # @ in a password are written %2F %3F %23 %40"
    if parts.scheme not in {"postgresql", "postgres"}:
        return "it does not begin with postgresql://"
    query = parse_qs(parts.query)
    if _is_local(parts, query) or query.keys() & {"passfile", "sslcert"}:
        return None
    return _weak_password(unquote(parts.password or ""), unquote(parts.username or ""))


def password_of(url: str) -> str:
    """As it stands in the URL; empty where there is none, or no URL."""
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _is_local(parts: SplitResult, query: dict[str, list[str]]) -> bool:
    hosts = query.get("host") or [parts.hostname or ""]
    return all(not host or host.startswith(("/", "127.")) or host in {"localhost", "::1"} for host in hosts)


def _weak_password(password: str, user: str) -> str | None:
    if not password:
        return "it has no password, and its host is another machine"
    if _EASY.fullmatch(password) or password == user:
        return "its password is the first that anybody tries"
    if len(password) < LEAST_PASSWORD or len(set(password)) < 5:
        return f"its password is not {LEAST_PASSWORD} different-looking characters long"
    return None


def _repeats(secret: str) -> bool:
    threes = [secret[at : at + 3] for at in range(len(secret) - 2)]
    return len(set(threes)) * 3 <= len(threes) * 2


def _counts(secret: str) -> bool:
    steps = [abs(ord(after) - ord(before)) for before, after in pairwise(secret)]
    return sum(step <= 1 for step in steps) * 5 > len(steps) * 3
