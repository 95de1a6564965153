"""Each error says what happened, whose fault it is and what to do next; none tells a secret."""

from __future__ import annotations

import inspect
import pickle

import pytest
import requests
from rucio.common import exception as upstream

from dlaas import errors
from dlaas.errors import DlaasError, from_rucio, problem
from dlaas.rucio import translate

OURS = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, DlaasError)]
THEIRS = [
    c
    for _, c in inspect.getmembers(upstream, inspect.isclass)
    if issubclass(c, upstream.RucioException)
]
# Rucio's own troubles: there is nothing for a user to correct.
RUCIOS_OWN = {
    "ConfigurationError",
    "DatabaseException",
    "DeprecationError",
    "ErrorLoadingPolicyPackage",
    "InvalidAlgorithmName",
    "InvalidPolicyPackageAlgorithmType",
    "MetalinkJsonParsingError",
    "NoDistance",
    "OpenDataError",
    "PolicyPackageBaseException",
    "PolicyPackageIsNotVersioned",
    "PolicyPackageNotFound",
    "PolicyPackageVersionError",
    "ReplicationRuleCreationTemporaryFailed",
    "ResourceTemporaryUnavailable",
    "RucioException",
    "TransferToolTimeout",
    "TransferToolWrongAnswer",
    "UndefinedPolicy",
}


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda c: c.__name__)
def test_every_exception_of_rucio_is_mapped(theirs: type[Exception]) -> None:
    wanted = [
        p for p in inspect.signature(theirs).parameters.values() if p.kind is not p.VAR_POSITIONAL
    ]
    ours = from_rucio(theirs(*["the details"] * max(1, len(wanted))))
    assert isinstance(ours, DlaasError)
    if theirs.__name__ in RUCIOS_OWN:
        assert type(ours) is errors.RucioFailed
    else:
        assert theirs.__name__ in translate.KINDS
        assert type(ours) is translate.KINDS[theirs.__name__]


def test_the_map_names_no_exception_that_rucio_does_not_have() -> None:
    assert set(translate.KINDS) <= {c.__name__ for c in THEIRS}


@pytest.mark.parametrize("kind", OURS, ids=lambda c: c.__name__)
def test_every_error_is_drawn_in_the_tree(kind: type[DlaasError]) -> None:
    assert kind.__name__ in str(errors.__doc__)


@pytest.mark.parametrize("kind", OURS, ids=lambda c: c.__name__)
def test_errors_survive_a_pickle(kind: type[DlaasError]) -> None:
    error = kind("It broke.", remedy="Mend it.", blame="storage", details={"rse": "X"})
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.blame, again.details) == (
        kind,
        "It broke. Mend it.",
        "storage",
        {"rse": "X"},
    )


def test_what_is_not_there_is_a_file_not_found_error() -> None:
    assert issubclass(errors.DataIdentifierNotFound, FileNotFoundError)
    assert issubclass(errors.AccessDenied, PermissionError)
    assert issubclass(errors.TookTooLong, TimeoutError)
    assert issubclass(errors.InvalidLifetime, ValueError)


def test_an_unknown_exception_tells_its_kind_and_not_its_text() -> None:
    told = problem(KeyError("hunter2"))
    assert told.error == "InternalError"
    assert told.blame == "us"
    assert "KeyError" in told.message
    assert "hunter2" not in str(told)


def test_a_problem_says_whose_fault_it_is() -> None:
    told = problem(errors.InsufficientAccountLimit("Too much.", details={"left": 1}))
    assert (told.error, told.blame, told.details) == (
        "InsufficientAccountLimit",
        "you",
        {"left": 1},
    )
    assert told.remedy


def test_what_a_server_says_is_cut_to_a_sentence_without_secrets() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlc2lnbmF0dXJl"
    text = translate.clean(
        f"<b>Bad</b>\n token: {token}\nTraceback (most recent call last):\n File x"
    )
    assert text == "Bad token: …."[: len(text)]
    assert token not in text
    assert len(translate.clean("x" * 5000)) <= 300


def test_a_forbidden_act_is_not_a_failed_login() -> None:
    denied = translate.from_name("AccessDenied", "no", 401)
    assert type(denied) is errors.AccessDenied
    assert "ogging in again will not help" in denied.remedy or "right" in denied.remedy


@pytest.mark.parametrize("status", [413, 414])
def test_a_question_that_is_too_long_is_not_rucios_fault(status: int) -> None:
    found = translate.from_name(f"HTTP {status}", "", status)
    assert type(found) is errors.InvalidInput
    assert "smaller parts" in found.remedy


def test_a_missing_token_is_a_login_that_is_required() -> None:
    found = translate.from_name("ValueError", "Token must be set.", 400)
    assert type(found) is errors.LoginRequired


def test_requests_exceptions_are_problems_of_the_network() -> None:
    assert problem(requests.ConnectionError("x")).blame == "network"
    assert problem(requests.ReadTimeout("x")).error == "TookTooLong"
