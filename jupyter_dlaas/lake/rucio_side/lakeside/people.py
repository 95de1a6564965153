"""The lake's accounts, and who may act as which: by password, certificate or identity provider.

Alice may act as the group's account too, where she says so: her own stays her default.
"""

from __future__ import annotations

from . import pki
from .layout import GROUP, USERS, Layout, State


def ensure(layout: Layout, state: State) -> None:
    """Add the accounts, their scopes and their identities, unless they are there."""
    from rucio.gateway.account import add_account

    from .catalogue import ensure_scope, once

    for account in USERS:
        once(add_account, account, "USER", _email(account), issuer="root")
        ensure_scope(f"user.{account}", account)
    once(add_account, GROUP, "GROUP", _email(GROUP), issuer="root")
    ensure_scope(f"group.{GROUP}", GROUP)
    for person in USERS:
        for kind, identity in _identities(state, person):
            _connect(layout, kind, identity, person, person)
            if person == USERS[0]:
                _connect(layout, kind, identity, person, GROUP)


def _identities(state: State, person: str) -> list[tuple[str, str]]:
    known = [("USERPASS", person), ("X509", pki.subject(person))]
    if state.oidc:
        known.append(("OIDC", f"SUB={person}, ISS={state.issuer}"))
    return known


def _connect(layout: Layout, kind: str, identity: str, person: str, account: str) -> None:
    from rucio.gateway.identity import add_account_identity

    from .catalogue import once

    once(
        add_account_identity,
        identity_key=identity,
        id_type=kind,
        account=account,
        email=_email(person),
        issuer="root",
        default=account == person,
        password=layout.password(person) if kind == "USERPASS" else None,
    )


def _email(name: str) -> str:
    return f"{name}@localhost"
