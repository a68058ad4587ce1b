"""Packages: arguments and facts in, exact commands or a refusal out; and what the script says of what yum did."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.facts.system import Packages, PackagesState
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.packages import CENTOS_HINT, packages_installed, packages_removed
from k8s_ha.resources import read_file
from k8s_ha.run import Run
from k8s_ha.yum import RPM_CURE, UNFINISHED, Repository
from tests.cluster_stage import CLUSTER, Stage
from tests.node_views import member
from tests.operation_bench import Command, Facts, Noop, Row, command, refusal, test_of
from tests.shell_bench import Shell
from tests.surveys import survey

KUBERNETES = Repository("kubernetes", "Kubernetes", "https://mirror.example/k8s/", ("https://k",), exclude=("kubelet",))
DISABLED = Repository("off", "Off", "https://mirror.example/off", ("https://k",), enabled=False, exclude=("x",))
PLAIN = Repository("plain", "Plain", "https://mirror.example/plain", ("https://k",))
RUN = Run(CLUSTER, surveys={"worker1": survey()})
KUBELET: dict[str, Any] = {
    "run": RUN,
    "packages": {"kubelet": "1.30.14", "cri-tools": "*"},
    "log": "install-kubernetes",
    "sources": (KUBERNETES, DISABLED, PLAIN),
}


def yum(
    specs: str,
    wanted: str,
    log: str = "install-kubernetes",
    sources: bool = True,
    mended: str = "",
    name: str = "worker1",
) -> Command:
    variables = {
        "HOST": name,
        "UNFINISHED": UNFINISHED,
        "BOUND": "1800",
        "LOG_FILE": f"/var/log/k8s-ha/{log}.log",
        "OPTIONS": "--disableexcludes=kubernetes" if sources else "",
        "SPECS": specs,
        "WANTED": wanted,
        "URLS": "https://mirror.example/k8s/ https://mirror.example/plain" if sources else "",
        "HINT": CENTOS_HINT,
    }
    script = "set -f\n" + "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    script += read_file("unfinished-packages.sh") + mended
    script += read_file("yum-options.sh") + read_file("install-packages.sh") if specs else ""
    return command(long_command(log, script, seconds=1800, lock="packages"))


def installed(*unfinished: str, **versions: str) -> Facts:
    return {
        Packages: PackagesState({name.replace("_", "-"): version for name, version in versions.items()}, unfinished)
    }


UNREADABLE: Facts = {Packages: PackagesState({}, rpm_error="cannot open Packages database in /var/lib/rpm")}
CANNOT_READ = refusal(
    f"worker1: rpm cannot read its database (cannot open Packages database in /var/lib/rpm); {RPM_CURE}."
)

ROWS: dict[str, Row] = {
    "packages as wanted": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.14-150500.1.1", cri_tools="1.30.0-1"),
        [Noop("the packages are installed")],
    ),
    "a release of the legacy repository": (
        packages_installed,
        {**KUBELET, "packages": {"kubelet": "1.28.2"}},
        installed(kubelet="1.28.2-0"),
        [Noop("the packages are installed")],
    ),
    "no package": (
        packages_installed,
        KUBELET,
        installed(),
        [yum("cri-tools kubelet-1.30.14", "cri-tools *\nkubelet 1.30.14")],
    ),
    "one package missing": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.14-0"),
        [yum("cri-tools", "cri-tools *")],
    ),
    "an older package on a host that is no node": (
        packages_installed,
        KUBELET,
        installed(kubelet="1.30.9-0", cri_tools="1.30.0-1"),
        [yum("kubelet-1.30.14", "kubelet 1.30.14")],
    ),
    "a newer package, which only begins like the wanted one": (
        packages_installed,
        {**KUBELET, "packages": {"kubelet": "1.30.1"}},
        installed(kubelet="1.30.14-0"),
        [
            refusal(
                "worker1: kubelet 1.30.14-0 is installed where kubelet 1.30.1 is wanted, and is not replaced by "
                "another one; remove it, or set a version that fits it."
            )
        ],
    ),
    "a package of another version on a node": (
        packages_installed,
        {**KUBELET, "changeable": False},
        installed(kubelet="1.30.1-0", cri_tools="1.30.0-1"),
        [
            refusal(
                "worker1: kubelet 1.30.1-0 is installed where kubelet 1.30.14 is wanted, on a node of a cluster; nodes "
                "are not moved to another version by this run; set the version that is there."
            )
        ],
    ),
    "a missing package on a node": (
        packages_installed,
        {**KUBELET, "changeable": False},
        installed(kubelet="1.30.14-0"),
        [yum("cri-tools", "cri-tools *")],
    ),
    "a pattern": (
        packages_installed,
        {"run": RUN, "packages": {"containerd.io": "1.*"}, "log": "install-containerd"},
        installed(),
        [yum("containerd.io-1.*", "containerd.io 1.*", "install-containerd", sources=False)],
    ),
    "a package that a pattern does not take": (
        packages_installed,
        {"run": RUN, "packages": {"containerd.io": "1.*"}, "log": "install-containerd"},
        {Packages: PackagesState({"containerd.io": "2.1.5-1.el9"})},
        [
            refusal(
                "worker1: containerd.io 2.1.5-1.el9 is installed where containerd.io 1.* is wanted, and is not "
                "replaced by another one; remove it, or set a version that fits it."
            )
        ],
    ),
    "as wanted, after an installation that was cut off": (
        packages_installed,
        KUBELET,
        installed("cri-tools", "kubelet", kubelet="1.30.14-0", cri_tools="1.30.0-1"),
        [yum("", "", mended="mended '' || exit 1\n")],
    ),
    "missing, after an installation that was cut off": (
        packages_installed,
        KUBELET,
        installed("kubelet", kubelet="1.30.9-0"),
        [
            yum(
                "cri-tools kubelet-1.30.14",
                "cri-tools *\nkubelet 1.30.14",
                mended="mended 'cri-tools kubelet' || exit 1\n",
            )
        ],
    ),
    "after an installation of other packages that was cut off": (
        packages_installed,
        {"run": RUN, "packages": {"containerd.io": "1.*"}, "log": "install-containerd"},
        {Packages: PackagesState({"containerd.io": "1.6.20-3.1.el8"}, ("kubelet",))},
        [yum("", "", "install-containerd", sources=False, mended="mended '' || exit 1\n")],
    ),
    "another version, after an installation that was cut off": (
        packages_installed,
        {**KUBELET, "packages": {"kubelet": "1.30.1"}},
        installed("kubelet", kubelet="1.30.14-0"),
        [
            refusal(
                "worker1: kubelet 1.30.14-0 is installed where kubelet 1.30.1 is wanted, and is not replaced by "
                "another one; remove it, or set a version that fits it."
            )
        ],
    ),
    "a database that rpm cannot read": (packages_installed, KUBELET, UNREADABLE, [CANNOT_READ]),
    "a database that rpm cannot read, before a removal": (
        packages_removed,
        {"names": ["podman"]},
        UNREADABLE,
        [CANNOT_READ],
    ),
    "nothing to remove": (
        packages_removed,
        {"names": ["podman", "runc"]},
        installed(),
        [Noop("none of them is installed")],
    ),
    "something to remove": (
        packages_removed,
        {"names": ["podman", "buildah", "runc"]},
        installed(runc="1.1.12-1", podman="4.9.4-1"),
        [
            command(
                long_command(
                    "remove-packages",
                    "yum -y remove podman runc; ! rpm -q podman runc | grep -v 'not installed'",
                    seconds=1800,
                    lock="packages",
                )
            )
        ],
    ),
}

test_operations = test_of(ROWS)


def test_on_a_node_it_is_made_up_for_when_it_is_the_nodes_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scriptlets of what is installed again restart a container runtime that runs."""
    stage = Stage(monkeypatch)
    stage.run.surveys |= {"master1": survey(node=True)}
    arguments = {**KUBELET, "run": stage.run, "on": "master1"}
    facts = installed("cri-tools", kubelet="1.30.14-0", cri_tools="1.30.0-1")
    ready = {plane: member(plane, ready=True) for plane in ("master1", "master2", "master3")}
    stage.hold(ready)
    assert stage.steps(packages_installed, facts=facts, **arguments) == [
        yum("", "", mended="mended '' || exit 1\n", name="master1")
    ]
    stage.hold({"master2": None})
    assert stage.steps(packages_installed, facts=facts, **arguments) == [
        refusal(
            "master1: what belongs to cri-tools was not restarted: the API server of master2 does not answer, and one "
            "node at a time is out; mend that host, then run this again."
        )
    ]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


