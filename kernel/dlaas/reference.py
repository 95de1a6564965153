"""What names things: the DID, and the reference that says which instance knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from dlaas.errors import InvalidDID

# A scope holds no "@", "/" or ":"; a name may hold "/" and ":", and may begin with "/".
_SCOPE = re.compile(r"[^\s@/:*]+")
_NAME = re.compile(r"\S+")
_PATHS = frozenset({".", ".."})
_SCHEME = "rucio://"


class DID(str):
    """A data identifier, `scope:name`; a string that knows its two parts."""

    __slots__ = ("name", "scope")
    scope: str
    name: str

    def __new__(cls, text: str) -> DID:
        """Read `scope:name`, or take the DID of what has one, such as an `Entry` or a variable."""
        text = getattr(text, "did", text)
        if isinstance(text, DID):
            return text
        plain = str(text).strip()
        if plain.startswith(_SCHEME):
            raise InvalidDID(f"{plain!r} is a reference: a DID is wanted here.")
        scope, separator, name = plain.partition(":")
        if not separator or not _SCOPE.fullmatch(scope) or not _NAME.fullmatch(name):
            raise InvalidDID(f"{text!r} is not a DID.")
        if not plain.isprintable() or not {scope, name}.isdisjoint(_PATHS):
            # A NUL, a zero-width space of a web page; a URL would drop the dots.
            raise InvalidDID(f"{text!r} is not a DID that can be asked for.")
        did = super().__new__(cls, f"{scope}:{name}")
        did.scope, did.name = scope, name
        return did

    def __reduce__(self) -> tuple[Any, ...]:
        return (DID, (str(self),))

    def __deepcopy__(self, _memo: dict[int, Any]) -> DID:
        return self


@dataclass(frozen=True)
class Reference:
    """A DID and the instance that knows it; `instance` None means the default one."""

    did: DID
    instance: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read `rucio://[instance@]scope/name` or `[instance@]scope:name`."""
        text = str(text).strip()
        is_url = text.startswith(_SCHEME)
        rest = text[len(_SCHEME) :] if is_url else text
        match = re.match(r"(?:([^@/:]+)@)?([^@/:]*)([/:])(.*)", rest, re.DOTALL)
        if match is None or (match[3] == "/" and not is_url):
            raise InvalidDID(f"{text!r} is neither a DID nor a rucio:// reference.")
        return cls(DID(f"{match[2]}:{match[4]}"), unquote(match[1]) if match[1] else None)

    def __str__(self) -> str:
        return f"{_SCHEME}{prefix_of(self.instance)}{self.did.scope}/{self.did.name}"


def prefix_of(instance: str | None) -> str:
    """Write what stands before a scope in a reference: an instance may have any name.

    >>> prefix_of("escape"), prefix_of("Our lake @home"), prefix_of(None)
    ('escape@', 'Our%20lake%20%40home@', '')
    """
    return f"{quote(instance, safe='')}@" if instance else ""


def split_path(path: str) -> tuple[str | None, str, str]:
    """Split `[instance@]scope/name` into its three parts; scope and name may be empty.

    >>> split_path("lake@user.alice//store/a:b"), split_path("data")
    (('lake', 'user.alice', '/store/a:b'), (None, 'data', ''))
    """
    head, _, name = path.partition("/")
    instance, at, scope = head.rpartition("@")
    return (unquote(instance) if at else None), scope, name
