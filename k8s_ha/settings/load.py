"""From plain data to a Cluster, or to every mistake at once."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from k8s_ha.catalog.compatibility import LINES
from k8s_ha.catalog.credentials import Credentials, masked
from k8s_ha.catalog.mirrors import MirrorSettings
from k8s_ha.settings.backup import BackupSettings
from k8s_ha.settings.cluster import Cluster
from k8s_ha.settings.consistency import RULES
from k8s_ha.settings.endpoint import EndpointSettings
from k8s_ha.settings.models import ClusterSettings, HostSettings
from k8s_ha.settings.removal_rules import removed_hosts
from k8s_ha.settings.warnings import warnings
from k8s_ha.untrusted import is_deeper, printable, short

MISTAKES_AT_MOST = 20
"""Sentences that a person is told at once."""
MISTAKES_OF_A_SETTING = 5

_LEVELS_AT_MOST = 32
_ENTRIES_AT_MOST = 100_000
"""Of one setting."""


def first_of(lines: Sequence[str], most: int, where: str = "") -> list[str]:
    """The first lines, and how many more there are."""
    rest = len(lines) - most
    return [*lines[:most], f"{where}and {rest} more; correct these first"] if rest > 0 else list(lines)


class SettingsError(Exception):
    """Settings or hosts with mistakes; `lines` has one sentence per mistake, of many the first."""

    def __init__(self, lines: Sequence[str]) -> None:
        """One line per mistake."""
        # A name with a line break in it must not make two lines of one mistake.
        self.lines = first_of([printable(" ".join(line.split())) for line in lines], MISTAKES_AT_MOST)
        super().__init__("\n".join(self.lines))


# By pydantic's type of error: rule and remedy. A ValueError of our own carries both in its text.
_RULES = {
    "missing": "it has no default; set it",
    "string_type": "it is text; write it in quotes",
    "string_too_short": "it is not empty; write one",
    "int_type": "it is a whole number; write one without quotes",
    "literal_error": "it is one of {expected}; choose one of them",
    "greater_than_equal": "it is at least {ge}; choose a larger number",
    "less_than_equal": "it is at most {le}; choose a smaller number",
    "bool_type": "it is True or False; write one of them",
    "list_type": "it is a list; write [...]",
    "tuple_type": "it is a list; write [...]",
    "dict_type": "it is a map; write {{name: value}}",
    "model_type": "it is a map of settings; write {{name: value}}",
    "value_error": "{error}",
}
# Valid values in place of invalid ones, so that the rest of a host can be checked.
_STAND_INS = {"name": "unnamed", "hostname": "unnamed", "address": "192.0.2.1", "role": "worker"}
_BLANKED = ("name", "hostname", "address")

RENAMED = {"accept": "accepted_risks"}
"""Settings of today by the names that the last version had; the next one will not know these."""

_VERSION = "kubernetes_version"

Model = TypeVar("Model", bound=BaseModel)


def load_cluster(settings: Mapping[str, object], hosts: Sequence[Mapping[str, object]]) -> Cluster:
    """The cluster that these settings and hosts describe.

    + settings: fields of ClusterSettings by name; what is missing has its default
    + hosts: fields of HostSettings by name, in declared order

    Raises SettingsError with one line per mistake: "WHERE: what was given; the rule; what to do".
    """
    given, twice, former = _with_new_names(settings)
    given, lines, invalid = _without_depth(given, "")
    parsed_settings, wrong, wrong_fields = _parse(ClusterSettings, given, "")
    lines += wrong + twice
    invalid |= wrong_fields
    parsed_hosts = []
    for number, host in enumerate(hosts, start=1):
        name = host.get("name") if isinstance(host, Mapping) else None
        where = name if isinstance(name, str) and name else f"host {number}"
        own, deep_lines, deep_fields = _without_depth(host, f"{where}: ")
        parsed_host, host_lines, host_invalid = _parse(HostSettings, own, f"{where}: ")
        host_lines, host_invalid = deep_lines + host_lines, deep_fields | host_invalid
        parsed_hosts.append(parsed_host.model_copy(update={f: "" for f in host_invalid if f in _BLANKED}))
        lines += host_lines
        invalid |= {f"host.{field}" for field in host_invalid}

    removed = removed_hosts(parsed_hosts, parsed_settings.removed_nodes)
    cluster = Cluster.model_construct(
        settings=parsed_settings,
        hosts=tuple(host for host in parsed_hosts if host not in removed),
        removed=removed,
        warnings=(),
    )
    unchosen = parsed_settings.kubernetes_version is None
    for rule in RULES:
        if invalid.isdisjoint(rule.reads) and not (unchosen and _VERSION in rule.reads):
            lines += rule.find(cluster, *rule.arguments)
    if unchosen and not lines and invalid.isdisjoint({_VERSION}):
        # Where no version will do, what is wrong with the newest is what is wrong.
        candidates = versions(cluster)
        lines += [] if any(not mistakes for mistakes in candidates.values()) else next(iter(candidates.values()))
    if lines:
        raise SettingsError(lines)
    return cluster.model_copy(update={"warnings": (*former, *warnings(cluster))})


def versions(cluster: Cluster) -> dict[str, list[str]]:
    """The newest version of each line, newest first, with a line for each reason why the settings do not fit it."""
    found = {}
    for line in sorted(LINES.values(), key=lambda line: -line.minor):
        source = cluster.mirror.kubernetes_source(line.minor)
        last = source.last_patches.get(line.minor, line.patch) if source else line.patch
        version = f"{line.name}.{min(line.patch, last)}"
        found[version] = mistakes(with_version(cluster, version))
    return found


def mistakes(cluster: Cluster) -> list[str]:
    """A line for each thing in the settings that does not fit the cluster's version."""
    return [line for rule in RULES if _VERSION in rule.reads for line in rule.find(cluster, *rule.arguments)]


