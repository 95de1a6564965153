"""Have data made available and kept: `rule add|extend|release|show|list`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dlaas.cli.exits import DONE, NOT_FOUND
from dlaas.cli.output import say, say_json
from dlaas.cli.parser import Commands, Parser, add_lifetime, positive

if TYPE_CHECKING:
    from dlaas.cli.session import Session
    from dlaas.lake import Lake
    from dlaas.model import Rule, Status

_ID = frozenset("0123456789abcdef")


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
        "list",
        _list,
        "list your rules, or those of any account on a DID",
        "dlaas rule list",
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
    new.add_argument("--wait", metavar="TIME", help="until it is here, so long at most")


def _add(arguments: argparse.Namespace) -> int:
    from dlaas.cli.progress import remark
    from dlaas.cli.session import Session

    lake, did = Session(arguments).resolve(arguments.did)
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
    if arguments.json:
        say_json(granted)
    else:
        say(granted.rule.id)
        remark(granted.note, quiet=arguments.quiet)
    if arguments.wait is not None:
        _wait(lake, did, arguments)
    return DONE


def _wait(lake: Lake, did: str, arguments: argparse.Namespace) -> None:
    from dlaas.cli.progress import Progress
    from dlaas.errors import NotAvailable, TookTooLong
    from dlaas.waiting import wait

    line = Progress(did, quiet=arguments.quiet)

    def show(found: Status) -> None:
        line.write(f"{did}: {found.state}, {found.available_files} of {found.files} files")

    try:
        wait(lake, did, arguments.wait, show)
    except TookTooLong as error:
        if error.blame == "network":
            raise
        # The time was enough for the lake to answer, not for the data to come.
        raise NotAvailable(error.message, blame=error.blame, remedy=error.remedy) from None
    finally:
        line.end()


def _extend(arguments: argparse.Namespace) -> int:
    from dlaas.cli.session import Session

    lake, rule_id = _own(Session(arguments), arguments.what)
    rule = lake.update_rule(rule_id, arguments.lifetime, arguments.until, boost=arguments.boost)
    _print(arguments, [rule])
    return DONE


def _release(arguments: argparse.Namespace) -> int:
    from dlaas.cli.each import each
    from dlaas.cli.progress import remark
    from dlaas.cli.session import Session

    session = Session(arguments)

    def release(what: str) -> int:
        lake, rule_id = _own(session, what)
        lake.delete_rule(rule_id)
        if arguments.json:
            say_json({"released": rule_id})
        else:
            remark(f"Released {rule_id}.", quiet=arguments.quiet)
        return DONE

    return each(arguments, arguments.whats, release)


def _show(arguments: argparse.Namespace) -> int:
    from dlaas.cli.card import print_rule
    from dlaas.cli.progress import remark
    from dlaas.cli.session import Session

    session = Session(arguments)
    if _is_id(arguments.what):
        lake, ids = session.lake(), [arguments.what]
    else:
        lake, did = session.resolve(arguments.what)
        ids = [rule.id for rule in lake.list_rules(did)]
    for rule_id in ids:
        found = lake.explain_rule(rule_id)
        if arguments.json:
            say_json(found)
        else:
            print_rule(found)
    if not ids:
        remark(f"No rule keeps {arguments.what}.", quiet=arguments.quiet or arguments.json)
        return NOT_FOUND
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    from dlaas.cli.session import Session

    session = Session(arguments)
    if arguments.did is None:
        return _list_own(arguments, session.lake())
    lake, did = session.resolve(arguments.did)
    _print(arguments, lake.list_rules(did))
    return DONE


def _list_own(arguments: argparse.Namespace, lake: Lake) -> int:
    """List the rules of this account as they come: there may be a hundred thousand."""
    from dlaas.cli.card import print_own_rules
    from dlaas.rows import rule_from

    rules = (rule_from(row) for row in lake.client.list_account_rules(lake.account))
    if arguments.json:
        for rule in rules:
            say_json(rule)
    else:
        print_own_rules(rules)
    return DONE


def _print(arguments: argparse.Namespace, rules: list[Rule]) -> None:
    if arguments.json:
        for rule in rules:
            say_json(rule)
        return
    from dlaas.cli.card import print_rules

    print_rules(rules)


def _is_id(text: str) -> bool:
    return len(text) == 32 and set(text.lower()) <= _ID


def _own(session: Session, what: str) -> tuple[Lake, str]:
    """Answer the rule that is meant: the one that is named, or this account's one on a DID."""
    if _is_id(what):
        return session.lake(), what
    from dlaas.errors import InvalidInput, RuleNotFound

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
