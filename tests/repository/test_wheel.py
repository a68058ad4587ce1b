"""A second project, in another folder, with the package from its wheel."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

from tests.support.paths import PROJECT

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


def test_mistakes_name_the_projects_own_groups(python: Path, project: Path) -> None:
    where = project / "where.py"
    where.write_text(where.read_text("utf-8").replace('"worker": "nodes"', '"worker": "node"'), encoding="utf-8")
    done = run(python, project, "-m", "pyinfra", "inventory.py", "deploy.py", "--dry")
    assert done.returncode == 1
    assert "groups.worker: 'node' is no group of the inventory; did you mean nodes?" in done.stderr
    assert "Traceback" not in done.stderr
