"""EAST-DISK, the storage site of a genuine XRootD: two doors, who is let in, and its rules."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from judge import (
    SCOPE,
    Storage,
    add_rule,
    await_state,
    processes_of,
    rucio_client,
    until,
)

from jupyter_dlaas.lake import EmbeddedLake, LakeError

HOME = "/user/alice"
SAMPLE = "4lep_mc_llll"
FILE = f"/{SCOPE}/b8/7d/mc_363490.llll.4lep.root"
DOORS = ("https", "root")
WRITING = "storage.read:/ storage.modify:/ storage.create:/"
SCRIPT = Path(__file__).with_name("root_client.py")


@dataclass(frozen=True)
class Answer:
    """Whether an act was done, with the bytes that came or the words of the refusal."""

    done: bool
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


class Door:
    """The same acts over root:// and over https, by a proxy, by a token, or by nobody."""

    def __init__(self, lake: EmbeddedLake, scheme: str, folder: Path) -> None:
        self.lake, self.scheme, self.folder = lake, scheme, folder
        self.https = Storage(lake, "east")
        self.root = f"root://localhost:{lake.state.ports['east']}//store"

    def read(self, path: str, proxy: Path | None = None, token: str = "") -> Answer:
        return self._act("read", "GET", path, proxy, token)

    def write(self, path: str, data: bytes, proxy: Path | None = None, token: str = "") -> Answer:
        return self._act("write", "PUT", path, proxy, token, data)

    def break_off(self, path: str, data: bytes, proxy: Path) -> Answer:
        """Begin an upload that shall persist if it is closed, and go away before it is."""
        return self._by_root("break_off", path, proxy, "", data)

    def checksum(self, path: str, proxy: Path) -> str:
        """The adler32 that the server tells, 8 hexadecimal digits."""
        if self.scheme == "root":
            return self._by_root("checksum", path, proxy, "", b"").text.split()[1]
        answer = self.https("HEAD", path, cert=str(proxy), headers={"Want-Digest": "adler32"})
        return answer.headers["Digest"].removeprefix("adler32=")

    def _act(
        self, act: str, method: str, path: str, proxy: Path | None, token: str, data: bytes = b""
    ) -> Answer:
        if self.scheme == "root":
            return self._by_root(act, path, proxy, token, data)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.https(
            method, path, data=data, headers=headers, cert=str(proxy) if proxy else None
        )
        assert answer.status_code in (200, 201, 403, 404, 409), answer.text
        return Answer(answer.ok, answer.content)

    def _by_root(self, act: str, path: str, proxy: Path | None, token: str, data: bytes) -> Answer:
        url = f"{self.root}{path}"
        if token:
            file = self.folder / f"token-{zlib.crc32(token.encode())}"
            file.touch(mode=0o600)
            file.write_text(token)
            url += f"?xrd.ztn={file}"
        elif proxy:
            url += f"?xrd.gsiusrpxy={proxy}"
        result = subprocess.run(
            [sys.executable, str(SCRIPT), act, url],
            input=data,
            env=root_environment(self.lake),
            capture_output=True,
            timeout=60,
            check=False,
        )
        done = result.returncode == 0
        return Answer(done, result.stdout if done else result.stderr)


