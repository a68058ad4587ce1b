"""A standing cluster and other settings, through the command line, with and without preflight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.fakes.run import LOOK, VERIFY, WORKERS, Fleet
from tests.support.fakes.scenario import SETTINGS
from tests.support.finding_rows import rows

NO_VERSION = {key: value for key, value in SETTINGS.items() if key != "kubernetes_version"}


def test_a_phase_alone_is_refused_too(finished: Fleet) -> None:
    outcome = finished.set(dns_domain="corp.local").run(deploy=WORKERS)
    assert outcome.exit_code == 1
    assert "dns_domain stands as 'cluster.local'" in outcome.sentences
    assert outcome.changes == []


def test_a_phase_alone_with_what_stands_goes_on(finished: Fleet) -> None:
    outcome = finished.run(deploy=WORKERS)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.changes == []


def test_verify_alone_looks_at_a_half_upgraded_cluster(finished: Fleet) -> None:
    image = {"api_server_image": "registry.k8s.io/kube-apiserver:v1.31.9"}
    finished.change(replace(finished.scenario, survey={"master1": image}))
    outcome = finished.run(deploy=VERIFY)
    assert outcome.exit_code == 0, outcome.output
    assert "The cluster answers at" in outcome.output


def test_no_version_is_chosen_past_control_planes_that_cannot_be_asked(finished: Fleet) -> None:
    silent = [name for name in finished.scenario.addresses if name.startswith("master") and name != "master-lb"]
    for worker in ("worker1", "worker2"):
        finished.edit(lambda world, name=worker: world.machines[name].packages.pop("kubelet"))
    finished.change(replace(finished.scenario, settings=NO_VERSION, unreachable=silent))
    outcome = finished.run("-y", "--limit", "@fake/worker1", deploy=LOOK)
    assert outcome.exit_code == 1
    assert [row.check for row in rows(outcome.output) if row.severity == "error"] == ["kubernetes"]
    assert "Traceback" not in outcome.output
    assert outcome.changes == []


CALICO = ["cni 10-calico.conflist", "link cali0123"]


@pytest.mark.parametrize("preflight", [{}, {"worker1": CALICO}], ids=["none", "Calico"])
def test_flannel_does_not_come_beside_another_pod_network(finished: Fleet, preflight: dict[str, list[str]]) -> None:
    finished.edit(lambda world: setattr(world, "manifest", ""))
    finished.change(replace(finished.scenario, preflight=preflight))
    outcome = finished.run("--dry", deploy=LOOK)
    assert outcome.exit_code == bool(preflight), outcome.output
    assert ("another pod network: 10-calico.conflist, cali0123" in outcome.sentences) is bool(preflight)
    assert ("Plan: the cluster: flannel is applied" in outcome.output) is (not preflight)
