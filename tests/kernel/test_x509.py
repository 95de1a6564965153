"""Certificates of every kind are opened in memory; of each wrong one its fault is told."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificates import (
    PASSPHRASE,
    PKCS8,
    TRADITIONAL,
    certificate_of,
    issued,
    key_of,
    key_pem,
    pem,
    private,
    protected,
    store,
)
from cryptography import x509

from dlaas import Instance, Lake
from dlaas.credentials.x509 import (
    Identity,
    ProxyLogin,
    at_home,
    found,
    open_certificate,
    permitted,
    proxy_for,
)
from dlaas.errors import CannotAuthenticate, InvalidInput, LoginRequired
from jupyter_dlaas.lake import EmbeddedLake

ALICE = "CN=Alice,OU=People,O=Embedded Lake"
WRONG = "another canary"


def why(caught: Any) -> str:
    """The word for programs; each error has a sentence for people and a mend, and no secret."""
    error = caught.value
    assert error.message.endswith(".")
    assert error.remedy
    assert PASSPHRASE not in str(error)
    assert WRONG not in str(error)
    return str(error.details["why"])


def in_two_files(folder: Path, lake: EmbeddedLake) -> tuple[Path, Path | None]:
    return protected(folder, lake)


def traditional(folder: Path, lake: EmbeddedLake) -> tuple[Path, Path | None]:
    key = private(folder / "my.key", key_pem(key_of(lake), TRADITIONAL))
    return private(folder / "my.pem", pem(certificate_of(lake))), key


def in_one_file(folder: Path, lake: EmbeddedLake) -> tuple[Path, Path | None]:
    both = key_pem(key_of(lake)) + pem(certificate_of(lake))
    return private(folder / "both.pem", both), None


def beside(folder: Path, lake: EmbeddedLake) -> tuple[Path, Path | None]:
    return protected(folder, lake)[0], None


def in_a_store(folder: Path, lake: EmbeddedLake) -> tuple[Path, Path | None]:
    return store(folder / "browser.p12", lake), None


@pytest.mark.parametrize("make", [in_two_files, traditional, in_one_file, beside, in_a_store])
def test_a_certificate_with_a_passphrase_logs_in(
    make: Callable[..., tuple[Path, Path | None]],
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance,
) -> None:  # fmt: skip
    cert, key = make(tmp_path, lake)
    with pytest.raises(CannotAuthenticate) as caught:
        open_certificate(cert, key)
    assert why(caught) == "passphrase_needed"
    with pytest.raises(CannotAuthenticate) as caught:
        open_certificate(cert, key, WRONG)
    assert why(caught) == "passphrase_wrong"
    identity = open_certificate(cert, key, PASSPHRASE)
    assert identity.subject == ALICE
    proxy = identity.proxy()
    assert proxy.identity == ALICE
    assert time.time() + 11.9 * 3600 < proxy.expires_at < time.time() + 12.1 * 3600
    who = Lake(alice_instance, credentials=ProxyLogin(alice_instance, proxy)).whoami()
    assert who.name == "alice"


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_passphrase_that_is_not_needed_does_not_matter(
    passphrase: str | None, tmp_path: Path, lake: EmbeddedLake
) -> None:
    cert = private(tmp_path / "c.pem", pem(certificate_of(lake)))
    key = private(tmp_path / "k.pem", key_pem(key_of(lake), PKCS8, None))
    assert open_certificate(cert, key, passphrase).subject == ALICE


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_store_without_a_passphrase_opens(
    passphrase: str | None, tmp_path: Path, lake: EmbeddedLake
) -> None:
    path = store(tmp_path / "open.p12", lake, None)
    assert open_certificate(path, passphrase=passphrase).subject == ALICE


def test_a_proxy_is_what_openssl_takes_for_one(tmp_path: Path, lake: EmbeddedLake) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    path = private(tmp_path / "proxy.pem", proxy.pem.encode())
    command = ["openssl", "verify", "-allow_proxy_certs", "-CAfile", str(lake.layout.ca)]
    done = subprocess.run(
        [*command, "-untrusted", str(path), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_ready_proxy_is_used_as_it_is(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy(hours=1)
    path = private(tmp_path / "x509up", proxy.pem.encode())
    identity = open_certificate(path)
    assert identity.is_proxy
    again = identity.proxy()
    assert (again.subject, again.identity, again.expires_at) == (
        proxy.subject, ALICE, proxy.expires_at,
    )  # fmt: skip
    assert ProxyLogin(alice_instance, again, "alice")().account == "alice"


def test_a_key_on_an_elliptic_curve_makes_a_proxy(tmp_path: Path) -> None:
    key, certificate = issued(-1, 5, elliptic=True)
    path = private(tmp_path / "ec.pem", pem(certificate) + key_pem(key, PKCS8, None))
    identity = open_certificate(path)
    proxy = identity.proxy()
    # Not longer than the certificate.
    assert proxy.expires_at == identity.expires_at < time.time() + 6 * 3600
    assert open_certificate(private(tmp_path / "p", proxy.pem.encode())).subject == "CN=Carol"


def test_an_authority_that_has_ended_ends_no_certificate_below_it(tmp_path: Path) -> None:
    # Browsers export old authorities too; who checks the chain has newer ones.
    key, certificate = issued(-1, 5)
    _, authority = issued(-5, -1)
    both = pem(certificate) + pem(authority) + key_pem(key, PKCS8, None)
    identity = open_certificate(private(tmp_path / "home" / "a.pem", both))
    assert identity.expires_at == certificate.not_valid_after_utc.timestamp()
    assert identity.proxy().expires_at == identity.expires_at
    (listed,) = (one for one in found(tmp_path / "home") if one.path.startswith("~"))
    assert (listed.expires_at, listed.problem) == (certificate.not_valid_after_utc, None)


def test_what_holds_a_key_is_neither_shown_nor_pickled(tmp_path: Path, lake: EmbeddedLake) -> None:
    identity = open_certificate(*protected(tmp_path, lake), PASSPHRASE)
    proxy = identity.proxy()
    for secret in (identity, proxy):
        assert "PRIVATE" not in repr(secret)
        with pytest.raises(TypeError):
            pickle.dumps(secret)


def test_a_proxy_is_lent_to_libraries_for_as_long_as_they_read_it(
    tmp_path: Path, lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    proxy = open_certificate(*protected(tmp_path / "own", lake), PASSPHRASE).proxy()
    before = set(tmp_path.iterdir())
    for _ in range(2):
        with proxy.file() as path:
            assert Path(path).read_text() == proxy.pem
            assert Path(path).stat().st_mode & 0o777 == 0o600
        assert not Path(path).exists()
        assert set(tmp_path.iterdir()) == before
        # Where the system has no files in memory.
        monkeypatch.delattr(os, "memfd_create", raising=False)


def expired(folder: Path, lake: EmbeddedLake) -> Path:
    key, certificate = issued(-5, -1)
    return private(folder / "a.pem", pem(certificate) + key_pem(key, PKCS8, None))


def too_early(folder: Path, lake: EmbeddedLake) -> Path:
    key, certificate = issued(1, 5)
    return private(folder / "a.pem", pem(certificate) + key_pem(key, PKCS8, None))


def mismatched(folder: Path, lake: EmbeddedLake) -> Path:
    key, _ = issued(-1, 5)
    return private(folder / "a.pem", pem(certificate_of(lake)) + key_pem(key, PKCS8, None))


def without_key(folder: Path, lake: EmbeddedLake) -> Path:
    return private(folder / "a.pem", pem(certificate_of(lake)))


def broken_key(folder: Path, lake: EmbeddedLake) -> Path:
    broken = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    return private(folder / "a.pem", pem(certificate_of(lake)) + broken)


def readable(folder: Path, lake: EmbeddedLake) -> Path:
    path = private(folder / "a.pem", key_pem(key_of(lake)) + pem(certificate_of(lake)))
    path.chmod(0o644)
    return path


def readable_store(folder: Path, lake: EmbeddedLake) -> Path:
    path = store(folder / "a.p12", lake)
    path.chmod(0o640)
    return path


@pytest.mark.parametrize(
    ("make", "word", "said"),
    [
        (expired, "expired", "expired on 20"),
        (too_early, "not_yet_valid", "the clock of this machine says"),
        (mismatched, "key_mismatch", "does not belong to the certificate"),
        (without_key, "no_key", "no private key"),
        (broken_key, "no_key", "cannot be read"),
        (readable, "readable_by_others", "Others can read"),
        (readable_store, "readable_by_others", "Others can read"),
        (lambda folder, _: folder / "none.pem", "missing", "not there"),
        (lambda folder, _: folder, "missing", "not there"),
        (lambda folder, _: private(folder / "a", b"x"), "not_a_certificate", "no certificate"),
        (lambda folder, _: private(folder / "a", b""), "not_a_certificate", "no certificate"),
        (lambda folder, _: private(folder / "a", b"\x30\x82" * 9), "not_a_certificate", "PKCS#12"),
        (lambda folder, _: private(folder / "a", b"x" * 2**21), "not_a_certificate", "PEM"),
        (
            lambda folder, _: private(folder / "a", b"-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "not_a_certificate",
            "no certificate",
        ),
    ],
)
def test_each_wrong_file_is_told_by_its_own_sentence(
    make: Callable[..., Path], word: str, said: str, tmp_path: Path, lake: EmbeddedLake
) -> None:
    with pytest.raises(CannotAuthenticate, match=said) as caught:
        open_certificate(make(tmp_path, lake), passphrase=PASSPHRASE)
    assert why(caught) == word


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotAuthenticate) as caught:
        open_certificate(tmp_path / "pipe")
    assert why(caught) == "missing"


def test_a_proxy_that_has_expired_asks_for_a_new_login(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    login = ProxyLogin(alice_instance, replace(proxy, expires_at=time.time() - 1))
    with pytest.raises(LoginRequired, match="expired on"):
        login()


def test_a_proxy_logs_in_anew_for_as_long_as_it_lasts(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    login = ProxyLogin(alice_instance, proxy)
    first = login()
    assert login() is first
    assert login.refused(first)
    assert login().value != first.value


def test_a_certificate_that_rucio_does_not_know_is_named(
    tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    with pytest.raises(CannotAuthenticate, match=f"{ALICE} for the account 'bob'") as caught:
        ProxyLogin(alice_instance, proxy, "bob")()
    assert "register" in caught.value.remedy
    key, certificate = issued(-1, 5)
    stranger = Identity(tmp_path, (certificate,), key).proxy()
    with pytest.raises(CannotAuthenticate, match="CN=Carol") as unknown:
        ProxyLogin(alice_instance, stranger)()
    # It is TLS that refuses it: to register the name would not help.
    assert "nobody there knows its authority" in unknown.value.remedy


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


def test_only_ones_own_files_below_the_home_folder_are_opened(home: Path, tmp_path: Path) -> None:
    own = private(home / ".globus" / "usercert.pem", b"x")
    outside = private(tmp_path / "secret.pem", b"x")
    os.mkfifo(home / "pipe")
    (home / "out").symlink_to(outside)
    (home / "folder-out").symlink_to(tmp_path)
    (home / "in").symlink_to(own)
    shared = private(home / "shared.pem", b"x")
    shared.chmod(0o666)
    for good in ("~/.globus/usercert.pem", ".globus/usercert.pem", str(own), "~/in"):
        assert at_home(good) == own
    texts = set()
    for bad in (
        "~/../secret.pem", "../secret.pem", str(outside), "~/out", "~/folder-out/secret.pem",
        "~/pipe", "~/.globus", "/etc/hostname", "/dev/null", "/proc/self/environ", "~/none",
        "~root/.bashrc", "~/shared.pem", "", "~/a\0b", "~/" + "x" * 5000,
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            at_home(bad)
        texts.add(str(caught.value))
    # Whether there is something is not learnt.
    assert len(texts) == 1


def test_somebody_else_s_file_below_the_home_folder_is_not_opened(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(home / "a.pem", b"x")
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InvalidInput):
        at_home("~/a.pem")


def test_what_the_administrator_has_named_is_opened_too(
    home: Path, tmp_path: Path, alice_instance: Instance
) -> None:
    outside = private(tmp_path / "robot.pem", b"x")
    with pytest.raises(InvalidInput):
        permitted(str(outside), alice_instance)
    named = replace(alice_instance, client_cert=str(outside), client_key=None)
    assert permitted(str(outside), named) == outside
    with pytest.raises(InvalidInput):
        permitted("", named)


def test_the_certificates_of_a_home_folder_are_listed(
    home: Path, tmp_path: Path, lake: EmbeddedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected(home / ".globus", lake)
    store(home / "mine.p12", lake)
    expired(home / ".ssl", lake)
    readable(home / ".certs", lake)
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    place = private(tmp_path / "x509up", proxy.pem.encode())
    monkeypatch.setenv("X509_USER_PROXY", str(place))
    # An authority, a key alone and nonsense are nobody's login.
    private(home / "ca.pem", lake.layout.ca.read_bytes())
    private(home / "key.pem", key_pem(key_of(lake)))
    private(home / "x.pem", b"x")
    files = [one for one in found() if not one.path.startswith("/tmp/x509up_u")]
    listed = {
        one.path: (
            one.kind,
            one.subject,
            one.encrypted,
            one.key,
            one.problem and one.problem.details,
        )
        for one in files
    }
    assert listed == {
        "~/.globus/usercert.pem": ("pem", ALICE, True, "~/.globus/userkey.pem", None),
        str(place): ("proxy", ALICE, False, None, None),
        "~/mine.p12": ("pkcs12", None, True, None, None),
        "~/.ssl/a.pem": ("pem", "CN=Carol", False, None, {"why": "expired"}),
        "~/.certs/a.pem": ("pem", None, False, None, {"why": "readable_by_others"}),
    }
    # What can be used comes first.
    assert [one.problem is None for one in files] == [True, True, True, False, False]


def test_a_strange_certificate_hides_no_other(home: Path, lake: EmbeddedLake) -> None:
    names = x509.ObjectIdentifier("2.5.29.17")
    key, certificate = issued(-1, 5, more=x509.UnrecognizedExtension(names, b"\x30\x03abc"))
    private(home / "strange.pem", pem(certificate) + key_pem(key, PKCS8, None))
    protected(home / ".globus", lake)
    listed = [one.path for one in found(home) if one.path.startswith("~")]
    assert listed == ["~/.globus/usercert.pem", "~/strange.pem"]
    assert open_certificate(home / "strange.pem").subject == "CN=Carol"


def test_the_certificate_that_the_administrator_names_has_its_key_elsewhere(
    home: Path, tmp_path: Path, lake: EmbeddedLake
) -> None:
    cert, key = protected(tmp_path, lake)
    elsewhere = key.rename(tmp_path / "secret")
    (listed,) = (one for one in found(home, str(cert), str(elsewhere)) if one.path == str(cert))
    assert (listed.subject, listed.encrypted, listed.key) == (ALICE, True, str(elsewhere))


VOMS = """#!/bin/sh
# Signs as voms-proxy-init does, and says what it was asked.
echo "$@" > "$0.asked"
env > "$0.env"
[ -n "$VOMS_REFUSES" ] && { echo "User is unknown to this VO" >&2; exit 1; }
while [ "$1" != -out ]; do shift; done
cp "$X509_USER_PROXY" "$2"
"""


@pytest.fixture
def voms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A voms-proxy-init, for which no server of an organisation is needed."""
    program = tmp_path / "bin" / "voms-proxy-init"
    program.parent.mkdir()
    program.write_text(VOMS)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def test_where_voms_is_configured_its_proxy_is_taken(
    voms: Path, tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance
) -> None:
    grid = replace(alice_instance, vo="escape", voms_enabled=True, voms_vomses_path="/etc/vomses")
    identity = open_certificate(*protected(tmp_path, lake), PASSPHRASE)
    proxy = proxy_for(grid, identity)
    assert proxy.identity == ALICE
    asked = Path(f"{voms}.asked").read_text()
    assert asked.startswith("-noregen -voms escape -valid 12:00 -vomses /etc/vomses -out /")
    told = asked + Path(f"{voms}.env").read_text()
    assert PASSPHRASE not in told
    assert "PRIVATE" not in told
    # What it worked with is gone.
    assert not Path(asked.split()[-1]).parent.exists()


def test_what_voms_says_is_told(
    voms: Path, tmp_path: Path, lake: EmbeddedLake, alice_instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    grid = replace(alice_instance, vo="escape", voms_enabled=True)
    identity = open_certificate(*protected(tmp_path, lake), PASSPHRASE)
    monkeypatch.setenv("VOMS_REFUSES", "1")
    with pytest.raises(CannotAuthenticate, match="User is unknown to this VO") as caught:
        proxy_for(grid, identity)
    assert why(caught) == "voms_failed"
    shutil.rmtree(voms.parent)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(CannotAuthenticate, match="not installed") as caught:
        proxy_for(grid, identity)
    assert why(caught) == "no_voms"
