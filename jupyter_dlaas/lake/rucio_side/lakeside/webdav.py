"""One storage site over https: `python -m lakeside.webdav DIRECTORY SERVICE`.

WsgiDAV reads and lists; what changes files is done here, so that an upload is whole or absent,
folders appear by themselves as on grid storage, and `Want-Digest: adler32` is answered (RFC 3230).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

from .layout import SITES, Layout, Site, State
from .open_data import Public
from .service import Service
from .storage_files import Incomplete, Tree
from .storage_identity import CREATE, MODIFY, READ, Authenticator, Identity, Unauthenticated
from .tls import serve_https

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]

BLOCK = 1 << 20
READING = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
OPEN_TO_ALL = frozenset({"GET", "HEAD"})


class Answer(Exception):
    """A response that ends the request."""

    def __init__(self, status: str, text: str = "", headers: Headers | None = None) -> None:
        super().__init__(status)
        self.status, self.text, self.headers = status, text, headers or []


class Storage:
    """The WSGI application of one site."""

    def __init__(self, layout: Layout, site: Site, state: State, port: int) -> None:
        self.prefix = unquote(layout.prefix(site)).rstrip("/")
        self.tree = Tree(layout.store(site), layout.incoming(site), site.mounted)
        self.authenticate = Authenticator(layout, state.issuer, port)
        self.public = Public(layout, state)
        self.reader = _reader(self.tree, self.prefix)
        self.changes = {
            "PUT": self._put,
            "DELETE": self._delete,
            "MOVE": self._move,
            "MKCOL": self._make_folder,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            identity = self._identity(environ)
            path = self._path(_decoded(environ["PATH_INFO"]))
            method = environ["REQUEST_METHOD"]
            if method in READING:
                _require(identity, READ, path)
                return self._read(environ, start_response, path)
            if method not in self.changes:
                raise Answer("405 Method Not Allowed")
            raise self.changes[method](environ, identity, path)
        except Unauthenticated as problem:
            challenge = [("WWW-Authenticate", 'Bearer realm="lake"')]
            answer = Answer("401 Unauthorized", str(problem), challenge)
        except Answer as given:
            answer = given
        except OSError as problem:
            answer = _failed(problem)
        body = f"{answer.text}\n".encode() if answer.text else b""
        headers = [
            ("Content-Length", str(len(body))),
            ("Content-Type", "text/plain; charset=utf-8"),
        ]
        start_response(answer.status, headers + answer.headers)
        return [body]

    def _identity(self, environ: Environ) -> Identity:
        """Who sent a request; of open data anybody may read the files, as at a public EOS."""
        try:
            return self.authenticate(environ)
        except Unauthenticated:
            shown = environ.get("HTTP_AUTHORIZATION")
            if shown or environ["REQUEST_METHOD"] not in OPEN_TO_ALL:
                raise
            path = self._path(_decoded(environ["PATH_INFO"]))
            if not self.public(path):
                raise
            return Identity("anybody", ((READ, path),))

    def _path(self, path: str) -> str:
        """The path below the site's prefix, beginning with a slash."""
        if path == self.prefix or path.startswith(f"{self.prefix}/"):
            return path[len(self.prefix) :] or "/"
        raise Answer("404 Not Found", "Outside this site's storage")

    def _locate(self, path: str) -> Any:
        place = self.tree.locate(path)
        if place is None:
            raise Answer("400 Bad Request", "The path leads nowhere")
        return place

    def _read(self, environ: Environ, start_response: StartResponse, path: str) -> Iterable[bytes]:
        place = self._locate(path)
        wanted = environ.get("HTTP_WANT_DIGEST", "").lower()
        more: Headers = []
        if "adler32" in wanted and place.is_file():
            more.append(("Digest", f"adler32={self.tree.adler32(place)}"))

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            return start_response(status, headers + more, *rest)

        inner = environ | {"SCRIPT_NAME": self.prefix, "PATH_INFO": path.encode().decode("latin-1")}
        result: Iterable[bytes] = self.reader(inner, start)
        return result

    def _put(self, environ: Environ, identity: Identity, path: str) -> Answer:
        place = self._locate(path)
        _require(identity, MODIFY if place.exists() else CREATE, path)
        if place.is_dir() or path.endswith("/"):
            return Answer("409 Conflict", "There is a folder of this name")
        text = environ.get("CONTENT_LENGTH")
        length = int(text) if text else None
        if length is None and not environ.get("wsgi.input_terminated"):
            return Answer("411 Length Required")
        try:
            new = self.tree.receive(place, environ["wsgi.input"].read, length)
        except Incomplete as problem:
            return Answer("400 Bad Request", str(problem), [("Connection", "close")])
        return Answer("201 Created" if new else "204 No Content")

    def _delete(self, environ: Environ, identity: Identity, path: str) -> Answer:
        _require(identity, MODIFY, path)
        place = self._locate(path)
        if place == self.tree.root:
            return Answer("403 Forbidden", "This is the whole storage")
        self.tree.remove(place)
        return Answer("204 No Content")

    def _move(self, environ: Environ, identity: Identity, path: str) -> Answer:
        url = urlsplit(environ.get("HTTP_DESTINATION", ""))
        if not url.path or url.netloc not in ("", environ.get("HTTP_HOST")):
            return Answer("502 Bad Gateway", "Only within this site")
        target = self._path(unquote(url.path))
        source, place = self._locate(path), self._locate(target)
        if not source.is_file():
            return Answer("404 Not Found")
        if place.exists() and environ.get("HTTP_OVERWRITE") == "F":
            return Answer("412 Precondition Failed", "The destination exists")
        wanted = MODIFY if place.exists() else CREATE
        _require(identity, wanted, path)
        _require(identity, wanted, target)
        return Answer("201 Created" if self.tree.move(source, place) else "204 No Content")

    def _make_folder(self, environ: Environ, identity: Identity, path: str) -> Answer:
        _require(identity, CREATE, path)
        place = self._locate(path)
        if place.exists():
            return Answer("405 Method Not Allowed", "It exists")
        self.tree.make_folder(place)
        return Answer("201 Created")


