"""Who may do what on the lake's storage.

A certificate, or a proxy made from it, is its account: it reads everything and writes below
`/user/<account>`, where Rucio's hash algorithm puts the scope `user.<account>`. Root and the robot,
which moves and deletes for Rucio, write everywhere.

A bearer token is a WLCG capability: it allows what its scopes say, below their paths, whoever shows
it. Its issuer must be the lake, its audience this site or WLCG's "any", its time not
over. When both are shown the token counts. Anonymous requests are refused, but for the files of
public open data (`open_data`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import jwt

from . import pki
from .layout import ACCOUNTS, HOST, WLCG_ANY, Layout

READ, CREATE, MODIFY = "storage.read", "storage.create", "storage.modify"
PROXY = re.compile(r"^CN=(\d+|proxy|limited proxy),")
EVERYWHERE = ("root", pki.ROBOT)
LEEWAY = 5


class Unauthenticated(Exception):
    """No identity that this storage knows; the message says why."""


@dataclass(frozen=True)
class Identity:
    """Somebody known, and the (capability, path) pairs that they have; paths begin with a slash."""

    name: str
    grants: tuple[tuple[str, str], ...]

    def may(self, capability: str, path: str) -> bool:
        """Whether they may do this to `path`, which is relative to the site's prefix."""
        return any(
            _covers(granted, capability) and _below(prefix, path) for granted, prefix in self.grants
        )


def _covers(granted: str, wanted: str) -> bool:
    return granted == wanted or (granted == MODIFY and wanted == CREATE)


def _below(prefix: str, path: str) -> bool:
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


class Authenticator:
    """Tells who sent a request to one site."""

    def __init__(self, layout: Layout, issuer: str, port: int) -> None:
        self.layout, self.issuer = layout, issuer
        self.audiences = [WLCG_ANY, f"https://{HOST}:{port}", f"https://127.0.0.1:{port}"]
        self.subjects = {pki.subject(name): name for name in (*ACCOUNTS, pki.ROBOT)}

    def __call__(self, environ: dict[str, Any]) -> Identity:
        """The identity of a request; raises Unauthenticated."""
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() == "bearer" and token:
            return self._by_token(token.strip())
        if environ.get("SSL_CLIENT_VERIFY") == "SUCCESS":
            return self._by_certificate(environ["SSL_CLIENT_S_DN"])
        raise Unauthenticated("Show a client certificate or a bearer token")

    def _by_certificate(self, subject: str) -> Identity:
        while PROXY.match(subject):
            subject = PROXY.sub("", subject)
        name = self.subjects.get(subject)
        if name is None:
            raise Unauthenticated(f"Nobody here is called {subject}")
        home = "/" if name in EVERYWHERE else f"/user/{name}"
        return Identity(name, ((READ, "/"), (MODIFY, home)))

    def _by_token(self, token: str) -> Identity:
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key=key,
                algorithms=["ES256", "RS256"],
                audience=self.audiences,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The token is not accepted: {error}") from error
        scopes = (scope.partition(":") for scope in str(claims.get("scope", "")).split())
        grants = tuple(
            (name, path or "/") for name, _, path in scopes if name.startswith("storage.")
        )
        return Identity(str(claims["sub"]), grants)

    def _key(self, key_id: str | None) -> Any:
        keys = jwt.PyJWKSet.from_json((self.layout.pki / pki.KEYS).read_text()).keys
        for key in keys:
            if key_id in (None, key.key_id):
                return key.key
        raise jwt.InvalidKeyError("its key is not the lake's")
