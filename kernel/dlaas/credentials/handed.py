"""The login of the Jupyter server above, as it is handed over."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from dlaas.credentials.tokens import Token, token_from
from dlaas.errors import CannotAuthenticate, LoginRequired

if TYPE_CHECKING:
    from dlaas.credentials.proxy import Proxy
    from dlaas.handover import Handover


class HandoverCredential:
    """What the Jupyter server keeps fresh; its file is read again when it changed."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._found: tuple[Token, Handover] | None = None

    def __call__(self) -> Token:
        """Answer the token; raises `LoginRequired` when nobody is logged in."""
        return self._current()[0]

    def refused(self, token: Token) -> bool:
        """Look whether the server wrote another token since."""
        with self._lock:
            self._found = self._read()
            return self._found[0].value != token.value

    def storage_token(self) -> Token | None:
        """Answer the token that is for storages alone, where there is one.

        Raises `CannotAuthenticate` where there should be one: the login's own may do more than
        storages are to see.
        """
        token, found = self._current()
        if found.storage_token:
            return token_from(found.storage_token)
        if found.instance.exchanges and token.is_jwt:
            raise CannotAuthenticate(
                f"The Jupyter server could not get a token for the storages of"
                f" {found.instance.title}.",
                remedy="The panel says why beside the login; log in again there.",
            )
        return None

    @property
    def proxy(self) -> Proxy | None:
        """The proxy that storages are shown, where there is one."""
        return self._current()[1].proxy

    def _current(self) -> tuple[Token, Handover]:
        with self._lock:
            stamp = self._current_stamp()
            if self._found is None or stamp != self._stamp or not self._found[0].fresh:
                self._found = self._read()
                self._stamp = stamp
            return self._found

    def _current_stamp(self) -> tuple[int, int] | None:
        from dlaas.handover import path_of

        try:
            status = path_of(self._folder, self._name).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _read(self) -> tuple[Token, Handover]:
        from dlaas import handover

        found = handover.read(self._folder, self._name)
        if not found.token:
            raise LoginRequired(
                f"Nobody is logged in to {found.instance.title}.", remedy="Log in in the panel."
            )
        return token_from(found.token, found.account, found.expires_at), found
