"""What the boot reads, read as the boot reads it: fstab, SELinux's configuration, sysctl.d."""

from __future__ import annotations

import pytest

from k8s_ha.desired import fstab, selinux_config
from k8s_ha.observations import sysctl
from k8s_ha.observations.sysctl import Line, Tuned

GBK = "# 交换分区\n".encode("gbk")
ROOT = b"/dev/sda1 / xfs defaults 0 0\n"

SWAP = {
    "a device": b"/dev/dm-1 none swap defaults 0 0",
    "tabs": b"UUID=1\tswap\tswap\tdefaults\t0\t0",
    "blanks before it": b"  LABEL=swap none swap sw 0 0",
    "an escaped blank": b"/swap\\040file none swap sw,pri=5 0 0",
    "three fields": b"/swapfile none swap",
    "a carriage return": b"/dev/dm-1 none swap defaults 0 0\r",
    "nofail": b"/dev/dm-1 none swap nofail 0 0",
}
NO_SWAP = {
    "a comment": b"# /dev/dm-1 none swap defaults 0 0",
    "an indented comment": b"  #/dev/dm-1 none swap defaults 0 0",
    "noauto": b"/dev/dm-1 none swap sw,noauto 0 0",
    "another type at /swap": b"/dev/swap /swap xfs defaults 0 0",
    "a type that begins so": b"/dev/dm-1 none swap,defaults 0 0",
    "nothing": b"",
    "two fields": b"/dev/dm-1 swap",
}


@pytest.mark.parametrize("line", SWAP.values(), ids=SWAP)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_swap_is_taken_out_of_fstab_and_nothing_else_changes(line: bytes, end: bytes) -> None:
    assert fstab.without_swap(GBK + line + b"\n" + ROOT + line + end) == GBK + b"# " + line + b"\n" + ROOT + b"# " + (
        line + end
    )


@pytest.mark.parametrize("line", NO_SWAP.values(), ids=NO_SWAP)
def test_what_the_boot_does_not_swap_for_stays(line: bytes) -> None:
    content = GBK + line + b"\r\n" + line
    assert fstab.without_swap(content) == content


SELINUX: dict[str, tuple[bytes, str, bytes]] = {
    "enforcing": (b"SELINUX=enforcing\n", "enforcing", b"SELINUX=permissive\n"),
    "a trailing blank": (b"SELINUX=enforcing \n", "enforcing", b"SELINUX=permissive \n"),
    "capitals": (b"SELINUX=Enforcing\n", "enforcing", b"SELINUX=permissive\n"),
    "CRLF": (b"SELINUX=enforcing\r\nSELINUXTYPE=x\r\n", "enforcing", b"SELINUX=permissive\r\nSELINUXTYPE=x\r\n"),
    "no line break": (b"SELINUX=enforcing", "enforcing", b"SELINUX=permissive"),
    "a comment behind it": (b"SELINUX=enforcing# no\n", "enforcing", b"SELINUX=permissive# no\n"),
    "a blank before it": (b"SELINUX= enforcing\n", "enforcing", b"SELINUX= permissive\n"),
    "a tab before it": (b"SELINUX=\tENFORCING\n", "enforcing", b"SELINUX=\tpermissive\n"),
    "two lines": (
        b"SELINUX=enforcing\nSELINUX=permissive\n",
        "enforcing",
        b"SELINUX=permissive\nSELINUX=permissive\n",
    ),
    "a line that is no mode before it": (
        b"SELINUX=on\nSELINUX=enforcing\n",
        "enforcing",
        b"SELINUX=on\nSELINUX=permissive\n",
    ),
    "a mode that only newer libraries see before it": (
        b"SELINUX= permissive\nSELINUX=enforcing\n",
        "enforcing",
        b"SELINUX= permissive\nSELINUX=permissive\n",
    ),
}
NOT_ENFORCING: dict[str, tuple[bytes, str]] = {
    "permissive": (b"SELINUX=permissive\n", "permissive"),
    "the first of two lines": (b"SELINUX=Permissive\r\nSELINUX=enforcing\n", "permissive"),
    "disabled": (b"SELINUX=disabled\n", "disabled"),
    "an indented line": (b" SELINUX=enforcing\n", "permissive"),
    "a blank before the sign": (b"SELINUX =enforcing\n", "permissive"),
    "a comment": (b"#SELINUX=enforcing\n", "permissive"),
    "another tag": (b"SELINUXTYPE=enforcing\n", "permissive"),
    "nothing": (b"", "permissive"),
}


@pytest.mark.parametrize(("content", "mode", "edited"), SELINUX.values(), ids=SELINUX)
def test_a_configuration_that_enforces(content: bytes, mode: str, edited: bytes) -> None:
    assert selinux_config.mode_at_boot(GBK + content) == mode
    assert selinux_config.permissive(GBK + content) == GBK + edited
    assert selinux_config.mode_at_boot(edited) == "permissive"


@pytest.mark.parametrize(("content", "mode"), NOT_ENFORCING.values(), ids=NOT_ENFORCING)
def test_a_configuration_that_does_not_enforce(content: bytes, mode: str) -> None:
    assert selinux_config.mode_at_boot(GBK + content) == mode


@pytest.mark.parametrize(
    ("command_line", "enforced"),
    [
        ("ro quiet enforcing=1", True),
        ("enforcing=1 ro", True),
        ("ro enforcing=0", False),
        ("ro selinux=0 enforcing=1", False),
        ("ro selinux=1 enforcing=1", True),
        ("ro systemd.enforcing=1", False),
        ("", False),
    ],
)
def test_the_kernels_command_line(command_line: str, enforced: bool) -> None:
    assert selinux_config.enforced_by_kernel(command_line) == enforced