INSTALLED = """
case $3 in
    kubelet) echo 1.20.2-0 ;;
    kubectl) echo 1.30.1-0 ;;
    *) echo "package $3 is not installed"; exit 1 ;;
esac
"""


def said(shell: Shell, wanted: str, *, yum: str = "exit 1", curl: str = "", log: str = "", urls: str = "") -> list[str]:
    """What the script prints, whatever its exit code, which is the last line."""
    shell.add_tool("yum", yum)
    shell.add_tool("rpm", INSTALLED.replace("$3", "$4"))
    shell.add_tool("curl", curl)
    path = "/var/log/k8s-ha/install.log"
    shell.file(path, log)
    values = {
        "HOST": "worker1",
        "UNFINISHED": UNFINISHED,
        "BOUND": "1800",
        "LOG_FILE": path,
        "OPTIONS": "",
        "SPECS": "any",
        "WANTED": wanted,
        "URLS": urls,
        "HINT": "H.",
    }
    script = "set -f\n" + "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    names = ("unfinished-packages.sh", "yum-options.sh", "install-packages.sh")
    scripts = "".join(map(read_file, names))
    return shell.lines(f"( {script}{scripts} )\necho exit $?")


def test_yums_exit_code_is_not_the_last_word(shell: Shell) -> None:
    assert said(shell, "kubelet 1.20.2", yum="exit 1") == ["exit 0"]
    assert said(shell, "kubelet 1.20.2\nsocat *", yum="exit 0") == [
        "worker1: not installed: socat *; yum's own words are above.",
        "exit 1",
    ]
    assert said(shell, "kubectl 1.30.14", yum="exit 0") == [
        "worker1: not installed: kubectl 1.30.14 (it has 1.30.1-0); yum's own words are above.",
        "exit 1",
    ]


