"""What Rucio's policy lets this account do, found out by calls that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from dlaas.catalogue.rses import Places
from dlaas.errors import AccessDenied, InvalidInput, NotThere, RucioFailed, ScopeNotFound
from dlaas.model import DID

Action = Literal["add_replicas", "add_rule", "delete_rule", "set_metadata", "update_rule"]
_NO_RULE = "0" * 32
# Nobody has such a scope: what is to be registered there never is.
_NO_SCOPE = "dlaas.may.i"


class Rights(Places):
    """Whether something is allowed, before it is tried."""

    def may(self, action: Action, on: str | None = None) -> bool | None:
        """Tell whether this account may do something; None where only trying tells.

        `on` is a rule's id for `update_rule`, an RSE expression for `add_rule` (else the
        destination), an RSE for `add_replicas` (else that of uploads), a DID or a scope for
        `set_metadata`. Administrators may do everything. What was refused or
        allowed is known for five minutes. Raises `InvalidInput` for an action that it does not
        know.
        """
        if action not in get_args(Action):
            raise InvalidInput(f"{action!r} is no action: {', '.join(get_args(Action))}.")
        if self.is_admin():
            return True
        if action == "add_rule":
            expression = on or self.instance.destination_rse
            return self._remember(f"may add_rule {expression}", lambda: None)
        if action == "delete_rule":
            return self._remember("may delete_rule", self._may_delete)
        if action == "update_rule":
            rule_id = checked_rule_id(on) if on else _NO_RULE
            return self._remember(f"may update_rule {rule_id}", lambda: self._may_update(rule_id))
        if action == "add_replicas":
            rse = on or self.instance.upload_rse or self.instance.destination_rse
            if rse is None:
                return None
            return self._remember(f"may add_replicas {rse}", lambda: self._may_add(rse))
        if on is None:
            return None
        scope = DID(on).scope if set(on) & set(":/@") else on
        return self._remember(f"may set_metadata {scope}", lambda: self._may_set(scope))

    def _note(self, key: str, allowed: bool) -> None:
        """Keep what Rucio answered to the act itself."""
        self._forget(f"may {key}")
        self._remember(f"may {key}", lambda: allowed)

    def _may_update(self, rule_id: str) -> bool | None:
        # Without options nothing changes, and Rucio looks at its policy first. A policy that asks
        # for a rule that is not there says by it that rules differ.
        return _allowed(lambda: self.client.update_replication_rule(rule_id, {}))

    def _may_delete(self) -> bool | None:
        # No call on a rule that is there would be harmless.
        return _allowed(lambda: self.client.delete_replication_rule(_NO_RULE))

    def _may_set(self, scope: str) -> bool | None:
        nothing: dict[str, Any] = {"scope": scope, "name": "nothing", "meta": {}}
        return _allowed(lambda: self.client.set_dids_metadata_bulk([nothing]))

    def _may_add(self, rse: str) -> bool | None:
        file = {"scope": _NO_SCOPE, "name": "nothing", "bytes": 0, "adler32": "00000001"}
        try:
            self.client.add_replicas(rse, [file])
        except AccessDenied as error:
            # The policy is asked for the RSE first, and then for the files, which are then named.
            return _NO_SCOPE in error.message
        except ScopeNotFound:
            # An older Rucio asks the policy for the RSE alone.
            return True
        except (NotThere, InvalidInput, RucioFailed):
            return None
        return None


def _allowed(ask: Callable[[], Any]) -> bool | None:
    try:
        ask()
    except AccessDenied:
        return False
    except (NotThere, InvalidInput, RucioFailed):
        return None
    return True


def checked_rule_id(rule_id: str) -> str:
    """Answer the id of a rule as Rucio writes it; raises `InvalidInput` for what is none."""
    text = str(rule_id).strip().lower()
    if len(text) != 32 or set(text) - set("0123456789abcdef"):
        raise InvalidInput(f"{rule_id!r} is not the id of a rule.")
    return text
