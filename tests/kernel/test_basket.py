"""The basket: reading ESAP's and saved ones, whoever asks and whatever ESAP answers."""

from __future__ import annotations

import json
import logging
import pickle
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from esap import ACCESS_TOKEN, ID_TOKEN, Esap, jwt, rucio
from standin import Answer, Request, StandIn

from dlaas import Instance, Lake, errors
from dlaas.basket import Basket, BasketItem, Connector, RucioConnector
from dlaas.basket.items import read_item

Make = Callable[..., Esap]
DATASET = "ATLAS_OD_EDU:GamGam_data"
HST = ["HST", 83.6, None, "https://archive.example/hst/crab.fits?ticket=1"]
ITEMS: list[Any] = [
    rucio(DATASET),
    rucio("ATLAS_OD_EDU:data_A.GamGam.root", None, adler32="0a", guid=None),
    {"archive": "vo_reg", "record": HST},
    {"archive": "zooniverse", "catalog": "workflow", "project_id": 16, "workflow_id": 7,
     "category": "subjects"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "DLAAS_ESAP_HOSTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def esap() -> Iterator[Make]:
    made: list[Esap] = []

    def make(items: list[Any] = ITEMS, token: str = "", **options: Any) -> Esap:
        made.append(Esap(items, token or jwt(), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


# Items


@pytest.mark.parametrize(
    ("data", "did", "kind", "size"),
    [
        (rucio("s:n"), "s:n", "dataset", None),
        (rucio("s:n", "CONTAINER", length=3, parent=None, level=0), "s:n", "container", None),
        (rucio("s:/a/b:c", None, bytes=12, guid="g", adler32="a"), "s:/a/b:c", "file", 12),
        (rucio("s:n", None, rses={"X": ["davs://x/n"]}, pfns={}, states={}), "s:n", "file", None),
        ({"archive": "rucio", "record": '{"scope": "s", "name": "n"}'}, "s:n", None, None),
        ({"archive": "rucio", "record": "s:n"}, "s:n", None, None),
        ({"archive": "multi_query", "record": {"scope": "s", "name": "n"}}, "s:n", None, None),
    ],
)
def test_every_shape_of_a_rucio_item_is_a_did(
    data: Any, did: str, kind: str | None, size: int | None
) -> None:
    for raw in (data, json.dumps(data), str(data), {"item_data": json.dumps(data)},
                {"item_data": data}, {"item_data": json.dumps(json.dumps(data))}):  # fmt: skip
        item = read_item(raw)
        assert (item.did, item.type, item.bytes) == (did, kind, size), raw


def test_a_scope_is_no_did_and_says_so() -> None:
    item = read_item({"archive": "rucio", "record": "ATLAS_OD_EDU"})
    assert item.did is None
    assert item.note is not None
    assert "scope" in item.note


@pytest.mark.parametrize(
    ("record", "url", "title"),
    [
        (HST, HST[3], "HST"),
        ({"dataset": "d", "result": "x", "url": "https://a.example/f", "title": "T",
          "thumbnail": "https://a.example/t.png"}, "https://a.example/f", "T"),
        ({"name": "A", "thumbnail": "https://a.example/t.png"}, None, "A"),
        ({"name": "A", "accessURL": "http://a.example/f"}, "http://a.example/f", "A"),
        ({"name": "A", "where": "https://a.example/f"}, "https://a.example/f", "A"),
        ([1, None, "x y https://no"], None, "x y https://no"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("archive", ["vo_reg", "samp", "apertif", "astron_vo"])
def test_the_access_url_of_an_item_is_found_and_never_its_thumbnail(
    archive: str, record: Any, url: str | None, title: str
) -> None:
    item = read_item({"archive": archive, "record": record})
    assert (item.archive, item.url, item.title) == (archive, url, title)
    assert (item.note is None) == (url is not None)


def test_a_zooniverse_item_is_shown_with_its_link() -> None:
    item = read_item(str(ITEMS[3]))
    assert item.title == "project 16, workflow 7, subjects"
    assert item.link == "https://www.zooniverse.org/lab/16/workflows/7"
    assert item.url is None


@pytest.mark.parametrize(
    "raw",
    ["", "gibberish", "[" * 100_000, "{'a': {1, 2}}", "__import__('os').system('true')",
     None, 5, [], {}, {"item_data": None}, {"archive": "rucio", "record": None},
     {"archive": "rucio", "record": {"scope": "a b", "name": "n"}}, "'" + "(" * 3000,
     {"archive": None, "record": 5}, '{"archive": "vo_reg", "record": [NaN]}'],
)  # fmt: skip
def test_nonsense_is_shown_as_an_item_that_nothing_can_be_done_with(raw: Any) -> None:
    item = read_item(raw)
    assert (item.did, item.url) == (None, None)
    assert item.note
    assert len(item.id) == 8


def test_no_text_of_an_item_ends_the_process() -> None:
    # It did, in Python 3.10.
    for text in ("(" + "1+" * 400_000 + "1)", "('a'" + "[0]" * 300_000 + ")", "[" + "-" * 900_000):
        assert read_item({"item_data": text}).data == text


# Reading ESAP


def test_the_items_of_an_esap_are_read(esap: Make) -> None:
    one = esap()
    basket = Basket(one.url, token=one.token)
    assert not one.service.requests
    assert [item.archive for item in basket] == ["rucio", "rucio", "vo_reg", "zooniverse"]
    assert {item.host for item in basket} == {one.url}
    [request] = one.service.requests
    assert request.path == "/esap-api/accounts/user-profiles/"
    assert request.headers["Authorization"] == f"Bearer {one.token}"


def test_carts_of_objects_and_of_texts_are_the_same(esap: Make) -> None:
    one, other = esap(token="same"), esap(token="same")
    other.cart = list(ITEMS)
    assert [item.id for item in Basket(one.url, token="same")] == [
        item.id for item in Basket(other.url, token="same")
    ]


def test_an_empty_basket_is_not_an_unknown_user(esap: Make) -> None:
    one = esap([])
    stranger = jwt(mark="stranger")
    one.strangers.add(stranger)
    assert Basket(one.url, token=one.token).items == []
    with pytest.raises(errors.CannotAuthenticate, match="does not know you") as caught:
        Basket(one.url, token=stranger).refresh()
    assert caught.value.blame == "credential"


def test_a_token_that_is_refused_is_told_as_such(esap: Make) -> None:
    one = esap()
    with pytest.raises(errors.CannotAuthenticate, match=r"401.*does not accept the token"):
        Basket(one.url, token=jwt(mark="b")).refresh()


def answers(answer: Answer) -> Callable[[Request], Answer]:
    return lambda _: answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(503), errors.Unreachable),
        (Answer(404), errors.NotThere),
        (Answer(403), errors.Refused),
        (Answer(200, b"<html>log in</html>"), errors.Unreachable),
        (Answer(200, b"[1]"), errors.Unreachable),
        (Answer(200, b'{"results": [{}]}'), errors.Unreachable),
        (Answer(302, b"", {"Location": "https://login.example/"}), errors.Unreachable),
        (Answer(302, b"", {"Location": "/esap-api/"}), errors.Unreachable),
        (Answer(200, b"{", promised=100), errors.Unreachable),
    ],
)
def test_what_is_no_basket_is_the_fault_of_the_service(
    esap: Make, answer: Answer, error: type[errors.DlaasError]
) -> None:
    one = esap()
    one.fault = answers(answer)
    with pytest.raises(error):
        Basket(one.url, token=one.token).refresh()


def test_the_token_goes_to_no_other_host(esap: Make, standin: Callable[..., StandIn]) -> None:
    one, other = esap(), standin(answers(Answer(200, b"{}")))
    one.fault = answers(Answer(302, b"", {"Location": f"{other.url}/x"}))
    with pytest.raises(errors.Unreachable, match="sends on"):
        Basket(one.url, token=one.token).refresh()
    assert not other.requests


def test_an_esap_that_is_down_hides_no_other(esap: Make) -> None:
    one, two = esap(token="same"), esap([rucio("s:n")], token="same")
    basket = Basket([one.url, "http://localhost:1/", two.url], token="same")
    assert len(basket.items) == 5
    assert list(basket.problems) == ["http://localhost:1/"]
    assert basket.problems["http://localhost:1/"].blame == "network"
    with pytest.raises(errors.Unreachable):
        Basket("http://localhost:1", token="same").refresh()


@pytest.mark.parametrize(
    "text",
    ["{url}", "{url}esap-gui/archives?x=1", "{url}esap-api/", "  {url}"],
)
def test_the_address_is_taken_as_the_browser_shows_it(
    esap: Make, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    one = esap()
    assert len(Basket(text.format(url=one.url), token=one.token)) == 4
    monkeypatch.setenv("DLAAS_ESAP_HOSTS", f"{text.format(url=one.url)}, {one.url}")
    assert len(Basket(token=one.token)) == 4


@pytest.mark.parametrize("host", ["http://esap.example/", "https://me:pw@esap.example", "esap", ""])
def test_a_token_is_not_sent_where_it_could_be_read(host: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        Basket(host, token="x")
    assert "pw" not in caught.value.message.replace("empty", "")


# Tokens


def test_the_hub_gives_the_token_that_it_exchanged(
    esap: Make, standin: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = esap()
    state = {"auth_state": {"access_token": "not-this", "exchanged_tokens": {"rucio": one.token}}}
    hub = standin(answers(Answer(200, json.dumps(state).encode())))
    monkeypatch.setenv("JUPYTERHUB_API_URL", f"{hub.url}/hub/api")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "key-of-the-hub")
    assert len(Basket(one.url)) == 4
    [request] = hub.requests
    assert (request.path, request.headers["Authorization"]) == (
        "/hub/api/user",
        "token key-of-the-hub",
    )


@pytest.mark.parametrize(
    "state",
    [{}, {"auth_state": None}, {"auth_state": {"exchanged_tokens": {"rucio": jwt(5)}}}, "<html>"],
    ids=["none", "null", "expired", "page"],
)
def test_a_hub_without_a_token_or_with_an_expired_one_leaves_it_to_the_file(
    esap: Make,
    standin: Callable[..., StandIn],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    state: Any,
) -> None:
    one = esap()
    hub = standin(answers(Answer(200, json.dumps(state).encode())))
    monkeypatch.setenv("JUPYTERHUB_API_URL", hub.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "key-of-the-hub")
    (tmp_path / "token").write_text(f"{one.token}\nsecond line\n")
    monkeypatch.setenv("RUCIO_OIDC_FILE_NAME", str(tmp_path / "token"))
    assert len(Basket(one.url)) == 4


def test_a_file_may_be_named(esap: Make, tmp_path: Path) -> None:
    one = esap()
    (tmp_path / "token").write_text(f"{one.token}\n")
    assert len(Basket(one.url, token_file=tmp_path / "token")) == 4
    with pytest.raises(errors.LoginRequired, match="nothing-here"):
        Basket(one.url, token_file=tmp_path / "nothing-here").refresh()


def test_without_a_token_it_says_where_one_is_to_be_had(esap: Make) -> None:
    one = esap()
    with pytest.raises(errors.LoginRequired, match="show token"):
        Basket(one.url).refresh()
    with pytest.raises(errors.LoginRequired, match="has expired"):
        Basket(one.url, token=jwt(-5)).refresh()
    assert not one.service.requests


def test_the_login_to_the_lake_serves_where_it_is_one_that_esap_can_know(esap: Make) -> None:
    one = esap()
    where = Instance("x", "https://localhost:1", token="rucios-own-token")
    lake = Lake(where, account="alice")
    with pytest.raises(errors.LoginRequired):
        Basket(one.url).refresh()
    assert not one.service.requests
    del lake
    lake = Lake(replace(where, token=one.token), account="alice")
    assert len(Basket(one.url)) == 4
    assert lake.account == "alice"


def test_a_typed_token_is_asked_for_each_time_and_kept_nowhere(esap: Make) -> None:
    one, asked = esap(), []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return f" {one.token}\n"

    basket = Basket(one.url, ask=ask)
    assert len(basket) == 4
    assert len(basket) == 4
    assert len(asked) == 1
    basket.remove(DATASET)
    assert len(asked) == 2
    assert not _holds(basket, one.token)


def _holds(value: Any, secret: str, seen: set[int] | None = None) -> bool:
    """Tell whether a text is anywhere below an object."""
    seen = set() if seen is None else seen
    if isinstance(value, (str, bytes)):
        return secret in (value if isinstance(value, str) else value.decode("latin-1"))
    if id(value) in seen or isinstance(value, type) or callable(value):
        return False
    seen.add(id(value))
    if isinstance(value, dict):
        return any(_holds(one, secret, seen) for pair in value.items() for one in pair)
    if isinstance(value, (list, tuple, set)):
        return any(_holds(one, secret, seen) for one in value)
    return _holds(getattr(value, "__dict__", {}), secret, seen)


def test_the_logins_in_the_answer_of_esap_are_kept_shown_logged_and_pickled_nowhere(
    esap: Make, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    one = esap()
    one.cart.append({"archive": "new fork", "record": [1], "oidc_id_token": ID_TOKEN})
    with caplog.at_level(logging.DEBUG):
        basket = Basket(one.url, token=one.token)
        basket.refresh()
    basket.save(tmp_path / "saved.json")
    texts = [repr(basket), repr(basket.items), basket._repr_html_(), caplog.text,
             basket.to_pandas().to_json(), (tmp_path / "saved.json").read_text()]  # fmt: skip
    for secret in (ID_TOKEN, ACCESS_TOKEN):
        assert not any(secret in text for text in texts)
        assert secret.encode() not in pickle.dumps(basket)
        assert not _holds(basket, secret)
    assert not any(one.token in text for text in texts)
    assert one.token.encode() not in pickle.dumps((basket, basket._tokens))
    assert pickle.loads(pickle.dumps(basket)).items == basket.items


@pytest.mark.parametrize(
    "body",
    [
        b'{"oidc_id_token": "the-id-token-of-esap", ',
        b'{"results": [{"oidc_access_token": "the-access-token-of-esap"}]}',
    ],
)
def test_an_error_carries_neither_the_answer_nor_the_token(esap: Make, body: bytes) -> None:
    one = esap()
    for status in (200, 401, 500):
        one.fault = answers(Answer(status, body))
        with pytest.raises(errors.DlaasError) as caught:
            Basket(one.url, token=one.token).refresh()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        # This test has them among its own variables.
        ours = [frame for frame in told.stack if "/dlaas/" in frame.filename]
        shown = f"{[frame.locals for frame in ours]} {caught.value}"
        assert len(ours) > 2
        assert "of-esap" not in shown
        assert one.token not in shown
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


# Saved and pasted


def test_an_answer_of_esap_that_was_saved_is_read_without_its_logins(
    esap: Make, tmp_path: Path
) -> None:
    one = esap()
    saved = tmp_path / "basket.json"
    saved.write_bytes(one._json([one._profile()]).body)
    basket = Basket.from_file(saved)
    assert [item.id for item in basket] == [item.id for item in Basket(one.url, token=one.token)]
    assert not _holds(basket, ID_TOKEN)
    assert "delete it" in basket.warnings[0]
    saved.write_bytes(one._json([]).body)
    with pytest.raises(errors.InvalidInput, match="did not know you"):
        Basket.from_file(saved)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ITEMS),
        str(ITEMS),
        "\n".join(map(json.dumps, ITEMS)),
        json.dumps({"shopping_cart": ITEMS}),
        json.dumps([{"item_data": json.dumps(item)} for item in ITEMS]),
        json.dumps([json.dumps(item) for item in ITEMS]),
    ],
)
def test_a_basket_is_read_from_json_of_any_wrapping(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(f"\ufeff{text}\n", encoding="utf-8")
    found = Basket.from_file(tmp_path / "x")
    assert [item.data for item in found] == ITEMS
    assert found.warnings == ()


def test_a_list_of_dids_and_addresses_may_be_pasted() -> None:
    basket = Basket.from_text(
        "# what I want\na:b, c:d\n  escape@e:/f/g # mine\nrucio://x@s/n\nhttps://a.example/b.fits\n"
    )
    assert [item.did for item in basket] == ["a:b", "c:d", "e:/f/g", "s:n", None]
    assert [item.instance for item in basket] == [None, None, "escape", "x", None]
    assert basket[4].url == "https://a.example/b.fits"


@pytest.mark.parametrize(
    "text",
    [
        "did,type\na:b,DATASET\nc:d,file\n",
        "Scope;Name;Type\na;b;dataset\nc;d;FILE\n\n",
        '"type"\t"did"\nDATASET\ta:b\nfile\tc:d\n',
    ],
)
def test_a_csv_is_read_by_the_names_of_its_columns(text: str) -> None:
    found = [(item.did, item.type) for item in Basket.from_text(text)]
    assert found == [("a:b", "dataset"), ("c:d", "file")]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a:b\nnonsense\n", "'nonsense'"),
        ("did\na:b\nnonsense\n", "line 3"),
        ('{"a": ', "is none"),
        ("", "no item"),
        ("# nothing\n", "no item"),
    ],
)
def test_what_makes_no_sense_imports_nothing_and_is_named(text: str, match: str) -> None:
    with pytest.raises(errors.InvalidInput, match=match):
        Basket.from_text(text)


def test_a_saved_basket_is_read_again_with_its_instances(tmp_path: Path) -> None:
    basket = Basket.from_text("escape@a:b\nhttps://a.example/b.fits")
    path = tmp_path / "saved.json"
    basket.save(path)
    again = Basket.from_file(path)
    assert again.items == basket.items
    assert [item.instance for item in again] == ["escape", None]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(errors.AlreadyThere):
        basket.save(path)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x89HDF\r\n\x1a\n\xff")
    with pytest.raises(errors.NotThere):
        Basket.from_file(tmp_path / "none")
    with pytest.raises(errors.InvalidInput):
        Basket.from_file(tmp_path / "binary")


# Removing


def test_removing_writes_what_stays_as_the_page_does(esap: Make) -> None:
    one = esap()
    basket = Basket(one.url, token=one.token)
    [removed] = basket.remove(basket[0])
    assert removed.did == DATASET
    assert one.items == ITEMS[1:]
    [sent] = one.service.asked("PATCH")
    assert json.loads(sent.body) == {"shopping_cart": ITEMS[1:]}
    assert basket[0].did == "ATLAS_OD_EDU:data_A.GamGam.root"


def test_what_others_have_put_in_meanwhile_stays(esap: Make) -> None:
    one = esap()
    basket = Basket(one.url, token=one.token)
    assert len(basket) == 4
    one.cart.append(json.dumps(rucio("s:before")))
    one.adds = [rucio("s:after")]
    basket.remove([DATASET, basket[2].id])
    assert one.items == [ITEMS[1], ITEMS[3], rucio("s:before"), rucio("s:after")]


def test_items_that_cannot_be_read_survive_the_removal_of_another(esap: Make) -> None:
    one = esap()
    one.cart += ["gibberish", "{'archive': 'old', 'record': (1, None)}", '"quoted"']
    before = [read_item(row).data for row in one.cart]
    Basket(one.url, token=one.token).remove(DATASET)
    assert [read_item(row).data for row in one.cart] == json.loads(json.dumps(before[1:]))


def test_what_esap_loses_while_it_writes_is_written_again(esap: Make) -> None:
    one = esap()
    one.loses = 1
    Basket(one.url, token=one.token).remove(DATASET)
    assert one.items == ITEMS[1:]


def test_when_it_cannot_be_made_sure_of_all_items_are_kept_in_a_file(
    esap: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    one = esap()
    one.loses = 99
    basket = Basket(one.url, token=one.token)
    with pytest.raises(errors.Unreachable, match="did not confirm") as caught:
        basket.remove(DATASET)
    kept = Path(caught.value.details["kept"])
    assert str(kept) in caught.value.remedy
    assert [item.data for item in Basket.from_file(kept)] == ITEMS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()
    one.loses, one.cart = 0, [json.dumps(item) for item in ITEMS]
    basket.remove(DATASET)
    assert not list(kept.parent.iterdir())


def test_a_write_that_is_refused_changes_nothing_and_says_so(esap: Make) -> None:
    one = esap()
    one.fault = lambda request: Answer(403) if request.method == "PATCH" else None
    basket = Basket(one.url, token=one.token)
    with pytest.raises(errors.Refused):
        basket.remove(DATASET)
    assert one.items == ITEMS
    assert len(basket) == 4


def test_what_somebody_else_has_removed_is_removed(esap: Make) -> None:
    one = esap()
    basket = Basket(one.url, token=one.token)
    assert len(basket) == 4
    one.cart.pop(0)
    basket.remove(DATASET)
    assert len(basket) == 3
    assert not one.service.asked("PATCH")


def test_imported_items_are_removed_from_this_basket_alone(esap: Make) -> None:
    one = esap()
    item = Basket.from_text("s:imported")[0]
    basket = Basket(one.url, token=one.token, items=[item]).refresh()
    assert len(basket) == 5
    basket.remove("s:imported")
    assert len(basket) == 4
    assert not one.service.asked("PATCH")


@pytest.mark.parametrize("wanted", [None, "s:unknown", 5])
def test_removing_what_is_not_there_or_nothing_in_particular_is_refused(
    esap: Make, wanted: Any
) -> None:
    one = esap()
    with pytest.raises(errors.InvalidInput):
        Basket(one.url, token=one.token).remove(wanted)
    assert not one.service.asked("PATCH")


# Shown, and for ESAP's own client


def test_a_basket_that_cannot_be_read_is_shown_all_the_same() -> None:
    basket = Basket("http://localhost:1/", token="x")
    assert repr(basket) == "Basket('http://localhost:1/')"
    assert "Nothing answers" in basket._repr_html_()


def test_the_table_of_a_notebook_runs_nothing_that_an_item_holds() -> None:
    evil = {"archive": "<script>", "record": {"title": "<img onerror=x>", "url": 'https://x/"><b>'}}
    shown = Basket(items=[read_item(evil), read_item(ITEMS[2])])._repr_html_()
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "<b>" not in shown
    assert 'href="https://archive.example/hst/crab.fits?ticket=1"' in shown


def test_it_is_a_table_of_pandas() -> None:
    frame = Basket(items=map(read_item, ITEMS)).to_pandas()
    assert list(frame.did)[:2] == [DATASET, "ATLAS_OD_EDU:data_A.GamGam.root"]
    assert list(frame.url)[2] == HST[3]
    assert Basket(items=[]).to_pandas().empty


def test_the_connectors_do_for_esaps_client_what_its_own_do(esap: Make) -> None:
    import pandas

    one = esap()
    rows = one._profile()["shopping_cart"]
    connectors = [RucioConnector(), Connector("vo_reg"), Connector("zooniverse", "zoo")]
    assert [(c.name, c.archive) for c in connectors] == [
        ("rucio", "rucio"), ("vo_reg", "vo_reg"), ("zoo", "zooniverse"),
    ]  # fmt: skip
    for connector, mine in zip(connectors, [[0, 1], [2], [3]], strict=True):
        valid = [connector.validate_basket_item(row) for row in rows]
        assert valid == [True if number in mine else None for number in range(4)]
        # As shopping_client makes its tables.
        series = [
            connector.basket_item_to_pandas(r) for r in rows if connector.validate_basket_item(r)
        ]
        table = pandas.concat(series, axis=1).T
        assert len(table) == len(mine)
        first = rows[mine[0]]
        assert connector.validate_basket_item(first, return_loaded=True) == ITEMS[mine[0]]
        assert connector.validate_basket_item({"item_data": ITEMS[mine[0]]}) is True
        assert connector.validate_basket_item(pandas.Series(first)) is True
        assert connector.validate_basket_item(series[0]) is True
        assert connector.basket_item_to_pandas(first, validate=False).archive == connector.archive
        assert connector.basket_item_to_pandas(rows[mine[0] - 2]) is None
    assert [item.did for item in connectors[0].basket(rows)] == [
        DATASET, "ATLAS_OD_EDU:data_A.GamGam.root",
    ]  # fmt: skip


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, dlaas.basket; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    loaded = set(ran.stdout.split())
    assert "dlaas.basket" in loaded, ran.stderr
    assert not loaded & {"requests", "rucio", "pandas", "fsspec", "dlaas.basket.cart", "json"}


def test_an_item_is_named_by_its_content() -> None:
    item: BasketItem = read_item(ITEMS[0])
    assert item.id == read_item(json.dumps(ITEMS[0])).id != read_item(ITEMS[1]).id


def test_the_hosts_are_those_of_the_jupyter_server_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "jupyter"
    folder.mkdir(exist_ok=True)
    told = {"RucioConfig": {"esap_hosts": ["https://one.example/esap-gui/"]}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(told))
    monkeypatch.delenv("DLAAS_ESAP_HOSTS", raising=False)
    assert Basket().hosts == ("https://one.example/",)
    monkeypatch.setenv("DLAAS_ESAP_HOSTS", "https://two.example")
    assert Basket().hosts == ("https://two.example/",)
