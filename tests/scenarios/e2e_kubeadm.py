"""Kubernetes' own test/e2e_kubeadm, unchanged, against a cluster that stands in the lab.

It asks for join secrets too, which this package takes away when nobody is left to join: they are made for its time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.lab.build import golang
from tests.lab.build.cache import open_cache
from tests.lab.build.tables.lines import Line
from tests.lab.build.tables.modules import e2e_kubeadm
from tests.lab.client import KUBECONFIG, Lab

_MAKE = "kubeadm token create --ttl 30m && kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print"
_SECRETS = ("-n", "kube-system", "delete", "secret", "--ignore-not-found")


@contextmanager
def join_secrets(lab: Lab) -> Iterator[None]:
    """A bootstrap token, and the uploaded certificates with the token that ends them."""
    lab.host("master1", _MAKE)
    try:
        yield
    finally:
        lab.kubectl(*_SECRETS, "kubeadm-certs")
        lab.kubectl(*_SECRETS, "--field-selector", "type=bootstrap.kubernetes.io/token")


def states(lab: Lab, line: Line) -> dict[str, str]:
    """What became of each test, such as ``passed`` or ``failed``, by its name."""
    cache = open_cache(print)
    program = golang.folder(cache, e2e_kubeadm(line)) / "e2e_kubeadm.test"
    with tempfile.TemporaryDirectory() as folder, join_secrets(lab):
        report = Path(folder) / "report.json"
        run = lab.operator(str(program), "--kubeconfig", str(KUBECONFIG), "--ginkgo.json-report", str(report))
        assert report.exists(), run.stdout + run.stderr
        return reported(json.loads(report.read_text(encoding="utf-8")))


def reported(report: list[Mapping[str, list[Mapping[str, object]]]]) -> dict[str, str]:
    """The tests of a report of Ginkgo's."""
    specs = [spec for suite in report for spec in suite["SpecReports"] if spec["LeafNodeType"] == "It"]
    return {_name(spec): str(spec["State"]) for spec in specs}


def _name(spec: Mapping[str, object]) -> str:
    around = spec["ContainerHierarchyTexts"]
    assert isinstance(around, list)
    return " ".join([*around, str(spec["LeafNodeText"])])
