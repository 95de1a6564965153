"""Rucio's generic permissions, and three more for ordinary accounts.

1. The owner of a rule may delete, reduce, move and update it (not its account, its lock or its
approval). 2. Everybody may register replicas; that their DIDs lie in a scope of one's own is
checked by the generic policy (`add_dids`). 3. Everybody may set the state of replicas, without
which no upload can be completed.
"""

from __future__ import annotations

from typing import Any

from rucio.core.permission import generic
from rucio.core.rule import get_rule

OWN_RULE = frozenset({"del_rule", "update_rule", "reduce_rule", "move_rule"})
UPLOAD = frozenset({"add_replicas", "update_replicas_states"})
RESERVED_OPTIONS = frozenset({"account", "locked", "approve"})


def has_permission(issuer: Any, action: str, kwargs: dict[str, Any], session: Any = None) -> bool:
    """Whether the account `issuer` may do `action`; the interface is Rucio's."""
    if generic.has_permission(issuer, action, kwargs, session=session):
        return True
    if action in UPLOAD:
        return True
    return action in OWN_RULE and _owns_rule(issuer, kwargs, session)


def _owns_rule(issuer: Any, kwargs: dict[str, Any], session: Any) -> bool:
    if RESERVED_OPTIONS & set(kwargs.get("options") or {}):
        return False
    return bool(get_rule(rule_id=kwargs["rule_id"], session=session)["account"] == issuer)
