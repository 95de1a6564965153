"""Where configuration comes from, what wins, and what a mistake says."""

from __future__ import annotations

import json
import os
import pickle
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, StandIn

import dlaas
from dlaas import handover
from dlaas.config import Instance, load_instances
from dlaas.config.sources import find_instance, from_environment, jupyter_config
from dlaas.credentials import Bearer
from dlaas.errors import ConfigurationError, InstanceNotFound, LoginRequired

ONE = {"name": "one", "rucio_base_url": "https://one.example/rucio/"}
TWO = {"name": "two", "rucio_base_url": "https://two.example", "display_name": "Two"}


# Key by key what a file of rucio-jupyterlab may hold, and what it means here.
INCUMBENT: dict[str, tuple[Any, Any]] = {
    "name": ("escape", "escape"),
    "display_name": ("ESCAPE", "ESCAPE"),
    "rucio_base_url": ("https://r.example/", "https://r.example"),
    "rucio_auth_url": ("https://a.example", "https://a.example"),
    "rucio_webui_url": ("https://w.example", "https://w.example"),
    "rucio_ca_cert": ("/ca.pem", "/ca.pem"),
    "app_id": ("app", "app"),
    "site_name": ("CERN", "CERN"),
    "vo": ("def", "def"),
    "voms_enabled": (True, True),
    "voms_vomses_path": ("/vomses", "/vomses"),
    "voms_certdir_path": ("/certificates", "/certificates"),
    "voms_vomsdir_path": ("/vomsdir", "/vomsdir"),
    "mode": ("replica", "replica"),
    "destination_rse": ("CERN-EOSPILOT", "CERN-EOSPILOT"),
    "rse_mount_path": ("/eos/eulake", "/eos/eulake"),
    "path_begins_at": (5, 5),
    "replication_rule_lifetime_days": (7, 7.0),
    "wildcard_enabled": (True, True),
    "oidc_auth": ("file", "file"),
    "oidc_env_name": ("TOKEN", "TOKEN"),
    "oidc_file_name": ("/tmp/token", "/tmp/token"),
    "cache_expires_at": (0, 0.0),
}


def test_the_keys_of_the_incumbent_are_read_unchanged() -> None:
    found = Instance.from_mapping({key: value for key, (value, _) in INCUMBENT.items()})
    assert {key: getattr(found, key) for key in INCUMBENT} == {
        key: meant for key, (_, meant) in INCUMBENT.items()
    }
    assert (found.title, found.default_lifetime) == ("ESCAPE", 7 * 86400)


@pytest.mark.parametrize("mode", ["replica", "download"])
@pytest.mark.parametrize("auth_type", ["userpass", "x509", "x509_proxy", "oidc"])
def test_the_settings_for_all_of_the_incumbent_are_read_unchanged(
    mode: str, auth_type: str
) -> None:
    found = load_instances(
        {
            "instances": [ONE, {**TWO, "mode": mode}],
            "default_instance": "two",
            "default_auth_type": auth_type,
            "log_level": "debug",
        }
    )
    assert (found.get().name, found.get().mode, found.get().auth_type) == ("two", mode, auth_type)
    assert not found.problems
    assert not found.warnings


def test_no_lifetime_and_zero_days_mean_without_end() -> None:
    for days in (None, 0, "0"):
        entry = {**ONE, "replication_rule_lifetime_days": days}
        assert Instance.from_mapping(entry).default_lifetime is None


def test_lists_are_given_as_lists_or_with_commas() -> None:
    entry = {**ONE, "preferred_rses": "A, B,", "blocked_sites": ["X"], "embargoed_scopes": []}
    found = Instance.from_mapping(entry)
    assert (found.preferred_rses, found.blocked_sites) == (("A", "B"), ("X",))
    assert Instance.from_mapping(json.loads(json.dumps(found.public()))) == found


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
        ({**ONE, "auth_type": "x509-proxy"}, "Do you mean 'x509_proxy'?"),
        ({**ONE, "path_begins_at": float("inf")}, "not a whole number"),
        ({**ONE, 7: "seven"}, "'7' is not a setting"),
        ({**ONE, "site_name": ["X"]}, "not a text"),
        ({**ONE, "blocked_rses": [1]}, "blocked_rses"),
        ({**ONE, "preferred_rse": ["X"]}, "'preferred_rses'"),
        ({**ONE, "path_begins_at": 1.5}, "not a whole number"),
        ({**ONE, "path_begins_at": True}, "not a whole number"),
        ({**ONE, "oidc_auth": "File"}, "Do you mean 'file'?"),
        ({**ONE, "handover": "/tmp/somebodys"}, "'handover' is not a setting"),
        ({**ONE, "rucio_auth_url": "https://alice:hunter2@one.example"}, "username and password"),
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


