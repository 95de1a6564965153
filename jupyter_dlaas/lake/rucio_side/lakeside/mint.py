"""Sign a token as the identity provider does: `python -m lakeside.mint DIRECTORY ACCOUNT …`.

It goes to standard output.
"""

from __future__ import annotations

import argparse
import time
import uuid

import jwt

from . import commands, pki
from .layout import WLCG_ANY, Layout, State


def mint(layout: Layout, state: State, arguments: argparse.Namespace) -> None:
    now = int(time.time())
    audiences = arguments.audience.split() or [WLCG_ANY]
    claims = {
        "iss": state.issuer,
        "sub": arguments.account,
        "aud": audiences if len(audiences) > 1 else audiences[0],
        "scope": arguments.scope,
        "iat": now,
        "nbf": now,
        "exp": now + arguments.lifetime,
        "jti": str(uuid.uuid4()),
        "wlcg.ver": "1.0",
    }
    key = (layout.pki / "token.key").read_text()
    print(jwt.encode(claims, key, algorithm="ES256", headers={"kid": pki.SIGNING_KEY}))


if __name__ == "__main__":
    parser = commands.parser()
    parser.add_argument("--scope", required=True)
    parser.add_argument("--lifetime", type=int, default=3600, help="seconds")
    parser.add_argument("--audience", default="")
    parser.add_argument("account")
    commands.run(parser, mint)
