"""The genuine `rucio` command and many clients at once, through what `lake env` prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

from judge import SCOPE, rucio_client

from jupyter_dlaas.lake import EmbeddedLake

PROGRAMS = Path(sys.executable).parent
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def _shell(lake: EmbeddedLake, script: str, account: str = "alice") -> str:
    """Run a shell script after `eval "$(jupyter dlaas lake env)"`, with CA bundles set as on many
    hosts.
    """
    command = f"jupyter-dlaas lake env --dir {shlex.quote(str(lake.directory))} --account {account}"
    variables = {
        **os.environ,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "REQUESTS_CA_BUNDLE": BUNDLE,
        "CURL_CA_BUNDLE": BUNDLE,
        "PYTHONWARNINGS": "ignore",
    }
    result = subprocess.run(
        ["sh", "-euc", f'eval "$({command})"\n{script}'],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_rucio_command_is_alice(lake: EmbeddedLake) -> None:
    assert "account    : alice" in _shell(lake, "rucio whoami")
    assert "account    : bob" in _shell(lake, "rucio whoami", "bob")


def test_the_rucio_command_lists_and_makes_rules(lake: EmbeddedLake) -> None:
    script = f"""
    rucio did list '{SCOPE}:GamGam*' --filter type=dataset
    rucio rule add {SCOPE}:4lep_mc_WH125 --copies 1 --rses NOTEBOOK-MOUNT --lifetime 1000
    rucio rule list --did {SCOPE}:4lep_mc_WH125
    """
    output = _shell(lake, script)
    assert f"{SCOPE}:GamGam_mc_ggH125" in output
    (line,) = [line for line in output.splitlines() if "NOTEBOOK-MOUNT" in line]
    assert " alice " in line


def test_the_rucio_command_uploads_and_downloads_over_https(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    content = os.urandom(50_000)
    (tmp_path / "by-the-client.bin").write_bytes(content)
    script = f"""
    cd {shlex.quote(str(tmp_path))}
    rucio upload --rse NORTH-DISK --scope user.alice by-the-client.bin
    rucio download --rses NORTH-DISK --dir back user.alice:by-the-client.bin
    """
    _shell(lake, script)
    assert (tmp_path / "back" / "user.alice" / "by-the-client.bin").read_bytes() == content
    (rule,) = rucio_client(lake, "alice").list_did_rules("user.alice", "by-the-client.bin")
    assert rule["state"] == "OK"


def test_the_printed_environment_holds_no_secret_and_survives_odd_paths(
    lake: EmbeddedLake, tmp_path: Path
) -> None:
    output = _shell(lake, "env")
    assert lake.layout.password("alice") not in output
    assert f"RUCIO_CONFIG={lake.layout.client('alice') / 'rucio.cfg'}" in output
    # The user's own trust is left as it was.
    assert f"REQUESTS_CA_BUNDLE={BUNDLE}" in output


def test_many_clients_at_once_never_meet_a_locked_database(lake: EmbeddedLake) -> None:
    clients = [rucio_client(lake, "alice") for _ in range(6)]
    problems: list[BaseException] = []

    def work(number: int) -> None:
        client = clients[number]
        try:
            for step in range(8):
                name = f"parallel-{number}-{step}"
                client.add_dataset("user.alice", name)
                files = [
                    {
                        "scope": "user.alice",
                        "name": f"{name}-{index}",
                        "bytes": 1,
                        "adler32": "00620062",
                    }
                    for index in range(20)
                ]
                client.add_replicas("NORTH-DISK", files)
                client.attach_dids("user.alice", name, files)
                client.set_metadata("user.alice", name, "step", step)
                assert len(list(client.list_files("user.alice", name))) == 20
                dids = [{"scope": "user.alice", "name": name}]
                client.add_replication_rule(dids, 1, "NORTH-DISK", lifetime=3600)
                assert len(list(client.list_replicas(dids))) == 20
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    locked = [log for log in lake.layout.logs.glob("*.log") if "is locked" in log.read_text()]
    assert locked == []


def test_a_thousand_files_at_once_are_registered_ruled_and_found(lake: EmbeddedLake) -> None:
    client = rucio_client(lake, "alice")
    files = [
        {"scope": "user.alice", "name": f"thousand-{index}", "bytes": 1, "adler32": "00620062"}
        for index in range(1000)
    ]
    client.add_replicas("NORTH-DISK", files)
    client.add_dataset("user.alice", "thousand")
    client.attach_dids("user.alice", "thousand", files)
    dids = [{"scope": "user.alice", "name": "thousand"}]
    client.add_replication_rule(dids, 1, "NORTH-DISK", lifetime=3600)
    assert len(list(client.list_replicas(files))) == 1000