def test_a_default_that_is_wrong_is_not_replaced_by_another_lake_unseen() -> None:
    found = load_instances({"instances": [ONE, {"name": "bad"}], "default_instance": "bad"})
    with pytest.raises(ConfigurationError, match="rucio_base_url"):
        found.get()
    assert found.get("one").name == "one"


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"instances": [ONE], "default_instnce": "one"}, "'default_instance'"),
        ({"instances": [ONE], "default_instance": "onw"}, "'one'"),
    ],
)
def test_a_mistake_for_all_is_a_warning_with_its_likely_meaning(
    section: dict[str, Any], says: str
) -> None:
    found = load_instances(section)
    assert found.get().name == "one"
    assert says in found.warnings[0]


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
    for url in (f"{service.url}/{uuid.uuid4()}.json", "http://[bad", "one.json", 7):
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


@pytest.mark.parametrize(
    "entry",
    [
        {"password": ["hunter2"]},
        {"token": {"hunter2": 1}},
        {"rucio_base_url": "https://alice:hunter2@one.example"},
        {"rucio_base_url": "htps://alice:hunter2@one.example"},
        {"rucio_base_url": "https://alice:hunter2@one.example:port"},
        {"$url": "htps://one.example/?key=hunter2"},
    ],
)
def test_what_is_said_of_a_mistake_quotes_no_secret(entry: dict[str, Any]) -> None:
    found = load_instances({"instances": [{**ONE, **entry}]})
    assert found.problems["one"].message.startswith(next(iter(entry)))
    assert "hunter2" not in repr(found)


def test_no_secret_is_pickled() -> None:
    instance = Instance.from_mapping(
        {**ONE, "password": "hunter2", "token": "t0ken", "blocked_rses": "A,B"}
    )
    pickled = pickle.dumps(instance)
    assert not [secret for secret in (b"hunter2", b"t0ken") if secret in pickled]
    assert pickle.loads(pickled) == replace(instance, password=None, token=None)
    with pytest.raises(TypeError, match="is not pickled"):
        pickle.dumps(Bearer("t0ken"))


def test_a_path_may_begin_at_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "word").write_text("hunter2\n")
    found = Instance.from_mapping({**ONE, "password_file": "~/word", "client_cert": "~/a.pem"})
    assert found.read_password() == "hunter2"
    assert found.client_cert == str(tmp_path / "a.pem")


def test_a_url_is_read_as_it_was_copied() -> None:
    found = Instance.from_mapping({**ONE, "rucio_base_url": " https://one.example/\n"})
    assert found.rucio_base_url == "https://one.example"


