"""The basket's items on the genuine lake and at archives: staged, downloaded, attached."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine, lake_env
from datasets import made
from esap import Esap, jwt, rucio
from standin import Answer, Request, StandIn

import dlaas
from dlaas import Lake, MultipleItemDID, SingleItemDID, errors
from dlaas.basket import Basket, BasketItem, RucioConnector, fetching
from dlaas.basket import archive as archives
from dlaas.basket.fetching import safe_name
from dlaas.basket.items import read_item
from jupyter_dlaas.lake import EmbeddedLake

DATA = b"SIMPLE  =                    T" * 100
Archive = Callable[..., StandIn]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PAUSE", 0.0)
    monkeypatch.delenv("DLAAS_ESAP_HOSTS", raising=False)


@pytest.fixture(scope="module")
def dataset(alice: Lake, tmp_path_factory: pytest.TempPathFactory) -> MultipleItemDID:
    """A dataset of two small files that is nowhere near."""
    return made(alice, tmp_path_factory.mktemp("made"), lambda stem: f"basket-{stem}-{id(stem)}", 2)


@pytest.fixture
def archive(standin: Callable[..., StandIn], lake: EmbeddedLake) -> Archive:
    """Make archives whose certificate is trusted; each answers what a function says."""
    tls = (Path(lake.layout.pki) / "server.pem", Path(lake.layout.pki) / "server.key")

    def make(answer: Callable[[Request], Answer] | Answer) -> StandIn:
        found = answer if callable(answer) else lambda _: answer
        return standin(found, tls=tls)

    return make


@pytest.fixture
def esap(alice: Lake, dataset: MultipleItemDID) -> Iterator[Esap]:
    """An ESAP with the dataset, one of its files, and a DID that no lake knows."""
    one = Esap(
        [
            rucio(dataset.did),
            rucio(dataset[0].did, None, adler32="x"),
            rucio("user.alice:gone", None),
        ],
        jwt(),
    )
    yield one
    one.close()


def vo(url: str, **more: Any) -> BasketItem:
    return read_item({"archive": "vo_reg", "record": {"url": url, **more}})


# On the lake


def test_items_are_made_available_and_one_that_fails_hides_no_other(
    esap: Esap, alice: Lake, dataset: MultipleItemDID
) -> None:
    basket = Basket(esap.url, token=esap.token, lake=alice)
    first, second, third = basket.stage("1d")
    assert first.granted is not None
    assert first.granted.rule.did == dataset.did
    assert first.granted.rule.expires_at is not None
    assert second.granted is not None
    assert third.problem is not None
    assert third.problem.error == "DataIdentifierNotFound"
    assert first.granted.rule.id in {rule.id for rule in alice.list_rules(dataset.did)}
    with pytest.raises(errors.InvalidLifetime):
        basket.stage("sometime")


def test_only_named_items_are_staged_and_what_is_of_no_lake_is_refused_by_name(
    esap: Esap, alice: Lake
) -> None:
    basket = Basket(items=[vo("https://a.example/x.fits"), read_item(esap.items[0])], lake=alice)
    assert [one.item.did for one in basket.stage("1d")] == [basket[1].did]
    with pytest.raises(errors.InvalidInput, match="not of a lake"):
        basket.stage("1d", items=basket[0])


def test_items_become_variables(esap: Esap, alice: Lake, dataset: MultipleItemDID) -> None:
    basket = Basket(esap.url, token=esap.token, lake=alice)
    found = basket.attach({str(dataset.did): "data"}, items=[dataset.did, dataset[0].did])
    assert found["data"] == dataset
    [file] = [value for name, value in found.items() if name != "data"]
    assert isinstance(file, SingleItemDID)
    assert file.did == dataset[0].did
    assert file.size == 100
    with pytest.raises(errors.InvalidInput):
        basket.attach({str(dataset.did): "no name"})


def test_the_kind_of_an_item_without_a_type_is_asked_for_and_names_are_unique(
    alice: Lake, dataset: MultipleItemDID, capsys: pytest.CaptureFixture[str]
) -> None:
    basket = Basket.from_text(f"{dataset.did} {dataset[0].did} {dataset.did}\ns:none", lake=alice)
    records = basket.records()
    assert [one["type"] for one in records] == ["collection", "file", "collection"]
    assert len({one["variableName"] for one in records}) == 3
    assert "dlaas: none: " in capsys.readouterr().err


def test_the_lake_of_an_item_is_found_by_its_scope_among_the_configured(
    lake: EmbeddedLake,
    dataset: MultipleItemDID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = {"name": "dead", "rucio_base_url": "https://localhost:1", "token": "x", "account": "a"}
    bobs = {**lake.instance("bob"), "name": "other"}
    section = {"instances": [dead, bobs, lake.instance("alice")], "default_instance": "dead"}
    folder = tmp_path / "jupyter"
    folder.mkdir()
    config = {"RucioConfig": section}
    (folder / "jupyter_server_config.json").write_text(json.dumps(config))
    monkeypatch.setattr("dlaas.rucio.connection._lakes", {})
    basket = Basket.from_text(f"{dataset.did}\nno-such-scope:x")
    item = basket[0]
    assert item.instance is None
    assert basket.lake_of(item).instance.name == "other"
    assert item.instance == "other"
    with pytest.raises(errors.InstanceNotFound, match="dead cannot be asked") as caught:
        basket.lake_of(basket[1])
    assert "no-such-scope" in caught.value.message
    basket.use(lake.instance("alice")["name"])
    assert basket.lake_of(item).account == "alice"
    basket.use("other", item)
    assert basket.lake_of(item).account == "bob"


def test_the_connector_stages_downloads_and_attaches_raw_items(
    esap: Esap, alice: Lake, dataset: MultipleItemDID, tmp_path: Path
) -> None:
    rows = esap._profile()["shopping_cart"][:2]
    connector = RucioConnector(lake=alice)
    assert [one.problem for one in connector.stage(rows, "1d")] == [None, None]
    assert len(connector.attach(rows)) == 2
    found = connector.download(rows, tmp_path / "in")
    assert [one.bytes for one in found] == [200, 100]


# Downloads


def test_items_of_lake_and_archive_are_downloaded_side_by_side(
    esap: Esap, alice: Lake, dataset: MultipleItemDID, archive: Archive, tmp_path: Path
) -> None:
    one = archive(Answer(200, DATA, {"Content-Type": "application/fits"}))
    basket = Basket(esap.url, token=esap.token, lake=alice, items=[vo(f"{one.url}/hst.fits?id=5")])
    basket.refresh()
    heard: list[tuple[int, int]] = []
    found = basket.download(tmp_path / "in", progress=lambda *told: heard.append(told))
    fits, whole, file, gone = found
    assert Path(fits.paths[0]) == tmp_path / "in" / "hst.fits"
    assert Path(fits.paths[0]).read_bytes() == DATA
    assert sorted(Path(path).read_text()[0] for path in whole.paths) == ["a", "b"]
    assert len(file.paths) == 1
    assert gone.problem is not None
    assert gone.problem.error == "DataIdentifierNotFound"
    assert (len(DATA), len(DATA)) in heard
    assert (200, 200) in heard
    # Nothing that says who we are goes to an archive.
    assert {name.lower() for name in one.requests[0].headers} <= {
        "host", "user-agent", "accept-encoding",
    }  # fmt: skip


def fetched(item: BasketItem, folder: Path, **options: Any) -> Any:
    [found] = Basket(items=[item]).download(folder, **options)
    return found


def test_what_is_there_from_the_same_address_is_kept_and_anything_else_is_not_replaced(
    archive: Archive, tmp_path: Path, alice: Lake
) -> None:
    one = archive(lambda request: Answer(200, request.path.encode()))
    (tmp_path / "a.fits").write_bytes(b"mine")
    first = fetched(vo(f"{one.url}/x/a.fits"), tmp_path)
    second = fetched(vo(f"{one.url}/y/a.fits"), tmp_path)
    paths = [tmp_path / "a.fits", Path(first.paths[0]), Path(second.paths[0])]
    assert [path.read_bytes() for path in paths] == [b"mine", b"/x/a.fits", b"/y/a.fits"]
    assert all(path.suffix == ".fits" for path in paths)
    stamps = [path.stat().st_mtime_ns for path in paths]
    again = fetched(vo(f"{one.url}/x/a.fits"), tmp_path)
    assert (again.paths, again.bytes) == (first.paths, 9)
    assert [path.stat().st_mtime_ns for path in paths] == stamps
    paths[1].write_bytes(b"changed by hand")
    refused = fetched(vo(f"{one.url}/x/a.fits"), tmp_path)
    assert refused.problem.error == "AlreadyThere"
    assert paths[1].read_bytes() == b"changed by hand"
    over = fetched(vo(f"{one.url}/x/a.fits"), tmp_path, overwrite=True)
    assert Path(over.paths[0]).read_bytes() == b"/x/a.fits"


def test_a_redirect_to_another_host_is_followed_and_one_off_https_is_not(
    archive: Archive, standin: Callable[..., StandIn], tmp_path: Path, alice: Lake
) -> None:
    plain = standin(lambda _: Answer(200, b"from anybody"))
    real = archive(Answer(200, DATA))
    one = archive(
        lambda request: Answer(
            302,
            headers={"Location": f"{plain.url if 'plain' in request.path else real.url}/d.fits"},
        )
    )
    assert fetched(vo(f"{one.url}/a.fits"), tmp_path).bytes == len(DATA)
    refused = fetched(vo(f"{one.url}/plain.fits"), tmp_path)
    assert "not https" in refused.problem.message
    assert not plain.requests
    assert len(list(tmp_path.glob("*.fits"))) == 1


def test_an_archive_of_the_world_sends_nobody_on_into_a_private_network(
    archive: Archive, tmp_path: Path, alice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = archive(Answer(200, b"of the house"))
    one = archive(lambda _: Answer(302, headers={"Location": f"{inner.url}/d.fits"}))
    seen: list[str] = []
    # The first that is connected with passes for one of the world's.
    monkeypatch.setattr(archives, "is_public", lambda ip: not seen and not seen.append(ip))
    refused = fetched(vo(f"{one.url}/a.fits"), tmp_path)
    assert refused.problem.error == "StorageFailed"
    assert "private network" in refused.problem.message
    assert (seen, inner.requests) == (["127.0.0.1"], [])
    assert not list(tmp_path.glob("*.fits"))


@pytest.mark.parametrize("url", ["http://localhost:8000/a", "https://me:pw@localhost/a"])
def test_what_is_not_verified_https_is_not_asked_for(tmp_path: Path, url: str, alice: Lake) -> None:
    found = fetched(vo(url), tmp_path)
    assert found.problem.error == "InvalidInput"
    assert not list(tmp_path.glob("a*"))


def test_an_archive_that_nobody_vouches_for_is_not_believed(
    standin: Callable[..., StandIn], self_signed: tuple[Path, Path], tmp_path: Path, alice: Lake
) -> None:
    one = standin(lambda _: Answer(200, DATA), tls=self_signed)
    found = fetched(vo(f"{one.url}/a.fits"), tmp_path / "in")
    assert "not trusted" in found.problem.message
    assert not one.requests
    assert not (tmp_path / "in").exists()


def test_an_archive_that_is_not_there_is_named_once(tmp_path: Path, alice: Lake) -> None:
    found = fetched(vo("https://archive.invalid/a.fits"), tmp_path)
    assert found.problem.error == "Unreachable"
    assert found.problem.message.count("archive.invalid") == 1


CHUNKED = b"".join(b"%x\r\n%b\r\n" % (len(DATA), DATA) for _ in range(50)) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer(200, DATA, promised=10**12), "InvalidInput", "are allowed"),
        (Answer(200, CHUNKED, {"Transfer-Encoding": "chunked"}), "InvalidInput", "are allowed"),
        (Answer(200, DATA, promised=len(DATA) + 1), "StorageFailed", "ended after"),
        (Answer(200, CHUNKED[:5000], {"Transfer-Encoding": "chunked"}, 10**4), "StorageFailed", ""),
        (Answer(206, DATA), "StorageFailed", "a part"),
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), "StorageFailed", "web page"),
        (Answer(401), "StorageRefused", "whom it knows"),
        (Answer(410), "StorageFailed", "not there any more"),
        (Answer(503), "StorageFailed", "503"),
    ],
    ids=["too large", "endless", "cut", "cut chunks", "part", "page", "login", "gone", "busy"],
)
def test_what_goes_wrong_at_an_archive_is_told_and_leaves_no_file(
    archive: Archive, tmp_path: Path, answer: Answer, error: str, message: str, alice: Lake
) -> None:
    one = archive(answer)
    found = fetched(vo(f"{one.url}/a.fits"), tmp_path / "in", max_bytes=100_000)
    assert found.problem.error == error
    assert message in found.problem.message
    assert not found.paths
    left = [path for path in (tmp_path / "in").rglob("*") if path.is_file()]
    assert left == []


def test_a_busy_archive_is_asked_again(archive: Archive, tmp_path: Path, alice: Lake) -> None:
    told = [Answer(503), Answer(200, DATA, promised=len(DATA) + 5), Answer(200, DATA)]
    one = archive(lambda _: told.pop(0))
    assert fetched(vo(f"{one.url}/a.fits"), tmp_path).bytes == len(DATA)
    assert [path.name for path in tmp_path.glob("*.fits")] == ["a.fits"]


def test_a_download_ends_when_it_is_cancelled(
    archive: Archive, tmp_path: Path, alice: Lake
) -> None:
    one = archive(Answer(200, DATA))
    with pytest.raises(errors.Cancelled):
        fetched(vo(f"{one.url}/a.fits"), tmp_path / "in", cancelled=lambda: True)
    assert not list((tmp_path / "in").iterdir())


def test_a_download_from_an_archive_that_falls_silent_ends_when_it_is_cancelled(
    archive: Archive, tmp_path: Path, alice: Lake
) -> None:
    begun, end = threading.Event(), threading.Event()

    def silence() -> Iterator[bytes]:
        yield b"SIMPLE"
        begun.set()
        end.wait(100)

    one = archive(Answer(200, promised=len(DATA), drip=silence()))
    try:
        with pytest.raises(errors.Cancelled):
            fetched(vo(f"{one.url}/a.fits"), tmp_path / "in", cancelled=begun.is_set)
        assert len(one.requests) == 1
    finally:
        end.set()
    assert not list((tmp_path / "in").iterdir())


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ('attachment; filename="../../.bashrc"', "bashrc"),
        ('attachment; filename="C:\\\\x\\\\crab nebula.fits"', "crab_nebula.fits"),
        ("attachment; filename*=UTF-8''na%C3%AFve%2F..%2Fx.fits", "x.fits"),
        ("inline", "get_data"),
        ('attachment; filename="-rf"', "rf"),
        ('attachment; filename="..."', "data"),
        (f'attachment; filename="{"n" * 500}.fits"', f"{'n' * 160}.fits"),
    ],
)
def test_a_name_is_made_harmless(
    archive: Archive, tmp_path: Path, told: str, name: str, alice: Lake
) -> None:
    one = archive(Answer(200, DATA, {"Content-Disposition": told}))
    found = fetched(vo(f"{one.url}/get%20data/?file=%2Fetc%2Fpasswd"), tmp_path / "in")
    assert Path(found.paths[0]) == tmp_path / "in" / name


def test_an_address_never_leads_out_of_the_folder() -> None:
    from email.message import Message

    for path in ("..%2f..%2fx", "%2e%2e", ".ssh", "a%00b", "", "%5c..%5cx", "a/..%2F"):
        name = safe_name(Message(), f"https://a.example/{path}")
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\\0")
        assert not name.startswith(".")


def test_a_folder_that_cannot_be_written_is_told_for_each_item(
    archive: Archive, tmp_path: Path, alice: Lake
) -> None:
    (tmp_path / "file").write_text("in the way")
    one = archive(Answer(200, DATA))
    found = fetched(vo(f"{one.url}/a.fits"), tmp_path / "file" / "in")
    assert found.problem.blame == "you"
    assert "file/in" in found.problem.message


def test_a_full_disk_is_told_before_a_byte_is_fetched(
    archive: Archive, tmp_path: Path, alice: Lake
) -> None:
    needed = shutil.disk_usage(tmp_path).free + 10**12
    one = archive(Answer(200, DATA, promised=needed))
    found = fetched(vo(f"{one.url}/a.fits"), tmp_path, max_bytes=10 * needed)
    assert found.problem.error == "DiskFull"
    assert not list(tmp_path.glob("a.fits*"))


def test_what_is_only_to_be_looked_at_says_where(tmp_path: Path, alice: Lake) -> None:
    item = read_item({"archive": "zooniverse", "project_id": 16, "category": "subjects"})
    found = fetched(item, tmp_path)
    assert found.problem.error == "NotAvailable"
    assert "https://www.zooniverse.org/lab/16/data-exports" in found.problem.remedy


# On the command line


@pytest.fixture
def command(tmp_path: Path, alice_env: dict[str, str], esap: Esap) -> CommandLine:
    """The command as alice, with the ESAP and a token for it in a file."""
    (tmp_path / "token").write_text(f"{esap.token}\n")
    told = {"DLAAS_ESAP_HOSTS": esap.url, "RUCIO_OIDC_FILE_NAME": str(tmp_path / "token")}
    return CommandLine(tmp_path, {**lake_env(alice_env), **told})


def test_the_command_lists_for_people_and_for_programs(
    command: CommandLine, dataset: MultipleItemDID, esap: Esap
) -> None:
    shown = command("basket", "list")
    assert shown.code == 0, shown.err
    assert str(dataset.did) in shown.out
    rows = command("basket", "list", "--json").rows
    assert [row["did"] for row in rows][:2] == [dataset.did, dataset[0].did]
    assert rows[0]["id"] in shown.out
    assert "of-esap" not in shown.out + json.dumps(rows)
    half = command("basket", "list", "--json", "--host", esap.url, "--host", "http://localhost:1")
    assert half.code == 1
    assert half.rows[0]["problem"]["error"] == "Unreachable"
    assert half.rows[1:] == rows


def test_the_command_stages_and_downloads_and_its_code_says_what_failed(
    command: CommandLine, dataset: MultipleItemDID
) -> None:
    staged = command("basket", "stage", dataset.did, "--lifetime", "1d", "--json")
    assert (staged.code, len(staged.rows)) == (0, 1)
    assert staged.rows[0]["granted"]["rule"]["did"] == dataset.did
    got = command("basket", "download", "-o", "in")
    assert got.code == 1
    assert "user.alice:gone" in got.err
    paths = [command.home / line for line in got.out.splitlines()]
    assert len(paths) == 3
    assert all(path.is_file() for path in paths)
    only = command("basket", "download", "-o", "in", "user.alice:gone", "--json")
    assert only.code == 3
    assert only.rows[0]["problem"]["error"] == "DataIdentifierNotFound"


def test_the_command_attaches_by_a_cell_that_can_be_pasted(
    command: CommandLine, dataset: MultipleItemDID, alice: Lake
) -> None:
    (command.home / "dids.txt").write_text(f"{dataset.did}\n{dataset[0].did}\n")
    cell = command("basket", "attach", "--from", "dids.txt")
    assert cell.code == 0, cell.err
    names: dict[str, Any] = {}
    exec(cell.out, names)
    made = [value for value in names.values() if hasattr(value, "did") and value is not dlaas]
    assert [value.did for value in made] == [dataset.did, dataset[0].did]
    assert command("basket", "attach", "--from", "dids.txt", "--json").rows[0]["did"] == dataset.did
    partly = command("basket", "attach")
    assert partly.code == 1
    assert "user.alice:gone" in partly.err
    assert str(dataset.did) in partly.out.replace("/", ":")


def test_the_command_removes_by_id(command: CommandLine, esap: Esap) -> None:
    [row] = [row for row in command("basket", "list", "--json").rows if "gone" in row["did"]]
    removed = command("basket", "remove", row["id"], "--json")
    assert (removed.code, removed.rows[0]["did"]) == (0, "user.alice:gone")
    assert len(esap.cart) == 2
    assert command("basket", "remove", row["id"]).code == 2


def test_the_command_tells_login_from_network_and_from_nonsense(
    command: CommandLine, esap: Esap
) -> None:
    esap.strangers, esap.token = {esap.token}, "another"
    unknown = command("basket", "list", "--json")
    assert (unknown.code, unknown.problem["error"]) == (5, "CannotAuthenticate")
    assert command("basket", "list", "--host", "http://localhost:1").code == 7
    assert command("basket", "list", DLAAS_ESAP_HOSTS=None).code == 2
    assert command("basket", "list", "--from", "nothing.json").code == 3
    assert command("basket", "list", "--from", "x", "--host", esap.url).code == 2
    for act in ("list", "stage", "download", "attach", "remove"):
        assert f"dlaas basket {act}" in command("basket", act, "--help").out
