"""Packages: arguments and facts in, exact commands or a refusal out; and what the script says of what yum did."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.desired.yum import RPM_REMEDY, UNFINISHED, Repository
from k8s_ha.facts.system import Packages, PackagesState
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.packages import installed as packages_installed
from k8s_ha.operations.packages import removed as packages_removed
from k8s_ha.resources import read_file
from k8s_ha.run import Run
from tests.support.cluster_stage import CLUSTER, Stage
from tests.support.node_views import member
from tests.support.operation_bench import Command, Facts, Noop, Row, command, refusal, test_of
from tests.support.paths import RECORDED
from tests.support.shell_bench import Shell
from tests.support.surveys import survey

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
    reinstalled: str = "",
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
    }
    script = "set -f\n" + "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    script += read_file("unfinished-packages.sh") + reinstalled + (read_file("install-packages.sh") if specs else "")
    return command(long_command(log, script, seconds=1800, lock="packages"))


def installed(*unfinished: str, **versions: str) -> Facts:
    return {
        Packages: PackagesState({name.replace("_", "-"): version for name, version in versions.items()}, unfinished)
    }


UNREADABLE: Facts = {Packages: PackagesState({}, rpm_error="cannot open Packages database in /var/lib/rpm")}
CANNOT_READ = refusal(
    f"worker1: rpm cannot read its database (cannot open Packages database in /var/lib/rpm); {RPM_REMEDY}."
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
        [yum("", "", reinstalled="reinstalled '' || exit 1\n")],
    ),
    "missing, after an installation that was cut off": (
        packages_installed,
        KUBELET,
        installed("kubelet", kubelet="1.30.9-0"),
        [
            yum(
                "cri-tools kubelet-1.30.14",
                "cri-tools *\nkubelet 1.30.14",
                reinstalled="reinstalled 'cri-tools kubelet' || exit 1\n",
            )
        ],
    ),
    "after an installation of other packages that was cut off": (
        packages_installed,
        {"run": RUN, "packages": {"containerd.io": "1.*"}, "log": "install-containerd"},
        {Packages: PackagesState({"containerd.io": "1.6.20-3.1.el8"}, ("kubelet",))},
        [yum("", "", "install-containerd", sources=False, reinstalled="reinstalled '' || exit 1\n")],
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
                    f"HOST=worker1\nNAMES='podman runc'\n{read_file('remove-packages.sh')}",
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
    ready = {control_plane: member(control_plane, ready=True) for control_plane in ("master1", "master2", "master3")}
    stage.hold(ready)
    assert stage.steps(packages_installed, facts=facts, **arguments) == [
        yum("", "", reinstalled="reinstalled '' || exit 1\n", name="master1")
    ]
    stage.hold({"master2": None})
    assert stage.steps(packages_installed, facts=facts, **arguments) == [
        refusal(
            "master1: what belongs to cri-tools was not restarted: the API server of master2 does not answer, and one "
            "node at a time is out; fix that host, then run this again."
        )
    ]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


INSTALLED = """
case $3 in
    kubelet) echo 1.20.2-0 ;;
    kubectl) echo 1.30.1-0 ;;
    localised) echo "未安装软件包 localised "; exit 1 ;;
    *) echo "package $3 is not installed"; exit 1 ;;
esac
"""


def said(shell: Shell, wanted: str, *, yum: str = "exit 1", log: str = "") -> list[str]:
    """What the script prints, whatever its exit code, which is the last line."""
    shell.add_tool("yum", yum)
    shell.add_tool("rpm", INSTALLED.replace("$3", "$4"))
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
    }
    script = "set -f\n" + "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    scripts = read_file("unfinished-packages.sh") + read_file("install-packages.sh")
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


def test_what_is_not_installed_is_told_by_rpms_exit_code_in_any_language(shell: Shell) -> None:
    assert said(shell, "localised *") == ["worker1: not installed: localised *; yum's own words are above.", "exit 1"]


TABLE = """\
 Package        Architecture    Version                Repository          Size
Installing:
 kubeadm        x86_64          1.20.2-0               {repository}  8.3 M
 socat          x86_64          2:1.7.4.1-2.el8        appstream          162 k
 a-long-name-of-a-package-that-leaves-no-room-for-the-others
                noarch          1-1                    rpmfusion          1 k
Failing package is: {package}
"""


@pytest.mark.parametrize(
    ("package", "repository", "remedy"),
    [
        ("kubeadm-1.20.2-0.x86_64", " k8s-ha-kubernetes", "choose another mirror"),
        (
            "socat-1.7.4.1-2.el8.x86_64",
            " appstream",
            "correct the gpgkey of the host's own repository appstream, or disable it",
        ),
        (
            "a-long-name-of-a-package-that-leaves-no-room-for-the-others-1-1.noarch",
            " rpmfusion",
            "correct the gpgkey of the host's own repository rpmfusion, or disable it",
        ),
        ("other-1-1.noarch", "", "correct the gpgkey of the host's own repository, or disable it"),
    ],
)
def test_a_bad_signature_is_told_with_whose_repository_it_is(
    shell: Shell, package: str, repository: str, remedy: str
) -> None:
    log = TABLE.format(repository="k8s-ha-kubernetes", package=package)
    assert said(shell, "nothing *", log=log)[0] == (
        f"worker1: the signature of {package} is not by a key of its repository{repository}; such packages are not "
        f"installed; {remedy}."
    )


def test_the_table_of_a_real_yum_is_read(shell: Shell) -> None:
    log = (RECORDED / "errors/yum-signature.txt").read_text(encoding="utf-8")
    assert "socat-1.7.4.1-2.el8.x86_64 is not by a key of its repository appstream;" in said(shell, "x *", log=log)[0]


def test_yum_3_names_the_file_of_an_unsigned_package(shell: Shell) -> None:
    assert said(shell, "nothing *", log="Package socat-1-1.x86_64.rpm is not signed\n")[0].startswith(
        "worker1: the signature of socat-1-1.x86_64.rpm is not by a key of its repository; "
    )


def removed(shell: Shell, rpm: str, yum: str = "") -> list[str]:
    shell.add_tool("rpm", rpm)
    shell.add_tool("yum", yum)
    script = f"HOST=worker1\nNAMES='podman runc'\n{read_file('remove-packages.sh')}"
    return shell.lines(f"( {script} )\necho exit $?")


def test_a_removal_is_judged_by_what_is_installed_then(shell: Shell) -> None:
    assert removed(shell, "printf '%s\\n' bash podman-docker") == ["exit 0"]
    assert removed(shell, "printf '%s\\n' bash podman", yum="exit 1") == [
        "worker1: still installed: podman; yum's own words are above.",
        "exit 1",
    ]
    # An rpm that cannot read its database calls everything not installed.
    assert removed(shell, "exit 1") == ["exit 1"]
    assert removed(shell, "exit 0") == ["exit 1"]
