"""An init that did not come to its end: what the hosts' script, run for real, takes for proof of it, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.node import INIT_MARKER, Node
from k8s_ha.observations.node import NodeView
from tests.support.node_views import ADMIN, ENDPOINT, KUBELET
from tests.support.shell_bench import Shell

KUBECONFIG = f"    server: {ENDPOINT}\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def node(shell: Shell) -> NodeView:
    return Node().process(shell.lines(Node().command(address="10.0.11.18")))


EMBEDDED, ROTATED = (
    "user:\n  client-key-data: abc\n",
    "user:\n  client-key: /var/lib/kubelet/pki/kubelet-client-current.pem\n",
)
ROTATES = "kind: KubeletConfiguration\nrotateCertificates: true\n"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"


@pytest.mark.parametrize(
    ("files", "unfinished"),
    [
        ({}, True),
        ({KUBELET: EMBEDDED}, True),
        ({KUBELET: EMBEDDED, KUBELET_CONFIG: ROTATES}, True),
        ({KUBELET: "", KUBELET_CONFIG: ROTATES}, True),
        ({KUBELET: EMBEDDED, KUBELET_CONFIG: ""}, True),
        ({KUBELET: ROTATED, KUBELET_CONFIG: ROTATES}, False),
        ({KUBELET: ROTATED}, False),
        # A kubelet that renews no certificate has the same kubelet.conf before and after.
        ({KUBELET: EMBEDDED, KUBELET_CONFIG: "kind: KubeletConfiguration\n"}, False),
    ],
)
@pytest.mark.parametrize("marked", [True, False])
def test_an_init_without_its_api_server_is_unfinished_by_its_kubelet_conf(
    shell: Shell, files: dict[str, str], unfinished: bool, marked: bool
) -> None:
    shell.add_tool("kubectl", "exit 1")
    for path, text in {ADMIN: KUBECONFIG, **files}.items():
        shell.file(path, text)
    if marked:
        shell.file(INIT_MARKER)
    view = node(shell)
    assert (view.init_begun, view.init_unfinished, view.ready) == (marked, marked and unfinished, False)


HALF = """Node 10.0.11.18 master1
Namespace  default
Namespace  kube-node-lease
Namespace  kube-public
Namespace  kube-system
Pod kube-system etcd-master1
Pod kube-system kube-apiserver-master1
Pod kube-system kube-controller-manager-master1
Pod kube-system kube-scheduler-master1
"""
DNS = "Pod kube-system coredns-76c6f6bbc9-g96r6\nDeployment kube-system coredns\n"
PROXY = "Pod kube-system kube-proxy-abcde\nDaemonSet kube-system kube-proxy\n"
HELD = """case "$*" in
    *"--server https://10.0.11.18:6443"*"get --raw /readyz") printf ok ;;
    *"get nodes -o"*) echo 'node master1 True v1.30.14 {"node-role.kubernetes.io/control-plane":""}' ;;
    *"get nodes,namespaces,pods,deployments,daemonsets -A "*) printf '%s' "$(cat /etc/held)" ;;
esac"""


@pytest.mark.parametrize(
    ("held", "unfinished"),
    [
        ("", True),
        (HALF, True),
        (HALF + DNS, True),
        (HALF + PROXY, True),
        (HALF + DNS + PROXY, False),
        (HALF + "Node 10.0.12.55 master2\n", False),
        (HALF + "Node  worker1\n", False),
        (HALF + "Namespace  shop\n", False),
        (HALF + "Pod default database-0\n", False),
        (HALF + "Pod kube-system database-0\n", False),
        (HALF + "Deployment kube-system kube-dns\n", False),
        (HALF + "Deployment default coredns\n", False),
        (HALF + "DaemonSet kube-system cilium\n", False),
    ],
)
@pytest.mark.parametrize("kubelet_conf", [EMBEDDED, ROTATED])
def test_an_init_whose_api_server_answers_is_unfinished_by_what_the_cluster_holds(
    shell: Shell, held: str, unfinished: bool, kubelet_conf: str
) -> None:
    shell.add_tool("kubectl", shell.moved(HELD))
    shell.file("/etc/held", held)
    shell.file(ADMIN, KUBECONFIG)
    shell.file(KUBELET, kubelet_conf)
    unmarked = node(shell)
    assert (unmarked.init_begun, unmarked.init_unfinished, unmarked.ready) == (False, False, True)
    shell.file(INIT_MARKER)
    view = node(shell)
    assert (view.init_begun, view.init_unfinished, view.ready) == (True, unfinished, True)


def test_an_api_server_that_does_not_tell_whether_its_init_ended_is_not_ready(shell: Shell) -> None:
    shell.add_tool("kubectl", HELD.replace("printf '%s'", "exit 1;"))
    shell.file(ADMIN, KUBECONFIG)
    assert node(shell).ready
    shell.file(INIT_MARKER)
    view = node(shell)
    assert (view.init_begun, view.init_unfinished, view.ready) == (True, False, False)
