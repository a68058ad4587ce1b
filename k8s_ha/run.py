"""What one pyinfra run knows on the operator's side: the cluster that is wanted, and the secrets of pending joins."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from gevent.lock import RLock
from pyinfra import host, inventory, state
from pyinfra.api import Host
from pyinfra.api.exceptions import NoGroupError, PyinfraError

from k8s_ha.catalog.compatibility import EL_MAJORS, Caveat, verdict
from k8s_ha.catalog.credentials import Login, Logins, check_password
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.cluster_state.version_choice import Choice
from k8s_ha.local_files import password, public_key
from k8s_ha.observations.node import HostSurvey
from k8s_ha.pyinfra_internals.command_line import inventory_file
from k8s_ha.pyinfra_internals.state import State, current_state, group_names
from k8s_ha.reporting.run_log import RunLog
from k8s_ha.reporting.run_tracker import tracker
from k8s_ha.settings import Cluster, SettingsError, load_cluster
from k8s_ha.settings.groups import groups_of_roles, looked_for, not_groups
from k8s_ha.settings.load import with_version
from k8s_ha.untrusted import short

T = TypeVar("T")

_TOKEN_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class JoinSecrets:
    """A bootstrap token and a certificate key, made on the operator and never written anywhere there."""

    token_id: str
    token_secret: str = field(repr=False)
    certificate_key: str = field(repr=False)

    @property
    def token(self) -> str:
        return f"{self.token_id}.{self.token_secret}"

    @classmethod
    def create(cls) -> JoinSecrets:
        def word(length: int) -> str:
            return "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(length))

        return cls(word(6), word(16), secrets.token_hex(32))


@dataclass
class Secrets:
    """What became of one run's join secrets.

    + join: they themselves; None before they were first asked for
    + in_cluster: whether this run has put them into the cluster
    + token_until: when its bootstrap token ends; None before it was made
    """

    join: JoinSecrets | None = None
    in_cluster: bool = False
    token_until: datetime | None = None


@dataclass
class Run:
    """One cluster within one pyinfra run.

    + asked: the cluster as the settings have it, which may name no version
    + cluster: the same with the version that was chosen
    + logins: at mirrors and registries
    + lock: for what one host does for all of them
    + surveys: by inventory name; without hosts that could not be surveyed
    + snapshot: the control planes as they were observed last; None before that
    + former_endpoints: at which the cluster stood before the first change, as long as hosts may name them
    + log: what its report is made of
    """

    asked: Cluster
    logins: Logins = field(default_factory=dict, repr=False)
    lock: RLock = field(default_factory=RLock)
    surveys: dict[str, HostSurvey] = field(default_factory=dict)
    snapshot: ClusterSnapshot | None = None
    former_endpoints: tuple[str, ...] = ()
    secrets: Secrets = field(default_factory=Secrets)
    log: RunLog = field(init=False)
    cluster: Cluster = field(init=False)
    _parts: dict[type[Any], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cluster = self.asked
        self.log = RunLog(self.cluster)
        self.log.secrets |= {secret for login in self.logins.values() for secret in login.secrets}

    @cached_property
    def recipient_key(self) -> str:
        """The public key of gpg that backups are encrypted with; empty where none is named."""
        return _recipient_key(self.asked)

    def choose_version(self, choice: Choice) -> None:
        """Have the cluster be of this version, since the settings name none."""
        self.cluster = self.log.cluster = with_version(self.asked, choice.version)
        self.log.version_reason = choice.reason

    def at(self, version: str) -> Run:
        """The same run on its way to its version, with the cluster at another one."""
        found = copy(self)
        found.cluster = with_version(self.asked, version)
        return found

    def without_former_endpoints(self) -> Run:
        """The same run behind the move of the endpoint."""
        found = copy(self)
        found.former_endpoints = ()
        return found

    def part(self, kind: type[T], *arguments: Any) -> T:
        """What one module of operations keeps of this run.

        + kind: its class, defined beside those operations
        + arguments: what the first who asks for it makes it of
        """
        found: T = self._parts[kind] if kind in self._parts else self._parts.setdefault(kind, kind(*arguments))
        return found

    def caveats(self, name: str) -> tuple[Caveat, ...]:
        """What had to be accepted for this Kubernetes version to run on the host of this inventory name."""
        survey = self.surveys.get(name)
        known = survey is not None and survey.el_major in EL_MAJORS
        return verdict(self.cluster.settings.kubernetes_line.minor, survey.platform).caveats if survey and known else ()

    @property
    def caveats_anywhere(self) -> set[Caveat]:
        """Those that any node needs: kubelets share one configuration."""
        return {caveat for node in self.cluster.nodes for caveat in self.caveats(node.name)}

    def join_secrets(self) -> JoinSecrets:
        """The join secrets of this run, created when first asked for."""
        if self.secrets.join is None:
            made = self.secrets.join = JoinSecrets.create()
            self.log.secrets |= {made.token, made.token_secret, made.certificate_key}
        return self.secrets.join


Given = tuple[Mapping[str, Any], Mapping[str, str]]
"""Settings and groups as a phase was called with them."""

_runs: WeakKeyDictionary[State, list[tuple[Given, Run]]] = WeakKeyDictionary()
"""The runs of a state, each with what it was asked for by: all hosts and phases ask alike, and are validated once."""


def current_run(settings: Mapping[str, Any] | None = None, groups: Mapping[str, str] | None = None) -> Run:
    """The run that this state and these settings belong to, shared by all hosts and phases.

    + settings: the cluster's settings; None takes ``k8s_ha`` from the host's data
    + groups: inventory group by role (see ``settings.groups``)

    Raises PyinfraError with one line for each mistake in the settings.
    """
    current: State = _current_state()
    given: Given = (host.data.get("k8s_ha") or {}) if settings is None else settings, groups or {}
    known = _runs.setdefault(current, [])
    for asked, run in known:
        if asked == given:
            return run
    cluster = _load(current, *given)
    run = next((run for _, run in known if run.asked == cluster), None) or _begun(current, cluster)
    known.append((deepcopy(given), run))
    return run


def _begun(current: State, cluster: Cluster) -> Run:
    run = Run(cluster, _logins(cluster))
    tracker(current).add(run.log)
    return run


def check_settings(settings: Mapping[str, Any], groups: Mapping[str, str] | None = None) -> None:
    """Check ``settings`` against the inventory; call it from ``group_data`` to have it done before connecting.

    Passwords that ``mirror.credentials`` names are read, too. The arguments are those of the phases.
    Raises PyinfraError with one line for each mistake.
    """
    current = current_state()
    cluster = _load(current, settings, groups or {})
    if current is not None:
        tracker(current).expect(cluster)


def check(settings: Mapping[str, Any], groups: Mapping[str, str] | None = None) -> None:
    """``check_settings`` by the name that the last version had; each call warns so, and the next version lacks it."""
    warnings.warn(
        "k8s_ha.check: the next version of k8s_ha will not know it; use k8s_ha.check_settings",
        FutureWarning,
        stacklevel=2,
    )
    check_settings(settings, groups)


def _load(current: State | None, settings: Mapping[str, Any], groups: Mapping[str, str]) -> Cluster:
    try:
        cluster = _found_in_inventory(settings, groups)
        _logins(cluster)
        _recipient_key(cluster)
        return cluster
    except SettingsError as error:
        reason = "the cluster's settings cannot be used:\n    " + "\n    ".join(error.lines)
        if current is not None:
            tracker(current).settings_refused(reason)
        raise PyinfraError(reason) from None


def _logins(cluster: Cluster) -> dict[str, Login]:
    """The logins at mirrors and registries, with their passwords, which no setting holds."""
    found, lines = {}, []
    for url, given in cluster.settings.mirror.credentials.items():
        try:
            found[url] = Login(given.username, check_password(password(given.password_env, given.password_file)))
        except ValueError as reason:
            where = "password_env" if given.password_env else "password_file"
            lines.append(f"mirror.credentials.{url}.{where}: {reason}")
    if lines:
        raise SettingsError(lines)
    return found


def _recipient_key(cluster: Cluster) -> str:
    backup = cluster.settings.backup
    if backup is None or not backup.key_file:
        return ""
    try:
        return public_key(backup.key_file)
    except ValueError as reason:
        raise SettingsError([f"backup.recipient: {reason}"]) from None


def _found_in_inventory(settings: Mapping[str, Any], groups: Mapping[str, str]) -> Cluster:
    known = {name: [member.name for member in _members(name)] for name in group_names(inventory)}
    roles = groups_of_roles(groups, known)
    file = inventory_file()
    wrong = [f"{file.name}: {line}" for line in not_groups(file.read_text("utf-8", "replace"), roles)] if file else []
    if wrong:  # hosts that are no hosts have no settings either
        raise SettingsError(wrong)
    hosts = _hosts(roles)
    try:
        return load_cluster(settings, hosts)
    except SettingsError as error:
        hints = looked_for(roles, {entry["name"]: entry["role"] for entry in hosts}, known)
        raise SettingsError([*error.lines, *hints]) from None


def _hosts(roles: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    hosts: dict[str, dict[str, Any]] = {}
    for role, groups in roles.items():
        for member in dict.fromkeys(member for group in groups for member in _members(group)):
            entry = hosts.setdefault(member.name, {"name": member.name, "role": []} | _own_settings(member))
            entry["role"].append(role)
    return list(hosts.values())


def _members(group: str) -> Sequence[Host]:
    try:
        return inventory.get_group(group)
    except NoGroupError:
        return []


def _own_settings(member: Host) -> dict[str, Any]:
    try:
        own = member.data.get("k8s_ha_host") or {}
    except (TypeError, ValueError):
        raise SettingsError([f"{member.name}: its group's data; a group is (HOSTS, DATA); make DATA a map"]) from None
    if not isinstance(own, Mapping):
        found = f"{member.name}: k8s_ha_host is {short(own)}"
        raise SettingsError([f"{found}; it must be a mapping; write {{'address': …}}"])
    reserved = sorted({"name", "role"} & set(own))
    if reserved:
        raise SettingsError(
            [f"{member.name}: k8s_ha_host sets {reserved[0]!r}; the inventory and its groups decide that; remove it"]
        )
    return {"address": member.data.get("ssh_hostname") or member.name.removeprefix("@fake/"), **own}


def _current_state() -> State:
    # `state` is a proxy; the object behind it is what lives as long as the run.
    owner: State = host.state
    return owner


def is_executing() -> bool:
    """Whether commands run now: False while pyinfra prepares, and throughout a dry run."""
    return bool(state.is_executing)
