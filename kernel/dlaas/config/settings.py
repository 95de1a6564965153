"""What a setting holds, read from what people wrote: in a file, or as text in the environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from dlaas.errors import ConfigurationError

_SAID = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "tuple[str,": "a list of texts",
}


def likely(name: str, known: Iterable[str], *, cutoff: float = 0.8) -> str | None:
    """Guess which of the known names a mistyped one means; None where it is like none of them.

    >>> likely("destintion_rse", ["destination_rse", "name"])
    'destination_rse'
    """
    # Only mistakes need it.
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def unknown(key: str, known: Iterable[str], what: str) -> str:
    """Say that a key is not a setting of `what`, and which one it may mean."""
    meant = likely(key, known, cutoff=0.5)
    return f"{key!r} is not a setting of {what}.{f' Do you mean {meant!r}?' if meant else ''}"


def converted(key: str, value: Any, kind: str) -> Any:
    """Turn a setting into what its field holds; raises `ConfigurationError`."""
    try:
        if kind == "bool":
            return _flag(value)
        if kind.startswith("int"):
            return _whole(value)
        if kind.startswith("float"):
            return float(value)
        if kind.startswith("tuple"):
            return _texts(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"{key} {value!r} is not {_SAID[kind.split(' ')[0]]}.") from None
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        # What it holds may be a password.
        raise ConfigurationError(f"{key} is not a text but of the type {type(value).__name__}.")
    return str(value)


def checked_url(key: str, value: str) -> str:
    """Answer a URL without its last slash; raises `ConfigurationError` where it is none."""
    value = value.strip()
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        has_login = "@" in parts.netloc
    except ValueError:
        # Brackets that do not match, a port that is no number.
        usable, has_login = False, "@" in value
    if not usable:
        # A password may stand before the host, and a key in the query.
        shown = "" if "@" in value else f" {value.partition('?')[0]!r}"
        raise ConfigurationError(f"{key}{shown} is not an http or https URL.")
    if has_login and key != "$url":
        raise ConfigurationError(
            f"{key} holds a login, which would be shown: give username and password of their own."
        )
    return value.rstrip("/")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _texts(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise TypeError(value)
    return tuple(part.strip() for part in parts if part.strip())


def _flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(text)
