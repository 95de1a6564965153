"""From conditions to what Rucio's search takes, and what it would silently get wrong refused.

Rucio guesses the type of every text that it is sent, whatever it was meant as; it knows its own
columns and the custom metadata of a plugin, but searches only one of the two at a time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Literal

from dlaas.errors import InvalidInput
from dlaas.query.conditions import Condition, Operator, Where, alternatives

Kind = Literal["text", "number", "time", "flag"]
# What Rucio keeps of every DID and can search by.
COLUMNS: dict[str, Kind] = {
    **dict.fromkeys(
        ("access_cnt", "bytes", "events", "length", "lumiblocknr", "panda_id", "run_number",
         "task_id"),
        "number",
    ),
    **dict.fromkeys(
        ("adler32", "campaign", "datatype", "guid", "md5", "phys_group", "prod_step", "project",
         "provenance", "stream_name", "version"),
        "text",
    ),
    **dict.fromkeys(
        ("accessed_at", "closed_at", "created_at", "deleted_at", "eol_at", "expired_at"), "time"
    ),
    **dict.fromkeys(
        ("constituent", "hidden", "is_archive", "is_new", "purge_replicas", "transient"), "flag"
    ),
}  # fmt: skip
_ELSEWHERE = {
    "name": "Put the name into the pattern, as in scope:*Gam*.",
    "scope": "Put the scope into the pattern, as in scope:*Gam*.",
    "type": "Give the type beside the pattern: type='dataset'.",
    "did_type": "Give the type beside the pattern: type='dataset'.",
    "created_after": "Write it as created_at >= 2026-01-31.",
    "created_before": "Write it as created_at <= 2026-01-31.",
}
_UNSEARCHABLE = frozenset(
    {"account", "availability", "complete", "is_open", "lifetime", "monotonic", "obsolete",
     "suppressed", "updated_at",
     # Rucio takes these for attributes of its own class, and fails.
     "delete", "items", "keys", "meta", "metadata", "next", "registry", "save", "to_dict",
     "update", "values"}
)  # fmt: skip
_SUFFIXES: dict[Operator, str] = {
    "=": "", "like": "", "!=": ".ne", "<": ".lt", "<=": ".lte", ">": ".gt", ">=": ".gte",
}  # fmt: skip
_TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%a, %d %b %Y %H:%M:%S UTC",
)


def rucio_filters(name: str, where: Where | None) -> list[dict[str, Any]]:
    """Write a name pattern and conditions as Rucio's search takes them; raises `InvalidInput`."""
    sent = sent_name(name)
    if where is None:
        return [{"name": sent}]
    groups = alternatives(where)
    _check_kinds(one for group in groups for one in group)
    return [{**_group(group), "name": sent} for group in groups]


def _check_kinds(conditions: Iterable[Condition]) -> None:
    own: set[str] = set()
    custom: set[str] = set()
    for one in conditions:
        if one.key in _ELSEWHERE:
            raise InvalidInput(f"{one.key} is no metadata key.", remedy=_ELSEWHERE[one.key])
        if one.key in _UNSEARCHABLE:
            raise InvalidInput(
                f"Rucio cannot search by {one.key}.",
                remedy="Search without it, and look at what get() answers for what is found.",
            )
        (own if one.key in COLUMNS else custom).add(one.key)
    if own and custom:
        raise InvalidInput(
            f"Rucio cannot search by {_names(own)}, which it keeps itself, and by custom metadata,"
            f" {_names(custom)}, at once.",
            remedy="Search by one of the two, and look at the other in what is found.",
        )


def _names(keys: set[str]) -> str:
    return ", ".join(sorted(keys))


def _group(conditions: Iterable[Condition]) -> dict[str, Any]:
    """Write conditions that all must hold; Rucio takes each key with an operator once."""
    sent: dict[str, Any] = {}
    for one in conditions:
        for operator, value in _sent(one):
            name = f"{one.key}{_SUFFIXES[operator]}"
            if name in sent:
                raise InvalidInput(
                    f"Rucio takes {one.key} {operator} only once in conditions that all must hold.",
                    remedy="Leave one out, or ask in two searches.",
                )
            sent[name] = value
    return sent


def _sent(one: Condition) -> Iterator[tuple[Operator, Any]]:
    kind = COLUMNS.get(one.key)
    if kind is not None:
        _check_column(one, kind)
    value = one.value
    if kind == "flag":
        # Where Rucio keeps nothing, it is false, and only != finds that.
        yield ("=" if (one.operator == "=") == value else "!="), True
    elif isinstance(value, str):
        yield one.operator, _text(one, value)
    elif not isinstance(value, date):
        yield one.operator, value
    elif kind == "time":
        yield from _column_time(one, value)
    else:
        yield _custom_time(one, value)


