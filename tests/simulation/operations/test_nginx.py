"""The operation on nginx: what it yields for what stands on the host; what that does is in test_nginx_configure.py."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from dataclasses import replace

import pytest

from k8s_ha.desired.nginx_capacity import LIMITS_DROP_IN
from k8s_ha.facts.nginx import Nginx
from k8s_ha.observations.nginx import NginxState
from k8s_ha.operations.nginx import endpoint_proxied
from tests.support.nginx_states import CONFIGURED, FILES, MAIN, OWN, OWN_TEXT, SHARED, SHARED_TEXT, own, state
from tests.support.operation_bench import NGINX_CONFIG, Bench, Command, Noop, refusal

DONE = {MAIN: CONFIGURED, OWN: OWN_TEXT}
INCLUDED = f"{NGINX_CONFIG}stream {{\n    include {SHARED};\n}}\n"
OLDER = "reload=" + hashlib.sha256(f"{OWN}\0{OWN_TEXT}".encode()).hexdigest()
NOTHING = [Noop("nginx passes on the endpoint's port")]


def steps(bench: Bench, given: NginxState, *, executing: bool = True, connections: int = 1024) -> list[object]:
    arguments = {"port": 6443, "files": FILES, "connections": connections}
    return bench.steps(endpoint_proxied, on="master-lb", executing=executing, facts={Nginx: given}, **arguments)


def sent(
    bench: Bench, given: NginxState, *, executing: bool = True, connections: int = 1024
) -> dict[str, dict[str, str]]:
    """What goes to the host: texts by path, by what becomes of them."""
    (step,) = steps(bench, given, executing=executing, connections=connections)
    assert isinstance(step, Command)
    lines = [line.split(" ") for line in (step.stdin or "").splitlines()]
    assert lines.pop() == ["end"]
    found: dict[str, dict[str, str]] = {}
    for kind, path, _, text in lines:
        found.setdefault(kind, {})[path] = "" if text == "-" else b64decode(text).decode()
    return found


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize(
    "given",
    [state(DONE), state(DONE, record=OLDER), state({MAIN: INCLUDED, SHARED: SHARED_TEXT})],
    ids=["with our stream block", "as an earlier release recorded it", "in the owner's stream block"],
)
def test_an_nginx_that_has_it_all_is_left_alone(bench: Bench, given: NginxState, executing: bool) -> None:
    assert steps(bench, given, executing=executing) == NOTHING


@pytest.mark.parametrize(
    "given",
    [
        state(DONE, listens=False),
        state(DONE, listens=False, record=OLDER),
        state(DONE, record=""),
        state(DONE, record="config=of another one"),
        state(DONE, unit={"ActiveState": "inactive"}),
        state(DONE, unit={"UnitFileState": "disabled"}),
    ],
)
def test_an_nginx_that_does_not_run_with_it_is_tested_and_reloaded(bench: Bench, given: NginxState) -> None:
    assert sent(bench, given) == {}


def test_a_virgin_nginx(bench: Bench) -> None:
    found = sent(bench, state())
    assert found["edit"] == {MAIN: CONFIGURED}
    assert found["own"] == {OWN: OWN_TEXT}
    assert found["copy"][OWN] == OWN_TEXT
    assert 'include "/etc/nginx/.k8s-ha-new/0.copy";\n\nevents' in found["copy"][MAIN]


OWNERS: list[str] = [
    "worker_shutdown_timeout 1h;\n",
    "http { server { location / { proxy_pass http://127.0.0.1; } } }\n",
    "mail { server { fastcgi_pass a; } }\n",
]


@pytest.mark.parametrize("owners", OWNERS)
def test_connections_of_the_owners_are_not_ended(bench: Bench, owners: str) -> None:
    given = state({MAIN: CONFIGURED.replace("events", f"{owners}events", 1)})
    assert sent(bench, given)["own"] == {OWN: FILES[OWN]}


def test_workers_of_before_are_waited_for_where_that_is_asked(bench: Bench) -> None:
    arguments = {"port": 6443, "files": FILES, "connections": 1024, "ends_former": True}
    (step,) = bench.steps(endpoint_proxied, on="master-lb", executing=True, facts={Nginx: state()}, **arguments)
    assert isinstance(step, Command)
    assert "\nSECONDS_TO_END=20\n" in step.text


def test_what_the_owner_has_in_our_folder_is_tested_with_it(bench: Bench) -> None:
    found = sent(bench, state({MAIN: CONFIGURED, "/etc/nginx/conf.d/tcp.d/a.conf": "mail { }\n"}))
    assert set(found) == {"copy", "own"}
    assert 'include "/etc/nginx/conf.d/tcp.d/a.conf"; include "/etc/nginx/.k8s-ha-new/0.copy";' in found["copy"][MAIN]


@pytest.mark.parametrize("stands", [own(OWN_TEXT, "600"), own("other")])
def test_our_file_is_written_as_it_should_be(bench: Bench, stands: object) -> None:
    assert sent(bench, state(DONE, own={OWN: stands}))["own"] == {OWN: OWN_TEXT}


def test_a_block_that_came_beside_ours(bench: Bench) -> None:
    twice = state({MAIN: f"{CONFIGURED}stream {{ }}\n", OWN: OWN_TEXT}, refused=f'"stream" is duplicate in {OWN}:2')
    found = sent(bench, twice)
    assert (found["drop"], found["own"]) == ({OWN: ""}, {SHARED: SHARED_TEXT})
    assert f'"{OWN}"' not in found["copy"][MAIN]


def test_before_nginx_is_installed_it_is_taken_for_the_packages(bench: Bench) -> None:
    assert sent(bench, NginxState(), executing=False)["own"] == {OWN: OWN_TEXT}
    reason = "master-lb: it has no /etc/nginx/nginx.conf; nginx begins there; restore the package's file."
    assert steps(bench, NginxState()) == [refusal(reason)]


def test_what_the_owner_wrote_wrong_is_told_in_nginxs_words(bench: Bench) -> None:
    reason = (
        "master-lb: nginx refuses its configuration as it stands: bad in /etc/nginx/a:1; only a valid one is added to; "
        "fix what nginx names; `nginx -t` tests it."
    )
    assert steps(bench, state(refused="bad in /etc/nginx/a:1")) == [refusal(reason)]


def test_where_nginx_says_why(bench: Bench) -> None:
    (step,) = steps(bench, state({MAIN: "error_log logs/e.log warn;\n" + NGINX_CONFIG.replace("error_log", "# ")}))
    assert isinstance(step, Command)
    assert "\nERROR_LOG=logs/e.log\n" in step.text


LARGE = CONFIGURED.replace(
    "worker_connections 1024;", "worker_connections 3072; # raised by k8s_ha for the cluster's nodes"
)
DROP_IN_TEXT = "# Written by k8s_ha; changes are overwritten.\n[Service]\nLimitNOFILE=4096\n"


def test_an_nginx_of_many_nodes_holds_their_connections(bench: Bench) -> None:
    given = sent(bench, state(DONE, open_files=1024), connections=3072)
    assert given["edit"] == {MAIN: LARGE}
    assert given["own"] == {LIMITS_DROP_IN: DROP_IN_TEXT}


@pytest.mark.parametrize("connections", [1024, 2048, 3072])
@pytest.mark.parametrize(
    "limits", [{"LimitNOFILE": "262144", "LimitNOFILESoft": "4096"}, {"LimitNOFILE": "4096"}], ids=["EL 8", "EL 7"]
)
def test_one_that_holds_them_is_left_alone_and_never_lowered(
    bench: Bench, limits: dict[str, str], connections: int
) -> None:
    given = state({MAIN: LARGE, OWN: OWN_TEXT}, unit=limits, open_files=4096)
    stands = {**given.own, LIMITS_DROP_IN: own(DROP_IN_TEXT)}
    assert steps(bench, replace(given, own=stands), connections=connections) == NOTHING


@pytest.mark.parametrize("limits", [{"LimitNOFILE": "262144", "LimitNOFILESoft": "1024"}, {"LimitNOFILE": "4096"}])
def test_a_limit_that_a_unit_has_by_default_is_not_enough(bench: Bench, limits: dict[str, str]) -> None:
    given = state({MAIN: LARGE, OWN: OWN_TEXT}, unit=limits, open_files=4096)
    assert sent(bench, given, connections=3072) == {"own": {LIMITS_DROP_IN: DROP_IN_TEXT}}


def test_an_nginx_that_runs_with_fewer_files_than_its_unit_says_is_reloaded(bench: Bench) -> None:
    given = state({MAIN: LARGE, OWN: OWN_TEXT}, unit={"LimitNOFILESoft": "infinity"}, open_files=1024)
    (found,) = steps(bench, given, connections=3072)
    assert isinstance(found, Command)
    assert "FILES=4096" in found.text
