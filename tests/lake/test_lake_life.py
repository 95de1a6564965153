"""One command makes a lake, whatever happened before; another leaves nothing of it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from judge import TIMEOUT, Storage, await_state, processes_of, rucio_client, until
from oidc import account_of, claims, logged_in

from jupyter_dlaas.lake import EmbeddedLake, LakeError
from jupyter_dlaas.lake.services import Status


def _pid(lake: EmbeddedLake, service: str) -> int:
    status = Status.read(lake.layout)
    assert status is not None
    if service == "supervisor":
        assert status.supervisor is not None
        return status.supervisor.pid
    return int(status.services[service]["pid"])


def _listening(pid: int) -> set[str]:
    """The local addresses, in /proc's hexadecimal, on which a process listens."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(descriptor)
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                found.add(fields[1].rpartition(":")[0])
    return found


def test_up_twice_is_quick_and_changes_nothing(lake: EmbeddedLake) -> None:
    before, lines = _pid(lake, "rucio"), []
    lake.up(log=lines.append)
    assert _pid(lake, "rucio") == before
    assert len(lines) == 1
    assert "is up" in lines[0]


def test_every_service_but_xrootd_listens_on_loopback_alone(lake: EmbeddedLake) -> None:
    status = Status.read(lake.layout)
    assert status is not None
    addresses = {name: _listening(service["pid"]) for name, service in status.services.items()}
    assert set().union(*addresses.values()) == {"0100007F"}
    assert all(addresses[name] for name in ("rucio", "fts", "north", "south", "notebook"))


def test_secrets_are_for_their_owner_alone(lake: EmbeddedLake) -> None:
    assert stat.S_IMODE(lake.directory.stat().st_mode) == 0o700
    secret = [
        *lake.layout.pki.iterdir(),
        *lake.layout.clients.rglob("*"),
        *lake.layout.etc.iterdir(),
    ]
    for path in secret:
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_no_secret_is_in_env_status_logs_or_command_lines(lake: EmbeddedLake) -> None:
    secrets = [lake.layout.password(account) for account in ("root", "alice", "bob")]
    logs = [log.read_text(errors="replace") for log in lake.layout.logs.glob("*.log")]
    shown = [str(lake.env()), str(lake.status()), str(lake.instance()), *logs, *processes_of(lake)]
    assert processes_of(lake)
    assert not [text for text in shown for secret in secrets if secret in text]


def test_the_servers_log_is_not_filled_by_warnings_of_its_own_defaults(lake: EmbeddedLake) -> None:
    dids = [{"scope": "ATLAS_OD_EDU", "name": "GamGam_data"}]
    assert len(list(rucio_client(lake, "alice").list_replicas(dids))) == 4
    assert "Booleans" not in lake.layout.log_file("rucio").read_text()


def test_two_lakes_side_by_side_know_nothing_of_each_other(
    lake: EmbeddedLake, spare_lake: EmbeddedLake
) -> None:
    spare_lake.up()
    assert not set(lake.state.ports.values()) & set(spare_lake.state.ports.values())
    rucio_client(spare_lake, "alice").add_dataset("user.alice", "only-there")
    assert list(rucio_client(lake, "alice").list_dids("user.alice", {"name": "only-there"})) == []
    spare_lake.down()
    assert processes_of(spare_lake) == []
    assert rucio_client(lake, "alice").ping()["version"] == "41.5.1"


def test_what_was_killed_goes_on_and_nothing_is_lost(
    spare_lake: EmbeddedLake, tmp_path: Path
) -> None:
    spare_lake.up()
    files = []
    for number in range(60):
        path = tmp_path / f"file-{number}.bin"
        path.write_bytes(os.urandom(200_000))
        files.append(path)
    spare_lake.seed(files, "user.alice", "many")
    client = rucio_client(spare_lake, "alice")
    dids = [{"scope": "user.alice", "name": "many"}]
    (rule,) = client.add_replication_rule(dids, 1, "NOTEBOOK-MOUNT", lifetime=3600)
    mount = spare_lake.layout.mount / "notebook"
    until(lambda: any(path.is_file() for path in mount.rglob("*")), "a first file has arrived")
    for victim in ("daemons", "fts", "notebook"):
        os.kill(_pid(spare_lake, victim), signal.SIGKILL)
    os.kill(_pid(spare_lake, "supervisor"), signal.SIGKILL)
    until(lambda: processes_of(spare_lake) == [], "the orphans have ended")
    spare_lake.up()
    assert await_state(rucio_client(spare_lake, "alice"), rule, "OK")["locks_ok_cnt"] == 60
    arrived = {path.name: path.read_bytes() for path in mount.rglob("*") if path.is_file()}
    assert arrived == {path.name: path.read_bytes() for path in files}
    requests = rucio_client(spare_lake, "root").list_requests(
        "NORTH-DISK", "NOTEBOOK-MOUNT", "Q,S,G,W"
    )
    assert list(requests) == []


def test_a_killed_service_is_started_again(spare_lake: EmbeddedLake) -> None:
    spare_lake.up()
    before = _pid(spare_lake, "rucio")
    os.kill(before, signal.SIGKILL)
    until(lambda: spare_lake.running and _pid(spare_lake, "rucio") != before, "the server is back")
    assert rucio_client(spare_lake, "alice").whoami()["account"] == "alice"


