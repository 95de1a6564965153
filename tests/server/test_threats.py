"""The threats that a login brings, each with the test that closes it; across the users of a hub it
is closed in tests/hub.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from certificates import PASSPHRASE, private, protected
from environments import environment_of_a_kernel
from http_answers import Answer, Api
from logins import by_popup
from nbclient import NotebookClient

from dlaas import handover
from dlaas.credentials.tokens import jwt_claims
from dlaas.transfer.wire.keys import KeyRing
from dlaas.transfer.wire.storage import Storage
from jupyter_dlaas.app import DlaasExtension
from jupyter_dlaas.lake import EmbeddedLake

WRONG = "canary-of-a-wrong-passphrase"
FILES = {"certificate": "~/.globus/usercert.pem", "key": "~/.globus/userkey.pem"}


@pytest.fixture
def instances(lake: EmbeddedLake) -> list[dict[str, Any]]:
    plain = {**lake.instance("alice", login=False), "username": None}
    plain |= {"client_cert": None, "client_key": None}
    return [{**plain, "name": "x509"}, {**plain, "name": "oidc"}]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"RucioConfig": {"log_level": "DEBUG"}}


@pytest.fixture
def globus(jp_environ: Any, lake: EmbeddedLake) -> Path:
    """Alice's certificate and protected key, where people have them."""
    protected(Path.home() / ".globus", lake)
    return Path.home()


async def by_certificate(api: Api, **more: Any) -> Answer:
    return await api("POST", "x509/login", {"method": "x509", **FILES, **more})


def secrets_of(app: DlaasExtension) -> list[str]:
    """What is in force: tokens, and the lines of the proxy's key."""
    found = []
    for name in ("x509", "oidc"):
        handed = handover.read(app.sessions.handover, name)
        found.append(str(handed.token))
        if handed.proxy is not None:
            key = handed.proxy.pem.partition("PRIVATE KEY-----")[2]
            found.append(key.splitlines()[2])
    return found