def _check_column(one: Condition, kind: Kind) -> None:
    value = one.value
    fits = {
        "text": isinstance(value, str),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "time": isinstance(value, date),
        "flag": isinstance(value, bool),
    }[kind]
    if kind == "text" and isinstance(value, (int, float)):
        raise InvalidInput(
            f"Rucio keeps {one.key} as a text: {value!r} is none.",
            remedy=f"Write it in quotes: {one.key} {one.operator} '{value}'.",
        )
    if not fits:
        what = {"time": "date or time", "flag": "true or false"}.get(kind, kind)
        raise InvalidInput(f"Rucio keeps {one.key} as a {what}: {value!r} is none.")
    if one.key == "guid" and (one.operator not in ("=", "!=") or not _is_guid(str(value))):
        raise InvalidInput(f"{one}: Rucio only finds a whole guid, by = or !=.")
    if kind == "flag" and one.operator not in ("=", "!="):
        raise InvalidInput(f"{one.key} is true or false: {one.operator} says nothing of it.")


def _text(one: Condition, text: str) -> str:
    if not text.strip("*"):
        raise InvalidInput(
            f"{one} says nothing: Rucio leaves such a condition out.",
            remedy="Name some letters of the value.",
        )
    if "%" in text or "\\" in text:
        raise InvalidInput(
            f"{one}: Rucio's search takes % and \\ for something else.",
            remedy="Write * for any letters.",
        )
    if re.search("true|TRUE|false|FALSE", text):
        raise InvalidInput(
            f"{one}: Rucio's search writes true and false differently inside a text.",
            remedy="Put * for one of their letters, as in tr*e, and look at what is found.",
        )
    if _is_time(text):
        raise InvalidInput(
            f"{one}: Rucio's search takes this text for a time.",
            remedy="Give a date or a datetime, or leave the seconds out.",
        )
    # Quoted once more, what Rucio evaluates is the text again.
    return repr(text) if _altered(text) else text


def _column_time(one: Condition, value: date) -> Iterator[tuple[Operator, str]]:
    """Compare with a moment; a date means all its day, in UTC."""
    if isinstance(value, datetime):
        yield one.operator, _moment(value)
        return
    begin = datetime.combine(value, time())
    end = begin + timedelta(days=1)
    if one.operator == "=":
        yield ">=", _moment(begin)
        yield "<", _moment(end)
    elif one.operator == "!=":
        raise InvalidInput(f"{one}: write it as {one.key} < {value} or {one.key} > {value}.")
    elif one.operator in (">", "<="):
        yield (">=" if one.operator == ">" else "<"), _moment(end)
    else:
        yield one.operator, _moment(begin)


def _moment(value: datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc)
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _custom_time(one: Condition, value: date) -> tuple[Operator, str]:
    """Compare as texts in ISO 8601, as `set_metadata` writes times: Rucio cannot compare times."""
    if isinstance(value, datetime):
        return one.operator, time_text(value)
    if one.operator in ("=", "!="):
        return one.operator, f"{value.isoformat()}*"
    last = "T23:59:59Z" if one.operator in (">", "<=") else ""
    return one.operator, f"{value.isoformat()}{last}"


def time_text(value: date) -> str:
    """Write a date, or a time in UTC, so that texts sort as times do."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def sent_name(name: str) -> str:
    """Write a name pattern so that Rucio does not take it for a number, a time, True or False.

    What is found by it may be more than was asked for: see `is_named`.
    """
    text = re.sub("true|TRUE|false|FALSE", lambda found: f"{found[0][0]}*{found[0][2:]}", name)
    return f"{text}*" if _altered(text) or _is_time(text) else text


def is_named(name: str, pattern: str) -> bool:
    """Tell whether a name is what a pattern means; Rucio's wildcards are * and %."""
    parts = (re.escape(part) for part in re.split(r"[*%]", pattern))
    return re.fullmatch(".*".join(parts), name, re.DOTALL) is not None


def _is_guid(text: str) -> bool:
    return re.fullmatch("[0-9a-fA-F]{32}", text.replace("-", "")) is not None


def _altered(text: str) -> bool:
    """Tell whether Rucio would evaluate a text to something else."""
    if set(text) & set("+-*/"):
        return False
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_time(text: str) -> bool:
    for form in _TIMES:
        try:
            datetime.strptime(text, form)
        except ValueError:
            continue
        return True
    return False