def root_environment(lake: EmbeddedLake) -> dict[str, str]:
    """An environment for XRootD's client: it trusts the lake, is nobody and does not wait long."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("X509_")}
    return mine | {
        "X509_CERT_DIR": str(lake.layout.authorities),
        "XRD_CONNECTIONRETRY": "1",
        "XRD_CONNECTIONWINDOW": "5",
        "XRD_REQUESTTIMEOUT": "30",
        "XRD_STREAMTIMEOUT": "30",
    }


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, lake: EmbeddedLake, tmp_path: Path) -> Door:
    return Door(lake, request.param, tmp_path)


def _stored(lake: EmbeddedLake, path: str) -> Path:
    return lake.layout.storage / "east" / "store" / path.lstrip("/")


def _proxy(lake: EmbeddedLake, account: str = "alice") -> Path:
    return lake.layout.proxy(account)


def test_a_proxy_and_a_token_read_the_same_bytes_through_both_doors(
    lake: EmbeddedLake, door: Door
) -> None:
    north = Storage(lake, "north")("GET", FILE, "alice").content
    assert len(north) > 100_000
    assert door.read(FILE, proxy=_proxy(lake, "bob")).content == north
    assert door.read(FILE, proxy=lake.proxy("alice")).content == north
    assert door.read(FILE, token=lake.token()).content == north


def test_a_certificate_reads_over_https(lake: EmbeddedLake) -> None:
    east = Storage(lake, "east")
    answer = east("GET", FILE, "bob", headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.content) == (206, b"oot")
    assert east("HEAD", "/", "bob").status_code == 200


def test_everybody_writes_below_his_own_home_alone(lake: EmbeddedLake, door: Door) -> None:
    alice, path = _proxy(lake), f"{HOME}/{door.scheme}/deep/new.txt"
    assert door.write(path, b"hers", proxy=alice).done
    assert door.read(path, proxy=_proxy(lake, "bob")).content == b"hers"
    for account, foreign in (
        ("bob", path),
        ("alice", "/user/bob/x"),
        ("alice", f"{HOME}bert/x"),
        ("alice", FILE),
        ("alice", "/x"),
    ):
        answer = door.write(foreign, b"not theirs", proxy=_proxy(lake, account))
        assert not answer.done
        assert "permission denied" in answer.text
    assert _stored(lake, path).read_bytes() == b"hers"
    robot = lake.layout.pki / "robot-proxy.pem"
    assert door.write(path, b"the robot's", proxy=robot).done


def test_a_token_does_what_its_scopes_say(lake: EmbeddedLake, door: Door) -> None:
    path = f"{HOME}/by-token-{door.scheme}"
    reading = lake.token(scope="storage.read:/")
    assert not door.write(path, b"x", token=reading).done
    creating = lake.token(scope=f"storage.create:{HOME}")
    assert door.write(path, b"1", token=creating).done
    assert not door.write(path, b"2", token=creating).done
    assert not door.write("/user/bob/x", b"x", token=creating).done
    assert door.read(path, token=reading).content == b"1"
    assert door.write(path, b"3", token=lake.token(scope=WRITING)).done
    narrow = lake.token(scope=f"storage.read:/{SCOPE}/b8")
    assert door.read(FILE, token=narrow).done
    assert not door.read(path, token=narrow).done
    assert not door.read(FILE, token=lake.token(scope=f"storage.read:/{SCOPE}/c")).done


def test_a_tokens_subject_gives_no_rights(lake: EmbeddedLake, door: Door) -> None:
    for subject in ("root", "alice", "x509.root", "x509.alice"):
        token = lake.token(subject, scope="storage.read:/nothing")
        assert not door.read(FILE, token=token).done
        assert not door.write(f"{HOME}/by-subject", b"x", token=token).done


def test_bad_and_missing_credentials_are_refused(lake: EmbeddedLake, door: Door) -> None:
    head, body, signature = lake.token().split(".")
    flipped = signature[:-8] + ("A" * 8 if signature[-8:] != "A" * 8 else "B" * 8)
    for token in (
        lake.token(lifetime=-3600),
        lake.token(audience="https://elsewhere.example"),
        f"{head}.{body}.{flipped}",
        f"{head}.{body}.",
        "nonsense",
        "",
    ):
        answer = door.read(FILE, token=token)
        assert not answer.done
        assert "permission denied" in answer.text or "Auth failed" in answer.text


def test_the_certificate_of_another_authority_is_refused(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    files = [str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")]
    subject = "/O=Embedded Lake/OU=People/CN=Alice"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject]
    subprocess.run(
        [*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True
    )
    try:
        refused = Storage(lake, "east")("GET", FILE, cert=tuple(files)).status_code == 403
    except requests.exceptions.ConnectionError:
        refused = True
    assert refused
    both = tmp_path / "both.pem"
    both.touch(mode=0o600)
    both.write_text("".join(Path(file).read_text() for file in files))
    assert not Door(lake, "root", tmp_path).read(FILE, proxy=both).done


def test_only_this_machine_may_connect(lake: EmbeddedLake) -> None:
    address = ("127.0.0.1", lake.state.ports["east"])
    context = ssl.create_default_context(cafile=str(lake.layout.ca))
    with (
        socket.create_connection(address, 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.version()
    # Any other address of this machine stands for another machine's.
    with socket.create_connection(address, 10, source_address=("127.0.0.2", 0)) as foreign:
        foreign.settimeout(10)
        with suppress(ConnectionResetError):
            assert foreign.recv(1) == b""


def test_checksums_are_told_and_follow_a_change(lake: EmbeddedLake, door: Door) -> None:
    path, alice = f"{HOME}/summed-{door.scheme}", _proxy(lake)
    # The sum of the first begins with zeros, which some clients drop.
    for number, content in enumerate((b"a", b"some bytes to sum", b"")):
        assert door.write(f"{path}-{number}", content, proxy=alice).done
        assert door.checksum(f"{path}-{number}", alice) == f"{zlib.adler32(content):08x}"
    changed = _stored(lake, f"{path}-1")
    changed.write_bytes(b"bitrot")
    # XRootD remembers a sum as long as the file's time, in whole seconds, is the same.
    later = time.time() + 5
    os.utime(changed, (later, later))
    assert door.checksum(f"{path}-1", alice) == f"{zlib.adler32(b'bitrot'):08x}"


def test_an_upload_that_breaks_off_leaves_nothing_if_the_client_asks(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    door, path = Door(lake, "root", tmp_path), f"{HOME}/never-whole"
    answer = door.break_off(path, b"only a part", proxy=_proxy(lake))
    assert answer.text == "written", answer.text
    until(lambda: not _stored(lake, path).exists(), "what had come is gone")


def test_rules_move_files_to_and_from_it_and_let_them_go(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    names = ("three-megabytes.bin", "empty.txt", "a.b_c-d")
    contents = dict(zip(names, (os.urandom(3_000_000), b"", b"x"), strict=True))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in names]
    lake.seed(paths, dataset="to-east", rse="EAST-DISK")
    alice = rucio_client(lake, "alice")
    mount = lake.layout.storage / "notebook"
    rule = add_rule(alice, "to-east", "NOTEBOOK-MOUNT", scope="user.alice")
    assert await_state(alice, rule, "OK")["locks_ok_cnt"] == 3
    for name, content in contents.items():
        assert next(mount.rglob(name)).read_bytes() == content

    for name in names:
        (tmp_path / f"back-{name}").write_bytes(contents[name])
    lake.seed([tmp_path / f"back-{name}" for name in names], dataset="from-north")
    rule = add_rule(alice, "from-north", "EAST-DISK", scope="user.alice", lifetime=5)
    east = lake.layout.storage / "east"
    assert await_state(alice, rule, "OK")["locks_ok_cnt"] == 3
    for name, content in contents.items():
        assert next(east.rglob(f"back-{name}")).read_bytes() == content
    until(lambda: not list(east.rglob("back-*")), "the expired rule's files are gone")


def test_a_corrupt_file_is_never_delivered_from_it(lake: EmbeddedLake, tmp_path: Path) -> None:
    path = tmp_path / "corrupt-at-east.txt"
    path.write_text("right")
    lake.seed([path], rse="EAST-DISK")
    next((lake.layout.storage / "east").rglob(path.name)).write_text("wrong")
    alice = rucio_client(lake, "alice")
    rule = add_rule(alice, path.name, "NOTEBOOK-MOUNT", scope="user.alice")
    assert "SOURCE [checksum]" in await_state(alice, rule, "STUCK")["error"]
    assert not list((lake.layout.storage / "notebook").rglob(f"{path.name}*"))
    alice.delete_replication_rule(rule)


def test_it_is_held_and_released(lake: EmbeddedLake, tmp_path: Path) -> None:
    doors = [Door(lake, scheme, tmp_path) for scheme in DOORS]
    lake.hold("east")
    try:
        assert lake.status()["services"]["east"]["state"] == "held"
        assert not [line for line in processes_of(lake) if "run/east/xrootd.cfg" in line]
        assert not doors[1].read(FILE, proxy=_proxy(lake)).done
        with pytest.raises(requests.exceptions.ConnectionError):
            doors[0].read(FILE, proxy=_proxy(lake))
    finally:
        lake.release("east")
    assert all(door.read(FILE, proxy=_proxy(lake)).done for door in doors)


def test_the_genuine_client_lists_downloads_and_uploads(lake: EmbeddedLake, tmp_path: Path) -> None:
    content = os.urandom(50_000)
    (tmp_path / "by-root.bin").write_bytes(content)
    port = lake.state.ports["east"]
    script = f"""
    cd {shlex.quote(str(tmp_path))}
    rucio replica list file {SCOPE}:{SAMPLE} --rses EAST-DISK
    rucio download --rses EAST-DISK --protocol root --dir down {SCOPE}:{SAMPLE}
    rucio upload --rse EAST-DISK --scope user.alice --protocol root by-root.bin
    """
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = root_environment(lake) | lake.env("alice") | {"PATH": programs}
    result = subprocess.run(
        ["sh", "-euc", script],
        env=variables | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"root://localhost:{port}//store{FILE}" in result.stdout
    downloaded = next((tmp_path / "down").rglob(Path(FILE).name))
    assert downloaded.read_bytes() == _stored(lake, FILE).read_bytes()
    stored = next((lake.layout.storage / "east").rglob("by-root.bin"))
    assert stored.read_bytes() == content
    (rule,) = rucio_client(lake, "alice").list_did_rules("user.alice", "by-root.bin")
    assert (rule["state"], rule["rse_expression"]) == ("OK", "EAST-DISK")


def test_rucio_sends_clients_of_the_edge_to_the_cache_which_serves_the_bytes(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    content = os.urandom(300_000)
    (tmp_path / "cached.bin").write_bytes(content)
    (did,) = lake.seed([tmp_path / "cached.bin"], rse="EAST-DISK")
    scope, name = did.split(":")
    client = rucio_client(lake, "alice")

    def pfn(site: str) -> str:
        where = {"client_location": {"site": site}, "schemes": ["root"]}
        (file,) = client.list_replicas([{"scope": scope, "name": name}], **where)
        (found,) = file["rses"]["EAST-DISK"]
        return str(found)

    cache = f"root://localhost:{lake.state.ports['xcache']}//"
    assert pfn("EDGE") == cache + pfn("CAMPUS")
    door = Door(lake, "root", tmp_path)
    path = pfn("CAMPUS").removeprefix(door.root)
    door.root = cache + door.root
    assert not door.read(path).done
    assert not door.read(path, token=lake.token(scope="storage.read:/elsewhere")).done
    assert not list((lake.layout.storage / "xcache").rglob(name))
    assert door.read(path, token=lake.token()).content == content
    assert door.read(path, proxy=_proxy(lake, "bob")).content == content
    assert list((lake.layout.storage / "xcache").rglob(name))
    assert not door.write(path, b"x", proxy=_proxy(lake)).done
    assert not door.write(f"{HOME}/through-the-cache", b"x", proxy=_proxy(lake)).done


def test_a_lake_is_given_xrootd_later_and_none_of_it_outlives_it(
    other_lake: EmbeddedLake, db: str, tmp_path: Path
) -> None:
    other_lake.up(db=db)
    assert "east" not in other_lake.status()["services"]
    with pytest.raises(LakeError, match="Take it down first"):
        other_lake.up(xrootd=True)
    with pytest.raises(LakeError, match="no EAST-DISK"):
        other_lake.seed([SCRIPT], rse="EAST-DISK")
    other_lake.down()
    other_lake.up(xrootd=True)
    door = Door(other_lake, "root", tmp_path)
    assert door.read(FILE, proxy=_proxy(other_lake)).done
    for line in ("run/east/xrootd.cfg", f"{other_lake.directory} east "):
        before = _pid(other_lake, line)
        os.kill(before, signal.SIGKILL)
        until(lambda b=before, n=line: _pid(other_lake, n) not in (0, b), f"{line} is back")
        until(lambda: other_lake.running, "the lake is whole")
        assert door.read(FILE, proxy=_proxy(other_lake)).done
    other_lake.down()
    assert processes_of(other_lake) == []
    other_lake.up()
    assert other_lake.status()["services"]["east"]["state"] == "ready"


def _pid(lake: EmbeddedLake, words: str) -> int:
    """The process of the lake whose command line holds these words; 0 if there is none."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
        except (OSError, ValueError):
            continue
        if words in command and str(lake.directory) in command:
            return int(entry.name)
    return 0


def test_where_there_is_no_xrootd_the_packages_are_named(
    other_lake: EmbeddedLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("setpriv", "xrdfs"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(LakeError, match=r"needs xrootd, .*apt-get install .*xrootd-server"):
        other_lake.up(xrootd=True)
    assert not other_lake.status()["exists"]
