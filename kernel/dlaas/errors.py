"""What can go wrong, named as Rucio names it.

Each error says what happened, whose fault it is and what to do next.

    DlaasError
    ├── InvalidInput (ValueError)
    │   ├── InvalidDID
    │   ├── InvalidLifetime
    │   ├── InvalidRSEExpression
    │   │   └── InsufficientTargetRSEs
    │   ├── WildcardRefused
    │   ├── InvalidMetadata
    │   └── ConfigurationError
    ├── NotThere (FileNotFoundError)
    │   ├── DataIdentifierNotFound
    │   ├── ScopeNotFound
    │   ├── RuleNotFound
    │   ├── RSENotFound
    │   ├── InstanceNotFound
    │   └── NotAvailable
    ├── AlreadyThere (FileExistsError)
    │   ├── DataIdentifierAlreadyExists
    │   └── DuplicateRule
    ├── Refused (PermissionError)
    │   ├── AccessDenied
    │   ├── InsufficientAccountLimit
    │   └── StorageRefused
    ├── CannotAuthenticate (PermissionError)
    │   └── LoginRequired
    ├── Unreachable (ConnectionError)
    ├── TookTooLong (TimeoutError)
    ├── RuleStuck
    ├── Cancelled
    ├── RucioFailed
    ├── StorageFailed
    │   └── ChecksumMismatch
    ├── DiskFull (OSError)
    └── InternalError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from dlaas.model import Problem

Blame = Literal["you", "credential", "rucio", "storage", "network", "us"]


class DlaasError(Exception):
    """Something did not work; `blame` says whose fault it is and `remedy` what to do next.

    `status` is the HTTP status with which the server extension answers it.
    """

    blame: Blame = "us"
    status: ClassVar[int] = 500
    remedy: str = "Please report this, with the text above."

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        blame: Blame | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        if remedy is not None:
            self.remedy = remedy
        if blame is not None:
            self.blame = blame

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        # Two bases and keyword arguments: the default would lose all but the message on a Dask
        # worker.
        return (_rebuild, (type(self), self.message, self.remedy, self.blame, self.details))


def _rebuild(
    kind: type[DlaasError], message: str, remedy: str, blame: Blame, details: dict[str, Any]
) -> DlaasError:
    return kind(message, remedy=remedy, blame=blame, details=details)


class InvalidInput(DlaasError, ValueError):
    """What was asked for makes no sense; nothing was sent."""

    blame: Blame = "you"
    status = 400
    remedy = "Correct it and try again."


class InvalidDID(InvalidInput):
    """The text is not a data identifier."""

    remedy = "A DID is written scope:name, for example ATLAS_OD_EDU:GamGam_data."


class InvalidLifetime(InvalidInput):
    """The lifetime or date cannot be granted to anything."""

    remedy = "Give a lifetime such as '14d' or 86400 (seconds), or a date in the future."


class InvalidRSEExpression(InvalidInput):
    """The RSE expression is malformed or matches no RSE."""

    remedy = "Give the name of an RSE or an expression such as QOS=FAST."


class InsufficientTargetRSEs(InvalidRSEExpression):
    """The RSE expression matches fewer RSEs than there are to be copies."""

    remedy = "Ask for fewer copies, or give an expression that means more RSEs."


class WildcardRefused(InvalidInput):
    """The pattern is so wide that the catalogue would be listed whole."""

    remedy = "Name the scope and some letters of the name, for example ATLAS_OD_EDU:*GamGam*."


class InvalidMetadata(InvalidInput):
    """The key or value cannot be metadata, or not on this server."""

    remedy = "Choose another key or value."


class ConfigurationError(InvalidInput):
    """The configuration of an instance is wrong."""

    remedy = "Correct the configuration, or ask whoever runs this server to."


class NotThere(DlaasError, FileNotFoundError):
    """What was named does not exist."""

    blame: Blame = "you"
    status = 404
    remedy = "Check the name."


class DataIdentifierNotFound(NotThere):
    """The catalogue knows no such DID."""

    remedy = "Check scope and name, or search for a part of it."


class ScopeNotFound(NotThere):
    """The catalogue knows no such scope."""

    remedy = "Check the scope's name."


class RuleNotFound(NotThere):
    """The rule does not exist, or no longer."""

    remedy = "It may have expired: make the data available again."


class RSENotFound(NotThere):
    """The catalogue knows no such RSE."""

    remedy = "Check the RSE's name."


class InstanceNotFound(NotThere):
    """No instance of that name is configured here."""

    remedy = "Choose one of the configured instances."


class NotAvailable(NotThere):
    """The DID exists, but cannot be read from here yet."""

    remedy = "Call make_available() on it, then wait()."


class AlreadyThere(DlaasError, FileExistsError):
    """What was to be made exists."""

    blame: Blame = "you"
    status = 409
    remedy = "Choose another name."


class DataIdentifierAlreadyExists(AlreadyThere):
    """The name is taken; a name is for ever, even after its data is deleted."""


class DuplicateRule(AlreadyThere):
    """This account already has such a rule."""

    remedy = "Extend the rule that is there instead."


class Refused(DlaasError, PermissionError):
    """The service knows you and says no."""

    blame: Blame = "you"
    status = 403
    remedy = "Ask the owner of the data or of the service."


class AccessDenied(Refused):
    """Rucio does not let this account do that; logging in again will not help."""

    remedy = "Ask the lake's administrators for the right, or use another scope, RSE or account."


class InsufficientAccountLimit(Refused):
    """The account's quota does not suffice."""

    remedy = "Release rules that you no longer need, choose another RSE, or ask for a larger quota."


