"""Where configuration comes from, what wins, and what a mistake says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, StandIn

from dlaas import handover
from dlaas.config import Instance, load_instances
from dlaas.errors import ConfigurationError, InstanceNotFound, Unreachable
from dlaas.sources import find_instance, from_environment, jupyter_config

ONE = {"name": "one", "rucio_base_url": "https://one.example/rucio/"}
TWO = {"name": "two", "rucio_base_url": "https://two.example", "display_name": "Two"}


def test_the_keys_of_the_incumbent_are_read_unchanged() -> None:
    found = Instance.from_mapping(
        {
            **TWO,
            "rucio_auth_url": "https://auth.example",
            "rucio_webui_url": "https://w",
            "mode": "replica",
            "rucio_ca_cert": "/ca.pem",
            "app_id": "a",
            "site_name": "S",
            "vo": "def",
            "voms_enabled": True,
            "voms_vomses_path": "/v",
            "voms_certdir_path": "/c",
            "voms_vomsdir_path": "/d",
            "destination_rse": "R",
            "rse_mount_path": "/eos",
            "path_begins_at": 4,
            "replication_rule_lifetime_days": 7,
            "wildcard_enabled": False,
            "oidc_auth": "env",
            "oidc_env_name": "T",
            "oidc_file_name": "/f",
            "cache_expires_at": 0,
        }
    )
    assert found.default_lifetime == 7 * 86400
    assert (found.title, found.path_begins_at) == ("Two", 4)


def test_a_base_url_keeps_its_path() -> None:
    assert Instance.from_mapping(ONE).rucio_base_url == "https://one.example/rucio"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({**ONE, "destination_rs": "X"}, "'destination_rse'"),
        ({**ONE, "rucio_url": "X"}, "rucio_base_url"),
        ({"rucio_base_url": "https://x"}, "no name"),
        ({"name": "x"}, "no rucio_base_url"),
        ({**ONE, "rucio_base_url": "one.example"}, "not an http"),
        ({**ONE, "rucio_base_url": "http://[bad"}, "not an http"),
        ({**ONE, "rucio_base_url": "https://one.example:port"}, "not an http"),
        ({**ONE, "rucio_auth_url": "https://one.example:99999"}, "not an http"),
        ({**ONE, "path_begins_at": "four"}, "not a whole number"),
        ({**ONE, "path_begins_at": -1}, "path_begins_at"),
        ({**ONE, "replication_rule_lifetime_days": -14}, "replication_rule_lifetime_days"),
        ({**ONE, "replication_rule_lifetime_days": "nan"}, "replication_rule_lifetime_days"),
        ({**ONE, "request_timeout": 0}, "request_timeout"),
        ({**ONE, "wildcard_enabled": "perhaps"}, "wildcard_enabled"),
        ({**ONE, "auth_type": "passport"}, "userpass"),
        ({**ONE, "site_name": ["X"]}, "not a text"),
    ],
)
def test_a_mistake_is_named(entry: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Instance.from_mapping(entry)
    assert says in str(caught.value)


def test_one_bad_instance_hides_no_other() -> None:
    found = load_instances({"instances": [{"name": "bad"}, ONE, 7, TWO], "default_instance": "two"})
    assert [instance.name for instance in found] == ["one", "two"]
    assert set(found.problems) == {"bad", "2"}
    assert found.default is not None
    assert found.default.name == "two"
    with pytest.raises(ConfigurationError, match="rucio_base_url"):
        found.get("bad")
    with pytest.raises(InstanceNotFound, match="one, two"):
        found.get("three")


def test_a_remote_part_is_merged_and_local_keys_win() -> None:
    entry = {"name": "one", "site_name": "HERE", "$url": "https://conf.example/one.json"}
    remote = {**ONE, "site_name": "THERE", "destination_rse": "R"}
    found = load_instances({"instances": [entry]}, fetch=lambda url: remote).get("one")
    assert (found.site_name, found.destination_rse) == ("HERE", "R")


def test_an_unreachable_remote_part_is_a_problem_of_its_instance_alone() -> None:
    def down(url: str) -> dict[str, Any]:
        raise Unreachable(f"Nothing answers at {url}.")

    found = load_instances({"instances": [{"name": "x", "$url": "https://c"}, ONE]}, fetch=down)
    assert found.problems["x"].error == "Unreachable"
    assert found.get().name == "one"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(200, b"[]"),
        Answer(200, b"{}", promised=100),
        Answer(200, b'"' + b"x" * 1_100_000 + b'"'),
        Answer(200, b"junk", {"Content-Encoding": "gzip"}),
    ],
    ids=["missing", "no object", "cut", "endless", "garbled"],
)
def test_a_remote_part_that_is_broken_is_a_problem_of_its_instance_alone(
    standin: Callable[..., StandIn], answer: Answer
) -> None:
    service = standin(lambda _: answer)
    for url in (f"{service.url}/x.json", "http://[bad"):
        found = load_instances({"instances": [{"name": "x", "$url": url}, ONE]})
        assert found.problems["x"].blame in ("you", "network")
        assert found.get().name == "one"


def test_no_secret_is_shown_or_handed_out() -> None:
    instance = Instance.from_mapping(
        {**ONE, "password": "hunter2", "token": "t0ken", "password_file": "/secret/file"}
    )
    assert "hunter2" not in repr(instance)
    assert "t0ken" not in repr(instance)
    assert not {"hunter2", "t0ken", "/secret/file"} & set(map(str, instance.public().values()))


def test_the_variables_of_hub_images_describe_an_instance() -> None:
    found = from_environment(
        {
            "RUCIO_BASE_URL": "https://r.example",
            "RUCIO_NAME": "vre",
            "RUCIO_DESTINATION_RSE": "R",
            "RUCIO_RSE_MOUNT_PATH": "/eos/x",
            "RUCIO_PATH_BEGINS_AT": "5",
            "RUCIO_WILDCARD_ENABLED": "1",
            "RUCIO_OIDC_AUTH": "file",
            "RUCIO_OIDC_FILE_NAME": "/tmp/t",
            "RUCIO_DEFAULT_AUTH_TYPE": "oidc",
        }
    ).get()
    assert (found.name, found.destination_rse, found.path_begins_at) == ("vre", "R", 5)
    assert (found.auth_type, found.oidc_file_name, found.wildcard_enabled) == (
        "oidc",
        "/tmp/t",
        True,
    )


def test_swan_says_it_with_its_own_variables() -> None:
    found = from_environment(
        {
            "RUCIO_BASE_URL": "https://r.example",
            "SWAN_USE_RUCIO": "true",
            "SWAN_RUCIO_INSTANCE": "atlas",
            "SWAN_RUCIO_RSE": "CERN",
            "SWAN_RUCIO_RSE_PATH": "/eos",
            "SWAN_RUCIO_RSE_PATH_BEGINS_AT": "4",
        }
    ).get()
    assert (found.name, found.destination_rse, found.rse_mount_path) == ("atlas", "CERN", "/eos")


CFG = """[client]
rucio_host = https://cfg.example:443
auth_host = https://auth.example
auth_type = userpass
username = alice
password = 100%safe
account = alice
ca_cert = $HERE/ca.pem
"""


def test_rucio_cfg_is_the_base_and_variables_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rucio.cfg").write_text(CFG)
    monkeypatch.setenv("HERE", "/here")
    found = from_environment(
        {"RUCIO_CONFIG": str(tmp_path / "rucio.cfg"), "RUCIO_ACCOUNT": "bob"}
    ).get()
    assert (found.rucio_base_url, found.account, found.username) == (
        "https://cfg.example:443",
        "bob",
        "alice",
    )
    assert (found.password, found.rucio_ca_cert) == ("100%safe", "/here/ca.pem")


def test_a_broken_rucio_cfg_is_named_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "rucio.cfg"
    path.write_text("password = hunter2\n")
    with pytest.raises(ConfigurationError) as caught:
        from_environment({"RUCIO_CONFIG": str(path)})
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def _rucio_config(content: dict[str, Any]) -> None:
    folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    folder.mkdir()
    (folder / "jupyter_server_config.json").write_text(json.dumps({"RucioConfig": content}))


def test_what_a_jupyter_server_would_read_is_found() -> None:
    _rucio_config({"instances": [ONE, TWO], "default_instance": "two"})
    assert jupyter_config()["default_instance"] == "two"
    assert find_instance().name == "two"
    assert find_instance("one").name == "one"


def test_the_environment_wins_over_rucio_config(monkeypatch: pytest.MonkeyPatch) -> None:
    _rucio_config({"instances": [ONE, TWO]})
    monkeypatch.setenv("RUCIO_BASE_URL", "https://env.example")
    monkeypatch.setenv("RUCIO_NAME", "one")
    assert find_instance().rucio_base_url == "https://env.example"
    assert find_instance("one").rucio_base_url == "https://env.example"
    assert find_instance("two").name == "two"


def test_the_hand_over_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUCIO_BASE_URL", "https://env.example")
    monkeypatch.setenv("RUCIO_NAME", "two")
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    handover.write(handover.directory(4711), Instance.from_mapping(TWO), "alice", "t", None, True)
    assert find_instance().rucio_base_url == "https://two.example"
    assert find_instance().account == "alice"


def test_nothing_configured_says_what_to_do() -> None:
    with pytest.raises(InstanceNotFound, match="No Rucio instance") as caught:
        find_instance()
    assert "RUCIO_CONFIG" in caught.value.remedy
