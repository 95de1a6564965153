"""A token that is renewed before its end, by one thread at a time."""

from __future__ import annotations

import threading
import time
from copy import copy

from dlaas.credentials.tokens import MARGIN, Token
from dlaas.errors import DlaasError, LoginRequired


class Renewing:
    """Keeps one token, shared by threads; `_get` of a subclass answers the next one.

    Only who needs a new token waits for it: the old one is in force meanwhile.
    """

    def __init__(self, token: Token | None = None) -> None:
        self._token = token
        self._obtained_at = time.time()
        self._failure: DlaasError | None = None
        # Two at a time would use one refresh token twice, and that ends the login.
        self._renewing = threading.Lock()

    @property
    def renewable(self) -> bool:
        """Tell whether there will be a new token before this one ends."""
        return True

    def __call__(self) -> Token:
        """Answer the token, renewed where it is about to end; raises `LoginRequired` after that."""
        token = self._token
        if token is None:
            return self.renew()
        if not self._is_due(token) or not self.renewable:
            return _valid(token)
        try:
            return _valid(self.renew())
        except DlaasError:
            if token.expires_at is None or token.expires_at < time.time():
                raise
            return token

    def refused(self, token: Token) -> bool:
        """Get another token, unless that has happened meanwhile; tell whether there is one."""
        if self._value() == token.value and self.renewable:
            self.renew()
        return self._value() != token.value

    def renew(self) -> Token:
        """Get a new token; where that fails the old one stays. Raises what hinders it.

        Who waited while another one asked gets that one's token, or hears of its failure.
        """
        before, failure = self._token, self._failure
        with self._renewing:
            if self._failure is not None and self._failure is not failure:
                raise copy(self._failure)
            if self._token is None or self._token is before:
                self._token = self._asked()
                self._obtained_at, self._failure = time.time(), None
            return self._token

    def _asked(self) -> Token:
        try:
            return self._get()
        except DlaasError as error:
            # A copy: a traceback holds on to what the functions had in hand.
            self._failure = copy(error)
            raise

    def _get(self) -> Token:
        raise NotImplementedError

    def _value(self) -> str | None:
        return self._token.value if self._token is not None else None

    def _is_due(self, token: Token) -> bool:
        if token.expires_at is None:
            return False
        lifetime = token.expires_at - self._obtained_at
        return token.expires_at - min(MARGIN, lifetime / 3) < time.time()


def _valid(token: Token) -> Token:
    if token.expires_at is not None and token.expires_at < time.time():
        raise LoginRequired("The login has expired.", remedy="Log in again.")
    return token