OURS = "/etc/sysctl.d/k8s.conf"
WANTED = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}
LATER = "/etc/sysctl.d/z.conf"
EARLIER = "/etc/sysctl.d/99-a.conf"


def undone(*files: tuple[str, str], el_major: int = 9, tuned: Tuned | None = None) -> list[str]:
    """Where the wanted values are undone, by files as (path, text)."""
    lines = [Line(path, n, line) for path, text in files for n, line in enumerate(text.split("\n"), 1)]
    paths = [path for path, _ in files]
    return [str(found.line) for found in sysctl.undoing(paths, lines, el_major, OURS, WANTED, tuned)]


UNDOING = {
    "nothing": ([], []),
    "a file behind ours": ([(LATER, "# x\nnet.ipv4.ip_forward = 0")], [f"{LATER}:2"]),
    "a file before ours": ([(EARLIER, "net.ipv4.ip_forward=0")], []),
    "a file behind ours in another folder": (
        [("/usr/lib/sysctl.d/z.conf", "net.ipv4.ip_forward=0")],
        ["/usr/lib/sysctl.d/z.conf:1"],
    ),
    "one that a file of its name hides": ([("/usr/lib/sysctl.d/z.conf", "net.ipv4.ip_forward=0"), (LATER, "")], []),
    "the same value": ([(LATER, "net.ipv4.ip_forward=1")], []),
    "its last line counts": ([(LATER, "net.ipv4.ip_forward=0\nnet.ipv4.ip_forward=1")], []),
    "slashes": ([(LATER, "net/ipv4/ip_forward=0")], [f"{LATER}:1"]),
    "a failure that may be": ([(LATER, "-net.ipv4.ip_forward=0")], [f"{LATER}:1"]),
    "comments": ([(LATER, "#net.ipv4.ip_forward=0\n;net.ipv4.ip_forward=0")], []),
    "no assignment": ([(LATER, "net.ipv4.ip_forward 0")], []),
    "no .conf": ([("/etc/sysctl.d/z.conf.rpmsave", "net.ipv4.ip_forward=0")], []),
    "the bridge": (
        [("/etc/sysctl.d/libvirt.conf", "net.bridge.bridge-nf-call-iptables = 0")],
        ["/etc/sysctl.d/libvirt.conf:1"],
    ),
    "the kernel's other name of it": ([(LATER, "net.ipv4.conf.all.forwarding = 0")], [f"{LATER}:1"]),
    "what new interfaces get": ([(LATER, "net.ipv4.conf.default.forwarding = 0")], [f"{LATER}:1"]),
    "the other name before ours": ([(EARLIER, "net.ipv4.conf.all.forwarding = 0")], []),
    # systemd keeps the place of a key that is set to the same value again.
    "the other name behind an equal value": (
        [("/etc/sysctl.d/50-a.conf", "net.ipv4.ip_forward = 1"), (EARLIER, "net.ipv4.conf.all.forwarding = 0")],
        [f"{EARLIER}:1"],
    ),
    "a pattern over a key of its own": ([(LATER, "net.ipv4.*=0")], []),
    "a pattern over the other name": ([(LATER, "net.ipv4.conf.*.forwarding = 0")], [f"{LATER}:1"]),
    "a pattern that leaves it out": (
        [(LATER, "net.ipv4.conf.*.forwarding=0\n-net.ipv4.conf.all.forwarding\n-net.ipv4.conf.default.forwarding")],
        [],
    ),
    "our own file as it was": ([(OURS, "net.ipv4.ip_forward = 0")], []),
    "sysctl.conf, which nobody reads": ([("/etc/sysctl.conf", "net.ipv4.ip_forward=0")], []),
    "sysctl.conf behind its link": ([("/etc/sysctl.d/99-sysctl.conf", "net.ipv4.ip_forward=0")], []),
}


@pytest.mark.parametrize(("files", "found"), UNDOING.values(), ids=UNDOING)
def test_what_undoes_a_kernel_setting(files: list[tuple[str, str]], found: list[str]) -> None:
    assert undone(*files) == found


def test_el7_reads_sysctl_conf_last_and_knows_no_patterns() -> None:
    sysctl_conf = ("/etc/sysctl.conf", "net.ipv4.ip_forward = 0")
    assert undone(sysctl_conf, el_major=7) == ["/etc/sysctl.conf:1"]
    assert undone((LATER, "net.ipv4.conf.*.forwarding = 0"), el_major=7) == []
    assert undone((LATER, "net.ipv4.conf.*.forwarding = 0"), el_major=8) == []


def test_tuned_sets_its_profile_and_then_the_hosts_files_with_sysctl_conf_last() -> None:
    profile = Line("/usr/lib/tuned/own/tuned.conf", 3, "net.ipv4.ip_forward = 0")
    sysctl_conf = ("/etc/sysctl.conf", "net.ipv4.ip_forward = 0")
    assert undone(tuned=Tuned([profile])) == []
    assert undone(tuned=Tuned([profile], reapplies=False)) == ["/usr/lib/tuned/own/tuned.conf:3"]
    assert undone(sysctl_conf, tuned=Tuned()) == ["/etc/sysctl.conf:1"]
    assert undone(sysctl_conf, tuned=Tuned(reapplies=False)) == []
