"""Groups of the inventory: by which names they are found, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.settings import SettingsError, load_cluster
from k8s_ha.settings.groups import groups_of_roles, looked_for, not_groups
from tests.support.example_cluster import six_hosts
from tests.support.settings_mistakes import mistakes

KNOWN = {"control_plane": ["m"], "workers": ["w"], "load_balancers": ["lb"], "people": []}
ROLES = {"control_plane": ("control_plane",), "worker": ("workers",), "load_balancer": ("load_balancers",), "admin": ()}


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("control_plane", "control_plane"),
        ("control_plane", "control_planes"),
        ("worker", "worker"),
        ("worker", "workers"),
        ("load_balancer", "load_balancer"),
        ("load_balancer", "load_balancers"),
        ("admin", "admin"),
        ("admin", "admins"),
    ],
)
def test_a_role_is_found_by_its_singular_and_its_plural(role: str, name: str) -> None:
    assert groups_of_roles({}, {name: ["h"]})[role] == (name,)
    assert groups_of_roles({name: "mine"}, {"mine": ["h"]})[role] == ("mine",)


def test_a_role_may_have_no_group_and_a_group_no_host() -> None:
    assert groups_of_roles({}, KNOWN) == ROLES
    assert groups_of_roles({"admin": "people"}, KNOWN) == ROLES | {"admin": ("people",)}


def test_two_groups_of_the_same_hosts_are_one() -> None:
    assert groups_of_roles({}, {"worker": ["w"], "workers": ["w"]})["worker"] == ("workers", "worker")


MISTAKES: dict[str, tuple[Any, dict[str, list[str]], list[str]]] = {
    "no map": (["nodes"], KNOWN, ["groups: ['nodes']; it is a map of role: group; write {'worker': 'nodes'}"]),
    "no role": (
        {"node": "workers", 7: "workers"},
        KNOWN,
        [
            "groups: 'node' is no role; the roles are control_plane, worker, load_balancer, admin; name one of them",
            "groups: 7 is no role; the roles are control_plane, worker, load_balancer, admin; name one of them",
        ],
    ),
    "several groups": (
        {"worker": ["a", "b"]},
        KNOWN,
        ["groups.worker: ['a', 'b']; it is the name of one group; write it in quotes"],
    ),
    "misspelt": (
        {"worker": "wrokers"},
        KNOWN,
        ["groups.worker: 'wrokers' is no group of the inventory; did you mean workers?"],
    ),
    "unknown": (
        {"worker": "x"},
        KNOWN,
        [
            "groups.worker: 'x' is no group of the inventory; its groups are control_plane, load_balancers, people, "
            "workers; name one"
        ],
    ),
    "twice": (
        {"worker": "workers", "workers": "people"},
        KNOWN,
        ["groups.workers: given twice, once in the plural; a role has one group; remove one of the two"],
    ),
    "two groups for one role": (
        {},
        KNOWN | {"worker": ["other"]},
        [
            "groups: the inventory has workers and worker; a role has one group; put their hosts into one, or choose "
            "it by groups={'worker': …}"
        ],
    ),
}


@pytest.mark.parametrize(("given", "known", "lines"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_groups(given: Any, known: dict[str, list[str]], lines: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        groups_of_roles(given, known)
    assert caught.value.lines == lines


def test_where_a_role_was_looked_for_and_what_there_is() -> None:
    nowhere = dict.fromkeys(ROLES, ())
    known = {"masters": ["m"], "wrokers": ["w"]}
    assert list(looked_for(nowhere, {}, known)) == [
        "groups: a control_plane is a host of the group control_plane or control_planes; the inventory has also "
        "masters, wrokers; rename a group, or give groups={'control_plane': …}"
    ]
    three = {name: ["control_plane"] for name in "abc"}
    assert list(looked_for(ROLES, three, {name: [] for names in ROLES.values() for name in names})) == [
        "groups: a load_balancer is a host of the group load_balancers; the inventory has no other group; rename a "
        "group, or give groups={'load_balancer': …}"
    ]
    assert list(looked_for(ROLES, {"a": ["control_plane"]}, KNOWN)) == []


NO_GROUPS = {
    'workers = "worker1"': "workers = 'worker1'; a group is a list of hosts; write workers = ['NAME', …]",
    'worker = ("worker1")': "worker = 'worker1'; a group is a list of hosts; write worker = ['NAME', …]",
    "workers = ('a', 'b')": "workers = ('a', 'b'); a group is a list of hosts; write workers = ['NAME', …]",
    "admins = {'a'}": "admins = {'a'}; a group is a list of hosts; write admins = ['NAME', …]",
    "nodes: str = 'a'": "nodes = 'a'; a group is a list of hosts; write nodes = ['NAME', …]",
    "control_planes = {'a': {}}": "control_planes = {'a': {}}; a group is a list of hosts; write control_planes = "
    "['NAME', …]",
    "workers = 5": "workers = 5; a group is a list of hosts; write workers = ['NAME', …]",
}


@pytest.mark.parametrize("source", NO_GROUPS)
def test_a_variable_of_a_groups_name_that_is_no_list_is_told(source: str) -> None:
    assert list(not_groups(source, ROLES | {"worker": ("nodes",)})) == [NO_GROUPS[source]]


@pytest.mark.parametrize(
    "source",
    [
        "workers = ['a']",
        "workers = [('a', {})]",
        "workers = (['a'], {'x': 1})",
        "workers = hosts()",
        "workers = None",
        "workers: list[str]",
        "others = 'a'",
        "def workers(): pass",
        "workers.x = 'a'",
        "a, workers = 'ab'",
        "not Python",
        "\0",
        "(" * 300,
    ],
    ids=lambda source: source[:24],
)
def test_whatever_else_an_inventory_says_is_pyinfras(source: str) -> None:
    assert list(not_groups(source, ROLES)) == []


ALONE = [{"name": "m", "address": "10.0.0.1", "role": "control_plane"}]
BOTH = [{"name": "m", "address": "10.0.0.1", "role": ["control_plane", "load_balancer"]}]
TWO_BALANCERS = [*six_hosts(), {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]


@pytest.mark.parametrize("hosts", [six_hosts(), BOTH, TWO_BALANCERS], ids=["six", "both", "two"])
@pytest.mark.parametrize("port", ["6443", "8443", "443"])
def test_who_writes_the_endpoint_that_is_named_has_a_cluster(hosts: list[dict[str, Any]], port: str) -> None:
    """A remedy does not lead to the next mistake."""
    (line,) = mistakes({"control_plane_endpoint": f"10.9.9.9:{port}"}, hosts)
    for endpoint in line.rpartition("; write ")[2].split(" or "):
        assert load_cluster({"control_plane_endpoint": endpoint}, hosts).endpoint == endpoint


@pytest.mark.parametrize("name", ["Master1", "LOCALHOST", "M" * 64, "A_B", "1.2.3.4_", "A.1"])
def test_who_takes_the_hostname_that_is_named_has_a_cluster(name: str) -> None:
    (line,) = mistakes({}, [{"name": name, "address": "10.0.0.1", "role": "control_plane"}])
    _, named, hostname = line.rpartition("set hostname to '")
    if named:
        load_cluster({}, [{"name": name, "hostname": hostname[:-1], "address": "10.0.0.1", "role": "control_plane"}])


def test_a_cluster_without_a_worker_is_told_so() -> None:
    (warning,) = load_cluster({}, ALONE).warnings
    assert warning.startswith("hosts: no worker; ")
    assert load_cluster({}, [{**ALONE[0], "taints": []}]).warnings == ()
