"""What the steps do that take a whole cluster away. Each asks its host again before it acts."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Generator, Iterator, Mapping
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand

from k8s_ha.catalog import kernel_needs
from k8s_ha.catalog.compatibility import DOCKER_HUB
from k8s_ha.catalog.control_plane import member_removal
from k8s_ha.cluster_state.change_steps import ChangeStep
from k8s_ha.cluster_state.node_state import membership
from k8s_ha.cluster_state.reset_steps import (
    authority,
    is_node_due,
    may_be_reset,
    named_by_this_cluster,
    others_files,
)
from k8s_ha.desired import daemon_json
from k8s_ha.desired.given_back import given_back
from k8s_ha.desired.kubeadm_config import CRI_SOCKETS
from k8s_ha.desired.nginx_reset import without_proxy
from k8s_ha.desired.registry_hosts import registry_hosts
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.facts.reset import RemainsFact, take_back_script
from k8s_ha.facts.runtime import RuntimeService
from k8s_ha.facts.system import Content
from k8s_ha.observations import dockerd_flags
from k8s_ha.observations.host_status import PROXY_CONFIG, SHARED_PROXY_CONFIG
from k8s_ha.observations.nginx import NGINX_CONFIG
from k8s_ha.observations.nginx_config import ConfigUnreadable
from k8s_ha.observations.reset import MARKER, NODE_IS_RESET
from k8s_ha.operations.backup import unscheduled
from k8s_ha.operations.cluster import node_arguments, observe_idle
from k8s_ha.operations.commands import edited, fail_host, long_command, planned, poll_until, read_fact, write
from k8s_ha.operations.docker import UNIT as DOCKER
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.host_reset import CLUSTER_GOES, SECONDS_TO_RESET, host_reset
from k8s_ha.operations.removal import SECONDS_TO_FORGET
from k8s_ha.operations.swap import SECONDS_FOR_SWAP
from k8s_ha.resources import read_file, render
from k8s_ha.run import Run, is_executing

KEPT_DAEMON: Final = "/var/lib/k8s-ha/before"
NETWORK_MANAGER: Final = "/etc/NetworkManager/conf.d/k8s-ha.conf"


def endpoints_of(run: Run) -> tuple[str, ...]:
    """What hosts of the cluster may name as its endpoint, the wanted one first."""
    return (run.cluster.endpoint, *run.former_endpoints)


def values_of(run: Run, name: str) -> dict[str, str]:
    """The shell variables of ``take-back.sh`` for a host, by its inventory name."""
    own = run.cluster.host(name)
    owned = [f"{digest} {path}" for path, texts in _texts(run, name).items() for digest in sorted(map(_digest, texts))]
    return {
        "HOST": name,
        "MEMBER": "" if own.role == ("admin",) else "yes",
        "NODE": "yes" if own.is_node else "",
        "ENDPOINTS": " ".join(endpoints_of(run)),
        "BACKUPS": run.cluster.settings.backup.directory if run.cluster.settings.backup else "",
        "OWNED": "\n".join(owned),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(run: Run, name: str) -> Mapping[str, set[str]]:
    """What this package may have written into files that do not say so, by path."""
    cluster, kernel = run.cluster, run.surveys[name].kernel_version
    open_to_all, secret = registry_hosts(cluster.settings.registry_mirrors, cluster.registries, run.logins)
    values = kernel_needs.sysctl(kernel)
    return {
        kernel_needs.MODULES_FILE: {kernel_needs.modules_text()},
        kernel_needs.SYSCTL_FILE: {kernel_needs.sysctl_text(values)},
        NETWORK_MANAGER: {read_file("network-manager.conf")},
        "/etc/crictl.yaml": {render("crictl.yaml.j2", socket=socket) for socket in CRI_SOCKETS.values()},
        **{path: {text} for path, text in (open_to_all | secret).items()},
    }


@isolated_operation
def member_removed(run: Run, step: ChangeStep) -> Generator[StringCommand]:
    """Have etcd count no member of a control plane that is reset next, as long as etcd has a majority; on the leader.

    All members go in the end: what etcd does not do here does not keep a reset from going on.
    """
    if not is_executing():
        yield planned(step.sentence)
        return
    own, leaving = run.cluster.host(host.name), run.cluster.host(step.subjects[0])
    view = read_fact(host, Node, address=own.address)
    member = None if view is None else membership(view, leaving, frozenset()).member
    if view is None or not view.etcd_healthy:
        host.noop("etcd has no majority any more: the host is reset as it is")
        return
    if member is None:
        host.noop("etcd counts no member of it")
        return
    yield StringCommand(f"{member_removal(member.identity)} || echo 'etcd keeps that member; the reset goes on' >&2")

    def is_forgotten() -> bool:
        found = read_fact(host, Node, address=own.address)
        return found is None or (bool(found.etcd_healthy) and membership(found, leaving, frozenset()).member is None)

    if not poll_until(is_forgotten, bool, SECONDS_TO_FORGET):
        logger.warning(f"{leaving.name} is still a member of etcd; the reset goes on")


@isolated_operation
def node_reset(run: Run, step: ChangeStep) -> Generator[StringCommand]:
    """Have a node hold nothing of the cluster, where that is provably this one."""
    if not is_executing():
        yield planned("kubeadm reset")
        return
    own = run.cluster.host(host.name)
    observe_idle([own], SECONDS_TO_RESET)
    remains = require_fact(RemainsFact, values=values_of(run, host.name))
    view = require_fact(Node, **node_arguments(run, own))
    if not is_node_due(view, remains):
        host.noop("nothing of the cluster is left here")
        return
    known = authority(run.snapshot) if run.snapshot else frozenset()
    if view.busy or not may_be_reset(view, known, own, endpoints_of(run), remains):
        yield fail_host(
            f"{host.name} was not reset: what it holds is not provably this cluster's, or a kubeadm is at work; look "
            "at /etc/kubernetes there, then run this again."
        )
        return
    if "control_plane" in own.role:
        yield unscheduled()
    yield write(MARKER, f"{run.cluster.endpoint}\n", "600")
    yield host_reset(run, unless="", flags=CLUSTER_GOES)
    yield write(MARKER, f"{run.cluster.endpoint} {NODE_IS_RESET}\n", "600")


@isolated_operation
def host_given_back(run: Run, step: ChangeStep) -> Generator[StringCommand]:
    """Have a host without what this package has put there, and with what it has changed as that was before.

    What is left as it is, since nothing tells what it was or its owner has changed it, is said.
    """
    if not is_executing():
        yield planned(step.sentence)
        return
    values = values_of(run, host.name)
    remains = require_fact(RemainsFact, values=values)
    if not remains.due:
        host.noop("nothing of this package's is left here")
        return
    ours = named_by_this_cluster(run.cluster, run.cluster.host(host.name), endpoints_of(run))
    for path, addresses in others_files(remains, ours).items():
        yield fail_host(
            f"{host.name}: nothing was taken back: {path} names {', '.join(addresses[:2])}, and none of this "
            "cluster's; take it out of the inventory, or reset that cluster first."
        )
        return
    for path, text in given_back(remains.contents).items():
        yield edited(path, remains.contents[path], text)
    if {PROXY_CONFIG, SHARED_PROXY_CONFIG, "nginx.service"} & set(remains.due):
        yield from _nginx_given_back()
    if DOCKER in remains.due:
        yield from _docker_given_back(run)
    remains = require_fact(RemainsFact, values=values)
    for line in remains.left:
        logger.warning(f"{host.name}: left as it is: {line}")
    yield long_command("take-back", take_back_script(values), seconds=SECONDS_FOR_SWAP)
    left = require_fact(RemainsFact, values=values)
    if left.due:
        yield fail_host(
            f"{host.name}: still there after they were taken back: {', '.join(left.due[:3])}; see "
            "/var/log/k8s-ha/take-back.log there, then run this again."
        )


def _nginx_given_back() -> Iterator[StringCommand]:
    state = require_fact(Nginx)
    if NGINX_CONFIG not in state.config.files:
        return
    try:
        changed = without_proxy(state.config)
    except ConfigUnreadable as error:
        yield fail_host(
            f"{host.name}: nginx's files cannot be read: {error}; the lines of this package in them go; fix what "
            "`nginx -t` names, then run this again."
        )
        return
    for path, text in changed.items():
        yield edited(path, state.config.files[path], text)


def _docker_given_back(run: Run) -> Iterator[StringCommand]:
    """daemon.json as it was, where it holds what this package would write into that, and nothing else."""
    _, found = require_fact(RuntimeService, unit=DOCKER, config=dockerd_flags.CONFIG)
    flags = dockerd_flags.of_unit(found.unit(DOCKER))
    held = require_fact(Content, path=flags.config)
    before = require_fact(Content, path=f"{KEPT_DAEMON}/{flags.config.rpartition('/')[2]}")
    if not held or held == before:
        return
    mirrors = run.cluster.settings.registry_mirrors.get(DOCKER_HUB)
    try:
        is_ours = daemon_json.merged(before, mirrors, flags) == held
    except daemon_json.Unusable:
        is_ours = False
    if not is_ours:
        logger.warning(
            f"{host.name}: left as it is: {flags.config}: it is not as the settings make it of what stood there before"
        )
    elif before:
        yield edited(flags.config, held, before)
    else:
        # There was none. An empty one would keep older dockerds from starting.
        path, digest = shlex.quote(flags.config), hashlib.sha256(held).hexdigest()
        yield StringCommand(f'[ "$(sha256sum <{path})" != "{digest}  -" ] || rm -f {path}')
