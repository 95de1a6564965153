"""Setting variables in a notebook's namespace, as the panel asks or a record says."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlaas import handover
from dlaas.errors import (
    AlreadyThere,
    DlaasError,
    InternalError,
    InvalidInput,
    TookTooLong,
    problem,
)
from dlaas.model import VariableRecord, to_json
from dlaas.notebook import attachments
from dlaas.rucio.connection import forget, lake_for
from dlaas.variables import MultipleItemDID, SingleItemDID

Variable = SingleItemDID | MultipleItemDID

# Seconds for all variables of a notebook or a message: a cell, or the panel, is waiting.
PATIENCE = 5.0
_attached: dict[str, VariableRecord] = {}


def handle(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Attach, rename or detach; all names are checked before the first is set. Never raises."""
    try:
        action = content.get("action")
        if action == "attach":
            return _attach(content, namespace)
        if action == "rename":
            return _rename(content, namespace)
        if action == "detach":
            return _detach(content, namespace)
        raise InvalidInput(f"{action!r} is not something that the panel can ask for.")
    except Exception as error:
        return {"ok": False, "problem": to_json(problem(error))}


def _attach(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    if content.get("handover"):
        folder = str(content["handover"])
        if Path(folder).is_dir():
            handover.use(folder)
            forget()

    def is_wanted(one: VariableRecord) -> bool:
        # The panel renews by itself: what a person has made of the name since stays.
        return not content.get("renew") or _is_ours(namespace, one)

    records = [attachments.parse(raw) for raw in content.get("variables") or []]
    made = []
    for one, found, error in make(list(filter(is_wanted, records))):
        if found is None:
            raise error or InternalError(f"{one.variableName} was not made.")
        made.append((one, found))
    # Only now: on a subshell a cell may have taken a name while the lake was asked.
    made = [(one, found) for one, found in made if is_wanted(one)]
    for one, _ in made:
        _refuse_taken(namespace, one)
    shown = []
    for one, found in made:
        _put(namespace, one, found)
        shown.append(_shown(one, found))
    return {"ok": True, "variables": shown}


def _rename(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Give what a name holds another name; what it does not hold, or no more, is made anew."""
    old, raw = str(content.get("name") or ""), content.get("variable")
    one = attachments.parse(raw)
    before = _attached.get(old)
    if before is None or before.did != one.did or not _holds(namespace.get(old), before):
        answer = _attach({**content, "variables": [raw]}, namespace)
        _detach({"names": [old]}, namespace)
        return answer
    _refuse_taken(namespace, one)
    _put(namespace, one, namespace.pop(old))
    _attached.pop(old, None)
    return {"ok": True, "variables": [_shown(one, namespace[one.variableName])]}


def _shown(one: VariableRecord, found: Variable) -> dict[str, str]:
    return {"variableName": one.variableName, "did": one.did, "text": repr(found)}


def _detach(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    for name in map(str, content.get("names") or []):
        one = _attached.pop(name, None)
        # What the user has put there since is the user's.
        if one is not None and name in namespace and _holds(namespace[name], one):
            del namespace[name]
    return {"ok": True, "variables": []}


def attached() -> tuple[Any, ...]:
    """List what this kernel was given, as a record."""
    return tuple(map(to_json, list(_attached.values())))


def restore(raw: tuple[Any, ...], namespace: dict[str, Any]) -> dict[str, Variable]:
    """Make what can be made of a record, one by one: a faulty variable hides no other."""
    wanted: dict[str, VariableRecord] = {}
    for name, one in attachments.parse_each(raw):
        if isinstance(one, DlaasError):
            say(name, one)
        elif _is_ours(namespace, one):
            wanted[name] = one
        else:
            say(name, _taken(namespace, one))
    restored = {}
    for one, found, error in make(list(wanted.values())):
        if error is not None:
            say(one.variableName, error)
        if found is not None:
            _put(namespace, one, found)
            restored[one.variableName] = found
    return restored


def _put(namespace: dict[str, Any], one: VariableRecord, found: Variable) -> None:
    namespace[one.variableName] = found
    _attached[one.variableName] = one


def _is_ours(namespace: Mapping[str, Any], one: VariableRecord) -> bool:
    """Tell whether a name is unbound, or holds what a record has put there."""
    if one.variableName not in namespace:
        return True
    held, before = namespace[one.variableName], _attached.get(one.variableName)
    return _holds(held, one) or (before is not None and _holds(held, before))


def _holds(value: Any, one: VariableRecord) -> bool:
    """Tell whether a value is what a record means: a person's choice of its files is not."""
    if isinstance(value, MultipleItemDID):
        return value.did == one.did and not value.is_part
    return isinstance(value, SingleItemDID) and value.did == one.did


def _refuse_taken(namespace: Mapping[str, Any], one: VariableRecord) -> None:
    if not _is_ours(namespace, one):
        raise _taken(namespace, one)


def _taken(namespace: Mapping[str, Any], one: VariableRecord) -> AlreadyThere:
    name = one.variableName
    return AlreadyThere(
        f"{name} holds something else in this kernel ({type(namespace[name]).__name__}).",
        remedy=f"Choose another name, or give this one up first: del {name}",
    )


def say(name: str, error: DlaasError) -> None:
    """Say in a line what became of a variable, and the remedy."""
    print(f"dlaas: {name}: {' '.join(str(error).split())}", file=sys.stderr)


def _variable(record: VariableRecord) -> Variable:
    lake = lake_for(record.instance)
    kind = SingleItemDID if record.type == "file" else MultipleItemDID
    return kind(record.did, lake.instance.name, lake=lake)


def make(
    records: Sequence[VariableRecord],
) -> Iterator[tuple[VariableRecord, Variable | None, DlaasError | None]]:
    """Yield each record with its variable, or with what is wrong, or with both.

    With both, the lake did not say in time where the file is: the variable is its reference.
    """
    made: dict[str, Variable | DlaasError] = {}

    def work() -> None:
        # Collections ask nothing: a file must not keep them waiting.
        for record in sorted(records, key=lambda record: record.type == "file"):
            try:
                made[record.variableName] = _variable(record)
            except DlaasError as error:
                made[record.variableName] = error
            except Exception as error:
                text = f"Making it failed ({type(error).__name__})."
                made[record.variableName] = InternalError(text)

    worker = threading.Thread(target=work, name="dlaas-restore", daemon=True)
    worker.start()
    worker.join(PATIENCE)
    for record in records:
        found = made.get(record.variableName)
        if found is None:
            yield record, _unlooked(record), _no_answer()
        elif isinstance(found, DlaasError):
            yield record, None, found
        else:
            yield record, found, None


def _unlooked(record: VariableRecord) -> Variable:
    if record.type == "collection":
        return MultipleItemDID(record.did, record.instance)
    return SingleItemDID(record.did, record.instance, look=False)


def _no_answer() -> DlaasError:
    return TookTooLong(
        f"The lake did not say within {PATIENCE:g} s where it is, so it is a reference for now.",
        remedy="resolve_dids() looks again.",
    )