# Variable by variable what the images of hubs are given, and what it means here.
VARIABLES: dict[str, tuple[str, str, Any]] = {
    "RUCIO_MODE": ("download", "mode", "download"),
    "RUCIO_BASE_URL": ("https://r.example", "rucio_base_url", "https://r.example"),
    "RUCIO_AUTH_URL": ("https://a.example", "rucio_auth_url", "https://a.example"),
    "RUCIO_WEBUI_URL": ("https://w.example", "rucio_webui_url", "https://w.example"),
    "RUCIO_NAME": ("vre", "name", "vre"),
    "RUCIO_DISPLAY_NAME": ("VRE", "display_name", "VRE"),
    "RUCIO_SITE_NAME": ("CERN", "site_name", "CERN"),
    "RUCIO_VO": ("escape", "vo", "escape"),
    "RUCIO_OIDC_AUTH": ("file", "oidc_auth", "file"),
    "RUCIO_OIDC_ENV_NAME": ("TOKEN", "oidc_env_name", "TOKEN"),
    "RUCIO_OIDC_FILE_NAME": ("/tmp/t", "oidc_file_name", "/tmp/t"),
    "RUCIO_DEFAULT_AUTH_TYPE": ("oidc", "auth_type", "oidc"),
    "RUCIO_DEFAULT_INSTANCE": ("vre", "name", "vre"),
    "RUCIO_DESTINATION_RSE": ("R", "destination_rse", "R"),
    "RUCIO_RSE_MOUNT_PATH": ("/eos/x", "rse_mount_path", "/eos/x"),
    "RUCIO_PATH_BEGINS_AT": ("5", "path_begins_at", 5),
    "RUCIO_CA_CERT": ("/ca.pem", "rucio_ca_cert", "/ca.pem"),
    "RUCIO_REPLICATION_RULE_LIFETIME_DAYS": ("7", "replication_rule_lifetime_days", 7.0),
    "RUCIO_WILDCARD_ENABLED": ("1", "wildcard_enabled", True),
    "RUCIO_VOMS_ENABLED": ("1", "voms_enabled", True),
    "RUCIO_VOMS_VOMSES_PATH": ("/vomses", "voms_vomses_path", "/vomses"),
    "RUCIO_VOMS_CERTDIR_PATH": ("/certificates", "voms_certdir_path", "/certificates"),
    "RUCIO_VOMS_VOMSDIR_PATH": ("/vomsdir", "voms_vomsdir_path", "/vomsdir"),
    "RUCIO_LOG_LEVEL": ("warning", "name", "vre"),
    "RUCIO_OAUTH_ID": ("rucio", "name", "vre"),
}


def test_the_variables_of_hub_images_describe_an_instance() -> None:
    found = from_environment({name: value for name, (value, _, _) in VARIABLES.items()})
    instance = found.get()
    for name, (_, key, meant) in VARIABLES.items():
        assert getattr(instance, key) == meant, name
    assert not found.warnings


def test_a_misspelt_variable_is_a_warning_with_its_likely_meaning() -> None:
    told = {
        "RUCIO_BASE_URL": "https://r.example",
        "RUCIO_DESTINTION_RSE": "R",
        "RUCIO_ACCESS_TOKEN": "t",
        "RUCIO_MY_OWN_THING": "x",
    }
    [warning] = from_environment(told).warnings
    assert "RUCIO_DESTINTION_RSE" in warning
    assert "RUCIO_DESTINATION_RSE" in warning


def test_a_warning_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dlaas.config.sources._told", set())
    monkeypatch.setenv("RUCIO_BASE_URL", "https://r.example")
    monkeypatch.setenv("RUCIO_DESTINTION_RSE", "R")
    find_instance()
    find_instance()
    assert caplog.text.count("RUCIO_DESTINTION_RSE") == 1


