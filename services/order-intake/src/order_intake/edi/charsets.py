"""Which bytes an interchange may hold, and how they become text."""

import string

CODECS = {
    "UNOA": "ascii", "UNOB": "ascii", "IATA": "ascii", "IATB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5",
    "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9",
    "UNOL": "iso8859-15", "UNOW": "utf-8", "UNOX": "iso2022_jp", "UNOY": "utf-8",
}  # fmt: skip
_CAPITALS = (string.ascii_uppercase + string.digits + " .,-()/='+:?!\"%&*;<>").encode()
_LETTERS = _CAPITALS + string.ascii_lowercase.encode()
LEVELS = {"UNOA": _CAPITALS, "UNOB": _LETTERS}
DECORATION = b"\r\n"


def beyond(data: bytes, charset: str, delimiters: str) -> bytes:
    """The bytes that the level does not allow, each as often as it stands there; none where the level says nothing."""
    if charset in LEVELS:
        return data.translate(None, LEVELS[charset] + DECORATION + delimiters.encode("latin-1"))
    return b"" if data.isascii() or CODECS.get(charset, "ascii") != "ascii" else data.translate(None, bytes(range(128)))


def codec_of(data: bytes, charset: str) -> str:
    """The codec that reads the whole interchange: the declared one, else UTF-8, else Latin-1, which reads everything."""
    if data.isascii():
        return "ascii"
    declared = CODECS.get(charset, "utf-8")
    return next((codec for codec in (declared, "utf-8") if _reads(codec, data)), "latin-1")


def decoded(raw: bytes, codec: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _reads(codec: str, data: bytes) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
