"""The lab's pure parts: topology files, names of the outside world, what a digest leaves out."""

import json
import tomllib
from dataclasses import replace

import pytest

from tests.lab import LabError, digest, names, settings, state, topology
from tests.lab.build.hosts import FLAVOURS

DOCUMENT = topology.DEFAULT.with_name("topology-document.toml")
HOST = {"address": "10.0.11.18", "flavour": "rocky-8", "group": "control_plane"}


def test_default_topology_is_the_documents() -> None:
    hosts = topology.load(topology.DEFAULT).hosts
    assert [(host.name, host.address) for host in hosts] == [
        ("master1", "10.0.11.18"),
        ("master2", "10.0.12.55"),
        ("master3", "10.0.13.22"),
        ("worker1", "10.0.12.16"),
        ("worker2", "10.0.13.37"),
        ("master-lb", "10.0.1.157"),
    ]
    not_root = {host.name: bool(host.login.sudo_password) for host in hosts if host.login.user != "root"}
    assert not_root == {"master2": False, "worker2": True}


def test_groups_keep_the_files_order() -> None:
    groups = topology.load(topology.DEFAULT).groups()
    assert {name: [host.name for host in hosts] for name, hosts in groups.items()} == {
        "control_plane": ["master1", "master2", "master3"],
        "workers": ["worker1", "worker2"],
        "load_balancers": ["master-lb"],
        "admins": ["master-lb"],
    }


def test_documents_topology_differs_in_flavours_alone() -> None:
    default, document = (topology.load(path) for path in (topology.DEFAULT, DOCUMENT))
    assert [replace(host, flavour="rocky-8") for host in document.hosts] == list(default.hosts)
    assert document.flavours == ["centos-7", "rhel-8", "rocky-8"]
    assert set(document.flavours) < set(FLAVOURS)


@pytest.mark.parametrize(
    ("name", "flavours"),
    [
        ("el9", ["rocky-9"]),
        ("el10", ["rocky-10"]),
        ("mixed", ["centos-7", "rocky-10", "rocky-8", "rocky-9"]),
    ],
)
def test_small_clusters_of_later_releases(name: str, flavours: list[str]) -> None:
    small = topology.load(topology.DEFAULT.with_name(f"topology-{name}.toml"))
    assert small.flavours == flavours
    assert set(flavours) <= set(FLAVOURS)
    assert [(group, len(hosts)) for group, hosts in small.groups().items()] == [
        ("control_plane", 3),
        ("workers", 1),
        ("load_balancers", 1),
        ("admins", 1),
    ]


MISTAKES = [
    ({}, "it names no host; add at least one [hosts.NAME] table"),
    ({"host": {}}, "the file: unknown key 'host'; did you mean 'hosts'?"),
    ({"hosts": {"M1": HOST}}, "'M1': not a host name; use at most 32 lower-case letters, digits and inner hyphens"),
    ({"hosts": {"m1": "10.0.0.9"}}, "m1: not a table; write [hosts.m1] with address, flavour, group, groups, login"),
    ({"hosts": {"m1": HOST | {"adress": "x"}}}, "m1: unknown key 'adress'; did you mean 'address'?"),
    ({"hosts": {"m1": {}}}, "m1: address is missing; give it as text in quotes"),
    ({"hosts": {"m1": HOST | {"address": 7}}}, "m1: address is 7; give it as text in quotes"),
    (
        {"hosts": {"m1": HOST | {"address": "10.0.0.300"}}},
        "m1: address '10.0.0.300' is not an IPv4 address; use one in 10.0.0.0/16",
    ),
    (
        {"hosts": {"m1": HOST | {"address": "10.1.0.3"}}},
        "m1: address 10.1.0.3 is outside the lab's network; use one in 10.0.0.0/16",
    ),
    (
        {"hosts": {"m1": HOST | {"address": "10.0.0.2"}}},
        "m1: address 10.0.0.2 is the lab's own; use another one in 10.0.0.0/16",
    ),
    (
        {"hosts": {"m1": HOST, "m2": HOST}},
        "m2: address 10.0.11.18 is m1's already; every host needs its own",
    ),
    (
        {"hosts": {"m1": HOST | {"flavour": "Rocky 8"}}},
        "m1: flavour 'Rocky 8' is not of the form 'rocky-8' ([a-z]+-[0-9]+)",
    ),
    (
        {"hosts": {"m1": HOST | {"group": "control-plane"}}},
        "m1: group 'control-plane' is not of the form 'control_plane' ([a-z][a-z0-9_]*)",
    ),
    ({"hosts": {"m1": HOST | {"groups": ["workers"]}}}, "m1: it has group and groups; keep one of them"),
    (
        {"hosts": {"m1": {"address": "10.0.0.9", "flavour": "rocky-8", "groups": ["a", "a"]}}},
        "m1: groups is ['a', 'a']; give a list of different names, such as [\"workers\", \"admins\"]",
    ),
    (
        {"hosts": {"m1": {"address": "10.0.0.9", "flavour": "rocky-8", "groups": ["A"]}}},
        "m1: groups 'A' is not of the form 'control_plane' ([a-z][a-z0-9_]*)",
    ),
    ({"hosts": {"m1": HOST | {"login": "ops"}}}, 'm1: login is not a table; write login = { user = "ops" }'),
    (
        {"hosts": {"m1": HOST | {"login": {"user": "ops", "sudo": True}}}},
        "m1, login: unknown key 'sudo'; allowed are user, sudo_password",
    ),
    (
        {"hosts": {"m1": HOST | {"login": {"user": "root", "sudo_password": "x"}}}},
        "m1, login: root has a sudo_password; leave it out, or name another user",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), MISTAKES)
