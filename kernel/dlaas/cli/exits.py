"""What the command line ends with: one number per kind of trouble, here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaas import errors

if TYPE_CHECKING:
    from dlaas.model import Problem

DONE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_AVAILABLE = 4
LOGIN = 5
DENIED = 6
ELSEWHERE = 7
INTERRUPTED = 130
# 128 + SIGPIPE, as any program ends whose reader has left.
READER_LEFT = 141

MEANINGS = (
    (DONE, "done"),
    (FAILED, "some of it failed, or a mistake of ours"),
    (USAGE, "wrong usage or bad input; nothing was changed"),
    (NOT_FOUND, "no such DID, scope, rule, RSE or instance"),
    (NOT_AVAILABLE, "it exists, but cannot be read from here (yet)"),
    (LOGIN, "a login is needed, or was refused"),
    (DENIED, "not allowed, or over quota"),
    (ELSEWHERE, "Rucio, a storage or the network failed"),
    (INTERRUPTED, "interrupted"),
)

# The first that fits.
_CODES: tuple[tuple[type[errors.DlaasError], int], ...] = (
    (errors.NotAvailable, NOT_AVAILABLE),
    (errors.RuleStuck, NOT_AVAILABLE),
    (errors.NotThere, NOT_FOUND),
    (errors.InvalidInput, USAGE),
    (errors.AlreadyThere, USAGE),
    (errors.CannotAuthenticate, LOGIN),
    (errors.Refused, DENIED),
    (errors.Unreachable, ELSEWHERE),
    (errors.TookTooLong, ELSEWHERE),
    (errors.RucioFailed, ELSEWHERE),
    (errors.StorageFailed, ELSEWHERE),
    (errors.Cancelled, INTERRUPTED),
)


def code_of(problem: Problem) -> int:
    """Answer the exit code for a problem; for what nobody foresaw, ours."""
    kind = getattr(errors, problem.error, errors.InternalError)
    return next((code for known, code in _CODES if issubclass(kind, known)), FAILED)


def code_of_all(codes: list[int]) -> int:
    """Sum up what several acts ended with: their common code, else `FAILED` where one failed.

    >>> code_of_all([0, 0]), code_of_all([3, 3]), code_of_all([0, 3])
    (0, 3, 1)
    """
    found = set(codes) or {DONE}
    return found.pop() if len(found) == 1 else FAILED


def problem_of(error: BaseException) -> Problem:
    """Turn any exception into a problem; one of this machine's disk or folders keeps its words."""
    if isinstance(error, OSError) and not isinstance(error, errors.DlaasError):
        from dlaas.rucio.translate import is_foreign

        if not is_foreign(error):
            return errors.problem(_of_this_machine(error))
    return errors.problem(error)


def _of_this_machine(error: OSError) -> errors.DlaasError:
    where = f": {error.filename}" if error.filename is not None else " on this machine"
    return errors.DlaasError(
        f"{error.strerror or type(error).__name__}{where}.",
        blame="you",
        remedy="Check that file or folder, your rights to it, and the space on its disk.",
    )
