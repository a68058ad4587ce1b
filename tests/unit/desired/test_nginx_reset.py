"""nginx's files without what this package has put into them: as they were before it came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from k8s_ha.desired.nginx import Proxy
from k8s_ha.desired.nginx_capacity import connections_needed, raised
from k8s_ha.desired.nginx_reset import without_proxy
from k8s_ha.observations.nginx import NginxState
from k8s_ha.observations.nginx_config import Config
from tests.support.nginx_states import CONFIGURED, LINE, MAIN, OWN, OWN_TEXT, state
from tests.support.operation_bench import NGINX_CONFIG
from tests.unit.desired.test_nginx import PLANS

ROUNDS = {
    name: (before, plan)
    for name, (before, plan) in PLANS.items()
    if isinstance(plan, Proxy) and plan.edits and not plan.fixes and LINE.encode() not in before.config.files[MAIN]
}


def after(before: Config, plan: Proxy) -> Config:
    return replace(before, files={**before.files, **plan.edits})


@pytest.mark.parametrize(("before", "plan"), ROUNDS.values(), ids=ROUNDS)
def test_what_was_put_in_is_taken_out_word_by_word(before: NginxState, plan: Proxy) -> None:
    config = before.config
    found = without_proxy(after(config, plan))
    # A block on one line is left on several: blanks mean nothing to nginx.
    assert {path: text.split() for path, text in found.items()} == {path: config.files[path].split() for path in found}
    assert set(found) == set(plan.edits)
    assert without_proxy(config) == {}


def test_connections_are_as_many_as_the_package_has() -> None:
    before = state({MAIN: CONFIGURED, OWN: OWN_TEXT})
    plan = raised(Proxy(OWN, {}), before, connections_needed(500))
    assert b"raised by k8s_ha" in plan.edits[MAIN]
    assert without_proxy(after(before.config, plan)) == {MAIN: NGINX_CONFIG.encode()}


def test_the_packages_own_file_is_as_it_was_to_the_byte() -> None:
    assert without_proxy(state({MAIN: CONFIGURED, OWN: OWN_TEXT}).config) == {MAIN: NGINX_CONFIG.encode()}


def test_our_line_stays_for_files_of_the_owners_in_our_folder() -> None:
    assert without_proxy(state({MAIN: CONFIGURED, OWN: OWN_TEXT, OWN.replace("kube", "my"): "# mine\n"}).config) == {}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"user own;\n{CONFIGURED}", f"user own;\n{NGINX_CONFIG}"),
        (f"events {{}}\nhttp {{}} {LINE}\n", "events {}\nhttp {} \n"),
        ("events { worker_connections 9000; }\n", None),
        (f"include conf.d/tcp.d/*;\nevents {{}}\n# {LINE}\n", None),
    ],
    ids=["changed since", "a line beside others", "nothing of ours", "the owner's own include, ours in a comment"],
)
def test_what_the_owner_has_changed_since_stays(text: str, left: str | None) -> None:
    found = without_proxy(state({MAIN: text}).config)
    assert found == ({} if left is None else {MAIN: left.encode()})
