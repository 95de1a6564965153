"""A storage that does not accept the login any more: the next login may help."""

from __future__ import annotations

from dlaas.errors import LoginRequired, StorageRefused
from dlaas.model import Problem

# A storage that says 403 knows who asks.
_UNKNOWN = 401
_REMEDY = (
    "Log in again: it goes on then, with what it has done already. Where that does not help, ask"
    " the storage's site, or cancel it."
)


def wants_login(problem: Problem | None) -> bool:
    """Tell whether a storage refused a login as none, or as one that is over."""
    return (
        problem is not None
        and problem.error == StorageRefused.__name__
        and problem.details.get("status") == _UNKNOWN
    )


def refusal(problem: Problem) -> StorageRefused:
    """Make the error that was told so."""
    return StorageRefused(problem.message, remedy=problem.remedy, details=problem.details)


def until_login(problem: Problem) -> LoginRequired:
    """Say what is waited for."""
    return LoginRequired(problem.message, remedy=_REMEDY, details=problem.details)
