"""dockerd's flags, by the keys of daemon.json."""

from __future__ import annotations

import pytest

from k8s_ha.observations.dockerd_flags import CONFIG, Flag, of_process, of_unit, parsed
from k8s_ha.observations.service_command import UnitLook, Word

ROWS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "none": ("", {}),
    "with a blank": ("--data-root /data", {"data-root": ("/data",)}),
    "with a sign": ("--data-root=/data", {"data-root": ("/data",)}),
    "an empty value": ("--cgroup-parent=", {"cgroup-parent": ("",)}),
    "options of the runtime": (
        "--exec-opt native.cgroupdriver=systemd --exec-opt=native.umask=normal",
        {"exec-opts": ("native.cgroupdriver=systemd", "native.umask=normal")},
    ),
    "logs": (
        "--log-driver=json-file --log-opt max-size=50m --log-opt=max-file=3",
        {"log-driver": ("json-file",), "log-opts": ("max-size=50m", "max-file=3")},
    ),
    "mirrors": ("--registry-mirror https://m", {"registry-mirrors": ("https://m",)}),
    "a registry without TLS": ("--insecure-registry r:5000", {"insecure-registries": ("r:5000",)}),
    "what has one name in both": ("--dns 1.1.1.1 --dns-search a.b", {"dns": ("1.1.1.1",), "dns-search": ("a.b",)}),
    "what has two": (
        "--dns-opt a --label b=c --storage-opt d --default-ulimit e --add-runtime f=g",
        {
            "dns-opts": ("a",),
            "labels": ("b=c",),
            "storage-opts": ("d",),
            "default-ulimits": ("e",),
            "runtimes": ("f=g",),
        },
    ),
    "a short flag": ("-H fd:// -H tcp://0.0.0.0:2375", {"hosts": ("fd://", "tcp://0.0.0.0:2375")}),
    "a short flag and its value in one word": ("-Hfd://", {"hosts": ("fd://",)}),
    "a short flag with a sign": ("-H=fd://", {"hosts": ("fd://",)}),
    "an old short flag": ("-g /data", {"graph": ("/data",)}),
    "short flags in one word": ("-Dl warn", {"debug": ("true",), "log-level": ("warn",)}),
    "a switch": ("--live-restore --selinux-enabled", {"live-restore": ("true",), "selinux-enabled": ("true",)}),
    "a switch that is off": ("--iptables=false -D=false", {"iptables": ("false",), "debug": ("false",)}),
    "a switch before a word": ("--tlsverify --tlscacert /ca", {"tlsverify": ("true",), "tlscacert": ("/ca",)}),
    "an unknown switch": ("--new-switch --debug", {"new-switch": ("true",), "debug": ("true",)}),
    "an unknown flag": ("--new-flag x --debug", {"new-flag": ("x",), "debug": ("true",)}),
    "the end of the flags": ("--debug -- --iptables=false", {"debug": ("true",)}),
    "a word that is no flag": ("daemon --debug", {"debug": ("true",)}),
}


@pytest.mark.parametrize(("line", "values"), ROWS.values(), ids=ROWS)
def test_flags(line: str, values: dict[str, tuple[str, ...]]) -> None:
    flags = parsed([Word(text, "/a") for text in ["/usr/bin/dockerd", *line.split()]])
    assert {key: flag.values for key, flag in flags.by_key.items()} == values
    assert {flag.path for flag in flags.by_key.values()} <= {"/a"}
    assert (flags.program, flags.config) == ("/usr/bin/dockerd", CONFIG)
    assert list(flags.words) == line.partition(" -- ")[0].split()


@pytest.mark.parametrize("line", ["--config-file /srv/d.json -D", "-D --config-file=/srv/d.json"])
def test_a_daemon_json_elsewhere(line: str) -> None:
    flags = parsed([Word(text, "/a") for text in ["dockerd", *line.split()]])
    assert (flags.config, flags.words, list(flags.by_key)) == ("/srv/d.json", ("-D",), ["debug"])


def test_a_unit_that_is_not_there_yet_is_the_packages() -> None:
    flags = of_unit(UnitLook())
    assert flags.by_key["hosts"] == Flag("-H", ("fd://",), "")
    assert str(flags.by_key["containerd"]) == "--containerd /run/containerd/containerd.sock"


def test_a_process() -> None:
    assert of_process(UnitLook()).by_key == {}
    assert list(of_process(UnitLook(running=("dockerd", "--mtu", "1400"))).by_key) == ["mtu"]
