"""Reports to be drawn as pages: of a good run on any number of hosts, of one that failed, and of hostile hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from k8s_ha.reporting.report import RunReport

STARTED: Final = datetime(2026, 11, 27, 9, 57, 18, tzinfo=UTC)
ENDS: Final = "2027-11-27T10:00:00Z"
CONTROL_PLANES: Final = {"master1": "10.0.11.18", "master2": "10.0.12.55", "master3": "10.0.13.22"}
BALANCER: Final = ("master-lb", "10.0.1.157")
PHASES: Final = {
    "Prepare the host": ("Set the hostname", "Turn swap off"),
    "Install the container runtime": ("Install containerd",),
    "Bring up the control plane": ("Initialize the cluster on master1",),
    "Join the workers": ("Join the workers to the cluster",),
}
NODE_CHECKS: Final = ("node", "kubelet", "kube-proxy", "API server", "endpoint", "DNS", "Service")
HOSTILE: Final = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}{%raw%}]]>--></title></style>"
"""What would be markup in text, in an attribute, in a style or in a template."""


def good(hosts: int = 6) -> dict[str, Any]:
    """A build that converged, as the JSON has it; all but four hosts are workers."""
    workers = {f"worker{number}": f"10.1.{number // 250}.{number % 250 + 1}" for number in range(1, hosts - 3)}
    nodes = CONTROL_PLANES | workers
    return {
        "package_version": "0.1.0",
        "pyinfra_version": "3.10.0",
        "started": STARTED.isoformat(),
        "ended": (STARTED + timedelta(seconds=181)).isoformat(),
        "mode": "build",
        "exit_state": "converged",
        "reason": None,
        "endpoint": f"{BALANCER[1]}:6443",
        "kubernetes_version": "1.34.4",
        "settings": {"kubernetes_version": "1.34.4", "pod_cidr": "10.244.0.0/16"},
        "hosts": [
            *(_host(name, at, "control_plane") for name, at in CONTROL_PLANES.items()),
            *(_host(name, at, "worker") for name, at in workers.items()),
            _host(*BALANCER, "load_balancer"),
        ],
        "phases": [
            {"name": name, "seconds": 40.0, "serial_seconds": 5.0, "begins": 45.0 * place}
            for place, name in enumerate(PHASES)
        ],
        "timeline": list(_timeline(list(nodes))),
        "changes": [
            {"host": name, "phase": phase, "operations": list(operations)}
            for name in nodes
            for phase, operations in PHASES.items()
        ],
        "failures": [],
        "findings": [finding("master1", "kubernetes", "Kubernetes 1.34 has reached its end of life", "warning")],
        "warnings": [],
        "verification": [
            *(_answers(name, ["etcd"] * (name in CONTROL_PLANES)) for name in nodes),
            {
                "host": BALANCER[0],
                "version": None,
                "answers": {"balancer": "ok"},
                "backends": [f"{at}:6443" for at in CONTROL_PLANES.values()],
                "holds": [],
            },
        ],
        "certificates": [
            {"host": name, "path": "/var/lib/kubelet/pki/kubelet-client-current.pem", "expires": ENDS} for name in nodes
        ],
        "failed_hosts": [],
        "unreachable_hosts": [],
    }


def failed(hosts: int = 6) -> dict[str, Any]:
    """One whose worker1 failed, whose worker2 was not reached, and whose balancer passes on to a stranger."""
    found = good(hosts)
    found |= {"exit_state": "failed", "failed_hosts": ["worker1"], "unreachable_hosts": ["worker2"]}
    found["failures"] = [failure("worker1", "Join the workers", "Join the workers to the cluster")]
    found["findings"].append(finding("worker1", "node", "worker1 is not Ready", "error"))
    found["findings"].append(finding("master-lb", "balancer", "it passes on to 10.9.9.9:6443", "error"))
    found["verification"] = [entry for entry in found["verification"] if entry["host"] != "worker2"]
    for entry in found["verification"]:
        if entry["host"] == "worker1":
            entry["answers"] |= {"node": "worker1 is not Ready", "DNS": "10.244.1.2: no answer in time"}
        if entry["host"] == "master-lb":
            entry["answers"]["balancer"] = "it passes on to 10.9.9.9:6443"
            entry["backends"] = ["10.0.11.18:6443", "10.0.12.55:6443", "10.9.9.9:6443"]
    found["certificates"][0]["expires"] = "2026-11-29T00:00:00Z"
    return found


def hostile() -> dict[str, Any]:
    """One in which every word that a host, a command or a file may give is hostile."""
    found = failed()
    found |= {"reason": HOSTILE, "warnings": [HOSTILE], "version_reason": HOSTILE, "endpoint": HOSTILE}
    found["settings"] = {HOSTILE: HOSTILE}
    found["findings"].append(finding(HOSTILE, HOSTILE, HOSTILE, "error") | {"wanted": "W" * 900, "remedy": HOSTILE})
    found["failures"].append(failure(HOSTILE, HOSTILE, HOSTILE))
    for host in found["hosts"]:
        host |= {"os": HOSTILE, "kernel": "A" * 500, "plan": HOSTILE, "hostname": HOSTILE}
    found["hosts"][4] |= {"name": "ж" * 60, "roles": [HOSTILE]}
    found["phases"][0]["name"] = found["changes"][0]["phase"] = HOSTILE
    found["changes"][0]["operations"] = [HOSTILE]
    found["timeline"][0] |= {"operation": HOSTILE, "phase": HOSTILE}
    found["timeline"][1] |= {"begins": -1e12, "seconds": 1e15}
    found["steps"] = [step(HOSTILE)]
    for entry in found["verification"]:
        entry |= {"version": HOSTILE, "holds": [HOSTILE], "answers": entry["answers"] | {HOSTILE: HOSTILE}}
    found["verification"][-1]["backends"] = [HOSTILE, "10.0.11.18:6443"]
    found["certificates"][0]["path"] = HOSTILE
    return found


def drawn(report: dict[str, Any]) -> RunReport:
    """The report as the package has it."""
    return RunReport.model_validate(report)


def finding(host: str, check: str, found: str, severity: str) -> dict[str, Any]:
    remedy = "see `journalctl -u kubelet` there"
    return {"host": host, "check": check, "found": found, "wanted": "Ready", "remedy": remedy, "severity": severity}


def failure(host: str, phase: str, operation: str) -> dict[str, Any]:
    known = {"cause": operation, "remedy": "stop `it`", "source": "javascript:alert(3)"}
    lines = ["[ERROR Port-10250]: Port 10250 is in use", operation]
    return {"host": host, "phase": phase, "operation": operation, "lines": lines, "explanations": [known]}


def step(sentence: str, seconds: float | None = None) -> dict[str, Any]:
    told = {"kind": "upgrade", "hosts": ["master1"], "version": "1.34.11", "sentence": sentence, "interrupts": None}
    return {**told, "seconds_at_most": 1200, "seconds": seconds}


def _host(name: str, address: str, role: str) -> dict[str, Any]:
    is_node = role != "load_balancer"
    return {
        "name": name,
        "hostname": name,
        "address": address,
        "roles": [role],
        "os": "rocky 8.10",
        "kernel": "4.18.0-553.el8_10.x86_64",
        "state_before": "clean" if is_node else None,
        "plan": "kubeadm join" if is_node else None,
        "state_after": "joined" if is_node else None,
        "seconds": 60.0,
    }


def _timeline(nodes: list[str]) -> Iterator[dict[str, Any]]:
    for name in nodes:
        for place, (phase, operations) in enumerate(PHASES.items()):
            yield {
                "host": name,
                "phase": phase,
                "operation": operations[0],
                "begins": 45.0 * place,
                "seconds": 20.0,
            }


def _answers(name: str, more: list[str]) -> dict[str, Any]:
    answers = dict.fromkeys([*NODE_CHECKS, *more], "ok")
    holds = ["etcd's lead"] * (name == "master1")
    return {"host": name, "version": "v1.34.4", "answers": answers, "backends": None, "holds": holds}
