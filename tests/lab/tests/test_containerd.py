"""The main job on real hosts, told in order: six clean hosts, a dry run, a cluster, and what it then stands."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from k8s_ha import RunReport
from tests.lab.checks import (
    CONTROL_PLANES,
    NODES,
    WORKERS,
    answered,
    changed_by,
    check_a_second_run_changes_nothing,
    check_every_pod_of_the_road,
    check_kubectl_on_the_admin_host,
    check_refused_beside_another_run,
    etcd_members,
    lead_etcd,
    pulls,
    ready_nodes,
)
from tests.lab.client import KUBECONFIG, REPORTS, SECONDS_FOR_A_WATCH, TODAY, Lab, until
from tests.lab.odd.lived_with import CONTAINERD, LivedWith
from tests.support.finding_rows import reported
from tests.support.paths import PROJECT

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", autouse=True)
def no_kubeconfig() -> None:
    """A kubeconfig of an earlier lab would hide that this one was never fetched."""
    KUBECONFIG.unlink(missing_ok=True)


@pytest.fixture(scope="module", autouse=True)
def made(lab: Lab) -> None:
    """What the hosts hold before the build."""
    for odd in CONTAINERD:
        lab.host(odd.host, odd.make)


def test_a_dry_run_on_virgin_hosts_lists_every_operation_and_changes_nothing(lab: Lab) -> None:
    before = lab.digest()
    run = lab.pyinfra("--dry")
    assert run.returncode == 0, run.stderr
    for operation in (
        "Set the hostname",
        "Install containerd",
        f"Install kubelet, kubeadm and kubectl {TODAY}",
        "Configure and start nginx",
        "Initialize the cluster on master1",
        "Join master3 to the control plane",
        "Join the workers to the cluster",
        "Apply flannel",
    ):
        assert operation in run.stderr
    assert not lab.digest() ^ before


def test_an_unreachable_control_plane_stops_the_run_before_the_first_change(lab: Lab) -> None:
    before = lab.digest(without="master2")
    lab.run("link", "master2", "drop", check=True)
    try:
        run = lab.pyinfra("-y")
    finally:
        lab.run("link", "master2", "up", check=True)
    assert run.returncode == 1
    assert reported(
        run.stderr,
        "master2: cannot be reached, and no cluster was found on the other control planes; it may hold one, so "
        "nothing may begin without it; bring it back or take it out of the inventory",
    )
    assert "Traceback" not in run.stderr
    assert not lab.digest(without="master2") ^ before


def test_a_login_that_may_not_sudo_stops_the_run_before_the_first_change(lab: Lab) -> None:
    before = lab.digest()
    run = lab.pyinfra("-y", "--data", "_sudo_password=")
    assert run.returncode == 1
    assert reported(
        run.stderr,
        "worker2: it says 'sudo: a password is required'; root is needed; set _sudo_password, or allow NOPASSWD in "
        "sudoers",
    )
    assert "Traceback" not in run.stderr
    assert not lab.digest() ^ before


SECONDS_TO_THE_SECOND = 30


def test_one_command_builds_the_cluster_and_a_second_operator_is_refused_meanwhile(lab: Lab) -> None:
    with ThreadPoolExecutor() as pool:
        building = pool.submit(lab.pyinfra, "-y", "--json")
        time.sleep(SECONDS_TO_THE_SECOND)
        second = lab.pyinfra("-y")
        assert not building.done()
        run = building.result()
    check_refused_beside_another_run(second)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)["results"]
    assert results["failed_hosts"] == []
    assert results["totals"]["error"] == 0
    assert f"The cluster answers at https://10.0.1.157:6443, Kubernetes {TODAY}." in run.stderr
    assert ready_nodes(lab) == sorted(NODES)


def test_the_build_leaves_a_report_of_what_it_did(lab: Lab) -> None:
    written = max(REPORTS.glob("*.json"), key=lambda path: path.stat().st_mtime)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    report = RunReport.model_validate_json(written.read_text(encoding="utf-8"))
    assert (report.exit_state, report.mode, report.failures) == ("converged", "build", ())
    states = {host.hostname: (host.state_before, host.state_after) for host in report.hosts if host.state_after}
    assert states == dict.fromkeys(NODES, ("clean", "joined"))
    phases = {phase.name: phase for phase in report.phases}
    first, *_, last = phases
    assert (first, last) == ("Check the hosts before the first change", "Verify the cluster")
    assert phases[first].seconds > 0
    control_plane = phases["Bring up the control plane"]
    assert 0 < control_plane.serial_seconds <= control_plane.seconds
    joins = [change for change in report.changes if change.phase == "Join the workers"]
    assert {change.host for change in joins} == {"master1", "worker1", "worker2"}
    assert {entry.host for entry in report.certificates} == set(NODES)
    assert [finding for finding in report.findings if finding.severity == "error"] == []


def test_etcd_itself_counts_three_members(lab: Lab) -> None:
    assert sorted(etcd_members(lab)) == list(CONTROL_PLANES)


def test_every_pod_of_the_road_runs(lab: Lab) -> None:
    check_every_pod_of_the_road(lab)


def test_kubectl_works_on_the_admin_host(lab: Lab) -> None:
    check_kubectl_on_the_admin_host(lab)


def test_the_kubeconfigs_are_where_they_belong_and_secret(lab: Lab) -> None:
    assert stat.S_IMODE(KUBECONFIG.stat().st_mode) == 0o600
    for control_plane in CONTROL_PLANES:
        assert lab.host(
            control_plane, "stat -c %a /root/.kube/config; kubectl get nodes --no-headers | wc -l"
        ).split() == [
            "600",
            "5",
        ]


def test_no_join_secret_is_left(lab: Lab) -> None:
    secrets = lab.kubectl("-n", "kube-system", "get", "secrets", "-o", "name")
    assert "bootstrap-token" not in secrets
    assert "kubeadm-certs" not in secrets
    for node in NODES:
        assert lab.host(node, "find /run/k8s-ha -name '*.yaml'") == ""


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    check_a_second_run_changes_nothing(lab)


@pytest.mark.parametrize("odd", CONTAINERD, ids=lambda odd: f"{odd.host}: {odd.state}")
def test_what_a_host_held_before_the_build_is_lived_with(lab: Lab, odd: LivedWith) -> None:
    lab.host(odd.host, odd.holds)


def test_a_dry_run_on_the_finished_cluster_would_change_nothing(lab: Lab) -> None:
    run = lab.pyinfra("--dry", "--json")
    assert run.returncode == 0, run.stderr
    plan = json.loads(run.stdout)["plan"]
    changed = {operation["name"]: hosts for operation in plan if (hosts := operation["hosts_with_change"])}
    assert changed == {}


PROBES = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: probe}
spec:
  selector: {matchLabels: {app: probe}}
  template:
    metadata: {labels: {app: probe}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: probe
          image: docker.io/library/busybox:1.36
          command: [sh, -c, "hostname > /index.html && exec httpd -f -p 8080 -h /"]
          env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
---
%s
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: only-%(node)s}
spec:
  selector: {app: probe, node: %(node)s}
  ports: [{port: 80, targetPort: 8080}]
---"""


