"""The storage sites: who is let in, what is stored, and that nothing half-way ever shows."""

from __future__ import annotations

import socket
import ssl
import subprocess
import zlib
from pathlib import Path

import pytest
import requests
from judge import SCOPE, Storage, until

from jupyter_dlaas.lake import EmbeddedLake

HOME = "/user/alice"
FILE = f"/{SCOPE}/85/e9/data_A.GamGam.root"
EVERYTHING = "storage.read:/ storage.modify:/ storage.create:/"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_anonymous_requests_are_refused(north: Storage) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PROPFIND"):
        answer = north(method, FILE)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_certificate_reads_everything(north: Storage) -> None:
    answer = north("GET", FILE, "bob")
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"])


def test_a_proxy_is_its_certificate(lake: EmbeddedLake, north: Storage) -> None:
    proxy = str(lake.proxy("alice"))
    assert north("HEAD", FILE, cert=proxy).status_code == 200
    assert north("PUT", f"{HOME}/by-proxy", cert=proxy, data=b"x").status_code == 201
    assert north("PUT", "/user/bob/by-proxy", cert=proxy, data=b"x").status_code == 403


def test_a_certificate_of_another_authority_is_refused(north: Storage, tmp_path: Path) -> None:
    files = [str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")]
    subject = "/O=Embedded Lake/OU=People/CN=Alice"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject]
    subprocess.run(
        [*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True
    )
    with pytest.raises(requests.exceptions.ConnectionError):
        north("GET", FILE, cert=tuple(files))


def test_a_token_reads_what_its_scope_says(lake: EmbeddedLake, north: Storage) -> None:
    assert north("GET", FILE, headers=_bearer(lake.token())).status_code == 200
    narrow = _bearer(lake.token(scope=f"storage.read:/{SCOPE}/85"))
    assert north("GET", FILE, headers=narrow).status_code == 200
    assert north("HEAD", "/", headers=narrow).status_code == 403
    elsewhere = _bearer(lake.token(scope=f"storage.read:/{SCOPE}/8"))
    assert north("GET", FILE, headers=elsewhere).status_code == 403


def test_a_reading_token_writes_nothing(lake: EmbeddedLake, north: Storage) -> None:
    reading = _bearer(lake.token(scope="storage.read:/"))
    for method in ("PUT", "DELETE", "MKCOL"):
        assert north(method, f"{HOME}/nothing", headers=reading, data=b"x").status_code == 403
    assert north("HEAD", f"{HOME}/nothing", "alice").status_code == 404


def test_a_creating_token_makes_new_files_and_overwrites_none(
    lake: EmbeddedLake, north: Storage
) -> None:
    creating = _bearer(lake.token(scope=f"storage.create:{HOME}"))
    assert north("PUT", f"{HOME}/made-once", headers=creating, data=b"1").status_code == 201
    assert north("PUT", f"{HOME}/made-once", headers=creating, data=b"2").status_code == 403
    assert north("DELETE", f"{HOME}/made-once", headers=creating).status_code == 403
    assert north("GET", f"{HOME}/made-once", "alice").content == b"1"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"lifetime": -60}, "expired"),
        ({"audience": "https://elsewhere.example"}, "udience"),
        ({"audience": "rucio"}, "udience"),
    ],
)
def test_a_token_that_is_not_good_is_refused(
    lake: EmbeddedLake, north: Storage, claims: dict[str, object], reason: str
) -> None:
    answer = north("GET", FILE, headers=_bearer(lake.token(**claims)))  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert reason in answer.text


def test_tampered_tokens_and_those_of_another_lake_are_refused(
    lake: EmbeddedLake, north: Storage
) -> None:
    head, body, signature = lake.token().split(".")
    flipped = signature[:-8] + ("A" * 8 if signature[-8:] != "A" * 8 else "B" * 8)
    for token in (f"{head}.{body}.{flipped}", f"{head}.{body}.", "no.token.atall", "nonsense"):
        assert north("GET", FILE, headers=_bearer(token)).status_code == 401


def test_everybody_writes_below_his_own_home_alone(north: Storage) -> None:
    assert north("PUT", f"{HOME}/a/b/c/new.txt", "alice", data=b"deep").status_code == 201
    assert north("GET", f"{HOME}/a/b/c/new.txt", "bob").content == b"deep"
    assert north("PUT", f"{HOME}/a/b/c/new.txt", "bob", data=b"bob's").status_code == 403
    assert north("DELETE", f"{HOME}/a/b/c/new.txt", "bob").status_code == 403
    assert north("PUT", f"{HOME}bert/x", "alice", data=b"x").status_code == 403
    assert north("DELETE", FILE, "alice").status_code == 403
    assert north("DELETE", f"{HOME}/a/b/c/new.txt", "alice").status_code == 204
    assert north("GET", f"{HOME}/a/b/c/new.txt", "alice").status_code == 404


@pytest.mark.parametrize(
    "path", ["/../../../pki/ca.key", f"{HOME}/../../../state.json", "/%2e%2e/x"]
)
def test_no_path_leads_out_of_the_storage(lake: EmbeddedLake, north: Storage, path: str) -> None:
    url = requests.Request("GET", north.url).prepare()
    url.url = north.url + path
    with requests.Session() as session:
        session.cert = str(lake.layout.client("root") / "identity.pem")
        for method in ("GET", "PUT", "DELETE"):
            url.method = method
            answer = session.send(url, verify=str(lake.layout.ca), timeout=30)
            assert answer.status_code in (400, 403, 404)
    assert (lake.layout.pki / "ca.key").exists()
    assert lake.layout.load() is not None


