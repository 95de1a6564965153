"""Which instances there are, and how they are reached.

Arguments win over the hand-over, that over RUCIO_* variables, RucioConfig JSON and rucio.cfg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from dlaas import errors
from dlaas.config.instance import DAY as DAY
from dlaas.config.instance import Instance as Instance
from dlaas.config.settings import checked_url, likely, unknown
from dlaas.errors import ConfigurationError, DlaasError, InstanceNotFound, problem
from dlaas.problems import Problem


@dataclass(frozen=True)
class Instances:
    """The instances of a configuration; one that is wrong is a problem and hides no other.

    `warnings` are sentences about what works and yet is not as somebody meant it.
    """

    instances: Mapping[str, Instance] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    default_name: str | None = None
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def default(self) -> Instance | None:
        """The configured default, else the first."""
        return self.instances.get(self.default_name or "") or next(iter(self), None)

    def get(self, name: str | None = None) -> Instance:
        """Answer an instance, without a name the default; raises `InstanceNotFound`, or what is
        wrong with it.

        A default that is wrong is an error too: another lake must not take its place unseen.
        """
        found = self.instances.get(name or self.default_name or "")
        if found is not None:
            return found
        trouble = self.problems.get(name or self.default_name or "")
        if trouble is None and name is None:
            found = self.default
            trouble = next(iter(self.problems.values()), None)
        if found is not None:
            return found
        if trouble is not None:
            raise _error(trouble)
        raise not_found(name, self.instances)


def _error(trouble: Problem) -> DlaasError:
    """Make the error again that a problem tells of: a network that is down stays the network's."""
    kind: type[DlaasError] = getattr(errors, trouble.error, ConfigurationError)
    return kind(
        trouble.message, remedy=trouble.remedy, blame=trouble.blame, details=trouble.details
    )


def not_found(name: str | None, known: Mapping[str, Any]) -> InstanceNotFound:
    """Make the error for an instance that nobody configured."""
    if name is None:
        return InstanceNotFound(
            "No Rucio instance is configured here.",
            remedy="Log in in the panel, set RUCIO_CONFIG, or give dlaas.Lake a configuration.",
        )
    there = f" There are: {', '.join(sorted(known))}." if known else ""
    meant = likely(name, known, cutoff=0.6)
    hint = f" Do you mean {meant!r}?" if meant else ""
    return InstanceNotFound(f"No instance {name!r} is configured here.{hint}{there}")


_TOP = ("instances", "default_instance", "default_auth_type", "log_level")


def load_instances(mapping: Mapping[str, Any], *, again: float = 0.0) -> Instances:
    """Read RucioConfig; a `$url` that was asked less than `again` seconds ago is not asked now."""
    entries = mapping.get("instances") or []
    entries = entries if isinstance(entries, list) else [entries]
    _ask_all(entries, again)
    instances: dict[str, Instance] = {}
    problems: dict[str, Problem] = {}
    warnings = [unknown(str(key), _TOP, "RucioConfig") for key in mapping if key not in _TOP]
    for number, entry in enumerate(entries):
        name = str(entry.get("name") or number) if isinstance(entry, Mapping) else str(number)
        try:
            instance, said = _one(entry, mapping.get("default_auth_type"))
            if instance.name in instances:
                raise ConfigurationError(f"Two instances have the name {instance.name!r}.")
            instances[instance.name] = instance
            warnings += [f"{name}: {text}" for text in said]
        except DlaasError as error:
            problems[name] = problem(error)
    default = mapping.get("default_instance")
    if default and str(default) not in {*instances, *problems}:
        warnings.append(f"default_instance: {not_found(str(default), instances).message}")
    return Instances(instances, problems, str(default) if default else None, tuple(warnings))


def _ask_all(entries: list[Any], again: float) -> None:
    """Ask for all that is published before the first answer is waited for."""
    urls = [str(e["$url"]) for e in entries if isinstance(e, Mapping) and e.get("$url")]
    if urls:
        from dlaas.config.published import ask

        for url in urls:
            ask(url, again)


def _one(entry: Any, auth_type: Any) -> tuple[Instance, list[str]]:
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"An instance is a JSON object, not {type(entry).__name__}.")
    base = {"auth_type": auth_type} if auth_type else {}
    if not entry.get("$url"):
        return Instance.from_mapping({**base, **entry}), []
    from dlaas.config.published import read

    checked_url("$url", str(entry["$url"]))
    known = {f.name for f in fields(Instance)}

    def make(content: Mapping[str, Any]) -> tuple[Instance, list[str]]:
        # Whoever publishes it may know a newer version than ours: no reason to go without.
        foreign = [key for key in content if key not in known and not key.startswith("$")]
        published = {key: value for key, value in content.items() if key in known}
        instance = Instance.from_mapping({**base, **published, **entry})
        return instance, [unknown(key, known, "an instance") for key in foreign]

    (instance, said), warning = read(str(entry["$url"]), make)
    return instance, [*said, *([warning] if warning else [])]
