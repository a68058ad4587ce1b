"""What keepalived asks of a balancer, run for real beside a curl of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.observations.virtual_address import InterfaceAddress
from k8s_ha.operations.keepalived import CHECK, CONFIG, configured
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import VERSION, six_hosts
from tests.support.golden_files import assert_golden
from tests.support.shell_bench import Shell

HOSTS = [*six_hosts(), {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
CLUSTER = load_cluster({"kubernetes_version": VERSION, "endpoint": {"virtual_address": "10.0.1.100"}}, HOSTS)
TEXTS = {host.name: configured(CLUSTER, host, InterfaceAddress("eth0", 24)) for host in (CLUSTER.load_balancers)}
NGINX, API = "127.0.0.1:6443", ("10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443")
PEER = "10.0.1.158:6443"


@pytest.mark.parametrize(
    ("answering", "code"),
    [([NGINX, *API, PEER], 0), ([NGINX], 0), ([API[2]], 1), ([*API, PEER], 1), ([PEER], 1), ([], 0)],
    ids=["all well", "nginx alone", "one API server past it", "nginx is down", "cut off", "nobody answers"],
)
def test_it_fails_only_where_another_balancer_is_better(tmp_path: Path, answering: list[str], code: int) -> None:
    shell = Shell(tmp_path)
    shell.add_tool(
        "curl",
        "\n".join(f'case "$*" in *https://{address}/readyz*) exit 0;; esac' for address in answering) + "\nexit 7",
    )
    done = shell.run(TEXTS["master-lb"][CHECK])
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.parametrize("name", ["master-lb", "lb2"])
def test_what_is_written(name: str) -> None:
    for path, text in TEXTS[name].items():
        assert_golden(f"keepalived/{name}/{path.rpartition('/')[2]}", text)


def test_the_balancers_differ_in_what_is_theirs_alone() -> None:
    one, other = (TEXTS[name][CONFIG].splitlines() for name in ("master-lb", "lb2"))
    assert sorted({line.split()[0] for line in {*one} ^ {*other}}) == [
        "10.0.1.157",
        "10.0.1.158",
        "priority",
        "router_id",
        "unicast_src_ip",
    ]
    checks = (TEXTS[name][CHECK] for name in ("master-lb", "lb2"))
    assert [text.count(f"answers {address}:6443") for text in checks for address in ("10.0.1.157", "10.0.1.158")] == [
        *(0, 1),
        *(1, 0),
    ]