def test_the_environment_chooses_the_default_of_all_that_is_configured(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _rucio_config({"instances": [ONE, TWO], "default_instance": "one"})
    monkeypatch.setenv("RUCIO_BASE_URL", "https://env.example")
    monkeypatch.setenv("RUCIO_DEFAULT_INSTANCE", "two")
    assert find_instance().name == "two"
    monkeypatch.setattr("dlaas.config.sources._told", set())
    monkeypatch.setenv("RUCIO_DEFAULT_INSTANCE", "twoo")
    assert find_instance().rucio_base_url == "https://env.example"
    assert "Do you mean 'two'?" in caplog.text


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


def test_what_was_chosen_in_swans_form_bends_what_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    atlas = {**TWO, "name": "ATLAS", "destination_rse": "OTHER", "site_name": "CERN"}
    _rucio_config({"instances": [ONE, atlas], "default_instance": "one"})
    monkeypatch.setenv("SWAN_RUCIO_INSTANCE", "atlas")
    monkeypatch.setenv("SWAN_RUCIO_RSE", "CERN-PROD")
    monkeypatch.setenv("SWAN_RUCIO_RSE_PATH", "/eos/atlas")
    monkeypatch.setenv("SWAN_RUCIO_RSE_PATH_BEGINS_AT", "4")
    assert find_instance().name == "one"
    monkeypatch.setenv("SWAN_USE_RUCIO", "true")
    found = find_instance()
    assert (found.name, found.destination_rse, found.rse_mount_path, found.path_begins_at) == (
        "ATLAS",
        "CERN-PROD",
        "/eos/atlas",
        4,
    )
    assert found.site_name == "CERN"


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


def test_percent_signs_are_read_as_rucio_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "rucio.cfg"
    path.write_text(
        "[client]\nhost = cfg.example\nrucio_host = https://%(host)s\nusername = a%%b\n"
        "password = 50% of 100%\n"
    )
    found = from_environment({"RUCIO_CONFIG": str(path)}).get()
    assert found.rucio_base_url == "https://cfg.example"
    assert (found.username, found.password) == ("a%b", "50% of 100%")


def test_a_broken_rucio_cfg_is_named_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "rucio.cfg"
    path.write_text("password = hunter2\n")
    with pytest.raises(ConfigurationError) as caught:
        from_environment({"RUCIO_CONFIG": str(path)}).get()
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_broken_rucio_cfg_hides_no_configured_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rucio_config({"instances": [ONE]})
    monkeypatch.setenv("RUCIO_CONFIG", str(tmp_path / "not there.cfg"))
    assert find_instance("one").name == "one"
    with pytest.raises(ConfigurationError, match="not there"):
        find_instance()


def test_a_hub_that_keeps_a_token_in_a_file_says_so_in_rucio_cfg(tmp_path: Path) -> None:
    path = tmp_path / "rucio.cfg"
    path.write_text(
        "[client]\nrucio_host = https://vre.example\nauth_type = oidc\n"
        "auth_token_file_path = /tmp/rucio_oauth.token\noidc_audience = rucio\n"
    )
    found = from_environment({"RUCIO_CONFIG": str(path)}).get()
    assert (found.oidc_auth, found.oidc_file_name) == ("file", "/tmp/rucio_oauth.token")


def _rucio_config(content: dict[str, Any]) -> None:
    folder = Path(os.environ["JUPYTER_CONFIG_DIR"])
    folder.mkdir()
    (folder / "jupyter_server_config.json").write_text(json.dumps({"RucioConfig": content}))


def test_what_a_jupyter_server_would_read_is_found() -> None:
    _rucio_config({"instances": [ONE, TWO], "default_instance": "two"})
    assert jupyter_config()["default_instance"] == "two"
    assert find_instance().name == "two"
    assert find_instance("one").name == "one"


def test_a_file_of_jupyter_that_is_no_json_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dlaas.config.sources._told", set())
    _rucio_config({"instances": [ONE]})
    [path] = Path(os.environ["JUPYTER_CONFIG_DIR"]).iterdir()
    path.write_text(path.read_text().replace("{", "{,", 1))
    with pytest.raises(InstanceNotFound):
        find_instance()
    assert f"{path} is not read: in line 1" in caplog.text


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


def test_a_server_hands_over_how_a_lake_is_reached_without_a_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    one = Instance.from_mapping({**ONE, "token": "secret", "password": "secret"})
    folder = handover.directory(4711)
    handover.offer(folder, one, True)
    assert find_instance().rucio_base_url == find_instance("one").rucio_base_url
    assert "secret" not in handover.path_of(folder, "one").read_text()
    with pytest.raises(LoginRequired, match="panel"):
        dlaas.Lake().credential()
    # Whoever can log in here without the panel goes on doing so.
    monkeypatch.setenv("RUCIO_NAME", "one")
    monkeypatch.setenv("RUCIO_BASE_URL", "https://env.example")
    assert find_instance().rucio_base_url == "https://env.example"
    handover.write(folder, one, "alice", "t", None, True)
    handover.offer(folder, one, True)
    assert handover.read(folder, "one").token == "t"
    assert find_instance().rucio_base_url != "https://env.example"


def test_another_lake_never_takes_the_place_of_the_default_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A notebook's record names no instance where it means the default one."""
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    folder = handover.directory(4711)
    handover.offer(folder, Instance.from_mapping(ONE), True)
    handover.write(folder, Instance.from_mapping(TWO), "alice", "t", None)
    assert find_instance().name == "one"
    assert find_instance("two").account == "alice"


def test_nothing_configured_says_what_to_do() -> None:
    with pytest.raises(InstanceNotFound, match="No Rucio instance") as caught:
        find_instance()
    assert "RUCIO_CONFIG" in caught.value.remedy
