"""The part of a configuration that is published at a `$url`.

It is asked for in the background and waited for only shortly, so that a service that hangs holds up
no kernel; what was good last is kept in the user's cache folder for the day on which it is down.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dlaas import private
from dlaas.errors import ConfigurationError, DlaasError, InternalError, TookTooLong
from dlaas.lifetime import said

T = TypeVar("T")
Content = dict[str, Any]
# Seconds from the question until nobody waits for the answer any longer.
PATIENCE = 4.0


class _Question:
    """One question to an address; the answer may come when nobody waits for it any longer."""

    def __init__(self, url: str) -> None:
        self.at = time.monotonic()
        self.answered = threading.Event()
        self.warning: str | None = None
        self._url = url
        self._content: Content | None = None
        self._error: DlaasError | None = None
        # A daemon: a process that ends does not wait for it.
        threading.Thread(target=self._ask, name="dlaas-configuration", daemon=True).start()

    def _ask(self) -> None:
        try:
            self._content = fetch_json(self._url)
        except DlaasError as error:
            self._error = error
        except Exception as error:
            self._error = InternalError(f"Asking {_shown(self._url)} failed ({error!r}).")
        self.answered.set()

    def answer(self) -> Content:
        """Wait until there was patience enough; raises what went wrong, or `TookTooLong`."""
        self.answered.wait(max(0.0, self.at + PATIENCE - time.monotonic()))
        if self._error is not None:
            # A copy: each raise would lengthen the traceback of the one that is kept.
            raise copy(self._error)
        if self._content is None:
            raise TookTooLong(f"{_shown(self._url)} does not answer within {said(PATIENCE)}.")
        return self._content


_questions: dict[str, _Question] = {}
# The last good answers of this process, with the time in epoch seconds: the disk may be full.
_good: dict[str, tuple[Content, float]] = {}
_guard = threading.Lock()


def ask(url: str, again: float) -> None:
    """Ask an address without waiting, unless it was asked less than `again` seconds ago."""
    with _guard:
        last = _questions.get(url)
        if last is not None:
            if not last.answered.is_set() and last.at + PATIENCE > time.monotonic():
                return
            if time.monotonic() - last.at < again:
                return
        _questions[url] = _Question(url)


def read(url: str, make: Callable[[Content], T]) -> tuple[T, str | None]:
    """Make something of what an address that was asked publishes.

    Where that is not to be had it is made of what was good last, and a warning says so. Raises
    what `make` raises, and `Unreachable`, `TookTooLong` or `ConfigurationError` where nothing has
    ever been good.
    """
    question = _questions[url]
    try:
        content = question.answer()
        made = make(content)
    except DlaasError as error:
        kept = _kept(url)
        if kept is None:
            raise
        try:
            made = make(kept[0])
        except DlaasError:
            raise error from None
        age = said(max(0.0, time.time() - kept[1]))
        # Once for each question: the age must not make a new text of it every second.
        question.warning = question.warning or (
            f"{error.message} What was published there {age} ago is used."
        )
        return made, question.warning
    _keep(url, content)
    return made, None


def fetch_json(url: str) -> Content:
    """Fetch what an address publishes; raises `Unreachable`, `ConfigurationError`."""
    from dlaas.rucio.wire import plain_get

    try:
        text = plain_get(url)
    except ConfigurationError as error:
        raise ConfigurationError(error.message.replace(url, _shown(url))) from None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ConfigurationError(f"What {_shown(url)} answers is no JSON object.")
    return content


def _shown(url: str) -> str:
    """Name an address without what may be a secret in it."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "The address"


def _keep(url: str, content: Content) -> None:
    if url in _good and _good[url][0] is content:
        return
    _good[url] = (content, time.time())
    # Without a home or with a full disk there is no copy, and that is all.
    with suppress(OSError, RuntimeError):
        path = _path(url)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A configuration may hold a password.
        private.write(path, json.dumps(content))


def _kept(url: str) -> tuple[Content, float] | None:
    if url in _good:
        return _good[url]
    try:
        path = _path(url)
        status = path.stat()
        if not private.is_own(status):
            # Somebody else's word on where our login goes.
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return None
    return (content, status.st_mtime) if isinstance(content, dict) else None


def _path(url: str) -> Path:
    # The address itself may hold a secret.
    name = hashlib.sha256(url.encode()).hexdigest()[:32]
    return _cache_dir() / "dlaas" / "configuration" / f"{name}.json"


def _cache_dir() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