def with_version(cluster: Cluster, version: str) -> Cluster:
    """The cluster with a version that was chosen for it."""
    return cluster.model_copy(update={"settings": cluster.settings.model_copy(update={_VERSION: version})})


def _with_new_names(settings: object) -> tuple[object, list[str], list[str]]:
    """The settings by their names of today, a line for each that is given by both names, and a warning for the rest."""
    old = [name for name in RENAMED if name in settings] if isinstance(settings, Mapping) else []
    if not old or not isinstance(settings, Mapping):
        return settings, [], []
    both = [name for name in old if RENAMED[name] in settings]
    given = {RENAMED[key] if key in old else key: value for key, value in settings.items() if key not in both}
    twice = [f"{name}: given beside {RENAMED[name]}; they are one setting; remove {name}" for name in both]
    former = [f"{name}: it is now {RENAMED[name]}, and the next version knows that name only" for name in old]
    return given, twice, former


def _without_depth(given: object, where: str) -> tuple[object, list[str], set[str]]:
    """The settings without those that nobody could read to their end, a line for each of these, and their names."""
    if not isinstance(given, Mapping):
        return given, [], set()
    deep = [key for key, value in given.items() if is_deeper(value, _LEVELS_AT_MOST, _ENTRIES_AT_MOST)]
    rule = f"it has at most {_LEVELS_AT_MOST} levels and {_ENTRIES_AT_MOST} entries, and does not hold itself"
    names = [key if isinstance(key, str) else short(key) for key in deep]
    lines = [f"{where}{name}: nested too deep, or too much; {rule}; shorten it" for name in names]
    return {key: value for key, value in given.items() if key not in deep}, lines, set(names)


def _parse(model: type[Model], given: object, where: str) -> tuple[Model, list[str], set[str]]:
    """The model, a line per mistake, and the invalid fields, which the model has at their defaults or stand-ins."""
    values = dict(given) if isinstance(given, Mapping) else given
    try:
        return model.model_validate(values), [], set()
    except ValidationError as error:
        details = [detail for detail in error.errors() if detail["type"] != "default_factory_not_called"]
    by_setting: dict[str, list[str]] = {}
    for detail in details:
        by_setting.setdefault(str(next(iter(detail["loc"]), "")), []).append(where + _sentence(model, detail))
    lines = [
        line
        for setting, sentences in by_setting.items()
        for line in first_of(sentences, MISTAKES_OF_A_SETTING, f"{where}{setting}: ")
    ]
    rest = values if isinstance(values, dict) else {}
    invalid = {str(detail["loc"][0]) for detail in details if detail["loc"]} if rest else set(model.model_fields)
    valid = {key: rest[key] for key in model.model_fields if key in rest and key not in invalid}
    stand_ins = {key: value for key, value in _STAND_INS.items() if key in invalid and key in model.model_fields}
    return model.model_validate({**stand_ins, **valid}), lines, invalid


def _sentence(model: type[BaseModel], detail: ErrorDetails) -> str:
    """One line for one of pydantic's errors, without the host's name."""
    path = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return masked(_unknown(_model_at(model, detail["loc"]), path))
    # Where a login, or a recipient, is described somebody may have written the password or the private key itself.
    secret = detail["loc"][:2] in (("mirror", "credentials"), ("backup", "recipient"))
    given = "not given" if detail["type"] == "missing" else "not shown here" if secret else short(detail["input"])
    known = _RULES.get(detail["type"])
    rule = known.format_map(detail.get("ctx", {})) if known else f"{detail['msg']}; correct it"
    colon = ":" if model is ClusterSettings and path else ""
    return masked(f"{path}{colon} {given}; {rule}".lstrip())


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    if loc[0] == "endpoint" and len(loc) > 1:
        return EndpointSettings
    if loc[0] == "backup" and len(loc) > 1:
        return BackupSettings
    if loc[0] != "mirror":
        return model
    return Credentials if "credentials" in loc[:-1] else MirrorSettings


def _unknown(model: type[BaseModel], path: str) -> str:
    name = path.rpartition(".")[2][:100]
    close = get_close_matches(name, model.model_fields, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(model.model_fields)}"
    return f"{path}: unknown setting; settings are spelt as in {model.__name__}; {remedy}"
