"""Other settings on the finished cluster: refused by name before the first change, carried out, or said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from k8s_ha.findings import Finding, errors
from tests.lab.checks import changed_by, check_a_second_run_changes_nothing
from tests.lab.client import TODAY, Lab
from tests.lab.digest import KINDS
from tests.lab.settings import in_lab
from tests.support.finding_rows import rows, squeezed

pytestmark = pytest.mark.lab

ANNOTATION = "k8s-ha/settings"
SETTLED = tuple(kind for kind in KINDS if kind != "containers")
"""What does not change by itself where a kubelet starts a pod anew."""

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another version": (
        {"kubernetes_version": "1.35.4"},
        f"a part of the cluster is of Kubernetes {TODAY}, and 1.35.4 is wanted",
    ),
    "the networks and the domain": (
        {"pod_cidr": "10.245.0.0/16", "service_cidr": "10.112.0.0/12", "dns_domain": "corp.local"},
        "pod_cidr stands as '10.244.0.0/16'; service_cidr stands as '10.96.0.0/12'; "
        "dns_domain stands as 'cluster.local'",
    ),
    "kube-proxy's mode, flannel's backend": (
        {"kube_proxy_mode": "ipvs", "flannel_backend": "host-gw"},
        "kube_proxy_mode stands as 'iptables'; flannel_backend stands as 'vxlan'",
    ),
    "no pod network": ({"pod_network": "none"}, "pod_network stands as 'flannel'"),
}


def refused(
    lab: Lab, *options: str, kinds: Sequence[str] = KINDS, of_hosts: Mapping[str, Any] | None = None, **settings: Any
) -> list[Finding]:
    """The errors of a run that changed nothing; a dry run says the same.

    + kinds: of the digest, that must not differ
    """
    before = lab.digest(kinds)
    dry = lab.pyinfra("--dry", *options, of_hosts=of_hosts, **settings)
    run = lab.pyinfra("-y", *options, of_hosts=of_hosts, **settings)
    assert (dry.returncode, run.returncode) == (1, 1), dry.stderr + run.stderr
    assert "Traceback" not in run.stderr
    changed = sorted(lab.digest(kinds) ^ before)
    assert not changed, changed[:10]
    assert errors(rows(dry.stderr)) == errors(rows(run.stderr))
    return errors(rows(run.stderr))


def node(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.kubectl("get", "node", name, "-o", "json"))
    return found


@pytest.mark.parametrize(("settings", "found"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_changed_is_refused_by_name(lab: Lab, settings: dict[str, Any], found: str) -> None:
    found_errors = refused(lab, **settings)
    # The table breaks what is long, wherever it is.
    told = {squeezed(row.found) for row in found_errors if row.check in ("settings", "version")}
    assert told == {squeezed(part) for part in found.split("; ")}


def test_roles_and_addresses_that_a_node_does_not_have(lab: Lab) -> None:
    found = refused(lab, of_hosts={"worker1": {"address": "10.0.12.99"}})
    assert "address stands as '10.0.12.16'" in {row.found for row in found}


def test_flags_that_only_later_nodes_get_are_said(lab: Lab) -> None:
    patch = {"JoinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}}
    run = lab.pyinfra("--dry", kubeadm_patches=in_lab({})["kubeadm_patches"] | patch)
    assert run.returncode == 0, run.stderr
    said = [row for row in rows(run.stderr) if row.check == "settings"]
    assert [row.host for row in said] == ["master1", "master2", "master3", "worker1", "worker2"]


@pytest.fixture
def plain(lab: Lab) -> Iterator[None]:
    """The nodes afterwards as they were."""
    yield
    lab.results()
    check_a_second_run_changes_nothing(lab)


def test_labels_and_taints_follow_the_settings(lab: Lab, plain: None) -> None:
    lab.kubectl("label", "node", "worker1", "team=a")
    lab.kubectl("taint", "node", "worker1", "mine=1:PreferNoSchedule")
    first = {"labels": {"disk": "ssd", "zone": "b"}, "taints": ["gpu=yes:NoSchedule"]}
    _carried_out(lab, {"worker1": first}, "worker1: gets label disk=ssd, label zone=b, taint gpu=yes:NoSchedule")
    found = node(lab, "worker1")
    assert {"disk": "ssd", "zone": "b", "team": "a"}.items() <= found["metadata"]["labels"].items()
    assert found["metadata"]["annotations"][ANNOTATION] == "labels=disk,zone;taints=gpu:NoSchedule"
    second = {"labels": {"zone": "c"}, "taints": []}
    _carried_out(lab, {"worker1": second}, "worker1: gets label zone=c; loses label disk, taint gpu:NoSchedule")
    found = node(lab, "worker1")
    assert "disk" not in found["metadata"]["labels"]
    assert found["metadata"]["labels"]["team"] == "a"
    assert [taint["key"] for taint in found["spec"]["taints"]] == ["mine"]
    _carried_out(lab, {}, "worker1: loses label zone")
    found = node(lab, "worker1")
    assert ANNOTATION not in found["metadata"]["annotations"]
    assert "zone" not in found["metadata"]["labels"]
    lab.kubectl("label", "node", "worker1", "team-")
    lab.kubectl("taint", "node", "worker1", "mine-")


def _carried_out(lab: Lab, of_hosts: Mapping[str, Any], plan: str) -> None:
    """A run that has this plan, as a dry run says, and that leaves nothing to do."""
    dry = lab.pyinfra("--dry", of_hosts=of_hosts)
    assert f"Plan: {plan}" in dry.stderr, dry.stderr
    for changed in ({"Label and taint the nodes"}, set()):
        run = lab.pyinfra("-y", "--json", of_hosts=of_hosts)
        assert run.returncode == 0, run.stderr
        assert changed_by(json.loads(run.stdout)["results"]) == changed


def test_a_change_of_labels_is_not_made_by_half(lab: Lab) -> None:
    of_hosts = {"worker1": {"labels": {"disk": "ssd"}}}
    for options in (("--limit", "worker1"), ("--serial",), ("--no-wait",)):
        (row,) = [row for row in refused(lab, *options, of_hosts=of_hosts) if row.check == "settings"]
        assert (row.host, options[0] in row.remedy) == ("worker1", True)


def test_a_node_that_the_inventory_lacks_is_named(lab: Lab, plain: None) -> None:
    run = lab.pyinfra("-y", of_hosts={"worker2": None})
    assert run.returncode == 0, run.stderr
    named = [row for row in rows(run.stderr) if row.check == "nodes"]
    assert {row.found for row in named} == {"worker2 is a node of the cluster, and not in the inventory"}
    assert "unlisted" in run.stderr


def test_a_control_plane_that_was_upgraded_by_half_is_gone_on_with(lab: Lab, plain: None) -> None:
    manifest = "/etc/kubernetes/manifests/kube-scheduler.yaml"
    lab.host("master1", f"sed -i 's/:v{TODAY}/:v1.36.2/' {manifest}")
    before = lab.digest(SETTLED)
    dry = lab.pyinfra("--dry")
    assert dry.returncode == 0, dry.stderr
    assert not lab.digest(SETTLED) ^ before
    assert f"kubeadm upgrade node to {TODAY}" in dry.stderr
    run = lab.pyinfra("-y")
    assert run.returncode == 0, run.stderr
    assert "step 5 of 5, master-lb: master1 back into the balancer" in run.stderr
    assert f":v{TODAY}" in lab.host("master1", f"grep image: {manifest}")


def test_the_version_that_stands_is_kept_where_none_is_named(lab: Lab) -> None:
    run = lab.pyinfra("--dry", kubernetes_version=None)
    assert run.returncode == 0, run.stderr
    assert f"Kubernetes {TODAY}: the cluster stands with it, by master1" in run.stderr


def test_one_damaged_ca_is_its_hosts_error_alone(lab: Lab) -> None:
    ca = "/etc/kubernetes/pki/ca.crt"
    lab.host("master1", f"cp -p {ca} /root/kept.crt && head -c 400 /root/kept.crt >{ca}")
    try:
        found = refused(lab, kinds=SETTLED)
        assert [(row.host, row.check) for row in found] == [("master1", "cluster")]
        assert f"{ca} holds no whole certificate" in found[0].found
    finally:
        lab.host("master1", f"cp -p /root/kept.crt {ca} && rm /root/kept.crt")


def test_what_a_host_calls_itself_does_not_command_the_terminal(lab: Lab) -> None:
    lab.host(
        "worker1",
        r"cp -p /etc/os-release /root/kept && printf 'ID=\033]52;c;ZXZpbA==\a\nVERSION_ID=²\n' >/etc/os-release",
    )
    try:
        (row,) = refused(lab)
        assert (row.host, row.check) == ("worker1", "system")
        assert "]52" in row.found
        assert row.found.isprintable()
    finally:
        lab.host("worker1", "cat /root/kept >/etc/os-release && rm /root/kept")
