"""Six hosts with what each holds of a cluster, for tests of the operations that look at it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest

from k8s_ha.facts.node import Node
from k8s_ha.facts.system import Files, HttpsAnswer
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import long_command, write
from k8s_ha.resources import read_file
from k8s_ha.run import JoinSecrets, Run, Secrets
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CLEAN, CONTROL_PLANES, NODES, member
from tests.support.operation_bench import Bench, Step, command

SECRETS = JoinSecrets("abcdef", "0123456789abcdef", "0e" * 32)
CLUSTER = six_host_cluster()
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://{}:6443 --request-timeout=30s {}"
LABEL = "TOKEN_ID=abcdef\nADDRESS=10.0.11.18\n" + read_file("label-join-secrets.sh")
ONE_CONTROL_PLANE = {"master1": member("master1")}


class Stage(Bench):
    """The six hosts, what each control plane and this worker hold, and one run over them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.run = Run(CLUSTER, secrets=Secrets(join=SECRETS))
        self.hold(dict.fromkeys(NODES, CLEAN))
        for control_plane in CONTROL_PLANES:
            self.facts[control_plane][Files] = {}
        for name in NODES:
            self.facts[name][HttpsAnswer] = "HTTP status 200"

    def hold(self, views: Mapping[str, NodeView | None]) -> Stage:
        """Have hosts hold what is given of a cluster."""
        for name, view in views.items():
            self.facts[name][Node] = view
        return self


def kubeadm(name: str, arguments: str, config: str, unless: str = "", after: str = "", marker: str = "") -> list[Step]:
    """kubeadm's configuration file, and the script that uses it up."""
    path = f"/run/k8s-ha/{name}.yaml"
    script = f"COMMAND='kubeadm {arguments}'\nCONFIG={path}\nAFTER={shlex.quote(after)}\n"
    endpoint = "10.0.1.157:6443" if arguments == "join" else "''"
    script += f"MARKER={shlex.quote(marker)}\nENDPOINT={endpoint}\nSILENCE=120\n"
    watched = script + read_file("kubeadm-watched.sh")
    done = f"{unless} && rm -f {path}" if unless else ""
    long = long_command(name, watched, seconds=900, unless=done, lock="kubeadm")
    return [command(write(path, config, "600")), command(long)]


def reset(unless: str, name: str = "master1", flags: str = "") -> Step:
    """What takes back what was begun on a host."""
    values = f"HOST={name}\nCRI_SOCKET=unix:///run/containerd/containerd.sock\nENDPOINT=10.0.1.157:6443\n"
    values += "ETCD_DATA=/var/lib/etcd/member\n" if name in CONTROL_PLANES else "ETCD_DATA=''\n"
    values += f"FLAGS={shlex.quote(flags)}\n"
    script = values + read_file("remove-pod-network.sh") + read_file("reset-node.sh")
    return command(long_command("kubeadm-reset", script, seconds=900, unless=unless, lock="kubeadm"))
