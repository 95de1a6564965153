"""Have data made available and kept: `rule add|extend|release|show|list`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dlaas.cli.each import each
from dlaas.cli.exits import DONE
from dlaas.cli.output import answer, fields, finish, paint, remark, say, table, when
from dlaas.cli.parser import Commands, Parser, add_lifetime, positive
from dlaas.cli.progress import Progress
from dlaas.cli.session import Session
from dlaas.cli.wording import spoken
from dlaas.errors import InvalidInput, NotAvailable, RuleNotFound, TookTooLong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaas.lake import Lake
    from dlaas.model import DIDType, Explanation, Rule, RuleState, State, Status

_ID = frozenset("0123456789abcdef")
_STATES: dict[RuleState, State] = {
    "OK": "available",
    "REPLICATING": "replicating",
    "INJECT": "replicating",
    "STUCK": "stuck",
    "SUSPENDED": "suspended",
    "WAITING_APPROVAL": "waiting_approval",
}


def add(commands: Commands) -> None:
    """Add the commands of this room."""
    rule = commands.add(
        "rule",
        None,
        "have data made available, see how far it is, extend, release",
        "dlaas rule add ATLAS_OD_EDU:GamGam_data --lifetime 14d",
    )
    acts = commands.below(rule)
    _add_add(acts)
    extend = acts.add(
        "extend",
        _extend,
        "let a rule end later, or earlier, or try again what is stuck",
        "dlaas rule extend ATLAS_OD_EDU:GamGam_data --until 2027-01-31",
    )
    extend.add_argument("what", metavar="DID|RULE", help="a DID stands for your one rule on it")
    add_lifetime(extend, "how long from now")
    extend.add_argument("--boost", action="store_true", help="try again now what is stuck")
    release = acts.add(
        "release",
        _release,
        "end rules; where no other keeps it the data may be deleted an hour later",
        "dlaas rule release ATLAS_OD_EDU:GamGam_data",
    )
    release.add_argument("whats", nargs="+", metavar="DID|RULE")
    show = acts.add(
        "show",
        _show,
        "how far a rule is, and why it is stuck",
        "dlaas rule show ATLAS_OD_EDU:GamGam_data",
    )
    show.add_argument("what", metavar="DID|RULE")
    listed = acts.add(
        "list", _list, "list your rules, or those of any account on a DID", "dlaas rule list"
    )
    listed.add_argument("did", nargs="?", metavar="DID", help="without it all rules of yours")
    rule.description = f"{rule.description}\n\n{acts.table()}"


def _add_add(acts: Commands) -> None:
    new: Parser = acts.add(
        "add",
        _add,
        "have a DID put where it can be read from here",
        "dlaas rule add ATLAS_OD_EDU:GamGam_data --lifetime 14d --wait 1h",
    )
    new.add_argument("did", metavar="DID")
    add_lifetime(new, "how long it is kept")
    new.add_argument("--rse", metavar="EXPRESSION", help="where to, else where the instance says")
    new.add_argument("--qos", metavar="LABEL", help="any RSE of this quality of service")
    new.add_argument("--copies", type=positive, metavar="N", help="how many (default: 1)")
    new.add_argument("--activity", metavar="NAME", help="Rucio's class of transfers")
    new.add_argument("--comment", metavar="TEXT")
    new.add_argument("--extend", action="store_true", help="lengthen the rule that is there")
    new.add_argument("--wait", metavar="TIME", help="until it is there, so long at most")


def _add(arguments: argparse.Namespace) -> int:
    from dlaas.variables.waiting import Patience

    lake, did = Session(arguments).resolve(arguments.did)
    # A mistake in it must not leave a rule behind.
    Patience(arguments.wait)
    granted = lake.make_available(
        did,
        arguments.lifetime,
        arguments.until,
        rse_expression=arguments.rse,
        qos=arguments.qos,
        copies=arguments.copies or 1,
        activity=arguments.activity,
        comment=arguments.comment,
        extend=arguments.extend,
    )
    answer(arguments, [granted], lambda _: say(granted.rule.id))
    remark(arguments, granted.note)
    if arguments.wait is not None:
        # Whoever ends the wait knows what was granted.
        finish()
        _wait(lake, granted.rule, arguments.wait, quiet=arguments.quiet)
    return DONE


def _wait(lake: Lake, rule: Rule, longest: str, *, quiet: bool) -> None:
    """Wait until a rule is fulfilled, wherever it puts the data."""
    from dlaas.variables.progress import said_progress
    from dlaas.variables.waiting import Pace, watch

    line, pace = Progress(rule.did, quiet=quiet), Pace()
    kind = lake.get(rule.did).type
    try:
        watch(
            lambda: _status(lake.get_rule(rule.id), kind),
            longest,
            lambda found: line.write(said_progress(found, pace.left(found))),
        )
    except TookTooLong as error:
        if error.blame == "network":
            raise
        # The time was enough for the lake to answer, not for the data to come.
        raise NotAvailable(error.message, blame=error.blame, remedy=error.remedy) from None
    finally:
        line.end()


def _status(rule: Rule, kind: DIDType) -> Status:
    """Say how far a rule is in the words of a wait; its locks count the files of every copy."""
    from dlaas.model import Status

    return Status(
        rule.did,
        kind,
        _STATES[rule.state],
        "none",
        f"The rule {rule.id} is {rule.state}.",
        files=rule.locks_ok + rule.locks_replicating + rule.locks_stuck,
        available_files=rule.locks_ok,
        rse=rule.rse_expression,
        rules=(rule,),
    )


def _extend(arguments: argparse.Namespace) -> int:
    lake, rule_id = _own(Session(arguments), arguments.what)
    rule = lake.update_rule(rule_id, arguments.lifetime, arguments.until, boost=arguments.boost)
    return answer(arguments, [rule], print_rules)


def _release(arguments: argparse.Namespace) -> int:
    session = Session(arguments)

    def release(what: str) -> int:
        lake, rule_id = _own(session, what)
        lake.delete_rule(rule_id)
        return answer(
            arguments, [{"released": rule_id}], lambda _: remark(arguments, f"Released {rule_id}.")
        )

    return each(arguments, arguments.whats, release)


def _show(arguments: argparse.Namespace) -> int:
    session = Session(arguments)
    if _is_id(arguments.what):
        lake, ids = session.lake(), [arguments.what]
    else:
        lake, did = session.resolve(arguments.what)
        ids = [rule.id for rule in lake.list_rules(did)]
    if not ids:
        raise RuleNotFound(f"No rule keeps {arguments.what}.")
    return answer(arguments, map(lake.explain_rule, ids), _print_explained)


def _list(arguments: argparse.Namespace) -> int:
    session = Session(arguments)
    if arguments.did is not None:
        lake, did = session.resolve(arguments.did)
        return answer(arguments, lake.list_rules(did), print_rules)
    from dlaas.rucio.rows import rule_from

    lake = session.lake()
    # As they come: there may be a hundred thousand.
    rules = (rule_from(row) for row in lake.client.list_account_rules(lake.account))
    return answer(arguments, rules, _print_own)


def _is_id(text: str) -> bool:
    return len(text) == 32 and set(text.lower()) <= _ID


def _own(session: Session, what: str) -> tuple[Lake, str]:
    """Answer the rule that is meant: the one that is named, or this account's one on a DID."""
    if _is_id(what):
        return session.lake(), what
    lake, did = session.resolve(what)
    own = [r for r in lake.list_rules(did) if r.did == did and r.account == lake.account]
    if not own:
        raise RuleNotFound(
            f"The account {lake.account!r} has no rule on {did}.",
            remedy=f"See dlaas rule list {did}: a rule may be another account's, or on a dataset"
            " that holds it.",
        )
    if len(own) > 1:
        named = ", ".join(f"{rule.id} ({rule.rse_expression})" for rule in own)
        raise InvalidInput(
            f"The account {lake.account!r} has {len(own)} rules on {did}: {named}.",
            remedy="Name the one that you mean.",
        )
    return lake, own[0].id


