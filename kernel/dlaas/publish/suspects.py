"""What looks like a secret in a text, and where; the secret itself is never told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlaas.publish.notebooks import Notebook, joined

_NAMED = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|access_?key|private_?key)"
_KINDS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("a token of Rucio", re.compile(r"-(?:unknown|dlaas|rucio[\w.]*)-[0-9a-f]{32}\b")),
    (
        "a token",
        re.compile(
            r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abps]-[\w-]{10,}"
            r"|hf_\w{30,}|sk-[\w-]{32,}|AKIA[0-9A-Z]{16})\b"
        ),
    ),
    ("a login", re.compile(r"(?i)\b(?:bearer|basic)\s+(?=[\w+/=.~-]*\d)[\w+/=.~-]{16,}")),
    (
        "a password in a URL",
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]+:[^\s/:@'\"{<$]+@"),
    ),
    (
        "a password or token",
        re.compile(
            rf"""(?ix) [\w-]*{_NAMED}[\w-]* ['"]? \s*[=:]\s* ['"]
            (?! [^'"]*[<{{$*…] | (?:your|my|the|some|enter|example|change|none|null|true|false)\b
              | \.\.\. | x{{3,}} | [/~.] | https?:) [^\s'"]{{6,}} ['"]"""
        ),
    ),
    (
        "a password",
        re.compile(r"(?:^|\s)(?:--password|--passwd|-pwd|--token)[ =](?![<{$\"'*-])\S{4,}"),
    ),
)
# What is longer on one line is data, not something that a person wrote.
_LONGEST = 20_000
_LARGEST = 4 << 20


def in_text(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text, from 1 on, that hold what looks like a secret, and what it is."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in _KINDS:
            if pattern.search(line[:_LONGEST]):
                yield number, what
                break


def in_notebook(notebook: Notebook) -> list[str]:
    """List what looks like a secret in cells, their outputs, and the notebook's metadata."""
    found = []
    for number, cell in enumerate(notebook.document["cells"], 1):
        for line, what in in_text(joined(cell.get("source", ""))):
            found.append(f"cell {number}, line {line}: {what}")
        rest = {key: value for key, value in cell.items() if key != "source"}
        found += [f"output of cell {number}: {what}" for what in _below(rest)]
    metadata = notebook.document.get("metadata") or {}
    return found + [f"metadata of the notebook: {what}" for what in _below(metadata)]


def in_file(path: Path) -> list[str]:
    """List what looks like a secret in a file of text; a large one or one of data is not read."""
    if path.stat().st_size > _LARGEST:
        return []
    raw = path.read_bytes()
    if b"\0" in raw:
        return []
    return [f"line {line}: {what}" for line, what in in_text(raw.decode("latin-1"))]


def _below(value: Any, key: str = "") -> list[str]:
    """List the kinds of what is found in all texts below a value, each once."""
    found: dict[str, None] = {}
    if isinstance(value, dict):
        for name, one in value.items():
            found.update(dict.fromkeys(_below(one, str(name))))
    elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
        for one in value:
            found.update(dict.fromkeys(_below(one)))
    elif isinstance(value, (str, list)) and not key.startswith(("image/", "audio/", "video/")):
        text = joined(value)
        # In JSON a name stands apart from its value.
        text = f'{key} = "{text}"' if "\n" not in text and "/" not in key else text
        found.update(dict.fromkeys(what for _, what in in_text(text)))
    return list(found)