@pytest.fixture(scope="module")
def probes(lab: Lab) -> Iterator[dict[str, str]]:
    """A pod on each worker, and for each a Service that only that pod stands behind; pod name by worker."""
    manifest = PROJECT / "kubeconfig" / "probes.yaml"
    manifest.write_text(PROBES % "".join(SERVICE % {"node": node} for node in WORKERS), encoding="utf-8")
    lab.kubectl("apply", "-f", str(manifest))
    lab.kubectl("rollout", "status", "daemonset/probe", "--timeout=120s")
    listing = lab.kubectl(
        *(
            "get",
            "pods",
            "-l",
            "app=probe",
            "-o",
            r'jsonpath={range .items[*]}{.spec.nodeName} {.metadata.name}{"\n"}{end}',
        ),
    )
    pods = dict(line.split() for line in listing.splitlines())
    for node, pod in pods.items():
        lab.kubectl("label", "pod", pod, f"node={node}", "--overwrite")
    yield pods
    answered(lab, "delete", "-f", str(manifest), "--wait=false", "--ignore-not-found")
    manifest.unlink()
    # The tests that follow compare what runs on the hosts.
    until(lambda: not answered(lab, "get", "pods", "-l", "app=probe", "-o", "name"), 120, "the probes have ended")


def fetched(lab: Lab, pod: str, url: str) -> str:
    return lab.kubectl("exec", pod, "--", "busybox", "timeout", "5", "wget", "-q", "-O", "-", url, check=False).strip()


