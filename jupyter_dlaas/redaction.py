"""Secrets that must not be written anywhere, and text without them."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Redactor:
    """Knows the secrets in use and takes them out of text: the last line of defence for the log.

    What we write ourselves names no secret; an exception from below may.
    """

    def __init__(self) -> None:
        self._secrets: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Take a secret into account; two that are alike count twice."""
        with self._lock:
            self._secrets[secret] += 1

    def forget(self, secret: str) -> None:
        """Undo one `add`."""
        with self._lock:
            self._secrets -= Counter([secret])

    @contextmanager
    def hiding(self, secret: str) -> Iterator[None]:
        """Take a secret into account as long as it is used."""
        self.add(secret)
        try:
            yield
        finally:
            self.forget(secret)

    def redact(self, text: str) -> str:
        """Return the text without the secrets."""
        with self._lock:
            secrets = sorted(filter(None, self._secrets), key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return text

    def explain(self, error: BaseException) -> str:
        """Return the traceback of an unexpected exception, without the secrets."""
        return self.redact("".join(traceback.format_exception(error)))
