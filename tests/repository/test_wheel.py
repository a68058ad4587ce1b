"""A second project, in another folder, with the package from its wheel."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import PROJECT

SILENT = """
masters = [("m1", {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "k8s_ha_host": {"address": "10.0.0.1"}})]
nodes = [("n1", {"ssh_hostname": "127.0.0.1", "ssh_port": 1})]
"""
DEPLOY = [
    "Make the team's folder",
    "Kubernetes | Prepare the host | Set the hostname",
    "Kubernetes | Set up the repositories | Write the repositories",
    "Kubernetes | Install the container runtime | Configure and start containerd",
    "Kubernetes | Install the Kubernetes packages | Install kubelet, kubeadm and kubectl 1.30.14",
    "Kubernetes | Set up the load balancer | Configure and start nginx",
    "Kubernetes | Bring up the control plane | Initialize the cluster on m1",
    "Kubernetes | Bring up the control plane | Join m3 to the control plane",
    "Kubernetes | Join the workers | Join the workers to the cluster",
    "Kubernetes | Set up the pod network | Apply flannel",
    "Kubernetes | Verify the cluster | Check the cluster from every host",
    "Say that the cluster is there",
]


def run(python: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PROJECT_HOSTS")}
    return subprocess.run(
        [str(python), *arguments],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_wheel_holds_the_package_with_its_files_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {str(path.relative_to(PROJECT)) for path in (PROJECT / "k8s_ha").rglob("*.py")} | {"k8s_ha/py.typed"}
    for folder in ("files", "templates"):
        files = [path for path in (PROJECT / folder).rglob("*") if path.is_file()]
        wanted |= {f"k8s_ha/{path.relative_to(PROJECT)}" for path in files}
    assert names == wanted


def test_the_package_and_its_files_come_from_the_wheel(python: Path, project: Path) -> None:
    script = "import k8s_ha, k8s_ha.resources as r; print(k8s_ha.__file__, r._folder('files'), r._folder('templates'))"
    package = next(python.parent.parent.glob("lib/python*/site-packages")) / "k8s_ha"
    done = run(python, project, "-c", script)
    assert done.stdout.split() == [str(package / "__init__.py"), str(package / "files"), str(package / "templates")]
    assert run(python, project, "-c", "import tests.lab").returncode == 1


def test_a_cluster_among_own_operations(python: Path, project: Path) -> None:
    done = run(python, project, "-m", "pyinfra", "inventory.py", "deploy.py", "--dry")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert [name for name in DEPLOY if name not in done.stderr] == []
    # The load balancer's chain is short, so its phase may come early; the control planes' order is the deploy's.
    places = [done.stderr.find(name) for name in DEPLOY if "load balancer" not in name]
    assert places == sorted(places)


def test_one_layer_alone(python: Path, project: Path) -> None:
    done = run(python, project, "-m", "pyinfra", "inventory.py", "balancer.py", "--dry")
    assert done.returncode == 0, done.stderr
    assert "Set up the load balancer | Configure and start nginx" in done.stderr
    assert done.stderr.find("Make the team's folder") < done.stderr.find("Set up the load balancer")
    for other in ("Prepare the host", "Install the container runtime", "Bring up the control plane"):
        assert other not in done.stderr


@pytest.mark.parametrize("deploy", ["deploy.py", "balancer.py", "k8s_ha.verify"])
@pytest.mark.parametrize("flags", [["-y"], ["--dry"], ["-y", "--json"]], ids=" ".join)
def test_a_run_that_reaches_no_host_leaves_a_report(
    python: Path, project: Path, tmp_path: Path, deploy: str, flags: list[str]
) -> None:
    (project / "inventory.py").write_text(SILENT, encoding="utf-8")
    done = run(python, project, "-m", "pyinfra", "inventory.py", deploy, *flags)
    assert done.returncode == 1
    assert "FAILED, no host could be reached; nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    (path,) = (project / "reports").glob("*.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["exit_state"], report["unreachable_hosts"]) == ("unreachable", ["m1", "n1"])
    assert not done.stdout or json.loads(done.stdout)["reports"] == [report]
    assert bool(done.stdout) == ("--json" in flags)


def test_a_run_whose_settings_were_checked_before_leaves_one_report_with_them(python: Path, project: Path) -> None:
    (project / "inventory.py").write_text(SILENT, encoding="utf-8")
    (project / "group_data").mkdir()
    (project / "group_data" / "all.py").write_text(
        "from k8s_ha import check_settings\ncheck_settings({}, groups={'control_plane': 'masters'})\n",
        encoding="utf-8",
    )
    assert run(python, project, "-m", "pyinfra", "inventory.py", "deploy.py", "-y").returncode == 1
    (path,) = (project / "reports").glob("*.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["exit_state"], report["endpoint"]) == ("unreachable", "10.0.0.1:6443")
    assert report["unreachable_hosts"] == ["m1"]


def test_other_runs_of_the_same_environment_leave_none(python: Path, project: Path) -> None:
    (project / "inventory.py").write_text(SILENT, encoding="utf-8")
    (project / "other.py").write_text("from pyinfra.operations import server\n", encoding="utf-8")
    for deploy in (["other.py"], ["server.user", "x"], ["exec", "--", "id"], ["debug-inventory"]):
        done = run(python, project, "-m", "pyinfra", "inventory.py", *deploy)
        assert "Report:" not in done.stderr
    assert not (project / "reports").exists()


def test_what_is_loaded_before_connecting_is_no_connector(python: Path, project: Path) -> None:
    done = run(python, project, "-m", "pyinfra", "@k8s-ha/x", "deploy.py", "--dry")
    assert "@k8s-ha connects to nothing" in done.stderr
    loaded = "import sys, k8s_ha.start; print(*sorted(name for name in sys.modules if name.startswith('k8s_ha')))"
    inside = ("k8s_ha.pyinfra_internals", "k8s_ha.pyinfra_internals.connectors", "k8s_ha.pyinfra_internals.state")
    assert run(python, project, "-c", loaded).stdout.split() == ["k8s_ha", *inside, "k8s_ha.start"]


def test_mistakes_name_the_projects_own_groups(python: Path, project: Path) -> None:
    where = project / "where.py"
    where.write_text(where.read_text("utf-8").replace('"worker": "nodes"', '"worker": "node"'), encoding="utf-8")
    done = run(python, project, "-m", "pyinfra", "inventory.py", "deploy.py", "--dry")
    assert done.returncode == 1
    assert "groups.worker: 'node' is no group of the inventory; did you mean nodes?" in done.stderr
    assert "Traceback" not in done.stderr
