"""Where the configuration was found, and what is wrong in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dlaas import handover
from dlaas.config import Instance, Instances, sources
from dlaas.doctor.check import MACHINE, Check, Looker
from dlaas.errors import DlaasError


def check_configuration(instance: str | None, timeout: float) -> Iterator[Check]:
    """Say which source has which instances, and that the wanted one is among them."""
    looker = Looker(MACHINE, timeout)
    yield from looker.look("configuration", _each_source)
    yield from looker.look("instance", _chosen, instance)


def _each_source(looker: Looker) -> list[Check]:
    checks = []
    for place, found in _sources():
        if len(found):
            names = ", ".join(one.name for one in found)
            checks.append(looker.ok(f"{place}: {names}"))
        for name, problem in found.problems.items():
            # A hidden instance is only one of several: what it hides is told by its own check.
            checks.append(looker.called(f"configuration of {name}").problem(problem))
        checks += [looker.warning(text) for text in found.warnings]
    return checks


def _chosen(looker: Looker, name: str | None) -> Check:
    try:
        found = sources.find_instance(name)
    except DlaasError as error:
        return looker.problem(error)
    what = "is the default" if name is None else "was asked for"
    return looker.ok(f"{found.name} {what}")


def known_instances() -> list[Instance]:
    """List every instance once, as the first source that has it says."""
    known: dict[str, Instance] = {}
    for _, found in _sources():
        for one in found:
            known.setdefault(one.name, one)
    return list(known.values())


def _sources() -> Iterator[tuple[str, Instances]]:
    folder = handover.find()
    if folder is not None:
        yield f"the Jupyter server above, in {folder}", sources.from_handover()
    cfg = os.environ.get("RUCIO_CONFIG")
    named = f"RUCIO_* variables and {cfg}" if cfg else "RUCIO_* variables"
    yield named, sources.from_environment(os.environ)
    section = sources.jupyter_config()
    if section:
        yield "RucioConfig of Jupyter", sources.from_section(section, os.environ, again=60.0)
    path = sources._default_cfg()
    if path is not None:
        yield str(path), sources.from_cfg(path)
    if folder is not None:
        offered = sources.from_handover(logged_in=False)
        yield "the Jupyter server above, where nobody is logged in", offered
