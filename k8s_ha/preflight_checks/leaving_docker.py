"""What stands against a node's way from Docker to containerd. One rule a function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.catalog.compatibility import DOCKER_HUB
from k8s_ha.findings import Finding
from k8s_ha.observations import dockerd_flags
from k8s_ha.preflight_checks.model import HostContext
from k8s_ha.preflight_checks.upgrade_removals import FLAGS_FILE
from k8s_ha.untrusted import json_object, some

_CHECK: Final = "runtime"


def containers(context: HostContext) -> Iterator[Finding]:
    """Containers of Docker's that are none of a pod's: it is stopped, and containerd below it restarted."""
    if not context.changes_runtime:
        return
    found = context.preflight.docker_containers
    if found is None:
        told, remedy = "its Docker does not tell its containers", "see `docker ps -a` and `journalctl -u docker` there"
    elif found:
        told, remedy = (
            f"its Docker has {some(list(found))}, which no pod has",
            "move them to another host, or remove them",
        )
    else:
        return
    yield Finding(context.host.name, _CHECK, told, "Docker is stopped where a node goes to containerd", remedy)


def settings(context: HostContext) -> Iterator[Finding]:
    """What Docker has of registries, and containerd would not have."""
    if not context.changes_runtime:
        return
    held = json_object(context.preflight.runtime.configs.get(dockerd_flags.CONFIG, b"").decode(errors="replace"))
    mirrors = context.cluster.settings.registry_mirrors
    lost = [key for key in ("insecure-registries", "proxies") if held.get(key)]
    if held.get("registry-mirrors") and DOCKER_HUB not in mirrors:
        lost.append("registry-mirrors")
    if lost:
        yield Finding(
            context.host.name,
            _CHECK,
            f"its {dockerd_flags.CONFIG} has {some(lost)}",
            "containerd does not read that",
            "set registry_mirrors for what is needed of it, or take it out of that file",
        )


def flags(context: HostContext) -> Iterator[Finding]:
    """Flags of the kubelet that are not as kubeadm writes them."""
    if context.changes_runtime and context.survey.kubelet_flags_odd:
        yield Finding(
            context.host.name,
            _CHECK,
            f'its {FLAGS_FILE} has no line KUBELET_KUBEADM_ARGS="…"',
            "the socket is written into that line",
            "write it again as kubeadm does, and restart the kubelet",
        )
