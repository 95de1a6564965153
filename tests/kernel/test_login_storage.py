"""A login reaches storages: by a token alone, and by a certificate with a passphrase alone."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import PASSPHRASE, private, protected
from distributed import Client, LocalCluster
from logins import ANY, SCOPE, bare, by_certificate, by_token, preferring, token_by_browser

from dlaas import Instance, Lake, access, handover
from dlaas.credentials import Bearer
from dlaas.credentials.tokens import token_from
from dlaas.credentials.x509 import ProxyLogin, open_certificate
from dlaas.errors import ConfigurationError, LoginRequired, StorageRefused, Unreachable
from dlaas.filesystem import RucioFileSystem
from dlaas.model import DID
from dlaas.reading.troubles import troubles_of
from dlaas.reading.xrootd_keys import XRootDKeys
from dlaas.transfer.wire.keys import KeyRing, Keys, trusting
from dlaas.transfer.wire.storage import Storage
from jupyter_dlaas.lake import EmbeddedLake

# On EAST-DISK, which is reached by root, and on NORTH-DISK, which is not.
BOTH = DID("ATLAS_OD_EDU:mc_363490.llll.4lep.root")
KINDS = {"NORTH-DISK": "https", "EAST-DISK": "root"}


@pytest.fixture(scope="session")
def oidc_token(lake: EmbeddedLake) -> str:
    return token_by_browser(lake)


@pytest.fixture(params=["oidc", "x509"])
def login(request: pytest.FixtureRequest, lake: EmbeddedLake, tmp_path: Path) -> Lake:
    """Alice, with one kind of login and nothing else."""
    if request.param == "x509":
        return by_certificate(lake, tmp_path / "globus")
    return by_token(lake, request.getfixturevalue("oidc_token"))


@pytest.mark.parametrize("rse", KINDS)
def test_a_login_downloads_and_streams(login: Lake, rse: str, tmp_path: Path) -> None:
    own = preferring(login, rse)
    best = access.rank(own, BOTH).best
    assert best is not None
    assert (best.rse, best.kind) == (rse, KINDS[rse])
    size = own.get(BOTH).bytes
    done = own.download(str(BOTH), tmp_path / "here")
    assert (done.fetched, done.bytes) == (1, size)
    # Not by another way that was tried after it.
    assert list(troubles_of(own).known()) == []
    fs = RucioFileSystem(skip_instance_cache=True)
    assert fs.cat_file(f"lake@{BOTH.scope}/{BOTH.name}") == Path(done.paths[0]).read_bytes()
    assert list(troubles_of(own).known()) == []


@pytest.mark.parametrize("rse", KINDS)
def test_a_login_uploads(
    login: Lake, rse: str, a_file: Path, fresh: Callable[[str], str], tmp_path: Path
) -> None:
    did = f"user.alice:{fresh('by-login')}"
    done = login.upload(a_file, did, rse=rse, lifetime="1d")
    assert done.rse == rse
    back = preferring(login, rse).download(did, tmp_path / "back")
    assert Path(back.paths[0]).read_bytes() == a_file.read_bytes()


def hand_over(folder: Path, login: Lake) -> None:
    token = login.credential()
    proxy = getattr(login.credential, "proxy", None)
    handover.write(
        folder, login.instance, "alice", token.value, token.expires_at, True, proxy=proxy
    )


IN_A_KERNEL = """
import sys, dlaas, fsspec
from dlaas import access
from dlaas.model import DID
lake = dlaas.Lake()
assert lake.whoami().name == "alice"
assert lake.instance.client_cert is None
for reference in sys.argv[1:]:
    print(fsspec.filesystem("rucio").cat_file(reference, 0, 4).decode())
done = lake.download(sys.argv[1].removeprefix("rucio://").replace("/", ":"), "there")
print(done.fetched)
"""


AT_A_TERMINAL = """
import sys, dlaas
assert sys.stdin.isatty() and sys.stdout.isatty()
try:
    dlaas.Lake().download(sys.argv[1], "there")
except dlaas.errors.StorageRefused as error:
    print(error.message)
