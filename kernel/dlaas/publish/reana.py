"""What a notebook reads, as REANA is told it: a `reana.yaml` that fetches it and runs the notebook.

The form is that of reana-commons' reana_analysis_schema.json, with a serial workflow.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dlaas.errors import InvalidInput, NotThere
from dlaas.model import DID, Reference, VariableRecord
from dlaas.publish import notebooks, recording
from dlaas.transfer.upload.sources import Named

# KubeSpawner says in it which image a session was started from.
IMAGE = "JUPYTER_IMAGE_SPEC"
# The steps of a workflow share its workspace, and nothing else.
_CACHE = "DLAAS_CACHE=.dlaas"
# Both bring to a step's container what it needs to log in to Rucio.
_LOGIN = {"voms_proxy": True, "rucio": True}
_NOT_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def export_reana(notebook: Named, image: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """Write the specification of REANA for a notebook with a record; and what is wrong in it.

    `image` is the container image that both steps run in, else the one of this session. It lies
    beside the notebook: its files are relative to it. Raises `NotThere`, `InvalidInput`.
    """
    image = image or os.environ.get(IMAGE)
    if not image:
        raise InvalidInput(
            "REANA asks which container image the notebook runs in.",
            remedy="Name one that has papermill, jupyter-dlaas-kernel and the notebook's packages:"
            " --image IMAGE.",
        )
    read = notebooks.read(Path(notebook).expanduser())
    records, wrong = recording.records(read)
    if not records:
        raise NotThere(
            f"The record of {read.path.name} names no data.", remedy="Attach some in the panel."
        )
    if not any("load_ext dlaas" in source for source in read.sources()):
        wrong.append("No cell says %load_ext dlaas, so that the variables will be missing there.")
    return _specification(read, image, dict(_parameters(records))), wrong


def _parameters(records: Iterable[VariableRecord]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(records, 1):
        # What REANA puts in is ASCII's letters, and what it puts in stands in a command.
        name = one.variableName if one.variableName.isascii() else f"input_{number}"
        yield name, shlex.quote(str(Reference(DID(one.did), one.instance)))


def _specification(
    read: notebooks.Notebook, image: str, parameters: dict[str, str]
) -> dict[str, Any]:
    done = f"{read.name}-executed.ipynb"
    run = shlex.join(["papermill", read.path.name, done]).replace("$", "$$")
    steps = (
        ("fetch", [f"{_CACHE} dlaas get ${{{name}}}" for name in parameters]),
        ("run", [f"{_CACHE} {run}"]),
    )
    told = [
        {"name": name, "environment": image, **_LOGIN, "commands": commands}
        for name, commands in steps
    ]
    return {
        "inputs": {"files": _files(read), "parameters": parameters},
        "workflow": {"type": "serial", "specification": {"steps": told}},
        "outputs": {"files": [done]},
    }


def _files(read: notebooks.Notebook) -> list[str]:
    home, own = read.path.parent, list[Path]()
    if read.is_python:
        own = notebooks.own_modules(home, notebooks.imported(read.sources()))
    return [read.path.name, *sorted(path.relative_to(home).as_posix() for path in own)]


def to_yaml(told: Any, depth: int = 0) -> Iterator[str]:
    """Yield the lines of mappings and lists, of which none is empty, as YAML."""
    pad = "  " * depth
    pairs = told.items() if isinstance(told, dict) else ((None, one) for one in told)
    for key, one in pairs:
        mark = "-" if key is None else f"{_text(key) if key.lower() in _NOT_TEXT else key}:"
        if not isinstance(one, dict | list):
            yield f"{pad}{mark} {'true' if one is True else _text(one)}"
            continue
        lines = list(to_yaml(one, depth + 1))
        if key is None:
            lines[0] = f"{pad}- {lines[0].lstrip()}"
        else:
            yield pad + mark
        yield from lines


def _text(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + '"'