def print_rules(rules: Iterable[Rule], margin: str = "") -> None:
    """Print rules, one on a line."""
    table(
        (f"{margin}RULE", "STATE", "FILES", "RSE", "ACCOUNT", "UNTIL", "WHY"),
        (
            (
                f"{margin}{rule.id}",
                rule.state,
                f"{rule.locks_ok} of {rule.locks_ok + rule.locks_replicating + rule.locks_stuck}",
                rule.rse_expression,
                rule.account,
                when(rule.expires_at) or "without end",
                rule.error or "",
            )
            for rule in rules
        ),
    )


def _print_own(rules: Iterable[Rule]) -> None:
    """Print the rules of one account on many DIDs."""
    rows = (
        (rule.id, rule.state, rule.rse_expression, when(rule.expires_at) or "without end", rule.did)
        for rule in rules
    )
    table(("RULE", "STATE", "RSE", "UNTIL", "DID"), rows)


def _print_explained(explained: Iterable[Explanation]) -> None:
    """Print all of each rule, and the files that are missing."""
    for found in explained:
        _print_one(found)


def _print_one(found: Explanation) -> None:
    rule = found.rule
    say(f"{paint(rule.id, 'bold')}  {rule.state}")
    fields(
        [
            ("  on", rule.did),
            ("  keeps it at", rule.rse_expression),
            ("  copies", rule.copies),
            ("  account", rule.account),
            ("  until", when(rule.expires_at) or "without end"),
            ("  made", when(rule.created_at)),
            ("  activity", rule.activity),
            ("  comment", rule.comment),
            ("  subscription", rule.subscription),
            ("  files", f"{rule.locks_ok} there, {rule.locks_replicating} on their way,"
                        f" {rule.locks_stuck} stuck"),
            ("  why", found.reason),
            ("  what to do", spoken(found.remedy)),
        ]
    )  # fmt: skip
    rows = (
        (f"  {lock.state}", lock.rse, lock.attempts or "", lock.error or "", lock.did)
        for lock in found.locks
    )
    table(("  FILE", "RSE", "TRIED", "ERROR", "DID"), rows, right="TRIED")
    if found.locks and not found.complete:
        say("  …")
