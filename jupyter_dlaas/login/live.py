"""A login that is kept alive: its credential, its lake, and what kernels are handed of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from dlaas import handover
from dlaas.config import Instance
from dlaas.credentials import Credential, Token
from dlaas.credentials.proxy import Proxy
from dlaas.credentials.wrong import not_yours
from dlaas.errors import DlaasError, LoginRequired, problem
from dlaas.lake import Lake
from dlaas.model import Login, LoginMethod, LoginState, Problem
from jupyter_dlaas.redaction import Redactor

# In seconds: how early the end of what nobody renews is told, of a token and of a proxy.
_WARN = 1800.0
_WARN_PROXY = 3600.0


class LiveLogin:
    """A credential, shared by the threads of one instance, that is renewed before its token ends.

    Every new token is handed to kernels and terminals until `end`. `expires_at` and `obtained_at`
    are epoch seconds; `trouble` is why the hand-over cannot be written or removed. `secret` is kept
    out of the log. All methods may block and belong on a worker.
    """

    def __init__(
        self,
        instance: Instance,
        make: Callable[[], Credential],
        method: LoginMethod,
        redactor: Redactor,
        renewed: Callable[[LiveLogin], None],
        secret: str = "",
    ) -> None:
        self.instance = instance
        self.account = ""
        self.expires_at: float | None = None
        self.obtained_at = 0.0
        self.trouble: OSError | DlaasError | None = None
        self.lake: Lake | None = None
        self._method = method
        self._make = make
        self._credential = make()
        self._redactor = redactor
        self._renewed = renewed
        self._secret = secret
        redactor.add(secret)
        self._token: Token | None = None
        self._storage: Token | None = None
        self._place: tuple[Path, bool] | None = None
        self._ended = False
        # Re-entrant, for what `renewed` calls may ask for the token.
        self._lock = threading.RLock()

    def __call__(self) -> Token:
        """Answer the token in force; raises `CannotAuthenticate` or `Unreachable`."""
        token = self._credential()
        self._take(token)
        return token

    def refused(self, token: Token) -> bool:
        """Hear that Rucio refused the token; tell whether there may be another."""
        return self._credential.refused(token)

    @property
    def proxy(self) -> Proxy | None:
        """The proxy that storages are shown; None where one is logged in in another way."""
        return getattr(self._credential, "proxy", None)

    def storage_token(self) -> Token | None:
        """Answer the token that storages are shown where it is not the login's own.

        Raises what the provider says, and `Unreachable`.
        """
        exchange = getattr(self._credential, "storage_token", None)
        return None if exchange is None else exchange()

    def open(self, account: str | None) -> Lake:
        """Prove the login by asking Rucio who it is; raises what calling it does."""
        self.lake = lake = Lake(self.instance, account=account, credentials=self)
        try:
            self.account = lake.whoami().name
            if account and self.account != account:
                raise not_yours(self.instance, account, self.account)
        except BaseException:
            self.end()
            raise
        if lake.account != self.account:
            # The configured account is another one than this person's.
            lake.close()
            self.lake = lake = Lake(self.instance, account=self.account, credentials=self)
        return lake

    def login(self) -> Login:
        """Answer what may be told of it."""
        proxy, token = self.proxy, self._token
        named = token.identity if token is not None else None
        return Login(
            self._state(),
            self.account,
            self._method,
            _time(self.expires_at),
            None if self.trouble is None else _problem(self.trouble),
            None,
            _time(proxy.expires_at if proxy else None),
            proxy.identity if proxy else named,
            self._is_renewable(),
        )

    def hand_over(self, folder: Path, default: bool) -> None:
        """Give the token to kernels and terminals, now and whenever there is a new one."""
        with self._lock:
            self._place = folder, default
        storage = self._for_storage()
        with self._lock:
            self._publish(storage)

    def renew(self) -> None:
        """Get a new token; raises what calling it does, and then the old one stays in force."""
        renew = getattr(self._credential, "renew", None)
        if renew is not None:
            self._take(renew())
            return
        credential = self._make()
        token = credential()
        with self._lock:
            if not self._ended:
                self._credential = credential
        self._take(token)

    def look(self) -> None:
        """Hand over what has changed meanwhile: a file that was written anew, a storage's token."""
        self()
        storage = self._for_storage()
        with self._lock:
            # Where there is no new one the old one stays, as long as it lasts.
            if isinstance(storage, Token) and storage.value != _value(self._storage):
                self._publish(storage)

    def end(self) -> None:
        """Forget the secrets, take back what was handed over, close the connections.

        The provider hears of it in the background: nobody waits for its answer.
        """
        with self._lock:
            if self._ended:
                return
            self._ended = True
            revoke = getattr(self._credential, "revoke", None)
            if revoke is not None:
                name = "dlaas-revocation"
                threading.Thread(target=_try, args=(revoke,), name=name, daemon=True).start()
            self._redactor.forget(self._secret)
            for token in (self._token, self._storage):
                if token is not None:
                    self._redactor.forget(token.value)
            self._token, self._storage, self._secret = None, None, ""
            self._make, self._credential = _Ended, _Ended()
            self.trouble = None
            if self._place is not None:
                self._take_back(self._place[0])
        if self.lake is not None:
            self.lake.close()

    def _state(self) -> LoginState:
        now = time.time()
        if self.proxy is not None and self.proxy.expires_at - now < _WARN_PROXY:
            return "expiring"
        if self.expires_at is None:
            return "logged_in"
        third = (self.expires_at - self.obtained_at) / 3
        # Who renews it begins earlier: when so little is left, that has failed.
        early = min(_WARN / 6, third / 2) if self._is_renewable() else min(_WARN, third)
        return "expiring" if self.expires_at - now < early else "logged_in"

    def _is_renewable(self) -> bool:
        if self.proxy is not None and self.expires_at is not None:
            return self.proxy.expires_at > self.expires_at + 1
        return bool(getattr(self._credential, "renewable", True))

    def _take(self, token: Token) -> None:
        if self._is_known(token):
            return
        # Before the lock, for a provider may be asked.
        storage = self._for_storage()
        with self._lock:
            if self._ended or self._is_known(token):
                return
            self._redactor.add(token.value)
            if self._token is not None:
                self._redactor.forget(self._token.value)
            self._token = token
            self.expires_at, self.obtained_at = token.expires_at, time.time()
            self._publish(storage)
        self._renewed(self)

    def _is_known(self, token: Token) -> bool:
        known = self._token
        return self._ended or (known is not None and known.value == token.value)

    def _for_storage(self) -> Token | DlaasError | None:
        if self._place is None:
            return None
        try:
            return self.storage_token()
        except DlaasError as error:
            return error

    def _take_back(self, folder: Path) -> None:
        try:
            handover.remove(folder, self.instance.name)
        except OSError as error:
            self.trouble = error

    def _publish(self, storage: Token | DlaasError | None) -> None:
        if self._ended or self._place is None or self._token is None:
            return
        folder, default = self._place
        token = self._token
        self.trouble = storage if isinstance(storage, DlaasError) else None
        self._keep(None if isinstance(storage, DlaasError) else storage)
        try:
            handover.write(
                folder,
                self.instance,
                self.account,
                token.value,
                token.expires_at,
                default,
                storage_token=_value(self._storage),
                proxy=self.proxy,
            )
        except OSError as error:
            # The login works all the same; only kernels do not hear of it.
            self.trouble = error

    def _keep(self, storage: Token | None) -> None:
        if storage is not None:
            self._redactor.add(storage.value)
        if self._storage is not None:
            self._redactor.forget(self._storage.value)
        self._storage = storage


def _time(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, timezone.utc)


def _value(token: Token | DlaasError | None) -> str | None:
    return token.value if isinstance(token, Token) else None


def _problem(trouble: OSError | DlaasError) -> Problem:
    if isinstance(trouble, DlaasError):
        return problem(trouble)
    return Problem(
        "HandOverFailed",
        f"Notebooks cannot be told of this login: {trouble.strerror or 'writing failed'}.",
        "us",
        "See that Jupyter's runtime folder can be written, then log in again.",
    )


def _try(act: Callable[[], None]) -> None:
    with suppress(DlaasError):
        act()


class _Ended:
    """The credential of nobody."""

    def __call__(self) -> Token:
        raise LoginRequired("You have logged out.")

    def refused(self, token: Token) -> bool:
        return False