def test_a_mirror_that_does_not_answer_is_named(shell: Shell) -> None:
    curl = """case "$(cat)" in
        *off*) echo '=status=000curl: (7) Failed to connect'; exit 7 ;;
        *gone*) echo =status=404 ;;
        *) echo =status=200 ;;
    esac"""
    lines = said(shell, "socat *", curl=curl, urls="https://on.example/a/ https://me:pw@off.example/b https://gone/")
    assert lines[0] == (
        "worker1 cannot reach https://off.example/b/repodata/repomd.xml (curl: (7) Failed to connect); packages come "
        "from there; mend the way to that mirror or choose another one, then run this again."
    )
    assert lines[1].startswith("worker1 cannot reach https://gone/repodata/repomd.xml (HTTP status 404); ")
    assert "on.example" not in "".join(lines)
    assert "pw" not in "".join(lines)


def test_a_package_of_a_bad_signature_is_named(shell: Shell) -> None:
    log = "GPG key is right\n Failing package is: kubeadm-1.20.2-0.x86_64\nPackage socat-1.rpm is not signed\n"
    assert said(shell, "socat *", log=log)[0] == (
        "worker1: the signature of kubeadm-1.20.2-0.x86_64 socat-1.rpm is not by its repository's key; such packages "
        "are not installed; ask who runs the mirror or choose another one."
    )


def test_dead_mirrors_of_centos_bring_the_hint(shell: Shell) -> None:
    log = "Could not retrieve mirrorlist http://mirrorlist.centos.org/?release=7\n"
    assert said(shell, "socat *", log=log)[0] == "worker1: H."
    assert "worker1: H." not in said(shell, "socat *")
