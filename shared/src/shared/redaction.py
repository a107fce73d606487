"""Takes what nobody may read out of log lines: secrets by their form, by the name of their field, and those that this process knows."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from shared.secrets import LEAST_PASSWORD

GONE = "[redacted]"
LONGEST = 4_000
LONGEST_TRACE = 16_000
LOOKED_AT = 65_536
DEEPEST = 6

_PRIVATE = re.compile(r"secret|passw|token|authorization|credential|cookie|api_?key|master_?key|private_?key|^(key|dsn)$", re.IGNORECASE)
_SUSPICIOUS = (
    "://",
    "bearer",
    "basic",
    "secret",
    "passw",
    "token",
    "author",
    "key",
    "eyj",
    "begin ",
    "row contains",
    "input_value",
    "cookie",
)
_IS = r"(?:[\"']?\s{0,3}(?:[:=]|%3[ad])\s{0,3}|[\"'],\s?)b?[\"']?"
"""Between a name and its value: `name=value`, `"name": "value"`, `(b'name', b'value')`."""
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL), GONE),
    (re.compile(r"\b(bearer|basic)(?:(?:\s{1,9}|%20)(?:bearer|basic)\b){0,9}(?:\s{1,9}|%20)[^\s\"',;)}\]]+", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[\w-]{4,512}\.[\w-]+\.?[\w-]*"), GONE),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,64}):.{1,256}?@(?=[\w\[{%])", re.IGNORECASE), rf"\1:{GONE}@"),
    (re.compile(rf"(\b(?:set-)?cookie{_IS})[^\"'\n]+", re.IGNORECASE), rf"\1{GONE}"),
    (
        re.compile(
            rf"((?:secret|password|passwd|token|authorization|(?:api|master|private)[-_ ]?key){_IS})"
            r"(?!\[redacted|bearer \[|basic \[)[^\s\"'&,;)}\]]+",
            re.IGNORECASE,
        ),
        rf"\1{GONE}",
    ),
    (re.compile(r"(input_value=).*?(, input_type=|\Z)", re.DOTALL), rf"\1{GONE}\2"),
    (re.compile(r"(Failing row contains |Key \([^)]{0,200}\)=)\(.*"), rf"\1{GONE}"),
)
"""Every repetition that may fail has its bound: a hostile text costs time in proportion to its length."""
_KEY = re.compile(r"(?<![\w.-])([\w-]{1,40})\.(?![a-z_]++(?![A-Za-z0-9_~=-]))[A-Za-z0-9_~=-]{32,}")
"""`id.secret`; a name of small letters only is a module's or function's."""
_LONG = re.compile(r"\.[A-Za-z0-9_~=-]{32}")
_known: set[str] = set()


def know(secrets: Iterable[str]) -> None:
    """These are taken out wherever they stand, whatever they look like."""
    for secret in secrets:
        if len(secret) >= LEAST_PASSWORD:
            _known.update({secret, quote(secret, safe=""), repr(secret)[1:-1]})


def scrub(text: str, longest: int = LONGEST) -> str:
    """The text without secrets, at most so long."""
    text = _shortened(text, LOOKED_AT)
    for secret in _known:
        if secret in text:
            text = text.replace(secret, GONE)
    lowered = text.lower()
    if any(mark in lowered for mark in _SUSPICIOUS):
        for form, instead in _FORMS:
            text = form.sub(instead, text)
    if _LONG.search(text):
        text = _KEY.sub(rf"\1.{GONE}", text)
    return _shortened(text, longest)


def redact(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before a line is written, for ours and those of the libraries."""
    return {name if name.isascii() else scrub(name): _field(name, value) for name, value in line.items()}


def _field(name: str, value: object) -> object:
    if name in {"exception", "stack_info", "stack"} and isinstance(value, str):
        return scrub(value, LONGEST_TRACE)
    return _plain(value, name, 0)


def _plain(value: object, name: str, depth: int) -> object:
    """As JSON can say it, so that nothing is turned into text after we looked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, SecretStr) or _is_private(name):
        return GONE
    if isinstance(value, str):
        return scrub(value)
    if depth < DEEPEST and isinstance(value, Mapping):
        return {scrub(str(key)): _plain(each, str(key), depth + 1) for key, each in list(value.items())[:100]}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, "", depth + 1) for each in list(value)[:100]]
    return scrub(repr(value))


@lru_cache(1000)
def _is_private(name: str) -> bool:
    return bool(_PRIVATE.search(name))


def _shortened(text: str, longest: int) -> str:
    """Both ends: a trace says at its end what happened."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}[{len(text) - 2 * half} more characters]{text[-half:]}"