"""


def test_nobody_is_asked_for_a_passphrase_at_a_terminal(
    lake: EmbeddedLake, alice: Lake, tmp_path: Path
) -> None:
    protected(tmp_path / ".globus", lake)
    own = preferring(Lake(bare(lake), account="alice", credentials=alice.credential), "EAST-DISK")
    hand_over(tmp_path / "handover", own)
    env = {**os.environ, "DLAAS_HANDOVER": str(tmp_path / "handover"), "HOME": str(tmp_path)}
    env["X509_CERT_DIR"] = str(lake.layout.authorities)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL, str(BOTH)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    heard = b""
    # At its end the terminal is gone.
    with suppress(OSError):
        while b"pass phrase" not in heard and (more := os.read(ours, 65536)):
            heard += more
    os.close(ours)
    process.kill()
    process.wait()
    assert b"neither token nor certificate" in heard, heard.decode()
    assert b"pass phrase" not in heard


@pytest.mark.parametrize("blocked", ["EAST-DISK", "NORTH-DISK"])
def test_a_kernel_reads_by_the_login_of_its_server(
    login: Lake, blocked: str, tmp_path: Path, lake: EmbeddedLake
) -> None:
    folder = tmp_path / "handover"
    chosen = replace(login.instance, blocked_rses=(blocked,))
    hand_over(folder, Lake(chosen, account="alice", credentials=login.credential))
    env = {**os.environ, "DLAAS_HANDOVER": str(folder)}
    env["X509_CERT_DIR"] = str(lake.layout.authorities)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_KERNEL, f"rucio://{BOTH.scope}/{BOTH.name}"],
        env=env, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (0, ["root", "1"]), done.stderr


def test_a_worker_of_dask_reads_by_the_login_that_is_handed_over(
    login: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(tmp_path / "handover", login)
    monkeypatch.setenv("DLAAS_HANDOVER", str(tmp_path / "handover"))
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):  # fmt: skip
        assert client.submit(_head, f"rucio://lake@{BOTH.scope}/{BOTH.name}").result(60) == b"root"


def _head(reference: str) -> bytes:
    import fsspec

    with fsspec.open(reference) as file:
        data: bytes = file.read(4)
    return data


def test_a_login_that_is_renewed_is_shown_from_then_on(lake: EmbeddedLake, tmp_path: Path) -> None:
    first, second = (by_certificate(lake, tmp_path / name) for name in "ab")
    folder = tmp_path / "handover"
    hand_over(folder, first)
    kernels = Lake(handover.read(folder, "lake").instance)
    ring = KeyRing(kernels)
    before = ring.for_rse("NORTH-DISK").with_certificate
    assert ring.for_rse("NORTH-DISK").with_certificate is before
    hand_over(folder, second)
    assert ring.for_rse("NORTH-DISK").with_certificate is not before


class Exchanging(Bearer):
    """A login whose own token storages do not know, with one beside it that they do."""

    def __init__(self, value: str, storage: str | None) -> None:
        super().__init__(value, "alice")
        self.storage = storage

    def storage_token(self) -> object:
        return token_from(self.storage) if self.storage else None


@pytest.fixture
def narrow(lake: EmbeddedLake) -> Callable[[str | None], Lake]:
    """Alice by a token that is for Rucio alone, and what storages are shown beside it."""
    token = lake.token("alice", scope="openid profile", audience="rucio")

    def make(storage: str | None) -> Lake:
        return Lake(bare(lake), account="alice", credentials=Exchanging(token, storage))

    return make


@pytest.mark.parametrize("rse", KINDS)
def test_a_token_for_storages_is_shown_in_the_place_of_the_login_s(
    rse: str, lake: EmbeddedLake, narrow: Callable[[str | None], Lake], tmp_path: Path
) -> None:
    own = preferring(narrow(lake.token("alice", scope="storage.read:/")), rse)
    assert own.whoami().name == "alice"
    assert own.download(str(BOTH), tmp_path / "here").fetched == 1


@pytest.mark.parametrize("rse", KINDS)
def test_a_storage_that_does_not_know_the_token_is_told_from_a_bad_login(
    rse: str, narrow: Callable[[str | None], Lake], tmp_path: Path
) -> None:
    own = preferring(narrow(None), rse)
    # The catalogue knows us.
    assert own.whoami().name == "alice"
    with pytest.raises(StorageRefused, match=rse) as caught:
        own.download(str(BOTH), tmp_path / "here")
    assert "a token for rucio with no storage scope" in caught.value.message
    assert "The catalogue knows you" in caught.value.remedy
    assert own.whoami().name == "alice"


def test_a_storage_that_allows_reading_alone_says_so(
    lake: EmbeddedLake, narrow: Callable[[str | None], Lake], a_file: Path,
    fresh: Callable[[str], str],
) -> None:  # fmt: skip
    own = narrow(lake.token("alice", scope="storage.read:/"))
    with pytest.raises(StorageRefused, match=r"storage\.read:/") as caught:
        own.upload(a_file, f"user.alice:{fresh('refused')}", rse="NORTH-DISK")
    assert caught.value.blame == "credential"


def test_without_any_credential_a_storage_is_said_to_have_seen_none(
    lake: EmbeddedLake, alice: Lake, tmp_path: Path
) -> None:
    own = preferring(Lake(bare(lake), account="alice", credentials=alice.credential), "NORTH-DISK")
    with pytest.raises(StorageRefused, match="neither token nor certificate"):
        own.download(str(BOTH), tmp_path / "here")


def test_a_proxy_that_ended_asks_for_a_login_before_a_storage_is_asked(
    lake: EmbeddedLake, tmp_path: Path, alice: Lake
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    ended = ProxyLogin(bare(lake), replace(proxy, expires_at=1.0), "alice")
    # Rucio's own token lasts on.
    ended._token = alice.credential()
    own = preferring(Lake(bare(lake), account="alice", credentials=ended), "NORTH-DISK")
    with pytest.raises(LoginRequired, match="expired on 1970-01-01"):
        own.download(str(BOTH), tmp_path / "here")


def test_a_configured_key_with_a_passphrase_does_not_stop_a_token(
    lake: EmbeddedLake, oidc_token: str, alice: Lake, tmp_path: Path
) -> None:
    cert, key = protected(tmp_path, lake)
    configured = replace(bare(lake), client_cert=str(cert), client_key=str(key))
    own = Lake(configured, account="alice", credentials=Bearer(oidc_token, "alice"))
    assert preferring(own, "NORTH-DISK").download(str(BOTH), tmp_path / "here").fetched == 1
    own = Lake(configured, account="alice", credentials=alice.credential)
    with pytest.raises(ConfigurationError, match="passphrase") as caught:
        preferring(own, "NORTH-DISK").download(str(BOTH), tmp_path / "there")
    assert "Log in with it in the panel" in caught.value.remedy


def test_the_proxy_of_grid_tools_is_shown_where_nothing_else_is(
    lake: EmbeddedLake, alice: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = open_certificate(*protected(tmp_path, lake), PASSPHRASE).proxy()
    place = private(tmp_path / "x509up", proxy.pem.encode())
    monkeypatch.setenv("X509_USER_PROXY", str(place))
    own = Lake(bare(lake), account="alice", credentials=alice.credential)
    for rse in KINDS:
        assert preferring(own, rse).download(str(BOTH), tmp_path / rse).fetched == 1


def test_storages_are_trusted_as_grid_tools_trust_them(
    lake: EmbeddedLake, alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = next(url for rse, url in access.urls(alice, BOTH, "https") if rse == "NORTH-DISK")
    monkeypatch.delenv("X509_CERT_DIR", raising=False)
    elsewhere = replace(bare(lake), rucio_ca_cert=None)

    def look(instance: Instance) -> None:
        context = trusting(instance)
        Storage("NORTH-DISK", Keys(context, context, frozenset())).stat(url)

    with pytest.raises(Unreachable, match="not trusted"):
        look(elsewhere)
    with pytest.raises(StorageRefused):
        look(replace(elsewhere, voms_certdir_path=str(lake.layout.authorities)))
    monkeypatch.setattr("dlaas.transfer.wire.keys.GRID_AUTHORITIES", str(lake.layout.authorities))
    with pytest.raises(StorageRefused):
        look(elsewhere)


def test_a_proxy_that_grid_tools_left_and_that_has_ended_is_shown_to_nobody(
    lake: EmbeddedLake, oidc_token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X509_USER_PROXY", str(lake.proxy("alice", -60)))
    cert, key = protected(tmp_path, lake)
    # XRootD takes no certificate whose key is elsewhere, and looks for another.
    for more in ({}, {"client_cert": str(cert), "client_key": str(key)}):
        own = by_token(lake, oidc_token)
        own = Lake(replace(own.instance, **more), account="alice", credentials=own.credential)
        for door in (XRootDKeys.of(own).ours(), XRootDKeys.of(own).cache()):
            assert door.query.endswith(f"xrd.gsiusrpxy={XRootDKeys.of(own)._none}")


def test_the_token_of_the_provider_is_for_rucio_and_for_storages(oidc_token: str) -> None:
    from dlaas.credentials import jwt_claims

    claims = jwt_claims(oidc_token)
    assert claims is not None
    assert {"rucio", ANY} <= set(json.loads(json.dumps(claims["aud"])))
    assert {one for one in SCOPE.split() if one.startswith("storage")} <= set(
        str(claims["scope"]).split()
    )


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have one where grid tools leave it."""
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