def test_mistake_is_one_sentence(content: dict[str, object], sentence: str) -> None:
    with pytest.raises(LabError) as caught:
        topology.parse(content)
    assert str(caught.value) == sentence


def test_unreadable_file_is_one_sentence(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("topologies")
    with pytest.raises(LabError, match="No such file or directory; give --topology a file"):
        topology.load(folder / "none.toml")
    (folder / "bad.toml").write_text("[hosts\n")
    with pytest.raises(LabError, match=r"bad.toml: not TOML"):
        topology.load(folder / "bad.toml")


def test_unknown_host_names_the_known_ones() -> None:
    with pytest.raises(LabError, match="master9: no such host in this lab; it has master1, "):
        topology.load(topology.DEFAULT).host("master9")


def test_first_hostname_is_not_the_inventory_name() -> None:
    parsed = topology.parse(tomllib.loads('[hosts.m1]\naddress="10.0.1.2"\nflavour="rocky-8"\ngroup="g"'))
    assert parsed.hosts[0].first_hostname == "ip-10-0-1-2"


def test_one_run_may_set_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "load", lambda: None)
    monkeypatch.setenv(settings.OVERRIDES, json.dumps({"mirror": "official"}))
    found = settings.in_lab({"mirror": "aliyun", "container_runtime": "docker"})
    assert (found["mirror"], found["container_runtime"], found["kubernetes_version"]) == (
        "official",
        "docker",
        "1.20.2",
    )


@pytest.mark.parametrize(
    ("host", "path", "file"),
    [
        ("dl.rockylinux.org", "/lab/appstream/repodata/repomd.xml", "appstream/repodata/repomd.xml"),
        ("dl.rockylinux.org", "/pub/rocky/9/AppStream/x86_64/os/a.rpm", "rocky9/AppStream/a.rpm"),
        ("dl.rockylinux.org", "/pub/rocky/10/BaseOS/x86_64/os/a.rpm", "rocky10/BaseOS/a.rpm"),
        ("dl.rockylinux.org", "/pub/rocky/11/BaseOS/x86_64/os/a.rpm", None),
        ("download.docker.com", "/linux/rhel/gpg", "docker/linux/rhel/gpg"),
        ("pkgs.k8s.io", "/core:/stable:/v1.20/rpm/repodata/repomd.xml", "kubernetes/v1.20/repodata/repomd.xml"),
        ("cdn.redhat.com", "/content/dist/rhel8/8.4/x86_64/baseos/os/a.rpm", "rhel8/appstream/a.rpm"),
        ("cdn.redhat.com", "/content/dist/rhel8/8/x86_64/baseos/os/a.rpm", None),
        ("pkgs.lab", "/kubernetes/v1.20/a.rpm", "kubernetes/v1.20/a.rpm"),
        ("pkgs.lab", "/appstream/a.rpm", None),
        ("pkgs.lab", "/kubernetes/../../secret", None),
        ("example.com", "/kubernetes/v1.20/a.rpm", None),
    ],
)
def test_mirrors_table(host: str, path: str, file: str | None) -> None:
    assert names.file_of(host, path) == file


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("/var/log", True),
        ("/var/logs", False),
        ("/var/lib/dnf/history.sqlite-wal", True),
        ("/var/lib/dnf/modules.d", False),
        ("/var/lib/kubelet/config.yaml", False),
        ("/var/lib/kubelet/plugins_registry", True),
        ("/etc/kubernetes/admin.conf", False),
        ("/root/.ssh/authorized_keys", False),
    ],
)
def test_digest_leaves_out(path: str, left_out: bool) -> None:
    assert digest.excluded(path) is left_out


def test_every_exclusion_has_a_reason() -> None:
    assert all(path.startswith("/") and reason for path, reason in digest.EXCLUDED.items())
