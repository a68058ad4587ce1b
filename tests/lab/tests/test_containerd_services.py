"""Services of a finished cluster that people have changed, and a boot."""

from __future__ import annotations

import pytest

from tests.lab.checks import check_a_boot, check_drift
from tests.lab.client import Lab
from tests.lab.odd.drifts import SERVICES, Drift

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module", autouse=True)
def finished_cluster(lab: Lab) -> None:
    """The cluster as the deploy leaves it, also where an earlier test has just shaken it."""
    lab.results()


@pytest.mark.parametrize("drift", SERVICES, ids=lambda drift: drift.state)
def test_a_service_that_was_changed(lab: Lab, drift: Drift) -> None:
    check_drift(lab, drift)


BALANCER = "master-lb"
LARGE = "tests/lab/large_cluster.py"
MAIN_PID = "systemctl show -p MainPID nginx.service"
LIMITS = f"""pid=$({MAIN_PID} | cut -d= -f2)
for one in $pid $(pgrep -P $pid); do prlimit --noheadings -o SOFT -n -p $one; done | sort -u
nginx -T 2>/dev/null | sed -n 's/ *worker_connections/worker_connections/p'
systemctl show -p LimitNOFILESoft nginx.service"""


def test_nginx_of_a_large_cluster_holds_its_connections_without_a_restart(lab: Lab) -> None:
    before, pid = lab.host(BALANCER, "cat /etc/nginx/nginx.conf"), lab.host(BALANCER, MAIN_PID)
    try:
        assert lab.pyinfra("-y", deploy=LARGE).returncode == 0
        reported = lab.host(BALANCER, LIMITS).split("\n")
        assert reported[0].strip() == "4096"
        assert reported[1:3] == [
            "worker_connections 3072; # raised by k8s_ha for the cluster's nodes",
            "LimitNOFILESoft=4096",
        ]
        assert lab.host(BALANCER, MAIN_PID) == pid
        # Neither the same again nor the few nodes that there are change anything.
        held = lab.digest()
        assert lab.pyinfra("-y", deploy=LARGE).returncode == 0
        assert lab.results()["totals"]["success"] == 0
        assert not lab.digest() ^ held
    finally:
        lab.host(BALANCER, "rm -r /etc/systemd/system/nginx.service.d; systemctl daemon-reload")
        lab.host(BALANCER, f"cat >/etc/nginx/nginx.conf <<'END'\n{before}END\nsystemctl restart nginx", check=False)
        lab.results()


def test_what_a_boot_leaves_of_a_node(lab: Lab) -> None:
    check_a_boot(lab, "worker2", "containerd", "Enforcing")
