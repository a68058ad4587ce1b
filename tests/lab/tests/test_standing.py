"""A cluster that an earlier version of this package built, met by this one: no service and no node notices.

Its repositories are made to name keys that were compared with the pinned ones, and its registries' files are written by
a TOML writer, once. All else is as it was.
What an earlier version left on hosts and in the cluster (marks, digests, records, annotations) is read by its names.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.checks import changed_by, check_a_second_run_changes_nothing
from tests.lab.client import DEPLOY, KUBECONFIG, Lab
from tests.support.paths import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]

EARLIER = "8b29c30"
"""The commit before rooms: Kubernetes 1.20, files and names as the first clusters have them."""

PACKAGE = ("k8s_ha", "files", "templates", "deploy.py")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Six hosts that EARLIER's own deploy has built, with the operator's kubeconfig in the place of this one's."""
    project = tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(["git", "archive", EARLIER, *PACKAGE], cwd=PROJECT, capture_output=True)
    assert archive.returncode == 0, f"the history of this clone does not reach {EARLIER}; fetch all of it"
    subprocess.run(["tar", "-x"], cwd=project, input=archive.stdout, check=True)
    (project / "tests").symlink_to(PROJECT / "tests")  # the lab is this one's, with its inventory and settings
    client = Lab()
    client.up()
    earlier = ("env", "-C", str(project), f"PYTHONPATH={project}", sys.executable, "-m", "pyinfra")
    client.operator(*earlier, *DEPLOY, "-y", check=True)
    KUBECONFIG.parent.mkdir(exist_ok=True)
    shutil.copy(project / "kubeconfig" / KUBECONFIG.name, KUBECONFIG)
    yield client
    client.run("down", check=True)


@pytest.fixture(scope="module")
def built(standing: Lab) -> frozenset[str]:
    """What the hosts held when EARLIER was done with them."""
    return standing.digest()


def test_preflight_finds_no_reason_to_stop(standing: Lab, built: frozenset[str]) -> None:
    found = standing.pyinfra("--dry", deploy="k8s_ha.preflight")
    assert found.returncode == 0, found.stdout + found.stderr
    assert not standing.digest() ^ built


RENEWED = {
    "Fetch the repositories' keys and compare them with the pinned ones",
    "Write the repositories",
    "Write the registries' mirrors and crictl's socket",
}


def test_a_run_renews_what_names_keys_and_restarts_nothing(standing: Lab, built: frozenset[str]) -> None:
    assert changed_by(standing.results()) <= RENEWED
    others = {line for line in standing.digest() ^ built if " files " not in line}
    assert others == set()


def test_a_second_run_changes_nothing(standing: Lab) -> None:
    check_a_second_run_changes_nothing(standing)


def test_its_records_are_where_this_version_looks_for_them(standing: Lab) -> None:
    """Each of these is read by name somewhere in the package; one that moves would be done again in silence."""
    marks = {path.name for path in map(Path, standing.host("master1", "ls -d /var/lib/k8s-ha/*").split())}
    assert {"containerd.service.digest"} <= marks
    annotations = standing.kubectl(
        "get", "-n", "kube-flannel", "daemonset/kube-flannel-ds", "-o", "jsonpath={.metadata.annotations}"
    )
    assert "k8s-ha/manifest-digest" in annotations
