"""Whether data is available, until when, and how to have it made available."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from tornado import web

from dlaas.errors import RuleNotFound
from dlaas.lake import Lake
from dlaas.model import DID, Rule, RuleChangeRequest, RuleMoveRequest, RuleRequest
from jupyter_dlaas.handlers.base import DlaasHandler, authorized
from jupyter_dlaas.validation import required

# What a rule says of itself, and what it means for nobody.
_ONLY_SAID = frozenset({"activity", "comment"})


class StatusHandler(DlaasHandler):
    """How much of a DID can be read from here."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer its status, and watch it from now on."""
        did = DID(required(self.arguments, "did"))
        status = await self.app.service.ask(instance, lambda lake: lake.status(did))
        self.app.watcher.look(instance, status)
        self.answer(status)


class RulesHandler(DlaasHandler):
    """The rules of a DID."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str) -> None:
        """Answer its rules."""
        did = DID(required(self.arguments, "did"))
        self.answer(await self.app.service.ask(instance, lambda lake: lake.list_rules(did)))

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str) -> None:
        """Make a DID available; answers what was granted."""
        request = asdict(self.body(RuleRequest))
        did = DID(request.pop("did"))
        granted = await self.app.service.change(
            instance, lambda lake: lake.make_available(did, **request)
        )
        self.app.events.emit("status", instance, did=did)
        self.answer(granted, 201 if granted.new else 200)


class RuleCheckHandler(DlaasHandler):
    """A rule before it is made."""

    @web.authenticated
    @authorized("read")
    async def post(self, instance: str) -> None:
        """Answer what it would mean; changes nothing."""
        request = asdict(self.body(RuleRequest))
        did = DID(request.pop("did"))
        asked = {key: value for key, value in request.items() if key not in _ONLY_SAID}
        preview = self.app.service.ask(instance, lambda lake: lake.preview_rule(did, **asked))
        self.answer(await preview)


class RuleMoveHandler(DlaasHandler):
    """One rule, to be moved."""

    @web.authenticated
    @authorized("write")
    async def post(self, instance: str, rule_id: str) -> None:
        """Have what it keeps put elsewhere; answers what was granted."""
        to = asdict(self.body(RuleMoveRequest))
        granted = await self.app.service.change(
            instance, lambda lake: lake.move_rule(rule_id, **to)
        )
        self.app.events.emit("status", instance, did=granted.rule.did)
        self.answer(granted, 201 if granted.new else 200)


class RuleHandler(DlaasHandler):
    """One rule."""

    @web.authenticated
    @authorized("read")
    async def get(self, instance: str, rule_id: str) -> None:
        """Answer it, with why it is as it is."""
        explained = self.app.service.ask(instance, lambda lake: lake.explain_rule(rule_id))
        self.answer(await explained)

    @web.authenticated
    @authorized("write")
    async def patch(self, instance: str, rule_id: str) -> None:
        """Extend, shorten or retry it; answers the rule as it is then."""
        change = asdict(self.body(RuleChangeRequest))
        await self._change(instance, lambda lake: lake.update_rule(rule_id, **change))

    @web.authenticated
    @authorized("write")
    async def delete(self, instance: str, rule_id: str) -> None:
        """Release it; answers the rule with the end that Rucio gave it."""

        def release(lake: Lake) -> Rule:
            rule = lake.get_rule(rule_id)
            lake.delete_rule(rule_id)
            with suppress(RuleNotFound):
                return lake.get_rule(rule_id)
            return rule

        await self._change(instance, release)

    async def _change(self, instance: str, act: Callable[[Lake], Rule]) -> None:
        rule = await self.app.service.change(instance, act)
        self.app.events.emit("status", instance, did=rule.did)
        self.answer(rule)