@pytest.mark.parametrize(("here", "there"), [("worker1", "worker2"), ("worker2", "worker1")])
def test_a_pod_reaches_a_service_whose_backend_is_on_another_node(
    lab: Lab, probes: dict[str, str], here: str, there: str
) -> None:
    def reached() -> bool:
        return fetched(lab, probes[here], f"http://only-{there}") == probes[there]

    until(reached, SECONDS_FOR_A_WATCH, f"{here} -> {there}")


def test_a_host_reaches_a_service(lab: Lab, probes: dict[str, str]) -> None:
    address = lab.kubectl("get", "service", "only-worker2", "-o", "jsonpath={.spec.clusterIP}")
    ask = f"curl -sS --max-time 5 http://{address}"
    until(lambda: lab.host("worker1", ask, check=False).strip() == probes["worker2"], SECONDS_FOR_A_WATCH, "worker1")


def test_cluster_dns_resolves_a_service(lab: Lab, probes: dict[str, str]) -> None:
    answer = lab.kubectl("exec", probes["worker1"], "--", "nslookup", "kubernetes.default.svc.cluster.local")
    assert "10.96.0.1" in answer


def test_images_came_through_the_configured_registries(lab: Lab, probes: dict[str, str]) -> None:
    assert pulls(lab, "kube-proxy") == {"registry.k8s.io"}
    assert pulls(lab, "flannel-io/flannel") == {"ghcr.io"}
    assert pulls(lab, "library/busybox") == {"docker.m.daocloud.io"}


def test_a_switched_registry_mirror_restarts_nothing(lab: Lab) -> None:
    runs = "systemctl show -p InvocationID containerd; systemctl show -p InvocationID kubelet"
    before = {node: lab.host(node, runs) for node in NODES}
    other = {"docker.io": ["https://gvfjy25r.mirror.aliyuncs.com"]}
    for settings in ({"registry_mirrors": other}, {}):  # there and back
        assert changed_by(lab.results(**settings)) == {"Write the registries' mirrors and crictl's socket"}
        assert {node: lab.host(node, runs) for node in NODES} == before
        lab.host("worker1", "crictl pull docker.io/library/busybox:1.36")
    assert pulls(lab, "library/busybox") == {"docker.m.daocloud.io", "gvfjy25r.mirror.aliyuncs.com"}


def test_firewalld_lets_in_what_is_needed_and_no_more(lab: Lab) -> None:
    def reached(address: str, port: int) -> bool:
        ask = f": </dev/tcp/{address}/{port}"
        return lab.operator("timeout", "3", "bash", "-c", ask).returncode == 0

    assert lab.host("master1", "firewall-cmd --state").strip() == "running"
    assert reached("10.0.1.157", 6443)
    assert {port: reached("10.0.11.18", port) for port in (22, 2379, 6443, 10250)} == {
        **dict.fromkeys((2379, 6443, 10250), False),
        22: True,
    }


def test_selinux_knows_the_port_of_the_load_balancer(lab: Lab) -> None:
    assert lab.host("master-lb", "getenforce").strip() == "Enforcing"
    ports = lab.host("master-lb", "semanage port -l")
    assert [line for line in ports.splitlines() if line.startswith("http_port_t") and " 6443," in line]
    assert lab.host("master-lb", "getsebool httpd_can_network_connect").strip().endswith("on")


ASK_FROM_A_WORKER = "kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=20s get node worker1 -o name"


@pytest.mark.parametrize(
    ("etcd_leader", "seconds"),
    [
        ("master2", 5.0),
        # etcd elects first; the lab's etcd takes 5 to 10 s for that, etcd's own defaults 1 to 2.
        ("master1", 20.0),
    ],
)
def test_without_the_first_control_plane_the_api_still_answers(lab: Lab, etcd_leader: str, seconds: float) -> None:
    lead_etcd(lab, etcd_leader)
    lab.run("link", "master1", "drop", check=True)
    try:
        for ask in (
            # While etcd elects, an API server may also answer "leader changed", and a client asks again.
            lambda: "node/worker1" in lab.host("worker1", ASK_FROM_A_WORKER, check=False),
            lambda: "node/worker1" in lab.kubectl("get", "nodes", "-o", "name", check=False),
        ):
            assert until(ask, seconds, "the API answers") < seconds
        until(
            lambda: ready_nodes(lab) == ["master2", "master3", "worker1", "worker2"],
            SECONDS_FOR_A_WATCH,
            "master1 is seen to be gone",
        )
    finally:
        lab.run("link", "master1", "up", check=True)
    until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "master1 is Ready again without help")
