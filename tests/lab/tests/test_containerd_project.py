"""The second project (tests/support/second_project) on the lab's real hosts, with the wheel, after the cluster has been
built.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.lab.client import PYINFRA, Lab
from tests.support.finding_rows import rows
from tests.support.paths import PROJECT

pytestmark = pytest.mark.lab

OWN_GROUPS = {"control_plane": "masters", "workers": "nodes", "load_balancers": "balancers", "admins": "people"}
ROLES = {"control_plane": "masters", "worker": "nodes", "load_balancer": "balancers", "admin": "people"}


@pytest.fixture(scope="module")
def hosts_file(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's hosts and settings under this project's own group names."""
    script = (
        "import json, runpy; groups = runpy.run_path('tests/lab/inventory.py'); "
        "settings = runpy.run_path('tests/lab/group_data/all.py')['k8s_ha']; "
        f"own = {OWN_GROUPS!r}; "
        "print(json.dumps({'groups': {own[name]: groups[name] for name in own}, 'settings': settings}))"
    )
    path = tmp_path_factory.mktemp("hosts") / "hosts.json"
    path.write_text(lab.operator("python", "-c", script, check=True).stdout, encoding="utf-8")
    return path


def results(lab: Lab, python: Path, project: Path, hosts_file: Path, deploy: str) -> dict[str, Any]:
    """What one run of the project's own deploy file did, from its own folder."""
    command = f"cd {project} && PROJECT_HOSTS={hosts_file} {python} -m pyinfra inventory.py {deploy} -y --json"
    run = lab.operator("env", "-u", "PYTHONPATH", "sh", "-c", command)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)["results"]
    return found


def changed(found: dict[str, Any]) -> set[str]:
    return {operation["name"] for operation in found["operations"] if operation["success"]}


def test_the_projects_own_operations_run_beside_a_cluster_that_is_as_wanted(
    lab: Lab, python: Path, project: Path, hosts_file: Path
) -> None:
    found = results(lab, python, project, hosts_file, "deploy.py")
    assert found["failed_hosts"] == []
    kubeconfig = "Kubernetes | Bring up the control plane | Fetch the kubeconfig to the operator"
    assert changed(found) == {"Make the team's folder", "Say that the cluster is there", kubeconfig}
    assert (project / "kubeconfig" / "admin.conf").stat().st_mode & 0o777 == 0o600
    assert os.listdir(PROJECT / "tests" / "support" / "second_project").count("kubeconfig") == 0


def test_verify_alone_from_the_projects_folder(lab: Lab, python: Path, project: Path, hosts_file: Path) -> None:
    given = {"settings": json.loads(hosts_file.read_text(encoding="utf-8"))["settings"], "groups": ROLES}
    found = results(lab, python, project, hosts_file, f"k8s_ha.verify {shlex.quote(json.dumps([[], given]))}")
    assert found["failed_hosts"] == []
    assert changed(found) == set()


def test_one_layer_alone_puts_a_broken_load_balancer_right(
    lab: Lab, python: Path, project: Path, hosts_file: Path
) -> None:
    lab.host("master-lb", "rm /etc/nginx/conf.d/tcp.d/kube-api-server.conf; systemctl disable --now nginx")
    assert lab.kubectl("get", "--raw", "/readyz", check=False) == ""
    found = results(lab, python, project, hosts_file, "balancer.py")
    assert changed(found) == {"Set up the load balancer | Configure and start nginx"}
    assert lab.kubectl("get", "--raw", "/readyz") == "ok"


def test_preflight_finds_nothing_on_a_cluster_that_stands_and_asks_no_mirror(lab: Lab) -> None:
    before = lab.digest()
    lab.run("mirror", "off", check=True)
    try:
        run = lab.operator(*PYINFRA, lab.inventory, "k8s_ha.preflight", "-y")
    finally:
        lab.run("mirror", "on", check=True)
    assert run.returncode == 0, run.stderr
    assert "Preflight: 6 hosts, " in run.stderr
    assert rows(run.stderr) == []
    assert not lab.digest() ^ before
