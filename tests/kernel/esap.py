"""A stand-in of ESAP, as far as its baskets go: the shapes and faults of the real one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from standin import Answer, Request, StandIn

PROFILES = "/esap-api/accounts/user-profiles/"
# In each answer of ESAP; whoever finds one elsewhere has found a leak.
ID_TOKEN, ACCESS_TOKEN = "the-id-token-of-esap", "the-access-token-of-esap"


def jwt(lifetime: float = 3600, mark: str = "a") -> str:
    """A token that lasts so many seconds; its signature is checked by nobody here."""
    claims = {"exp": int(time.time() + lifetime), "sub": mark}
    parts = ({"alg": "RS256"}, claims)
    coded = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)
    return f"{'.'.join(coded)}.c2lnbmF0dXJl"


def rucio(did: str, kind: str | None = "DATASET", **more: Any) -> dict[str, Any]:
    """An item as the page of ESAP puts it in: one raw row of Rucio's answer."""
    scope, _, name = did.partition(":")
    record = {"scope": scope, "name": name, "bytes": None, **more}
    return {"archive": "rucio", "record": {**record, **({"type": kind} if kind else {})}}


class Esap:
    """One ESAP: who holds `token` has the basket `cart`; `strangers` hold tokens without one.

    `fault` is called with each request and may answer in its place. `loses` counts the writes of
    which only the first item is kept, as when it fails half-way; `adds` is put in by somebody else
    right after the next write.
    """

    def __init__(self, items: list[Any], token: str, user: str = "alice@example.org") -> None:
        self.token, self.user = token, user
        self.strangers: set[str] = set()
        self.cart: list[Any] = [json.dumps(item) for item in items]
        self.fault: Callable[[Request], Answer | None] = lambda _: None
        self.loses = 0
        self.adds: list[Any] = []
        self.service = StandIn(self._answer)
        self.url = f"{self.service.url}/"

    @property
    def items(self) -> list[Any]:
        """What is in the basket."""
        return [json.loads(row) if isinstance(row, str) else row for row in self.cart]

    def _answer(self, request: Request) -> Answer:
        fault = self.fault(request)
        if fault is not None:
            return fault
        if not request.path.startswith(PROFILES):
            return Answer(404, b"<html>no such page</html>")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer not in {self.token, *self.strangers}:
            return Answer(401, b'{"detail": "Invalid token."}')
        if request.method == "PATCH":
            return self._replace(request)
        return self._json([] if bearer in self.strangers else [self._profile()])

    def _replace(self, request: Request) -> Answer:
        if unquote(request.path.removeprefix(PROFILES)) != f"{self.user}/":
            return Answer(404)
        rows = json.loads(request.body)["shopping_cart"]
        # It deletes all there is, and then stores one after the other.
        self.cart = [json.dumps(row) for row in rows]
        if self.loses:
            self.loses -= 1
            self.cart = self.cart[:1]
            return Answer(500)
        self.cart += [json.dumps(item) for item in self.adds]
        self.adds = []
        return self._json([self._profile()])

    def _profile(self) -> dict[str, Any]:
        return {
            "user_name": self.user,
            "full_name": "Alice",
            "user_email": "alice@example.org",
            "oidc_id_token": ID_TOKEN,
            "oidc_access_token": ACCESS_TOKEN,
            "id_token_expiration": "2021-11-25T10:00:00Z",
            "query_schema": None,
            "software_repositories": [],
            "compute_resources": [],
            "shopping_cart": [{"item_data": row, "user_profile": self.user} for row in self.cart],
        }

    def _json(self, results: list[Any]) -> Answer:
        page = {
            "description": "ESAP API Gateway",
            "version": "1.0",
            "requested_page": "1",
            "requested_page_size": None,
            "default_page_size": 50,
            "max_page_size": 500,
            "count": len(results),
            "pages": 1,
            "results": results,
        }
        body = json.dumps(page).encode()
        return Answer(200, body, {"Content-Type": "application/json"})

    def close(self) -> None:
        """Stop."""
        self.service.close()
