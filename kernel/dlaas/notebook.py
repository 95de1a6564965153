"""In an IPython kernel: variables that the panel attaches, over a comm or by a silent execution."""

from __future__ import annotations

import builtins
import json
import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from dlaas import handover
from dlaas.connection import forget, lake_for
from dlaas.errors import AlreadyThere, DlaasError, InternalError, InvalidInput, problem
from dlaas.model import Reference, to_json
from dlaas.variables import MultipleItemDID, SingleItemDID

COMM_TARGET = "dlaas"
_attached: dict[str, Mapping[str, Any]] = {}


def load(shell: Any = None) -> None:
    """Listen for the panel in this kernel; does nothing outside one, and nothing twice."""
    kernel = getattr(shell or _shell(), "kernel", None)
    manager = getattr(kernel, "comm_manager", None)
    if manager is None or COMM_TARGET in getattr(manager, "targets", {}):
        return
    manager.register_target(COMM_TARGET, _on_comm)


def load_ipython_extension(shell: Any) -> None:
    """Make `%load_ext dlaas.notebook` ready for variables from the panel."""
    load(shell)
    shell.user_ns.setdefault("resolve_dids", resolve_dids)


def attach(message: str | Mapping[str, Any]) -> dict[str, Any]:
    """Do what the panel's message says in the user's namespace, and answer the panel."""
    try:
        content = json.loads(message) if isinstance(message, str) else dict(message)
        shell = _shell()
        if shell is None:
            raise InvalidInput("There is no IPython here to attach variables to.")
        load(shell)
        return handle(content, shell.user_ns)
    except Exception as error:
        return {"ok": False, "problem": to_json(problem(error))}


def handle(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Attach or detach; all names are checked before the first is set. Never raises."""
    try:
        action = content.get("action")
        if action == "attach":
            return _attach(content, namespace)
        if action == "detach":
            return _detach(content, namespace)
        raise InvalidInput(f"{action!r} is not something that the panel can ask for.")
    except DlaasError as error:
        return {"ok": False, "problem": to_json(problem(error))}
    except Exception as error:
        return {
            "ok": False,
            "problem": to_json(
                problem(InternalError(f"Attaching failed ({type(error).__name__})."))
            ),
        }


def _attach(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    if content.get("handover"):
        folder = str(content["handover"])
        if Path(folder).is_dir():
            handover.use(folder)
            forget()
    records = [_checked(record) for record in content.get("variables") or []]
    if content.get("renew"):
        # The panel renews by itself: what a person has made of the name since stays.
        records = [r for r in records if _is_ours(namespace, str(r["variableName"]))]
    for record in records:
        _refuse_taken(namespace, str(record["variableName"]))
    made = [(record, _variable(record)) for record in records]
    shown = []
    for record, variable in made:
        name = str(record["variableName"])
        namespace[name] = variable
        _attached[name] = record
        shown.append({"variableName": name, "did": str(record["did"]), "text": repr(variable)})
    return {"ok": True, "variables": shown}


def _detach(content: Mapping[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    for name in content.get("names") or []:
        _attached.pop(str(name), None)
        # What the user has put there since is the user's.
        if str(name) in namespace and _is_ours(namespace, str(name)):
            del namespace[str(name)]
    return {"ok": True, "variables": []}


def _is_ours(namespace: Mapping[str, Any], name: str) -> bool:
    """Tell whether a name is unbound or holds one of our variables."""
    return name not in namespace or isinstance(namespace[name], (SingleItemDID, MultipleItemDID))


def _refuse_taken(namespace: Mapping[str, Any], name: str) -> None:
    if not _is_ours(namespace, name):
        raise AlreadyThere(
            f"{name} holds something else in this kernel ({type(namespace[name]).__name__}).",
            remedy=f"Choose another name, or give this one up first: del {name}",
        )


def _checked(record: Any) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise InvalidInput("A variable is a JSON object.")
    check_name(str(record.get("variableName") or ""))
    Reference.parse(str(record.get("did") or ""))
    if record.get("type") not in ("file", "collection"):
        raise InvalidInput(f"{record.get('type')!r} is neither file nor collection.")
    return record


def check_name(name: str) -> None:
    """Refuse what cannot or must not name a variable; raises `InvalidInput`."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidInput(f"{name!r} is not a name for a Python variable.")
    if hasattr(builtins, name) or name.startswith("__"):
        raise InvalidInput(f"{name!r} is Python's own: choose another name.")


def _variable(record: Mapping[str, Any]) -> SingleItemDID | MultipleItemDID:
    reference = Reference.parse(str(record["did"]))
    instance = record.get("instance") or reference.instance
    lake = lake_for(instance)
    if record["type"] == "file":
        return SingleItemDID(reference.did, lake.instance.name, lake=lake)
    return MultipleItemDID(reference.did, lake.instance.name, lake=lake)


def resolve_dids() -> None:
    """Make the attached variables anew: with paths that have appeared since."""
    shell = _shell()
    if shell is not None:
        handle({"action": "attach", "variables": list(_attached.values())}, shell.user_ns)


def _on_comm(comm: Any, message: Mapping[str, Any]) -> None:
    """Answer a comm's opening message and each later one, then close it."""

    def answer(received: Mapping[str, Any]) -> None:
        data = received["content"]["data"]
        comm.send(attach(cast("Mapping[str, Any]", data)))
        comm.close()

    if message["content"].get("data", {}).get("action"):
        answer(message)
    else:
        comm.on_msg(answer)


def _shell() -> Any:
    import sys

    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


load()