class StorageRefused(Refused):
    """The storage does not accept the credential."""

    blame: Blame = "credential"
    remedy = "The catalogue knows you, this storage does not: ask its site, or use another replica."


class CannotAuthenticate(DlaasError, PermissionError):
    """The login failed, or is over."""

    blame: Blame = "credential"
    status = 401
    remedy = "Log in again."


class LoginRequired(CannotAuthenticate):
    """There is no login for this instance."""

    remedy = "Log in first."


class Unreachable(DlaasError, ConnectionError):
    """No answer came from the service."""

    blame: Blame = "network"
    status = 502
    remedy = "Check the network and whether the service is up, then try again."


class TookTooLong(DlaasError, TimeoutError):
    """The time that was given is over."""

    blame: Blame = "network"
    status = 504
    remedy = "Try again with more time."


class RuleStuck(DlaasError):
    """The transfers of a rule failed and Rucio waits before it tries again."""

    blame: Blame = "storage"
    status = 409
    remedy = "Retry the rule, choose another RSE, or use what has arrived."


class Cancelled(DlaasError):
    """It was cancelled on request."""

    blame: Blame = "you"
    status = 409
    remedy = ""


class RucioFailed(DlaasError):
    """Rucio answered with an error of its own."""

    blame: Blame = "rucio"
    status = 502
    remedy = "Try again later; if it stays, tell the lake's administrators."


class StorageFailed(DlaasError):
    """The storage answered with an error of its own."""

    blame: Blame = "storage"
    status = 502
    remedy = "Try again later, or use another RSE."


class ChecksumMismatch(StorageFailed):
    """The bytes are not those of the catalogue."""

    remedy = "Nothing was kept: try again, and tell the site if it stays."


class DiskFull(DlaasError, OSError):
    """The disk of this machine has no room for it."""

    blame: Blame = "you"
    status = 507
    remedy = "Free space there, clean the cache (dlaas cache clean), or name another folder."


class InternalError(DlaasError):
    """We made a mistake."""


def from_rucio(exc: Exception) -> DlaasError:
    """Turn an exception of rucio-clients or requests into one of ours."""
    from dlaas.rucio.translate import translated

    return translated(exc)


def problem(exc: BaseException) -> Problem:
    """Turn any exception into what the HTTP API tells; of an unknown one, never its text."""
    from dlaas.model import Problem

    known = exc if isinstance(exc, DlaasError) else _known(exc)
    return Problem(type(known).__name__, known.message, known.blame, known.remedy, known.details)


def _known(exc: BaseException) -> DlaasError:
    from dlaas.rucio.translate import is_foreign, translated

    if isinstance(exc, Exception) and is_foreign(exc):
        return translated(exc)
    # The text of an unknown exception may quote a secret.
    return InternalError(f"Something unexpected went wrong here ({type(exc).__name__}).")