def test_the_checksum_is_given_when_it_is_wanted(north: Storage) -> None:
    content = b"some bytes to sum"
    north("PUT", f"{HOME}/summed", "alice", data=content)
    for method in ("HEAD", "GET"):
        answer = north(method, f"{HOME}/summed", "alice", headers={"Want-Digest": "adler32"})
        assert answer.headers["Digest"] == f"adler32={zlib.adler32(content):08x}"
        assert answer.headers["Content-Length"] == str(len(content))
    assert "Digest" not in north("HEAD", f"{HOME}/summed", "alice").headers


def test_the_checksum_follows_a_change(lake: EmbeddedLake, north: Storage) -> None:
    wanted = {"Want-Digest": "adler32"}
    north("PUT", f"{HOME}/changed", "alice", data=b"before")
    assert north("PUT", f"{HOME}/changed", "alice", data=b"after!").status_code == 204
    digest = north("HEAD", f"{HOME}/changed", "alice", headers=wanted).headers["Digest"]
    assert digest == f"adler32={zlib.adler32(b'after!'):08x}"
    (lake.layout.storage / "north" / "user" / "alice" / "changed").write_bytes(b"bitrot")
    digest = north("HEAD", f"{HOME}/changed", "alice", headers=wanted).headers["Digest"]
    assert digest == f"adler32={zlib.adler32(b'bitrot'):08x}"


@pytest.mark.parametrize(
    ("wanted", "expected"), [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789")]
)
def test_ranges_are_served(north: Storage, wanted: str, expected: bytes) -> None:
    north("PUT", f"{HOME}/digits", "alice", data=b"0123456789")
    answer = north("GET", f"{HOME}/digits", "alice", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, expected)


def test_a_move_makes_folders_and_respects_overwrite(north: Storage) -> None:
    for name, content in (("from", b"from"), ("there", b"there")):
        north("PUT", f"{HOME}/{name}", "alice", data=content)
    kept = {"Destination": f"{north.url}{HOME}/there", "Overwrite": "F"}
    assert north("MOVE", f"{HOME}/from", "alice", headers=kept).status_code == 412
    new = {"Destination": f"{north.url}{HOME}/new/folder/to"}
    assert north("MOVE", f"{HOME}/from", "alice", headers=new).status_code == 201
    assert north("GET", f"{HOME}/new/folder/to", "alice").content == b"from"
    assert north("HEAD", f"{HOME}/from", "alice").status_code == 404
    foreign = {"Destination": f"{north.url}/user/bob/stolen"}
    assert north("MOVE", f"{HOME}/there", "alice", headers=foreign).status_code == 403


def test_an_upload_that_breaks_off_leaves_nothing(lake: EmbeddedLake, north: Storage) -> None:
    context = ssl.create_default_context(cafile=str(lake.layout.ca))
    context.load_cert_chain(str(lake.layout.client("alice") / "identity.pem"))
    address = ("localhost", lake.state.ports["north"])
    north("PUT", f"{HOME}/kept-whole", "alice", data=b"whole")
    with (
        socket.create_connection(address, timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        head = [f"PUT /store{HOME}/kept-whole HTTP/1.1", "Host: localhost", "Content-Length: 1000"]
        connection.sendall("\r\n".join([*head, "", "only a part"]).encode())
    incoming = lake.layout.storage / ".north-incoming"
    until(lambda: not list(incoming.iterdir()), "what had come is gone")
    assert north("GET", f"{HOME}/kept-whole", "alice").content == b"whole"


def test_a_body_in_chunks_is_stored(north: Storage) -> None:
    blocks = [b"a" * 100_000, b"b" * 100_000]
    assert north("PUT", f"{HOME}/chunks", "alice", data=iter(blocks)).status_code == 201
    assert north("GET", f"{HOME}/chunks", "alice").content == b"".join(blocks)


def test_names_in_any_script_are_kept(north: Storage) -> None:
    name = f"{HOME}/Übergröße 東京 100% & more.txt"
    quoted = requests.utils.quote(name)
    assert north("PUT", quoted, "alice", data=b"x").status_code == 201
    assert north("GET", quoted, "alice").content == b"x"
    assert north("HEAD", quoted, "alice", headers={"Want-Digest": "adler32"}).headers["Digest"]


def test_a_silent_client_does_not_keep_others_waiting(lake: EmbeddedLake, north: Storage) -> None:
    address = ("localhost", lake.state.ports["north"])
    with socket.create_connection(address), socket.create_connection(address):
        assert north("HEAD", FILE, "alice").status_code == 200


def test_the_mini_fts_lets_nobody_but_the_robot_in(lake: EmbeddedLake) -> None:
    url = f"https://localhost:{lake.state.ports['fts']}/whoami"
    alice = str(lake.layout.client("alice") / "identity.pem")
    robot = str(lake.layout.pki / "robot.pem")
    ca = str(lake.layout.ca)
    assert requests.get(url, cert=alice, verify=ca, timeout=30).status_code == 403
    assert requests.get(url, cert=robot, verify=ca, timeout=30).json()["vos"] == ["lake"]
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url, verify=ca, timeout=30)


def test_the_mini_fts_refuses_what_is_no_job(lake: EmbeddedLake) -> None:
    url = f"https://localhost:{lake.state.ports['fts']}/jobs"
    how = {"cert": str(lake.layout.pki / "robot.pem"), "verify": str(lake.layout.ca), "timeout": 30}
    for body in (
        "not json",
        "{}",
        '{"files": [{"sources": [], "destinations": ["x"]}], "params": {}}',
    ):
        assert requests.post(url, data=body, **how).status_code == 400  # type: ignore[arg-type]
    lost = requests.get(f"{url}/unknown?files=file_state", **how)  # type: ignore[arg-type]
    assert (lost.status_code, lost.json()["http_status"]) == (404, "404 Not Found")
