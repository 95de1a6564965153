"""Which software there is: a lock of versions that pip reads, without paths, hosts or secrets."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions, packages_distributions
from urllib.parse import urlsplit, urlunsplit

_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def versions(modules: Iterable[str] | None = None) -> dict[str, str]:
    """Answer the versions of what is installed, by name; with `modules` of what these are from."""
    found = _installed()
    names = found.keys() if modules is None else _of(modules) & found.keys()
    return {name: found[name].version for name in sorted(names)}


def lock(modules: Iterable[str] | None = None) -> str:
    """Write what `pip install -r` takes: what is installed, or what `modules` need of it."""
    found = _installed()
    names = set(found) if modules is None else _needed(_of(modules), found)
    lines = [f"# Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
    return "\n".join([*lines, *(_line(name, found[name]) for name in sorted(names)), ""])


def _installed() -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for one in distributions():
        # The first on the path is the one that is imported; a broken one has no name.
        name = one.metadata["Name"]
        if name:
            found.setdefault(_canonical(name), one)
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _of(modules: Iterable[str]) -> set[str]:
    known = packages_distributions()
    return {_canonical(name) for module in modules for name in known.get(module, ())}


def _needed(names: set[str], found: dict[str, Distribution]) -> set[str]:
    """Add what distributions require, and what these require."""
    todo, needed = list(names & found.keys()), set()
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += [one for one in _required(found[name]) if one in found]
    return needed


def _required(one: Distribution) -> Iterator[str]:
    for line in one.requires or ():
        match = _REQUIRED.match(line)
        if match and "extra ==" not in line:
            yield _canonical(match[0])


def _line(name: str, one: Distribution) -> str:
    pinned = f"{name}=={one.version}"
    try:
        told = json.loads(one.read_text("direct_url.json") or "{}")
        vcs, url = told.get("vcs_info") or {}, _public(str(told.get("url") or ""))
    except (ValueError, AttributeError):
        return pinned
    if vcs.get("commit_id") and url:
        return f"{name} @ {vcs.get('vcs', 'git')}+{url}@{vcs['commit_id']}"
    return f"# {pinned} was installed from a file or folder" if told else pinned


def _public(url: str) -> str:
    """Answer a URL without the login that may be in it; nothing for one of this machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http", "ssh") or not parts.hostname:
        return ""
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    user = "git@" if parts.scheme == "ssh" else ""
    return urlunsplit((parts.scheme, user + host, parts.path, "", ""))