def _require(identity: Identity, capability: str, path: str) -> None:
    if not identity.may(capability, path):
        raise Answer("403 Forbidden", f"{identity.name} has no {capability} for {path}")


def _failed(problem: OSError) -> Answer:
    if isinstance(problem, FileNotFoundError):
        return Answer("404 Not Found")
    if isinstance(problem, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return Answer("409 Conflict", problem.strerror or "")
    return Answer("507 Insufficient Storage", f"The storage failed: {problem.strerror}")


def _decoded(path: str) -> str:
    return path.encode("latin-1").decode("utf-8", "surrogateescape")


def _reader(tree: Tree, prefix: str) -> Any:
    """WsgiDAV on the tree, for reading; who may read was decided before."""
    return WsgiDAVApp(
        {
            "provider_mapping": {
                "/": FilesystemProvider(
                    str(tree.root), readonly=True, fs_opts={"follow_symlinks": False}
                )
            },
            "mount_path": prefix,
            "middleware_stack": [
                "wsgidav.error_printer.ErrorPrinter",
                # Rucio's client asks for the prefix with HEAD and wants 200.
                "wsgidav.dir_browser.WsgiDavDirBrowser",
                "wsgidav.request_resolver.RequestResolver",
            ],
            "block_size": BLOCK,
            "lock_storage": None,
            "property_manager": None,
            "logging": {"enable": False},
            "verbose": 1,
        }
    )


def main() -> None:
    name = sys.argv[2]
    service = Service(name)
    site = next(site for site in SITES if site.service == name)
    serve_https(service, Storage(service.layout, site, service.state, service.port))


if __name__ == "__main__":
    main()
