"""What the programs that change standing clusters decide by themselves, without a lab."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.settings import load_cluster
from tests.lab.settings import in_lab
from tests.scenarios import (
    certificates,
    endpoint_move,
    etcd_floors,
    interrupted_change,
    refused_backups,
    settings,
    upgrade_speed,
)
from tests.scenarios.availability_report import API, Availability, Held, Interruption, Polled
from tests.scenarios.fault_injection.kill import Killer
from tests.scenarios.settings import CHANGES, COLUMNS, PATCHES, WRONG, Row, patched, settings_of
from tests.support.example_cluster import six_hosts


def test_a_patch_comes_beside_those_of_the_lab() -> None:
    own = in_lab({})["kubeadm_patches"]
    found = patched({"ClusterConfiguration": {"etcd": {"local": {"extraArgs": {"v": "3"}}}}})["kubeadm_patches"]
    held = own["ClusterConfiguration"]["etcd"]["local"]["extraArgs"]
    assert found["ClusterConfiguration"]["etcd"]["local"]["extraArgs"] == {**held, "v": "3"}
    assert {kind: found[kind] for kind in own if kind != "ClusterConfiguration"} == {
        kind: own[kind] for kind in own if kind != "ClusterConfiguration"
    }
    assert in_lab({})["kubeadm_patches"] == own


@pytest.mark.parametrize("name", [*PATCHES, *CHANGES])
def test_each_change_has_what_a_run_sets_for_it(name: str) -> None:
    change, given = settings_of(name)
    assert set(given) == ({"kubeadm_patches"} if name in PATCHES else set(change.settings))


def test_a_row_has_a_cell_for_each_column() -> None:
    held = Held(interruptions=(Interruption(1.0, "closed", 0.25),))
    noticed = Availability(polled=(Polled(API, 900), Polled("NodePort of worker1", 70)), held=held)
    assert Row("cert_extra_sans", 11, 227.4, 202.0, noticed).markdown() == (
        "| cert_extra_sans | 11 | 227 | 202 | 0 of 900 | 0 of 70 | 1 | 0.2 s |"
    )
    assert Row("x", 1, 1, 1, noticed).markdown().count("|") == len(COLUMNS) + 1


@pytest.mark.parametrize(("version", "life"), [("1.37.2", "60m0s"), ("1.30.14", None)])
def test_certificates_live_for_minutes_and_end(version: str, life: str | None) -> None:
    """The settings let that through; kubeadm reads a life from v1beta4 on."""
    given = certificates.settings_of(60, is_configured=life is not None)
    cluster = load_cluster(in_lab({}) | given | {"kubernetes_version": version}, six_hosts())
    kept = kept_configuration(cluster)["ClusterConfiguration"]
    assert kept.get("certificateValidityPeriod") == life
    assert kept["controllerManager"]["extraArgs"] == {"cluster-signing-duration": "20m0s"}
    assert kept["etcd"]  # what the lab itself needs stays


@pytest.mark.parametrize(
    "program", [settings, interrupted_change, endpoint_move, certificates, refused_backups, etcd_floors, upgrade_speed]
)
def test_a_word_that_is_none_of_them_is_refused(program: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--no-such"])
    assert "no-such" in capsys.readouterr().err


def test_the_moments_of_a_kind_name_its_hosts() -> None:
    assert WRONG not in {*PATCHES, *CHANGES}
    for kind in interrupted_change.KINDS.values():
        hosts = {moment.host for moment in kind.moments}
        assert hosts <= {"master1", "master2", "master3", "master-lb", "worker1", "worker2"}


def test_what_an_endpoint_said_before_it_was_built_does_not_count() -> None:
    built = [(0.0, "ConnectionRefusedError"), (1.0, "200"), (1.1, "OSError"), (3.9, "200")]
    asked = endpoint_move.Asked([*built, (4.1, "200"), (4.2, "TimeoutError"), (4.3, "200")])
    assert (len(asked.since_it_serves), asked.failed) == (3, ["TimeoutError"])
    assert endpoint_move.Asked([(9.0, "TimeoutError")]).since_it_serves == []


class Host(SimpleNamespace):
    """One that may be a key."""

    def __hash__(self) -> int:
        return hash(self.name)


def state(name: str, *hosts: str) -> Any:
    """pyinfra's state, as far as it tells the name of an operation and the hosts that have it."""
    return SimpleNamespace(
        ops={Host(name=host): {"hash": None} for host in hosts},
        get_op_meta=lambda _: SimpleNamespace(names={name}),
    )


def test_each_operation_of_the_steps_is_killed_after_once(tmp_path: Path) -> None:
    passed = tmp_path / "passed"
    tried = [
        state("Step 1 of 16: fetch", "master1", "worker1"),
        state("Step 1 of 15: fetch", "master1", "worker1"),  # counted anew by the next run
        state("Step 1 of 15: fetch", "master1"),
        state("Wait for step 3 of 16", "master1"),
        state("Wait for step 4 of 16", "master1"),
    ]
    assert [Killer._is_new(each, "hash", passed) for each in tried] == [True, False, True, True, False]
