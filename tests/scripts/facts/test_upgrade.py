"""The script that asks a node what an upgrade may fail by, run for real."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from k8s_ha.facts.upgrade import UpgradeSurvey
from k8s_ha.observations.upgrade import DeprecatedApi, ManifestFile, UpgradeFacts, Webhook
from tests.support.shell_bench import Shell

MANIFESTS: Final = "/etc/kubernetes/manifests"
FLAGS: Final = "/var/lib/kubelet/kubeadm-flags.env"
EXTRA: Final = "/etc/sysconfig/kubelet"
DEPRECATED: Final = (
    'group="policy",removed_release="1.25",resource="podsecuritypolicies",subresource="",version="v1beta1"'
)
METRICS: Final = f"""# HELP apiserver_requested_deprecated_apis x
apiserver_request_total{{resource="secrets"}} 5
apiserver_requested_deprecated_apis{{{DEPRECATED}}} 1
etcd_object_counts{{resource="SECRET"}} 3
process_start_time_seconds 1.5e+09
rest_client_requests_total 1
"""
HOOKS: Final = """webhook ValidatingWebhookConfiguration dead pods.dead.example shop guard
webhook MutatingWebhookConfiguration alive pods.alive.example shop injector
"""
KUBECTL: Final = """case "$*" in
    *"--server https://10.0.11.18:6443"*"get --raw /readyz") printf ok ;;
    *"--server https://10.0.11.18:6443"*"get --raw /metrics") cat /etc/metrics ;;
    *"get validatingwebhookconfigurations,mutatingwebhookconfigurations -o go-template="*) cat /etc/hooks ;;
    *"get endpointslices -A -l kubernetes.io/service-name in (guard,injector) -o go-template="*) cat /etc/slices ;;
    *) exit 1 ;;
esac"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def control_plane(shell: Shell) -> Shell:
    """One whose API server answers."""
    shell.add_tool("kubectl", shell.moved(KUBECTL))
    shell.add_tool("df", "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'; echo '/dev/x 9 4 5 50% /'")
    shell.add_tool("du", "printf '7\\t/var/lib/etcd\\n'")
    shell.add_tool("date", "echo 1500000031")
    shell.file("/etc/kubernetes/admin.conf")
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        shell.file(f"{MANIFESTS}/{name}.yaml", f"metadata:\n  name: {name}\n")
    shell.file("/etc/metrics", METRICS)
    shell.file("/etc/hooks", HOOKS)
    shell.file("/etc/slices", "ready shop injector\nready shop injector\n")
    return shell


def facts(shell: Shell) -> UpgradeFacts:
    return UpgradeSurvey().process(shell.lines(UpgradeSurvey().command(address="10.0.11.18")))


def test_a_control_plane(control_plane: Shell) -> None:
    assert facts(control_plane) == UpgradeFacts(
        free=5 * 1024,
        etcd_size=7 * 1024,
        manifests=(),
        deprecated_apis=(DeprecatedApi("policy", "v1beta1", "podsecuritypolicies", "1.25"),),
        uptime=31,
        webhooks=(Webhook("ValidatingWebhookConfiguration dead", "pods.dead.example", "shop/guard"),),
    )


