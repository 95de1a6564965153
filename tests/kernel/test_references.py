"""DIDs and references as people write them."""

from __future__ import annotations

import pickle

import pytest

from dlaas.errors import InvalidDID
from dlaas.filesystem import RucioFileSystem
from dlaas.model import DID, Reference


@pytest.mark.parametrize(
    ("text", "instance", "did"),
    [
        ("s:n", None, "s:n"),
        ("lake@s:n", "lake", "s:n"),
        ("rucio://s/n", None, "s:n"),
        ("rucio://lake@s/n", "lake", "s:n"),
        ("rucio://lake@s:n", "lake", "s:n"),
        ("s:a/b/c", None, "s:a/b/c"),
        ("s:a:b", None, "s:a:b"),
        ("cms:/store/data/x.root", None, "cms:/store/data/x.root"),
        ("rucio://cms//store/data/x.root", None, "cms:/store/data/x.root"),
        ("user.alice:mail@home", None, "user.alice:mail@home"),
        (" s:n ", None, "s:n"),
    ],
)
def test_a_reference_is_read_as_it_is_written(text: str, instance: str | None, did: str) -> None:
    found = Reference.parse(text)
    assert (found.instance, found.did) == (instance, did)
    assert Reference.parse(str(found)) == found


@pytest.mark.parametrize(
    "text", ["", "s", "s:", ":n", "s n:x", "s:a b", "rucio://", "rucio://s", "s/n", "a@b@s:n"]
)
def test_what_is_no_did_is_refused(text: str) -> None:
    with pytest.raises(InvalidDID):
        Reference.parse(text)


def test_a_did_pickles_with_its_parts() -> None:
    again = pickle.loads(pickle.dumps(DID("s:/a:b")))
    assert (again, again.scope, again.name) == ("s:/a:b", "s", "/a:b")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("rucio://lake@s/n", "lake@s/n"),
        ("rucio://s:n", "s/n"),
        ("lake@s:n", "lake@s/n"),
        ("rucio://s//store/x", "s//store/x"),
        ("s/a:b", "s/a:b"),
        ("rucio://", ""),
        ("rucio://s", "s"),
    ],
)
def test_the_filesystem_has_one_form_of_a_path(given: str, path: str) -> None:
    assert RucioFileSystem._strip_protocol(given) == path
    assert RucioFileSystem._strip_protocol(path) == path
