"""What stands in the way of a load balancer's nginx: a table of what the host told to the exact findings."""

from __future__ import annotations

import pytest

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import HostContext, Listener
from tests.support.cases import context, found, warning
from tests.support.nginx_states import CONFIGURED, MAIN, OWN, OWN_TEXT, state
from tests.support.operation_bench import NGINX_CONFIG

STOPPED = {"ActiveState": "inactive"}
WEB = "/etc/nginx/conf.d/web.conf"
DUPLICATE = f'"stream" directive is duplicate in {OWN}:2'
STRANGER = (
    "ports",
    "an nginx (pid 812) listens on port 6443, and no file of nginx.service tells it to",
    "the endpoint's server listens there",
    "stop that nginx, or move it to another port",
)
SURVIVOR = (
    "nginx",
    "an nginx (pid 812, port 80) runs that nginx.service has not started",
    "nginx.service starts the one that passes on the endpoint's port",
    "stop it, or see that nginx.conf and it listen on different ports",
)


def listening(port: int) -> tuple[Listener, ...]:
    return (Listener(22, "sshd", 1), Listener(port, "nginx", 812))


ROWS = {
    "no nginx yet": (context("master-lb", nginx=state(build="", program="", unit={"ActiveState": "inactive"})), None),
    "an nginx of the owner's": (context("master-lb", nginx=state(), listeners=listening(80)), None),
    "ours": (context("master-lb", nginx=state({MAIN: CONFIGURED, OWN: OWN_TEXT}), listeners=listening(6443)), None),
    "ours, put back to the package's nginx.conf and still listening": (
        context("master-lb", nginx=state(own=state({OWN: OWN_TEXT}).own), listeners=listening(6443)),
        None,
    ),
    "the owner's stream block": (context("master-lb", nginx=state({MAIN: f"{NGINX_CONFIG}stream {{ }}\n"})), None),
    "two blocks, one of them ours": (
        context("master-lb", nginx=state({MAIN: f"{CONFIGURED}stream {{ }}", OWN: OWN_TEXT}, refused=DUPLICATE)),
        None,
    ),
    "the port in another server": (
        context("master-lb", nginx=state({MAIN: NGINX_CONFIG, WEB: "server { listen 6443; }"})),
        Finding(
            "master-lb",
            "ports",
            f"{WEB}:1 has nginx listen on port 6443",
            "the endpoint's server listens there",
            "move that server to another port, or choose another control_plane_endpoint",
        ),
    ),
    "a mistake of the owner's": (
        context("master-lb", nginx=state(refused=f'unknown directive "lisen" in {WEB}:1')),
        Finding(
            "master-lb",
            "nginx",
            f'nginx refuses its configuration as it stands: unknown directive "lisen" in {WEB}:1',
            "only a valid one is added to",
            "fix what nginx names; `nginx -t` tests it",
        ),
    ),
    "an nginx on the port that nobody knows": (
        context("master-lb", nginx=state(), listeners=listening(6443)),
        Finding("master-lb", *STRANGER),
    ),
    "one before there is a package": (
        context("master-lb", nginx=state(build="", program="", unit=STOPPED), listeners=listening(6443)),
        Finding("master-lb", *STRANGER),
    ),
    "one that the unit has not started": (
        context("master-lb", nginx=state(unit=STOPPED), listeners=listening(80)),
        warning("master-lb", *SURVIVOR),
    ),
    "a masked unit, which is told as one of all": (
        context("master-lb", nginx=state(unit={"LoadState": "masked"})),
        None,
    ),
    "a host that is no load balancer": (context("worker1", listeners=listening(80)), None),
}


@pytest.mark.parametrize(("given", "wanted"), ROWS.values(), ids=ROWS)
def test_findings(given: HostContext, wanted: Finding | None) -> None:
    assert found(given) == ([] if wanted is None else [wanted])