def test_a_worker_is_asked_for_its_kubelets_flags_alone(shell: Shell) -> None:
    shell.add_tool("kubectl", "echo asked >&2; exit 1")
    shell.file(FLAGS, 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.12.16"\n')
    shell.file(
        EXTRA, '# KUBELET_EXTRA_ARGS="--no"\n  ; --no=1\nKUBELET_EXTRA_ARGS="--v=2 \\\n   --feature-gates=A=true"\n'
    )
    assert facts(shell) == UpgradeFacts(
        kubelet_flags={
            FLAGS: 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.12.16"',
            EXTRA: 'KUBELET_EXTRA_ARGS="--v=2 --feature-gates=A=true"',
        }
    )


def test_the_kubelets_drop_ins_are_told_with_the_files_that_they_read(shell: Shell) -> None:
    drop_in = "/etc/systemd/system/kubelet.service.d/20-extra.conf"
    shell.file("/etc/mine", "MINE=--v=3\n")
    text = 'Environment="KUBELET_EXTRA_ARGS=--v=2 \\\n  --feature-gates=A=true"\nEnvironmentFile=-{}\n'
    shell.file(drop_in, "[Service]\n" + text.format(shell.root / "etc/mine"))
    found = facts(shell)
    assert found.kubelet_units == (
        (drop_in, 'Environment="KUBELET_EXTRA_ARGS=--v=2 --feature-gates=A=true"'),
        (drop_in, "EnvironmentFile=-/etc/mine"),
    )
    assert found.kubelet_flags == {"/etc/mine": "MINE=--v=3"}


def test_of_the_metrics_nothing_else_is_printed(control_plane: Shell) -> None:
    lines = control_plane.lines(UpgradeSurvey().command(address="10.0.11.18"))
    assert [line.split("{")[0].split(" ")[:2] for line in lines if line.startswith("metric")] == [
        ["metric", "apiserver_requested_deprecated_apis"],
        ["metric", "process_start_time_seconds"],
    ]
    assert "SECRET" not in "".join(lines)


YAML: Final = "apiVersion: v1\nkind: Pod\nmetadata:\n{}spec:\n  containers:\n  - name: etcd\n"
PODS: Final = {
    "etcd.yaml.bak": (YAML.format("  labels:\n    component: etcd\n  name: etcd\n"), "etcd"),
    "by-its-label.yaml": (YAML.format("  labels:\n    component: kube-scheduler\n  name: x\n"), "kube-scheduler"),
    "quoted.yaml": (YAML.format('  name: "kube-apiserver" # mine\r\n'), "kube-apiserver"),
    "behind-a-comment.yaml": (YAML.format("# mine\n  name: 'kube-controller-manager'\n"), "kube-controller-manager"),
    "whole.json": ('{"kind": "Pod", "metadata": {"labels": {"component": "etcd"}}}', "etcd"),
    "flow.yaml": ("kind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\n", "kube-apiserver"),
    "quoted-keys.yaml": ('"metadata":\n  "name": kube-apiserver\n', "kube-apiserver"),
    "indented.yaml": ("  kind: Pod\n  metadata:\n    name: etcd\n", "etcd"),
    "labels-in-flow.yaml": (YAML.format("  labels: {component: etcd, tier: x}\n  name: a\n"), "etcd"),
    "without-a-label.json": ('{"kind":"Pod","metadata":{"name":"kube-apiserver"},"spec":{}}', "kube-apiserver"),
    "broken-lines.json": ('{"metadata":{"labels":{"component":\n"etcd"},"name":"x"}}', "etcd"),
    "behind-a-separator.yaml": ("---\n" + YAML.format("  name: etcd\n"), "etcd"),
    "two-documents.yaml": ("a: 1\n--- # next\n" + YAML.format("  name: etcd\n"), "etcd"),
    "no-yaml.yaml": ("metadata: {name: etcd\n", "etcd"),
    "what-python-does-not-read.yaml": (YAML.format("  name: etcd\n  day: 2026-02-31\n"), "etcd"),
    "a-list.yaml": ("- metadata\n", ""),
    "no-metadata.yaml": ("metadata:\n", ""),
    "a container of that name.yaml": (YAML.format("  name: proxy\n"), ""),
    "a-selector.yaml": (YAML.format("  name: proxy\n") + "  matchLabels:\n    component: etcd\n", ""),
    "a-longer-name.yaml": (YAML.format("  name: etcd-backup\n"), ""),
    "empty.yaml": ("", ""),
    "kube-vip.yaml": (YAML.format("  name: kube-vip\n"), ""),
}


@pytest.mark.parametrize(("name", "pod"), PODS.items(), ids=PODS)
def test_a_file_beside_kubeadms_defines_one_of_its_pods_or_none(
    control_plane: Shell, name: str, pod: tuple[str, str]
) -> None:
    text, component = pod
    control_plane.file(f"{MANIFESTS}/{name}", text)
    assert facts(control_plane).manifests == (ManifestFile(name, component),)


def test_what_the_kubelet_does_not_read_is_not_named(control_plane: Shell) -> None:
    control_plane.file(f"{MANIFESTS}/.etcd.yaml", "metadata:\n  name: etcd\n")
    control_plane.file(f"{MANIFESTS}/old/etcd.yaml", "metadata:\n  name: etcd\n")
    assert facts(control_plane).manifests == ()


def test_without_a_webhook_that_fails_closed_no_endpoint_is_asked_for(control_plane: Shell) -> None:
    control_plane.file("/etc/hooks", "")
    (control_plane.root / "etc/slices").unlink()
    assert facts(control_plane).webhooks == ()


@pytest.mark.parametrize(
    ("pattern", "unread"),
    [
        ('*"/readyz")', {"deprecated_apis", "uptime", "webhooks"}),
        ('*"/metrics")', {"deprecated_apis", "uptime"}),
        ('*"get validating"*)', {"webhooks"}),
        ('*"get endpointslices"*)', {"webhooks"}),
    ],
)
def test_what_the_api_server_does_not_tell_is_not_empty(control_plane: Shell, pattern: str, unread: set[str]) -> None:
    fails = KUBECTL.replace('case "$*" in', f'case "$*" in\n    {pattern} exit 1 ;;')
    control_plane.add_tool("kubectl", control_plane.moved(fails))
    found = facts(control_plane)
    assert {name for name in ("deprecated_apis", "uptime", "webhooks") if getattr(found, name) is None} == unread


def test_metrics_that_were_cut_off_are_not_read(control_plane: Shell) -> None:
    control_plane.file("/etc/metrics", METRICS.partition("process_")[0])
    assert facts(control_plane).deprecated_apis is None


@pytest.mark.parametrize(("tool", "name"), [("df", "free"), ("du", "etcd_size")])
def test_sizes_that_cannot_be_measured_are_not_zero(control_plane: Shell, tool: str, name: str) -> None:
    control_plane.add_tool(tool, "exit 1")
    found = facts(control_plane)
    assert getattr(found, name) is None
    assert found.webhooks is not None


def test_the_script_fails_where_it_may_not_look(shell: Shell) -> None:
    shell.add_tool("id", "echo 1000")
    assert shell.run(UpgradeSurvey().command(address="10.0.11.18")).returncode == 1
