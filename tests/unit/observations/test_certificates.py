"""When the end of a certificate is near, by its life and by whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from k8s_ha.catalog.certificates import RENEWABLE, Kind, kind, renewable
from k8s_ha.facts.certificates import certificates
from k8s_ha.observations.certificates import Certificate, Validity, certificate_findings, first_of_kinds
from tests.support.cluster_health import NOW, until
from tests.support.node_views import recorded

API_SERVER, ADMIN = "/etc/kubernetes/pki/apiserver.crt", "/etc/kubernetes/admin.conf"
CA, KUBELET = "/etc/kubernetes/pki/etcd/ca.crt", "/var/lib/kubelet/pki/kubelet-client-current.pem"
HOUR, DAY = 1 / 24, 1.0


@pytest.mark.parametrize(
    ("path", "life", "left", "severity"),
    [
        (API_SERVER, 365, 29, "warning"),
        (API_SERVER, 365, 30, None),
        (API_SERVER, 30, 10, None),  # a third of a short life
        (API_SERVER, 30, 9.9, "warning"),
        (API_SERVER, HOUR, HOUR / 2, None),
        (API_SERVER, HOUR, HOUR / 4, "error"),
        (KUBELET, HOUR, HOUR / 8, None),  # it renews its own when a tenth is left, or before
        (KUBELET, HOUR, HOUR / 11, "error"),
        (KUBELET, 365, 29, "warning"),
        (CA, 3650, 729, "warning"),
        (CA, 3650, 731, None),
        (CA, 3650, 6, "error"),
        (CA, 365, 200, None),
    ],
)
def test_bounds(path: str, life: float, left: float, severity: str | None) -> None:
    held = [Certificate("master1", path, until(NOW + timedelta(days=left), days=life))]
    assert [entry.severity for entry in certificate_findings(held, NOW)] == [severity] * (severity is not None)


def test_one_that_begins_with_its_ca_lives_from_when_it_was_made() -> None:
    """Up to 1.30; else a run whose setting is a year would renew it for ever."""
    new = Validity(NOW - timedelta(days=3000), NOW + timedelta(days=365), written=NOW)
    year = timedelta(days=400)
    assert not new.is_near(NOW, year)
    assert new.is_near(NOW + timedelta(days=250), year)
    assert replace(new, written=None).is_near(NOW, year)
    # What was copied there when it had ended has ended.
    late = replace(new, written=NOW + timedelta(days=380))
    assert late.is_near(NOW + timedelta(days=380), year)


def test_a_ca_that_came_to_a_host_late_is_not_younger_for_it() -> None:
    line = next(line for line in recorded("verify-control-plane") if line.startswith("certificate "))
    encoded = line.split()[2]
    told = {"certificate": [f"{path} {encoded}" for path in (CA, API_SERVER)]}
    found = certificates(told | {"written": [f"{path} 1796000000" for path in (CA, API_SERVER)]})
    dated = {path: validity is not None and validity.written is not None for path, validity in found.items()}
    assert dated == {CA: False, API_SERVER: True}


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (timedelta(minutes=5), f"{API_SERVER} valid until 2026-11-25 00:05 UTC"),
        (timedelta(minutes=-5), f"{API_SERVER} expired on 2026-11-24 23:55 UTC"),
        (timedelta(days=3), f"{API_SERVER} valid until 2026-11-28"),
    ],
)
def test_the_hour_is_told_where_it_matters(left: timedelta, found: str) -> None:
    (finding,) = certificate_findings([Certificate("master1", API_SERVER, until(NOW + left))], NOW)
    assert finding.found == found


@pytest.mark.parametrize(
    ("path", "of"),
    [
        (API_SERVER, Kind.CONTROL_PLANE),
        ("/etc/kubernetes/pki/front-proxy-ca.crt", Kind.AUTHORITY),
        (CA, Kind.AUTHORITY),
        (ADMIN, Kind.KUBECONFIG),
        (KUBELET, Kind.KUBELET),
        ("/etc/kubernetes/kubelet.conf", Kind.KUBELET),
    ],
)
def test_kinds(path: str, of: Kind) -> None:
    assert kind(path) is of


def test_the_first_of_each_kind() -> None:
    held = [
        Certificate(host, path, until(NOW + timedelta(days=days)))
        for host, path, days in (
            ("master2", ADMIN, 5),
            ("master1", ADMIN, 9),
            ("master1", CA, 2),
            ("worker1", KUBELET, 7),
        )
    ]
    found = [(of, entry.host, entry.path) for of, entry in first_of_kinds(held).items()]
    assert found == [
        (Kind.AUTHORITY, "master1", CA),
        (Kind.KUBECONFIG, "master2", ADMIN),
        (Kind.KUBELET, "worker1", KUBELET),
    ]


def test_what_kubeadm_renews_and_in_which_order() -> None:
    """`kubeadm certs renew --help` of 1.20.2 and of 1.37.2 names these."""
    assert [entry.name for entry in renewable(20)] == [
        entry.name for entry in RENEWABLE if entry.name != "super-admin.conf"
    ]
    assert renewable(29) == renewable(37) == RENEWABLE
    order = list(dict.fromkeys(entry.component for entry in RENEWABLE))
    assert order == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", ""]


def test_when_a_file_was_written() -> None:
    line = next(line for line in recorded("verify-control-plane") if line.startswith("kubeconfig "))
    path = line.split()[1]
    values = {"kubeconfig": [line.partition(" ")[2]], "written": [f"{path} 1764230400", "/other x", "odd"]}
    found = certificates(values)[path]
    assert found is not None
    assert found.written == datetime(2025, 11, 27, 8, tzinfo=UTC)


@pytest.mark.parametrize("seconds", ["", "x", "9" * 30, "-1"])
def test_a_moment_that_is_none(seconds: str) -> None:
    line = next(line for line in recorded("verify-control-plane") if line.startswith("certificate "))
    told = {"certificate": [f"{API_SERVER} {line.split()[2]}"], "written": [f"{API_SERVER} {seconds}"]}
    (found,) = certificates(told).values()
    assert found is not None
    assert found.written is None