def test_down_leaves_no_process_and_up_finds_everything_again(spare_lake: EmbeddedLake) -> None:
    spare_lake.up()
    rucio_client(spare_lake, "alice").add_dataset("user.alice", "kept")
    spare_lake.down()
    assert processes_of(spare_lake) == []
    assert spare_lake.status()["up"] is False
    spare_lake.down()
    spare_lake.up()
    assert rucio_client(spare_lake, "alice").get_did("user.alice", "kept")["type"] == "DATASET"


def test_a_port_that_was_taken_meanwhile_is_replaced_in_the_protocols(
    spare_lake: EmbeddedLake,
) -> None:
    spare_lake.up()
    spare_lake.down()
    before = spare_lake.state.ports["south"]
    with socket.create_server(("127.0.0.1", before)):
        lines: list[str] = []
        spare_lake.up(log=lines.append)
    assert [line for line in lines if f"Port {before} of south is taken" in line]
    after = spare_lake.state.ports["south"]
    protocols = rucio_client(spare_lake, "root").get_protocols("SOUTH-DISK")
    assert [protocol["port"] for protocol in protocols] == [after]
    client = rucio_client(spare_lake, "alice")
    dids = [{"scope": "ATLAS_OD_EDU", "name": "GamGam_data"}]
    (rule,) = client.add_replication_rule(dids, 1, "SOUTH-DISK", lifetime=3600)
    await_state(client, rule, "OK")


def test_a_provider_whose_port_was_taken_is_another_issuer_who_knows_the_same_people(
    spare_lake: EmbeddedLake,
) -> None:
    spare_lake.up()
    spare_lake.down()
    before = spare_lake.state.issuer
    with socket.create_server(("127.0.0.1", spare_lake.state.ports["provider"])):
        spare_lake.up(log=lambda line: None)
    assert spare_lake.state.issuer != before
    assert account_of(spare_lake, logged_in(spare_lake, "alice")) == "alice"
    token = spare_lake.token("bob", "storage.read:/")
    assert claims(token)["iss"] == spare_lake.state.issuer
    headers = {"Authorization": f"Bearer {token}"}
    assert Storage(spare_lake, "north")("GET", "/", headers=headers).status_code == 200


def test_reset_refuses_a_folder_that_is_no_lake(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("all of it")
    with pytest.raises(LakeError, match="nothing was deleted"):
        EmbeddedLake(tmp_path).reset()
    assert (tmp_path / "thesis.tex").exists()


def test_up_refuses_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("all of it")
    with pytest.raises(LakeError, match="holds other things"):
        EmbeddedLake(tmp_path).up()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_taken_port_is_named(other_lake: EmbeddedLake) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LakeError, match=f"Port {port} is taken"):
            other_lake.up(port=port)
    assert processes_of(other_lake) == []


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot be kept in"):
        EmbeddedLake(tmp_path / "file" / "lake").up()


def test_a_lake_keeps_the_database_and_policy_it_was_made_with(lake: EmbeddedLake, db: str) -> None:
    other = "postgresql" if db == "sqlite" else "sqlite"
    with pytest.raises(LakeError, match=f"made with --db {db}"):
        lake.up(db=other)
    with pytest.raises(LakeError, match="--policy lake"):
        lake.up(policy="stock")


def test_without_a_lake_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="jupyter dlaas lake up"):
        EmbeddedLake(tmp_path / "none").env()


def test_a_held_service_stays_stopped_until_it_is_released(lake: EmbeddedLake) -> None:
    lake.hold("south")
    try:
        assert lake.status()["services"]["south"]["state"] == "held"
        assert lake.running
    finally:
        lake.release("south")
    assert lake.status()["services"]["south"]["state"] == "ready"
    with pytest.raises(LakeError, match="no service west"):
        lake.hold("west")


def test_the_command_line_brings_a_lake_up_and_down(tmp_path: Path, db: str) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "jupyter_dlaas.command", "lake", *arguments]
        return subprocess.run(
            line, capture_output=True, text=True, timeout=2 * TIMEOUT, check=False
        )

    where = ["--dir", str(tmp_path / "lake")]
    assert "There is no lake" in command("status", *where).stdout
    up = command("up", *where, "--db", db)
    assert up.returncode == 0, up.stderr
    assert "rucio ready" in up.stderr
    assert command("status", *where).stdout.startswith(f"{tmp_path / 'lake'}: running, {db}")
    (tmp_path / "hello.txt").write_text("hello")
    seeded = command("seed", *where, str(tmp_path / "hello.txt"), "--dataset", "greetings")
    assert seeded.stdout == "user.alice:hello.txt\n"
    again = command("seed", *where, str(tmp_path / "hello.txt"))
    assert again.returncode == 1
    assert "exists already" in again.stderr
    absent = command("seed", *where, str(tmp_path / "absent.txt"))
    assert "No such file" in absent.stderr
    assert command("reset", *where).returncode == 0
    assert not (tmp_path / "lake").exists()


def test_reset_deletes_the_lake_and_nothing_else(spare_lake: EmbeddedLake) -> None:
    spare_lake.up()
    notebook = spare_lake.directory / "notebooks" / "mine.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("my work")
    spare_lake.reset()
    assert processes_of(spare_lake) == []
    assert sorted(path.name for path in spare_lake.directory.iterdir()) == ["notebooks"]
    assert notebook.read_text() == "my work"
