"""Kubeconfigs that lead to the cluster at another place than its endpoint."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from k8s_ha.observations.node import Kubeconfig
from k8s_ha.verification.hosts import status_findings
from tests.support.authorities import authority
from tests.support.cluster_health import complete_api_status, complete_statuses
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CA_CERTIFICATE

CLUSTER = six_host_cluster()
NOW = datetime(2026, 11, 27, tzinfo=UTC)
FORMER = "https://10.9.9.9:6443"


@pytest.mark.parametrize(
    ("path", "server", "held", "severity"),
    [
        ("/etc/kubernetes/kubelet.conf", FORMER, CA_CERTIFICATE, "error"),
        ("/etc/kubernetes/scheduler.conf", FORMER, CA_CERTIFICATE, "warning"),
        ("/root/.kube/config", FORMER, CA_CERTIFICATE, "warning"),
        ("/root/.kube/config", FORMER, authority("another"), ""),
        ("/etc/kubernetes/kubelet.conf", "https://10.0.1.157:6443", CA_CERTIFICATE, ""),
        ("/etc/kubernetes/kubelet.conf", "https://10.0.11.18:6443", CA_CERTIFICATE, ""),
    ],
)
def test_where_a_former_endpoint_is_still_named(path: str, server: str, held: str, severity: str) -> None:
    statuses = {
        name: replace(status, view=replace(status.view, ca_certificate=CA_CERTIFICATE))
        for name, status in complete_statuses(CLUSTER).items()
    }
    own = Kubeconfig(path, server, True, held)
    view = replace(statuses["master1"].view, named_clusters=(own,), api_server_url=server)
    read = {**statuses, "master1": replace(statuses["master1"], view=view)}
    found = [*status_findings(read, complete_api_status(CLUSTER), CLUSTER, NOW)]
    told = [finding for finding in found if finding.check == "endpoint"]
    assert [finding.severity for finding in told] == [severity] * bool(severity)
    assert all(finding.found == f"its {path} names {server}" for finding in told)
    # That it is not foreign is told by that alone.
    if severity == "error":
        assert [finding for finding in found if finding.check == "host"] == []
