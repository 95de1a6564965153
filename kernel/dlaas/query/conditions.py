"""Conditions on metadata, before they are sent: `key("energy") >= 13000`, combined by & and |."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from math import isfinite
from typing import Any, Literal, NoReturn

from dlaas.errors import InvalidInput

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "like"]
Value = str | int | float | bool | date | datetime
OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=", "like")
_MOST_ALTERNATIVES = 100


class _Combinable:
    """What & and | put together."""

    def __and__(self, other: Where) -> Where:
        return Group("and", (_checked(self), _checked(other)))

    def __or__(self, other: Where) -> Where:
        return Group("or", (_checked(self), _checked(other)))

    def __bool__(self) -> NoReturn:
        raise InvalidInput(
            "A condition is neither true nor false before it is sent.",
            remedy="Combine conditions by & and |, each in brackets: (a >= 1) & (b < 2); not by"
            " and, or, not, or 1 <= a < 2.",
        )


@dataclass(frozen=True)
class Condition(_Combinable):
    """One comparison of a metadata key with a value."""

    key: str
    operator: Operator
    value: Value

    def __str__(self) -> str:
        value = self.value
        shown = value.isoformat() if isinstance(value, date) else repr(value)
        name = self.key if re.fullmatch(r"\w+", self.key) else repr(self.key)
        return f"{name} {self.operator} {shown}"


@dataclass(frozen=True)
class Group(_Combinable):
    """Conditions that all must hold, or of which one must."""

    joined: Literal["and", "or"]
    parts: tuple[Where, ...]

    def __str__(self) -> str:
        texts = []
        for part in self.parts:
            inner = isinstance(part, Group) and part.joined == "or" and self.joined == "and"
            texts.append(f"({part})" if inner else str(part))
        return f" {self.joined} ".join(texts)


Where = Condition | Group
# What a person may write for one.
Written = str | Mapping[str, Any] | Where


class Key:
    """A metadata key in a condition; see `key`."""

    def __init__(self, name: str) -> None:
        self.name = checked_key(name)

    # As in pandas, comparing makes a condition, where `object` promises a bool.
    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return condition(self.name, "=", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return condition(self.name, "!=", value)

    def __lt__(self, value: Value) -> Condition:
        return condition(self.name, "<", value)

    def __le__(self, value: Value) -> Condition:
        return condition(self.name, "<=", value)

    def __gt__(self, value: Value) -> Condition:
        return condition(self.name, ">", value)

    def __ge__(self, value: Value) -> Condition:
        return condition(self.name, ">=", value)

    def like(self, pattern: str) -> Condition:
        """Compare with a pattern in which `*` stands for any letters, or none."""
        return condition(self.name, "like", pattern)

    def __repr__(self) -> str:
        return f"key({self.name!r})"

    # No set may hold keys: it would find any two alike, for each comparison is true.
    __hash__ = None  # type: ignore[assignment]


def key(name: str) -> Key:
    """Name a metadata key, to make conditions with.

    >>> str((key("energy") >= 13000) & key("kind").like("mc*"))
    "energy >= 13000 and kind like 'mc*'"
    """
    return Key(name)


def condition(name: str, operator: str, value: object) -> Condition:
    """Make one condition; raises `InvalidInput` for what Rucio could not be asked."""
    if operator not in OPERATORS:
        raise InvalidInput(f"{operator!r} is no operator: {' '.join(OPERATORS)}.")
    value = of_numpy(value)
    if not isinstance(value, (str, int, float, date)):
        raise InvalidInput(
            f"{name} cannot be compared with {value!r}.",
            remedy="Compare with a text, a number, True or False, a date or a datetime.",
        )
    if isinstance(value, float) and not isfinite(value):
        raise InvalidInput(f"{name} cannot be compared with {value}: it is no finite number.")
    if operator == "like" and not isinstance(value, str):
        raise InvalidInput(f"{name} like {value!r}: a pattern is a text, such as '*Gam*'.")
    if isinstance(value, str) and "*" in value:
        if operator not in ("=", "!=", "like"):
            raise InvalidInput(f"{name} {operator} {value!r}: * only goes with like, = and !=.")
        operator = "like" if operator == "=" else operator
    return Condition(checked_key(name), operator, value)


def of_numpy(value: Any) -> Any:
    """Make of a single value of numpy one of Python; what is none stays as it is."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "shape", None) == () else value


def checked_key(name: str) -> str:
    """Answer the name of a key that Rucio can look for; raises `InvalidInput`."""
    text = str(name).strip()
    begins_well = text[:1].isalpha() or text[:1] == "_"
    # Rucio evaluates a key as it does a value.
    if not begins_well or "." in text or text in ("True", "False", "None"):
        raise InvalidInput(
            f"{text!r} cannot be a metadata key.",
            remedy="A key begins with a letter and holds no dot, as energy or run_number.",
        )
    return text


def where_from(where: object) -> Where | None:
    """Read conditions as people give them: text, mapping, or typed; raises `InvalidInput`."""
    if where is None:
        return None
    if isinstance(where, str):
        from dlaas.query.text import parsed

        return parsed(where)
    if isinstance(where, Mapping):
        return from_mapping(where)
    return _checked(where)


def from_mapping(where: Mapping[str, Any]) -> Where | None:
    """Read `{"kind": "mc", "energy.gte": 13000}`, where all must hold."""
    suffixes = {"": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "like": "like"}
    parts = []
    for name, value in where.items():
        base, _, suffix = str(name).partition(".")
        if suffix not in suffixes:
            known = ", ".join(filter(None, suffixes))
            raise InvalidInput(f"{name!r} ends in an unknown operator: {known}.")
        parts.append(condition(base, suffixes[suffix], value))
    return Group("and", tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


def alternatives(where: Where) -> list[tuple[Condition, ...]]:
    """Multiply out: lists of conditions of which one list must hold wholly."""
    if isinstance(where, Condition):
        return [(where,)]
    inner = [alternatives(part) for part in where.parts]
    if where.joined == "or":
        found = [one for part in inner for one in part]
    else:
        found = [tuple(_flat(chosen)) for chosen in product(*inner)]
    if len(found) > _MOST_ALTERNATIVES:
        raise InvalidInput(
            f"These conditions make more than {_MOST_ALTERNATIVES} alternatives.",
            remedy="Ask in several searches.",
        )
    return found


def _flat(chosen: Iterable[tuple[Condition, ...]]) -> Iterable[Condition]:
    return dict.fromkeys(one for part in chosen for one in part)


def _checked(where: object) -> Where:
    if isinstance(where, (Condition, Group)):
        return where
    raise InvalidInput(
        f"{where!r} is no condition.",
        remedy="Write it as text, energy >= 13000, or as dlaas.key('energy') >= 13000.",
    )
