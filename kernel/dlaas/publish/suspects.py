"""What looks like a secret in a text, and where; the secret itself is never told.

Each pattern is bounded in what it tries again: an image on one line must not take minutes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dlaas.publish.notebooks import Notebook, joined

Kind = tuple[str, re.Pattern[str]]

_CALLED = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret(?:_?key)?|token|api_?key|access_?key|private_?key)"
)
# A token's type or file is no token, and a tokenizer is none either.
_ABOUT = (
    r"(?:types?|ur[il]|endpoint|file|path|name|field|length|expir\w*|lifetime|scopes?|audience"
    r"|issuer|count|limit)"
)
_NAME = rf"{_CALLED}(?![a-rt-z])(?![\w-]{{0,40}}{_ABOUT}\b)[\w-]{{0,40}}"
_QUOTE = r"""(?:\\?['"]|&quot;|&\#39;)"""
_PLACEHOLDER = rf"""(?: < | (?-i:\$\{{?[A-Z_]) | [/~.%] | [a-z]:[/\\] | https?: | x{{3,}}
    | [^'"\s]{{0,80}}(?:\{{[\w.()]*\}} | \*{{3}} | … | \.\.\.)
    | (?:your|my|the|some|enter|example|change|none|null|true|false|string|hidden|redacted)\b
    | {_CALLED}s?\b)"""
_VALUE = rf"[bruf]{{0,2}}{_QUOTE}(?!{_PLACEHOLDER})[^\s'\"]{{6,300}}?{_QUOTE}"
_BARE = r"""["']?(?![/~.$<%*]|https?:|[A-Z_]+\b)[^\s()\[\]{}<>'",;]{8,}["']?\s*$"""

_PRIVATE_KEYS = (
    f"-----BEGIN {kind}PRIVATE KEY" for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")
)
_ENCODED = "|".join(
    b64encode(text[: len(text) // 3 * 3].encode()).decode() for text in _PRIVATE_KEYS
)

# What no data looks like by chance.
_SHAPED: tuple[Kind, ...] = (
    ("a private key", re.compile(rf"-----BEGIN [A-Z ]{{0,20}}PRIVATE KEY|{_ENCODED}")),
    # What follows is empty where nothing is signed, as in refresh tokens of INDIGO IAM.
    ("a token", re.compile(r"\beyJ[\w-]{8,2000}\.eyJ[\w-]{8}")),
    ("a token of Rucio", re.compile(r"-(?:unknown|dlaas|rucio[\w.]{0,40})-[0-9a-f]{32}\b")),
    ("a macaroon", re.compile(r"\bMDA\w{5}Y2F0aW9u")),
    (
        "a token",
        re.compile(
            r"\b(?:gh[pousr]_\w{30,255}|github_pat_\w{30,255}|glpat-[\w-]{20,99}"
            r"|xox[abps]-[\w-]{10,99}|hf_\w{30,99}|sk-[\w-]{32,255}|pypi-AgE[\w-]{40,255}"
            r"|AIza[\w-]{35}|A[KS]IA[0-9A-Z]{16})\b"
        ),
    ),
)
_WRITTEN: tuple[Kind, ...] = (
    (
        "a login",
        re.compile(
            r"(?i)(?:\bbearer|authorization\W{1,8}(?:basic|token))\s{1,5}"
            r"(?=[\w+/=.~-]{0,60}\d)[\w+/=.~-]{16,}"
        ),
    ),
    (
        "a password in a URL",
        re.compile(
            r"""\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'"]{0,99}:"""
            r"""(?!(?:pass(?:word|wd)?|pwd|secret|token|[x.*]+)@)[^\s/:@'"{<$]{1,300}@"""
        ),
    ),
    (
        "a token in a URL",
        re.compile(
            r"(?i)[?&](?:[\w-]{0,30}token|authz|api_?key|x-amz-signature|sig(?:nature)?)="
            r"[\w%.+/=~-]{16,}"
        ),
    ),
    (
        "a password or token",
        re.compile(
            rf"""(?ix) {_NAME} (?:{_QUOTE}\]?)? \s{{0,9}} (?: : \s{{0,9}} [\w.\[\]|\ ]{{1,30}} )?
            [=:] \s{{0,9}} {_VALUE}"""
        ),
    ),
    (
        "a password or token",
        re.compile(
            rf"""(?ix) (?:setenv|putenv|setdefault) \( \s{{0,9}} {_QUOTE} [\w-]{{0,40}}? {_NAME}
            {_QUOTE} \s{{0,9}} , \s{{0,9}} {_VALUE}"""
        ),
    ),
    (
        "a password",
        re.compile(
            rf"""(?ix) (?: \bauth\s{{0,3}}=\s{{0,3}}\( | \buserpass\( ) \s{{0,3}}
            {_QUOTE} [^'"]{{1,60}} {_QUOTE} \s{{0,3}} , \s{{0,3}} {_VALUE}"""
        ),
    ),
    (
        "a password",
        re.compile(
            r"""(?:^|\s)--?(?:[a-z0-9]{1,12}-)?(?:password|passwd|pwd|token|secret|api-key"""
            r"""|secret-key|access-key)[ =]["']?(?![<{$"'*/~-]|[A-Z_]+\b)\S{4,}"""
        ),
    ),
    (
        "a password",
        re.compile(r"""\bcurl\b.{0,200}?\s-(?:u|-user)[ =]?["']?[^\s:'"]{1,60}:[^\s'"<{$]{4,}"""),
    ),
    (
        "a password or token",
        re.compile(rf"(?:^|\s)[A-Z0-9_]{{0,40}}(?i:{_NAME})(?<![a-z])={_BARE}"),
    ),
)
# In a program what has no quotes is a name.
_SETTING: Kind = (
    "a password or token",
    re.compile(rf"^\s*[\w.-]{{0,40}}?(?i:{_NAME})\s*[=:]\s*(?=\S*\d)(?=\S*[A-Za-z]){_BARE}"),
)
_PROGRAMS = frozenset({".py", ".r", ".jl", ".c", ".cc", ".cpp", ".cxx", ".h", ".js"})
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Of a file that is larger its beginning is looked at.
_LARGEST = 4 << 20


def in_text(text: str, *, is_code: bool = False) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text, from 1 on, that hold what looks like a secret, and what it is."""
    return _found(text, (*_SHAPED, *_WRITTEN) if is_code else (*_SHAPED, *_WRITTEN, _SETTING))


def _found(text: str, kinds: Iterable[Kind]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_COLOURS.sub("", text).splitlines(), 1):
        what = next((what for what, pattern in kinds if pattern.search(line)), None)
        if what is not None:
            yield number, what


def in_notebook(notebook: Notebook) -> list[str]:
    """List what looks like a secret in cells, their outputs, and the notebook's metadata."""
    found = []
    for number, cell in enumerate(notebook.document["cells"], 1):
        source = joined(cell.get("source", ""))
        # A cell of %%writefile holds any kind of file.
        is_code = cell.get("cell_type") == "code" and not source.lstrip().startswith("%%")
        for line, what in in_text(source, is_code=is_code):
            found.append(f"cell {number}, line {line}: {what}")
        rest = {key: value for key, value in cell.items() if key != "source"}
        found += [f"output of cell {number}: {what}" for what in _below(rest)]
    metadata = notebook.document.get("metadata") or {}
    return found + [f"metadata of the notebook: {what}" for what in _below(metadata)]


def in_file(path: Path) -> list[str]:
    """List what looks like a secret in a file; of one of data only what has a shape of its own."""
    with path.open("rb") as file:
        raw = file.read(_LARGEST)
    text = raw.decode("latin-1")
    if b"\0" in raw:
        return [f"somewhere in it: {what}" for what in {what for _, what in _found(text, _SHAPED)}]
    is_code = path.suffix.lower() in _PROGRAMS
    return [f"line {line}: {what}" for line, what in in_text(text, is_code=is_code)]


def _below(value: Any, key: str = "") -> list[str]:
    """List the kinds of what is found in all texts below a value, each once."""
    found: dict[str, None] = {}
    if isinstance(value, dict):
        if value.get("model_name") == "PasswordModel" and (value.get("state") or {}).get("value"):
            found["what was typed into a field for passwords"] = None
        for name, one in value.items():
            found.update(dict.fromkeys(_below(one, str(name))))
    elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
        for one in value:
            found.update(dict.fromkeys(_below(one)))
    elif isinstance(value, (str, list)) and not _is_picture(key):
        text = joined(value)
        # In JSON a name stands apart from its value.
        text += f'\n{key} = "{text}"' if "\n" not in text and "/" not in key else ""
        found.update(dict.fromkeys(what for _, what in in_text(text)))
    return list(found)


def _is_picture(key: str) -> bool:
    """Tell whether a MIME type is of bytes in base64; a drawing of SVG is a text."""
    return key.startswith(("image/", "audio/", "video/")) and not key.startswith("image/svg")
