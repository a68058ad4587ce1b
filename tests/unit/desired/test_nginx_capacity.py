"""How many connections a balancer's nginx is to hold: tables of what stands to what becomes of it."""

from __future__ import annotations

import pytest

from k8s_ha.desired.nginx import Proxy
from k8s_ha.desired.nginx_capacity import connections_needed, files_needed, raised, too_few
from k8s_ha.observations.nginx import Problem
from tests.support.nginx_states import MAIN, OWN, state
from tests.support.operation_bench import NGINX_CONFIG

MARKED = "worker_connections 3072; # raised by k8s_ha for the cluster's nodes"
RAISED = NGINX_CONFIG.replace("worker_connections 1024;", MARKED)


@pytest.mark.parametrize(
    ("nodes", "connections", "files"),
    [(4, 1024, 0), (96, 1024, 0), (97, 2048, 3072), (256, 3072, 4096), (1000, 9216, 10240)],
)
def test_what_nodes_need(nodes: int, connections: int, files: int) -> None:
    assert connections_needed(nodes) == connections
    assert files_needed(connections) == files


TEXTS = {
    "as packaged": (NGINX_CONFIG, RAISED),
    "as nginx.org packages it": (
        "events {\n    worker_connections  1024;\n}\n".join(["user nginx;\n", "http {}\n"]),
        f"user nginx;\nevents {{\n    {MARKED}\n}}\nhttp {{}}\n",
    ),
    "raised before, for fewer": (RAISED.replace("3072", "2048"), RAISED),
    "raised before, for more": (RAISED.replace("3072", "9216"), None),
    "the owner's, enough": (NGINX_CONFIG.replace("1024", "4096"), None),
    "the owner's, too few": (NGINX_CONFIG.replace("1024;", "2000;"), "2000"),
    "the owner's, with more in the block": (NGINX_CONFIG.replace("1024;", "1024; multi_accept on;"), "1024"),
    "no number": ("events {}\n", "512"),
    "in a comment": ("# events {\n# worker_connections 9999;\n# }\nevents { use epoll; }\n", "512"),
}


@pytest.mark.parametrize(("text", "becomes"), TEXTS.values(), ids=TEXTS)
def test_connections_are_raised_where_the_text_is_a_packages(text: str, becomes: str | None) -> None:
    """What becomes of it: a text, nothing, or the number that preflight names."""
    found = state({MAIN: text})
    problem = too_few(found, 3072)
    edits = raised(Proxy(OWN, {}), found, 3072).edits
    if becomes is None or becomes.isdecimal():
        assert edits == {}
    else:
        assert edits == {MAIN: becomes.encode()}
    reported = f"its nginx holds {becomes} connections a worker process"
    expected = Problem(
        reported, "the cluster's nodes need 3072", f"set 'worker_connections 3072;' in the events block of {MAIN}"
    )
    assert problem == (expected if becomes and becomes.isdecimal() else None)


def test_it_is_raised_beside_other_edits() -> None:
    proxy = Proxy(OWN, {MAIN: f"include a;\n{NGINX_CONFIG}".encode()})
    assert raised(proxy, state(), 3072).edits == {MAIN: f"include a;\n{RAISED}".encode()}