async def test_no_secret_reaches_the_browser_the_log_or_a_kernel(
    globus: Path, api: Api, jp_fetch: Any, jp_serverapp: Any, app: DlaasExtension,
    lake: EmbeddedLake, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    logging.getLogger("dlaas").setLevel(logging.DEBUG)
    before = dict(os.environ)
    assert (await by_certificate(api, passphrase=WRONG)).status == 401
    assert (await by_certificate(api, passphrase=PASSPHRASE)).status == 200
    url = await by_popup(api, jp_fetch, lake, "oidc")
    secrets = [PASSPHRASE, WRONG, lake.layout.password("alice"), *secrets_of(app)]
    assert len(secrets) == 6
    heard = ""
    login = {"method": "x509", **FILES}
    requests: list[tuple[str, str, Any]] = [
        ("GET", "dlaas/instances", None),
        ("GET", "dlaas/x509/login", None),
        ("GET", "dlaas/oidc/login", None),
        ("GET", "dlaas/x509/certificates", None),
        # Wrong in every way, and all of them with the passphrase.
        ("POST", "dlaas/x509/login", {**login, "certificate": PASSPHRASE}),
        ("POST", "dlaas/x509/login", {**login, "passphrase": [PASSPHRASE]}),
        ("POST", "dlaas/x509/login", {**login, PASSPHRASE: PASSPHRASE}),
        ("POST", "dlaas/x509/login", [PASSPHRASE]),
        ("POST", "dlaas/x509/login", {**login, "method": PASSPHRASE}),
        ("GET", "dlaas/x509/scopes", None),
        ("GET", "dlaas/oidc/scopes", None),
        ("GET", "dlaas/jobs", None),
    ]
    for method, path, body in requests:
        answer = await jp_fetch(
            *path.split("/"), method=method, raise_error=False, allow_nonstandard_methods=True,
            body=None if body is None else json.dumps(body),
        )  # fmt: skip
        heard += answer.body.decode() + str(list(answer.headers.get_all()))
    heard += await environment_of_a_kernel(jp_fetch, jp_serverapp)
    heard += caplog.text + "".join(capfd.readouterr())
    assert "CN=Alice" in heard
    assert "JPY_PARENT_PID" in heard
    assert "/auth/x509_proxy" in heard or "dlaas:wire" in heard
    for secret in secrets:
        assert secret not in heard
    # The address that fetches the token is as good as the token.
    assert url not in heard
    assert url.rpartition("?")[2] not in heard
    assert dict(os.environ) == before


CELLS = (
    "import dlaas, fsspec\nlake = dlaas.Lake('x509')\nlake",
    "other = dlaas.Lake('oidc')\nother.credential, lake.credential, lake.credential()",
    "lake.instance, other.instance, vars(other.instance), lake.credential.proxy",
    "data = lake.did('ATLAS_OD_EDU:GamGam') if hasattr(lake, 'did') else None\ndata",
    "print(lake.whoami(), other.whoami())\nlake.client.headers, vars(lake)",
    "from dlaas import handover\nlist(handover.read_all(handover.find()))",
    "list(lake.search('ATLAS_OD_EDU:*', type='dataset'))",
)


async def test_no_secret_gets_into_a_notebook(
    globus: Path, api: Api, jp_fetch: Any, app: DlaasExtension, lake: EmbeddedLake,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await by_certificate(api, passphrase=PASSPHRASE)
    await by_popup(api, jp_fetch, lake, "oidc")
    monkeypatch.setenv("DLAAS_HANDOVER", str(app.sessions.handover))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    await client.async_execute()
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    written = path.read_text()
    assert "account='alice'" in written
    assert "CN=Alice" in written
    for secret in (PASSPHRASE, *secrets_of(app)):
        assert secret not in written


async def test_a_path_leads_to_nobody_else_s_files(
    globus: Path, api: Api, lake: EmbeddedLake, tmp_path: Path
) -> None:
    outside = private(tmp_path / "outside.pem", (globus / ".globus/userkey.pem").read_bytes())
    (globus / "link.pem").symlink_to(outside)
    os.mkfifo(globus / "pipe.pem")
    up = "~/" + "../" * len(globus.parts) + str(outside).lstrip("/")
    said = set()
    for path in (
        "/etc/hostname", "../../../etc/passwd", up, str(outside), "~/link.pem", "~/pipe.pem",
        "~/.globus", "~/nothing.pem", "/proc/self/environ", "~root/.bashrc",
    ):  # fmt: skip
        for change in ({"certificate": path}, {"key": path}):
            answer = await by_certificate(api, passphrase=PASSPHRASE, **change)
            assert answer.status == 400, (path, answer.value)
            said.add((answer.value["message"], answer.value["remedy"]))
    # Always the same: whether there is something is not learnt.
    assert len(said) == 1
    assert (await api("GET", "x509/login")).value["state"] == "logged_out"


class Listener:
    """A TLS server that asks for a certificate, and keeps the subjects and headers that it saw."""

    def __init__(self, lake: EmbeddedLake, location: str = "") -> None:
        pki = Path(lake.layout.pki)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.pem", pki / "server.key")
        context.load_verify_locations(lake.layout.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._socket = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self._socket.getsockname()[1]
        self.seen: list[tuple[bool, str]] = []
        self._location = location
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            with connection:
                text = connection.recv(65536).decode()
                self.seen.append((connection.getpeercert() not in (None, {}), text))
                moved = f"Location: {self._location}\r\n" if self._location else ""
                status = "307 Elsewhere" if self._location else "404 Not Found"
                connection.sendall(
                    f"HTTP/1.1 {status}\r\n{moved}Content-Length: 0\r\n\r\n".encode()
                )

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener(lake: EmbeddedLake) -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def make(location: str = "") -> Listener:
        made.append(Listener(lake, location))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("kind", ["x509", "oidc"])
async def test_a_rogue_host_is_shown_nothing(
    kind: str, globus: Path, api: Api, jp_fetch: Any, app: DlaasExtension, lake: EmbeddedLake,
    listener: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if kind == "x509":
        await by_certificate(api, passphrase=PASSPHRASE)
    else:
        await by_popup(api, jp_fetch, lake, "oidc")
    own = await (await app.sessions.get(kind)).lake()
    rogue = listener()
    friend = listener(f"https://localhost:{rogue.port}/stolen")
    protocols = [{"scheme": "https", "hostname": "localhost", "port": friend.port}]
    monkeypatch.setattr(type(own), "rse_info", lambda *_: {"protocols": protocols})
    keys = await asyncio.to_thread(KeyRing(own).for_rse, "NORTH-DISK")

    def ask(url: str) -> None:
        storage = Storage("NORTH-DISK", keys)
        try:
            storage.stat(url)
        finally:
            storage.close()

    # By a redirect, by its own name, and where another host only looks like the storage.
    await asyncio.to_thread(ask, f"https://localhost:{friend.port}/a")
    for url in (
        f"https://localhost:{rogue.port}/a",
        f"https://localhost:{friend.port}@localhost:{rogue.port}/a",
    ):
        await asyncio.to_thread(ask, url)
    shown = [(certificate, "Bearer" in text) for certificate, text in friend.seen]
    assert shown == [(kind == "x509", kind == "oidc")]
    assert [(c, "Bearer" in text) for c, text in rogue.seen] == [(False, False)] * 3
    # And never without encryption.
    for url in (f"http://localhost:{friend.port}/a", f"http://localhost:{rogue.port}/a"):
        assert keys.headers(url) == {}
        assert keys.context(url) is keys.without


async def test_the_browser_names_an_instance_and_no_address(
    api: Api, app: DlaasExtension, listener: Callable[..., Listener]
) -> None:
    rogue = listener()
    for address in (f"https://localhost:{rogue.port}", f"localhost:{rogue.port}", "//evil"):
        name = address.replace("/", "%2F").replace(":", "%3A")
        for method, path in (("GET", "login"), ("POST", "login"), ("GET", "certificates")):
            assert (await api(method, f"{name}/{path}")).status == 404
    issuer = f"https://localhost:{rogue.port}/"
    answer = await api("POST", "oidc/login", {"method": "oidc", "issuer": issuer})
    assert (answer.status, answer.value["blame"]) == (400, "you")
    for change in ({"certificate": issuer}, {"key": issuer}):
        assert (await by_certificate(api, **change)).status == 400
    assert rogue.seen == []


Fetch = Callable[..., Awaitable[Any]]


@pytest.fixture
def from_a_page(jp_serverapp: Any, jp_base_url: str, http_server_client: Any) -> Fetch:
    """Send what a page in the user's browser can send: with the cookies, from an origin."""

    async def fetch(method: str, path: str, origin: str, with_xsrf: bool) -> Any:
        token = jp_serverapp.identity_provider.token
        entered = await http_server_client.fetch(f"{jp_base_url}api/status?token={token}")
        seen = await http_server_client.fetch(f"{jp_base_url}login", raise_error=False)
        cookies = {
            name: value
            for answer in (entered, seen)
            for line in answer.headers.get_list("Set-Cookie")
            for name, _, value in [line.split(";")[0].partition("=")]
        }
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "Origin": origin}
        if with_xsrf:
            headers["X-XSRFToken"] = cookies["_xsrf"]
        return await http_server_client.fetch(
            f"{jp_base_url}{path}", method=method, headers=headers, raise_error=False,
            allow_nonstandard_methods=True, body="{}" if method == "POST" else None,
            follow_redirects=False,
        )  # fmt: skip

    return fetch


async def test_a_strange_page_begins_and_ends_no_login(
    from_a_page: Fetch, api: Api, app: DlaasExtension
) -> None:
    for method in ("POST", "DELETE"):
        for with_xsrf in (True, False):
            answer = await from_a_page(
                method, "dlaas/oidc/login", "https://evil.example", with_xsrf
            )
            assert answer.code in (403, 404)
    assert (await api("GET", "oidc/login")).value["pending"] is None


async def test_a_popup_s_address_is_for_one_person_and_one_use(
    api: Api, jp_fetch: Any, http_server_client: Any, jp_base_url: str, app: DlaasExtension
) -> None:
    begun = await api("POST", "oidc/login", {"method": "oidc"})
    path = begun.value["pending"]["url"]
    assert not path.startswith(("http", "/"))

    async def code(address: str, **options: Any) -> int:
        answer = await jp_fetch(
            *address.split("/"), follow_redirects=False, raise_error=False, **options
        )
        return int(answer.code)

    # Nobody without Jupyter's login, not for another instance, not by guessing.
    strange = await http_server_client.fetch(
        f"{jp_base_url}{path}", raise_error=False, follow_redirects=False
    )
    assert strange.code in (302, 403)
    assert "auth/oidc" not in strange.headers.get("Location", "")
    assert await code(path.replace("oidc/", "x509/")) == 404
    assert await code(path[:-4] + "0000") == 404
    assert await code(path) == 302
    assert await code(path) == 404
    # Whoever begins anew, or gives up, leaves no address that works.
    given_up = (await api("POST", "oidc/login", {"method": "oidc"})).value["pending"]["url"]
    await api("DELETE", "oidc/login")
    assert await code(given_up) == 404


async def test_whose_login_it_became_is_shown(
    api: Api, jp_fetch: Any, app: DlaasExtension, lake: EmbeddedLake
) -> None:
    """Whoever passes on the address of a popup logs the other one's account in: it must be seen."""
    await by_popup(api, jp_fetch, lake, "oidc")
    login = (await api("GET", "oidc/login")).value
    handed = handover.read(app.sessions.handover, "oidc")
    claims = jwt_claims(str(handed.token))
    assert claims is not None
    assert login["account"] == "alice"
    assert str(claims["sub"]) in str(login["identity"])


async def test_a_token_straight_from_a_kernel_s_file_is_the_server_s_short_one(
    globus: Path, api: Api, app: DlaasExtension
) -> None:
    """Neither password nor passphrase nor a refresh token is handed to kernels."""
    await by_certificate(api, passphrase=PASSPHRASE)
    files = [path for path in app.sessions.handover.rglob("*") if path.is_file()]
    assert files
    for path in files:
        text = path.read_text()
        assert PASSPHRASE not in text
        assert "refresh" not in text
        assert "ENCRYPTED" not in text
    handed = handover.read(app.sessions.handover, "x509")
    assert handed.proxy is not None
    key = (globus / ".globus" / "userkey.pem").read_text()
    assert key.splitlines()[1] not in handed.proxy.pem


def test_no_secret_is_in_the_process_table(lake: EmbeddedLake) -> None:
    """Nothing that was started, the lake's services included, has one among its arguments."""
    words = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # Processes come and go.
        with suppress(OSError):
            words += path.read_bytes()
    assert sys.executable.encode() in words
    for secret in (PASSPHRASE, lake.layout.password("alice"), lake.layout.password("bob")):
        assert secret.encode() not in words
