"""kubeadm reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired.kubeadm_config import cri_socket
from k8s_ha.operations.commands import long_command
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run

SECONDS_TO_RESET: Final = 900

MEMBER_HAS_GONE: Final = "--skip-phases=remove-etcd-member"
"""For ``host_reset`` where etcd counts no member of the host: an older kubeadm looks for it for minutes."""

CLUSTER_GOES: Final = "--kubeconfig=/nonexistent"
"""For ``host_reset`` where the cluster goes with the host: kubeadm then asks nothing of it, and waits for no answer."""


def host_reset(run: Run, unless: str, flags: str = "") -> StringCommand:
    """kubeadm reset, and what it leaves behind, on a host that holds nothing but what was begun and not finished.

    + flags: of kubeadm reset, one of the above
    """
    data = f"{run.cluster.etcd_folder}/member" if "control_plane" in run.cluster.host(host.name).role else ""
    # What was begun may speak to another runtime than the settings say now.
    survey = run.surveys.get(host.name)
    socket = cri_socket(run.cluster, survey.cri if survey else None)
    values = {"HOST": host.name, "CRI_SOCKET": socket, "ENDPOINT": run.cluster.endpoint}
    script = reset_script(values | {"ETCD_DATA": data, "FLAGS": flags})
    return long_command("kubeadm-reset", script, seconds=SECONDS_TO_RESET, unless=unless, lock="kubeadm")


def reset_script(values: Mapping[str, str]) -> str:
    """The script of ``host_reset``.

    + values: shell variables that ``reset-node.sh`` names
    """
    return shell_variables(values) + read_file("remove-pod-network.sh") + read_file("reset-node.sh")
