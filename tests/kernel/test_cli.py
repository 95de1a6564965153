"""The command `dlaas`: finding, and how it ends when something is wrong."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import CommandLine, lake_env
from standin import Answer, StandIn

from dlaas import errors
from dlaas.cli import exits, wording
from dlaas.cli.output import plain
from jupyter_dlaas.lake import EmbeddedLake

DATASET = "ATLAS_OD_EDU:GamGam_data"
FILE = "ATLAS_OD_EDU:data_A.GamGam.root"
ROWS = {"Content-Type": "application/x-json-stream"}
COMMANDS = (
    "search", "ls", "info", "rses", "get", "put", "rule", "link", "cache", "env", "doctor",
    "basket", "bundle", "publish", "provenance", "export", "restore", "opendata",
)  # fmt: skip


@pytest.fixture
def dlaas(tmp_path: Path, alice_env: dict[str, str]) -> CommandLine:
    """The command as alice."""
    return CommandLine(tmp_path, lake_env(alice_env))


def _elsewhere(home: Path, url: str) -> CommandLine:
    """The command with another Rucio, where a token is enough."""
    (home / "token").write_text("the-token\n")
    told = {
        "RUCIO_NAME": "x",
        "RUCIO_BASE_URL": url,
        "RUCIO_ACCOUNT": "alice",
        "RUCIO_OIDC_AUTH": "file",
        "RUCIO_OIDC_FILE_NAME": str(home / "token"),
    }
    return CommandLine(home, told)


def _many_rows(count: int) -> Answer:
    row = b'{"scope": "s", "name": "n%07d", "did_type": "FILE", "bytes": 1, "length": 1}\n'
    return Answer(200, b"".join(row % number for number in range(count)), ROWS)


# Help


def test_help_names_every_command_and_every_exit_code(dlaas: CommandLine) -> None:
    shown = dlaas("--help")
    assert shown.code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", shown.out, re.MULTILINE), name
    for code, meaning in exits.MEANINGS:
        assert re.search(rf"^  {code} +{re.escape(meaning)}$", shown.out, re.MULTILINE)
    # A screen and a half.
    assert len(shown.out.splitlines()) < 66


@pytest.mark.parametrize(
    "command",
    [*COMMANDS, *(f"rule {act}" for act in ("add", "extend", "release", "show", "list"))]
    + [f"cache {act}" for act in ("ls", "clean", "size")],
)
def test_each_command_has_help_with_one_example(dlaas: CommandLine, command: str) -> None:
    shown = dlaas(*command.split(), "--help")
    assert shown.code == 0
    assert shown.out.count("\nexample:\n") == 1
    example = shown.out.partition("\nexample:\n")[2].strip()
    assert f"dlaas {command}" in example
    assert "--json" in shown.out


def test_help_loads_neither_rucio_nor_asyncio(dlaas: CommandLine) -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dlaas", "--help"],
        env=dlaas.env, capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    names = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "dlaas.cli.find" in names
    assert not names & {"rucio", "requests", "fsspec", "asyncio", "aiohttp", "dlaas.lake"}


# Searching and listing


def test_a_search_writes_names_into_a_pipe(dlaas: CommandLine) -> None:
    found = dlaas("search", "ATLAS_OD_EDU:*GamGam*", "--type", "dataset")
    assert found.code == 0
    assert DATASET in found.out.split()
    assert all(line.startswith("ATLAS_OD_EDU:GamGam") for line in found.out.splitlines())


def test_a_search_is_json_rows_in_the_shape_of_the_http_api(dlaas: CommandLine) -> None:
    found = dlaas("search", DATASET, "--json")
    [row] = found.rows
    assert set(row) == {"did", "type", "bytes", "files", "adler32"}
    assert (row["did"], row["type"], row["files"]) == (DATASET, "dataset", 4)


def test_a_search_by_metadata_and_limit(dlaas: CommandLine) -> None:
    some = dlaas(
        "search", "ATLAS_OD_EDU:*", "--type", "dataset", "--where", "energy >= 13000",
        "--limit", 2, "--json",
    )  # fmt: skip
    assert len(some.rows) == 2
    none = dlaas("search", "ATLAS_OD_EDU:*", "--type", "dataset", "--where", "energy >= 14000")
    assert (none.code, none.out) == (0, "")


def test_ls_goes_from_scopes_to_collections_to_files(dlaas: CommandLine) -> None:
    assert "ATLAS_OD_EDU" in dlaas("ls").out.split()
    assert "ATLAS_OD_EDU:2020_13TeV" in dlaas("ls", "ATLAS_OD_EDU").out.split()
    assert "ATLAS_OD_EDU:2020_13TeV" in dlaas("ls", "ATLAS_OD_EDU:").out.split()
    held = dlaas("ls", "ATLAS_OD_EDU:GamGam").out.split()
    assert DATASET in held
    assert FILE not in held
    assert FILE in dlaas("ls", "-r", "ATLAS_OD_EDU:GamGam").out.split()
    assert dlaas("ls", FILE).out.split() == [FILE]
    deep = dlaas("ls", "-r", "ATLAS_OD_EDU").out.split()
    assert FILE in deep
    assert DATASET not in deep


def test_a_long_list_is_aligned(dlaas: CommandLine) -> None:
    lines = dlaas("ls", "-l", "ATLAS_OD_EDU:GamGam").out.splitlines()
    assert lines[0].split() == ["TYPE", "SIZE", "FILES", "DID"]
    assert len({line.index("ATLAS_OD_EDU:") for line in lines[1:]}) == 1
    assert len(lines) > 4


def test_a_reference_names_its_instance(dlaas: CommandLine) -> None:
    assert DATASET in dlaas("ls", "rucio://lake@ATLAS_OD_EDU/GamGam").out.split()
    assert dlaas("ls", "elsewhere@ATLAS_OD_EDU:GamGam", "--json").problem["error"] == (
        "InstanceNotFound"
    )
    both = dlaas("ls", "lake@ATLAS_OD_EDU:GamGam", "--instance", "other", "--json")
    assert (both.code, both.problem["error"]) == (2, "InvalidInput")


def test_options_may_stand_before_the_command(dlaas: CommandLine) -> None:
    assert dlaas("--json", "search", DATASET).rows[0]["did"] == DATASET
    assert dlaas("--instance", "other", "--json", "ls").problem["error"] == "InstanceNotFound"


# One DID


def test_info_tells_all_of_a_file(dlaas: CommandLine) -> None:
    [found] = dlaas("info", FILE, "--json").rows
    assert found["metadata"]["did"] == FILE
    assert found["metadata"]["custom"]
    assert found["status"]["files"] == 1
    assert any("NORTH-DISK" in copy["rse"] for copy in found["copies"])
    assert DATASET in found["parents"]
    assert [way["kind"] for way in found["access"]["ways"]]
    shown = dlaas("info", FILE)
    assert shown.code == 0
    for text in (FILE, "adler32", "how it is read from here", "NORTH-DISK", DATASET):
        assert text in shown.out


def test_info_counts_what_is_in_a_container(dlaas: CommandLine) -> None:
    shown = dlaas("info", "ATLAS_OD_EDU:GamGam")
    assert re.search(r"^ +files +9$", shown.out, re.MULTILINE)
    assert re.search(r"^ +size +[\d.]+ MB$", shown.out, re.MULTILINE)


def test_rses_tell_where_data_can_be_and_the_quota_there(
    dlaas: CommandLine, tmp_path: Path, bob_env: dict[str, str]
) -> None:
    names = [row["name"] for row in dlaas("rses", "--json").rows]
    assert {"NORTH-DISK", "SOUTH-DISK", "NOTEBOOK-MOUNT"} <= set(names)
    [fast] = dlaas("rses", "QOS=FAST", "--json").rows
    assert (fast["name"], fast["qos"]) == ("NOTEBOOK-MOUNT", "FAST")
    bobs = CommandLine(tmp_path, lake_env(bob_env))("rses", "SOUTH-DISK").out
    assert re.search(r"^SOUTH-DISK .* 1\.0 MB$", bobs, re.MULTILINE)
    wrong = dlaas("rses", "QOS=NO-SUCH", "--json")
    assert (wrong.code, wrong.problem["error"]) == (2, "InvalidRSEExpression")


# How it ends


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["info", "no-did-at-all"], 2, "InvalidDID"),
        (["search", "ATLAS*:x"], 2, "WildcardRefused"),
        (["search", "ATLAS_OD_EDU:*", "--where", "energy >>> 1"], 2, "InvalidInput"),
        (["info", "nowhere:x"], 3, "ScopeNotFound"),
        (["ls", "nowhere"], 3, "ScopeNotFound"),
        (["info", "ATLAS_OD_EDU:no-such-thing"], 3, "DataIdentifierNotFound"),
        (["rule", "show", "0" * 32], 3, "RuleNotFound"),
        (["ls", "--instance", "other"], 3, "InstanceNotFound"),
    ],
)
def test_an_error_says_what_whose_and_what_to_do_and_ends_with_its_code(
    dlaas: CommandLine, arguments: list[str], code: int, error: str
) -> None:
    for_people, for_programs = dlaas(*arguments), dlaas(*arguments, "--json")
    assert (for_people.code, for_programs.code) == (code, code)
    assert for_people.out == ""
    what, whose, remedy = for_people.err.splitlines()
    assert what.startswith("dlaas: ")
    assert whose == "  Where the fault lies: the request."
    assert remedy.startswith("  What to do: ")
    assert for_programs.err == ""
    assert for_programs.problem["error"] == error
    assert for_programs.problem["message"] in what
    assert set(for_programs.problem) == {"error", "message", "blame", "remedy", "details"}


@pytest.mark.parametrize(
    "arguments", [[], ["serach"], ["search"], ["search", "s:n", "--limit", "0"], ["ls", "--tpye"]]
)
def test_a_wrong_command_line_is_usage(dlaas: CommandLine, arguments: list[str]) -> None:
    shown = dlaas(*arguments)
    assert (shown.code, shown.out) == (2, "")
    assert "--help" in shown.err
    told = dlaas(*arguments, "--json")
    assert (told.code, told.problem["error"]) == (2, "InvalidInput")


def test_a_wrong_option_is_answered_by_the_help_of_its_command(dlaas: CommandLine) -> None:
    assert "See dlaas ls --help." in dlaas("ls", "--tpye").err
    assert "See dlaas rule add --help." in dlaas("rule", "add", "s:n", "--tpye").err


def test_a_wrong_password_ends_with_5_and_is_not_told(
    dlaas: CommandLine, lake: EmbeddedLake, tmp_path: Path
) -> None:
    right = (lake.layout.client("alice") / "rucio.cfg").read_text()
    wrong = tmp_path / "rucio.cfg"
    wrong.write_text(right.replace(lake.layout.password("alice"), "not-the-password"))
    shown = dlaas("ls", RUCIO_CONFIG=str(wrong))
    assert shown.code == 5
    assert "  Where the fault lies: the login." in shown.err
    assert "not-the-password" not in shown.err + shown.out
    assert dlaas("ls", "--json", RUCIO_CONFIG=str(wrong)).problem["error"] == "CannotAuthenticate"


def test_without_any_configuration_it_says_what_to_do(tmp_path: Path) -> None:
    shown = CommandLine(tmp_path, {})("ls")
    assert shown.code == 3
    assert "RUCIO_CONFIG" in shown.err
    assert "dlaas.Lake" not in shown.err


def test_every_remedy_that_is_said_anew_is_one_of_the_librarys() -> None:
    library = "".join(
        path.read_text()
        for path in Path(errors.__file__).parent.rglob("*.py")
        if "cli" not in path.parts
    )
    said = re.sub(r"{[\w.]+}", "x", library)
    for pattern, _ in wording._WORDS:
        assert re.search(pattern, said), pattern


def test_a_lake_that_is_down_ends_with_7(dlaas: CommandLine, lake: EmbeddedLake) -> None:
    lake.hold("rucio")
    try:
        ended = [dlaas("ls"), dlaas("info", DATASET), dlaas("rule", "add", DATASET)]
        checks = dlaas("doctor", "--json")
    finally:
        lake.release("rucio")
    for shown in ended:
        assert (shown.code, shown.out) == (7, "")
        assert "  Where the fault lies: the network." in shown.err
    states = {row["name"]: row["state"] for row in checks.rows}
    assert checks.code == 7
    assert states["server"] == "problem"
    assert states["python"] == states["CA"] == states["mount"] == "ok"


def test_every_error_has_a_documented_exit_code() -> None:
    documented = dict(exits.MEANINGS)
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.DlaasError)
    ]
    found = {kind.__name__: exits.code_of(exits.problem_of(kind("x"))) for kind in kinds}
    assert set(found.values()) <= set(documented)
    assert found["NotAvailable"] == found["RuleStuck"] == 4
    assert (
        found["AccessDenied"] == found["InsufficientAccountLimit"] == found["StorageRefused"] == 6
    )
    assert found["LoginRequired"] == 5
    assert found["ChecksumMismatch"] == found["TookTooLong"] == 7
    assert found["InternalError"] == 1


def test_a_mistake_of_ours_tells_no_secret() -> None:
    told = exits.problem_of(RuntimeError("token=hunter2"))
    assert exits.code_of(told) == 1
    assert "hunter2" not in str(told)


# Terminals and pipes


def test_a_reader_that_leaves_is_no_error(tmp_path: Path, standin: Callable[..., StandIn]) -> None:
    lines = _many_rows(100_000)
    found = _elsewhere(tmp_path, standin(lambda _: lines).url)
    command = f"{sys.executable} -m dlaas search 's:n*' | head -n 3; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=found.env, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["s:n0000000", "s:n0000001", "s:n0000002", str(exits.READER_LEFT)]
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", ["ls", "ls --json", "ls -l ATLAS_OD_EDU"])
def test_an_output_that_cannot_be_written_is_told_in_one_line(
    dlaas: CommandLine, arguments: str
) -> None:
    command = f"{sys.executable} -m dlaas {arguments} > /dev/full"
    done = subprocess.run(
        ["sh", "-c", command], env=dlaas.env, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == exits.FAILED
    [line] = done.stderr.splitlines()
    assert "cannot be written" in line
    assert "No space left" in line


@pytest.mark.parametrize(
    ("closing", "arguments", "code"),
    [
        (">&-", "ls", 0),
        ("2>&-", "ls nowhere", 3),
        (">&- 2>&-", "ls nowhere", 3),
        (">&-", "ls nowhere --json", 3),
    ],
)
def test_a_stream_that_is_closed_changes_no_exit_code(
    dlaas: CommandLine, closing: str, arguments: str, code: int
) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m dlaas {arguments} {closing}"],
        env=dlaas.env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_ctrl_c_ends_with_130_and_without_a_traceback(
    tmp_path: Path, standin: Callable[..., StandIn]
) -> None:
    import threading

    asked, go_on = threading.Event(), threading.Event()

    def answer(_: object) -> Answer:
        asked.set()
        go_on.wait(60)
        return _many_rows(1)

    found = _elsewhere(tmp_path, standin(answer).url)
    # Tests in the background ignore Ctrl-C, and a process inherits that; a handler it does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlaas", "search", "s:n*"],
            env=found.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        go_on.set()
        process.kill()
    assert (process.returncode, out, err) == (130, "", "")


def test_rows_go_on_coming_while_the_lake_still_answers(
    tmp_path: Path, standin: Callable[..., StandIn]
) -> None:
    # The answer is cut in its middle: what came before is there, and then the problem.
    whole = _many_rows(1000)
    cut = Answer(200, whole.body, ROWS, promised=len(whole.body) + 100)
    shown = _elsewhere(tmp_path, standin(lambda _: cut).url)("search", "s:n*", "--json")
    assert shown.code == 7
    names = [row["did"] for row in shown.rows[:-1]]
    assert len(names) > 500
    assert names == [f"s:n{number:07d}" for number in range(len(names))]
    assert shown.problem["blame"] == "network"


def _in_a_terminal(dlaas: CommandLine, *arguments: str, **env: str) -> str:
    """Run it with a terminal as its output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dlaas", *arguments],
        env={**dlaas.env, "COLUMNS": "60", "TERM": "xterm", **env}, stdout=theirs, stdin=theirs,
    )  # fmt: skip
    os.close(theirs)
    text = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:
            break
        if not read:
            break
        text += read
    os.close(ours)
    assert process.wait(60) == 0
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table_with_colour_and_a_pipe_gets_none(dlaas: CommandLine) -> None:
    shown = _in_a_terminal(dlaas, "ls", "ATLAS_OD_EDU:GamGam")
    assert "TYPE" in shown
    assert "\033[" in shown
    assert "\033[" not in _in_a_terminal(dlaas, "ls", "ATLAS_OD_EDU:GamGam", NO_COLOR="1")
    assert "\033[" not in dlaas("info", DATASET).out


def test_what_is_shown_fits_the_terminal(dlaas: CommandLine) -> None:
    shown = _in_a_terminal(dlaas, "info", FILE, NO_COLOR="1")
    metadata = shown.partition("\n\n")[0]
    assert max(map(len, metadata.splitlines())) <= 60


def test_what_the_catalogue_holds_cannot_drive_a_terminal() -> None:
    assert plain("a\x1b[31mb\nc\x07") == "a?[31mb c?"
