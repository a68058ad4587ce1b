"""What the scripts tell of a host's kernel and of its next boot, run for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.boot import PATTERN, boot_state
from k8s_ha.facts.kernel import Kernel, KernelState, SelinuxMode, SelinuxModes, Swap, SwapState
from k8s_ha.facts.lines import fields, script
from k8s_ha.facts.units import HostName, HostNames, Units
from k8s_ha.observations.boot import BootState
from k8s_ha.observations.sysctl import Line
from k8s_ha.observations.units import UnitState
from k8s_ha.preflight_checks.boot import units
from k8s_ha.resources import read_file
from k8s_ha.settings import load_cluster
from tests.support.answers import whole
from tests.support.example_cluster import VERSION, six_host_cluster, six_hosts
from tests.support.shell_bench import Shell

RELEASE = "5.14.0-1.el9.x86_64"


class Host(Shell):
    """A host with a kernel of its own, too."""

    def moved(self, text: str) -> str:
        text = super().moved(text)
        for folder in (
            "/usr/local/lib/",
            "/usr/lib/",
            "/boot/",
            "/proc/",
            "/sys/module/",
            '"/lib/modules/',
            " /lib/modules/",
        ):
            lead = folder[: folder.index("/")]
            text = text.replace(folder, f"{lead}{self.root}{folder[len(lead) :]}")
        return text


@pytest.fixture
def shell(tmp_path: Path) -> Host:
    shell = Host(tmp_path)
    shell.add_tool("uname", f'case "$1" in -r) echo {RELEASE} ;; *) echo worker1 ;; esac')
    shell.add_tool("systemctl", "exit 3")
    shell.add_tool("getenforce", "exit 3")
    shell.file("/proc/cmdline", "ro quiet\n")
    shell.file("/proc/swaps", "Filename Type Size Used Priority\n")
    shell.file("/proc/filesystems", "nodev\tproc\n\text4\n")
    return shell


def looked(shell: Host, modules: str = "overlay br_netfilter") -> BootState:
    text = read_file("facts/modules.sh") + script(
        "boot.sh", MODULES=modules, PATTERN=PATTERN, UNITS="docker.service tuned.service"
    )
    done = shell.run(f"{text}\nnext_boot")
    assert done.stderr == ""
    return boot_state(fields(done.stdout.splitlines()))


def test_a_host_that_has_nothing_to_tell(shell: Host) -> None:
    assert looked(shell) == BootState(command_line="ro quiet")
    assert looked(shell, modules="") == BootState(command_line="ro quiet")
    assert boot_state({}) == BootState()


def test_sysctl_files(shell: Host) -> None:
    shell.file("/etc/sysctl.d/z.conf", "# x\n\n net.ipv4.ip_forward = 0\r\n;y\n")
    shell.file("/usr/lib/sysctl.d/50-default.conf", "net.*.x=1:2\nkernel.sysrq = 16\n")
    shell.file("/etc/sysctl.conf", "forwarding = 1")
    (shell.root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    boot_state = looked(shell)
    assert boot_state.files == (
        *("/etc/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/z.conf", "/usr/lib/sysctl.d/50-default.conf"),
        "/etc/sysctl.conf",
    )
    assert boot_state.sysctl == (
        Line("/etc/sysctl.d/99-sysctl.conf", 1, "forwarding = 1"),
        Line("/etc/sysctl.d/z.conf", 3, " net.ipv4.ip_forward = 0"),
        Line("/usr/lib/sysctl.d/50-default.conf", 1, "net.*.x=1:2"),
        Line("/etc/sysctl.conf", 1, "forwarding = 1"),
    )


def test_rules_of_modprobe(shell: Host) -> None:
    shell.file("/etc/modprobe.d/a.conf", "install overlay /bin/false\nblacklist floppy\n#blacklist br_netfilter\n")
    shell.file("/usr/lib/modprobe.d/b.conf", "blacklist\tbr-netfilter\ninstall overlayfs /bin/true\n")
    shell.file("/usr/lib/modprobe.d/a.conf", "blacklist overlay\n")  # hidden by the one in /etc
    assert looked(shell).modprobe == (
        Line("/etc/modprobe.d/a.conf", 1, "install overlay /bin/false"),
        Line("/usr/lib/modprobe.d/b.conf", 1, "blacklist\tbr-netfilter"),
    )


def test_modules_and_kernels(shell: Host) -> None:
    shell.file("/proc/filesystems", "nodev\toverlay\n")
    shell.file("/proc/sys/kernel/modules_disabled", "1\n")
    shell.file("/boot/grub2/grubenv", "# GRUB\nsaved_entry=0123-5.14.0-1.el9.x86_64")
    for release, names in {RELEASE: ("fs/overlayfs/overlay", "net/bridge/br_netfilter"), "5.14.0-22.el9": ()}.items():
        held = "".join(f"kernel/{name}.ko.xz: kernel/x/y.ko.xz\n" for name in names)
        shell.file(f"/lib/modules/{release}/modules.dep", held + "kernel/z.ko: kernel/net/br_netfilter.ko\n")
        shell.file(f"/lib/modules/{release}/vmlinuz")
    shell.file("/lib/modules/4.0-removed/modules.dep", "kernel/overlay.ko:\n")
    boot_state = looked(shell)
    assert (boot_state.modules, boot_state.modules_locked) == (("overlay",), True)
    assert boot_state.kernels == {RELEASE: ("br_netfilter", "overlay"), "5.14.0-22.el9": ()}
    assert boot_state.next_kernel == RELEASE


@pytest.mark.parametrize(
    ("releases", "newest"),
    [
        (["5.14.0-70.el9", "5.14.0-362.el9"], "5.14.0-362.el9"),
        (["4.18.0-80.el8", "4.18.0-80.1.2.el8"], "4.18.0-80.1.2.el8"),
        (["3.10.0-1160.el7", "3.10.0-957.el7"], "3.10.0-1160.el7"),
        ([], None),
    ],
)
def test_without_a_kept_entry_the_newest_kernel_is_booted(releases: list[str], newest: str | None) -> None:
    assert BootState(kernels=dict.fromkeys(releases, ())).next_kernel == newest


def test_selinux_and_swap(shell: Host) -> None:
    shell.file("/etc/selinux/config", "# SELINUX= x\nSELINUXTYPE=targeted\nSELINUX=enforcing ")
    shell.file("/etc/fstab", "/dev/a / xfs defaults 0 0\n/dev/b none swap sw 0 0")
    for folder in ("swap.target.wants", "multi-user.target.wants"):
        (shell.root / "etc/systemd/system" / folder).mkdir(parents=True)
        (shell.root / "etc/systemd/system" / folder / "swapfile.swap").symlink_to("/etc/systemd/system/swapfile.swap")
    shell.file("/etc/waagent.conf", "ResourceDisk.Format=y\nResourceDisk.EnableSwap=y\n")
    boot_state = looked(shell)
    assert boot_state.selinux == "SELINUX=enforcing "
    assert boot_state.fstab == ("/dev/b none swap sw 0 0",)
    assert boot_state.swap_units == ("/etc/systemd/system/multi-user.target.wants/swapfile.swap",)
    assert boot_state.swap_agent == (Line("/etc/waagent.conf", 2, "ResourceDisk.EnableSwap=y"),)


def test_what_runs_at_boot(shell: Host) -> None:
    shell.file("/etc/rc.d/rc.local", "#!/bin/sh\n# swapon -a\nsetenforce 1\n", 0o755)
    shell.file("/etc/cron.d/x", "@reboot root swapon /swap\n")
    shell.file("/etc/systemd/system/on.service", "[Service]\nExecStart=/usr/sbin/swapon /swap\n")
    shell.file("/etc/systemd/system/off.service", "[Service]\nExecStart=/usr/sbin/swapon /swap\n")
    (shell.root / "etc/systemd/system/multi-user.target.wants").mkdir()
    (shell.root / "etc/systemd/system/multi-user.target.wants/on.service").symlink_to("../on.service")
    shell.file("/etc/udev/rules.d/99-b.rules", 'KERNEL=="br_netfilter", RUN+="/sbin/sysctl -p /etc/b.conf"\n')
    boot_state = looked(shell)
    assert boot_state.commands == (
        Line("/etc/rc.d/rc.local", 3, "setenforce 1"),
        Line("/etc/cron.d/x", 1, "@reboot root swapon /swap"),
        Line("/etc/systemd/system/on.service", 2, "ExecStart=/usr/sbin/swapon /swap"),
    )
    assert [str(line) for line in boot_state.udev_rules] == ["/etc/udev/rules.d/99-b.rules:1"]
    (shell.root / "etc/rc.d/rc.local").chmod(0o644)
    assert len(looked(shell).commands) == 2


UNITS = """Id=docker.service
LoadState=masked
ActiveState=inactive
UnitFileState=masked

Id=tuned.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
WantedBy=multi-user.target
RequiredBy=x.service"""


def test_units_and_tuned(shell: Host) -> None:
    shell.add_tool("systemctl", f"cat <<'END'\n{UNITS}\nEND")
    shell.file("/etc/tuned/active_profile", "own\n")
    shell.file("/etc/tuned/own/tuned.conf", "[main]\ninclude=parent\n[sysctl]\nnet.ipv4.ip_forward=0\n[vm]\nx=1\n")
    shell.file("/usr/lib/tuned/parent/tuned.conf", "[sysctl]\nvm.swappiness=1\n")
    shell.file("/etc/tuned/tuned-main.conf", "daemon = 1\nreapply_sysctl = 0")
    boot_state = looked(shell)
    assert boot_state.units["docker.service"] == UnitState("masked", active=False, file="masked")
    assert boot_state.units["tuned.service"].pulled_in_by == ("multi-user.target", "x.service")
    assert boot_state.tuned == (
        Line("/usr/lib/tuned/parent/tuned.conf", 2, "vm.swappiness=1"),
        Line("/etc/tuned/own/tuned.conf", 4, "net.ipv4.ip_forward=0"),
    )
    assert not boot_state.tuned_reapplies
    states = Units().process(whole([f"unit {line}" for line in UNITS.splitlines()]))
    assert states == boot_state.units


def test_the_kernel_script(shell: Host) -> None:
    shell.file("/proc/sys/net/ipv4/ip_forward", "1\n")
    shell.file("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
    shell.file(f"/lib/modules/{RELEASE}/modules.builtin", "kernel/net/bridge/br_netfilter.ko\n")
    keys = ["net.ipv4.ip_forward", "net.ipv4.ip_local_port_range", "no.such.key"]
    command = Kernel().command(modules=["overlay", "br_netfilter"], keys=keys)
    assert Kernel().process(shell.lines(command)) == KernelState(
        unloaded=("overlay",), sysctl={"net.ipv4.ip_forward": "1", "net.ipv4.ip_local_port_range": "32768\t60999"}
    )
    (shell.root / "sys/module/overlay").mkdir(parents=True)
    assert Kernel().process(shell.lines(command)).unloaded == ()


def test_the_swap_script(shell: Host) -> None:
    assert Swap().process(shell.lines(Swap().command())) == SwapState((), in_fstab=False, target_masked=False)
    shell.file(
        "/proc/swaps", "Filename Type Size Used Priority\n/dev/dm-1 partition 1 0 -2\n/dev/zram0 partition 1 0 5\n"
    )
    shell.file("/etc/fstab", "UUID=1\tswap\tswap\tdefaults 0 0")
    shell.add_tool("systemctl", "echo masked")
    state = Swap().process(shell.lines(Swap().command()))
    assert state == SwapState(("/dev/dm-1", "/dev/zram0"), in_fstab=True, target_masked=True)
    shell.add_tool("systemctl", "echo masked-runtime")
    shell.file("/etc/fstab", "UUID=1 swap swap noauto 0 0\n#UUID=1 swap swap sw 0 0\n")
    state = Swap().process(shell.lines(Swap().command()))
    assert (state.in_fstab, state.target_masked) == (False, False)


@pytest.mark.parametrize(
    ("config", "mode"),
    [("SELINUX=enforcing \n", "enforcing"), ("SELINUX=Enforcing\r\n", "enforcing"), ("SELINUX=disabled", "disabled")],
)
def test_the_script_of_selinux(shell: Host, config: str, mode: str) -> None:
    shell.file("/etc/selinux/config", f"# SELINUX= can be\nSELINUXTYPE=targeted\n{config}")
    shell.add_tool("getenforce", "echo Permissive")
    modes = SelinuxMode().process(shell.lines(SelinuxMode().command()))
    assert (modes.running, modes.configured) == ("Permissive", mode)


def test_a_host_without_selinux(shell: Host) -> None:
    (shell.root / "tools/getenforce").unlink()
    assert SelinuxMode().process(shell.lines(SelinuxMode().command())) == SelinuxModes("Disabled", "permissive")


@pytest.mark.parametrize(
    ("text", "static"), [("worker1\n", "worker1"), ("# x\n\n  worker1  \nother\n", "worker1"), ("", "")]
)
def test_the_script_of_names(shell: Host, text: str, static: str) -> None:
    shell.file("/etc/hostname", text)
    assert HostName().process(shell.lines(HostName().command())) == HostNames("worker1", static)


def test_each_role_has_its_units() -> None:
    cluster = six_host_cluster()
    assert {"containerd.service", "kubelet.service", "swap.target"} < set(units(cluster, cluster.host("worker1")))
    balancer = units(cluster, cluster.host("master-lb"))
    assert "nginx.service" in balancer
    assert not {"containerd.service", "kubelet.service", "swap.target", "keepalived.service"} & set(balancer)


def test_a_balancer_with_a_virtual_address_has_keepalived() -> None:
    hosts = [*six_hosts(), {"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
    settings = {"kubernetes_version": VERSION, "endpoint": {"virtual_address": "10.0.1.100"}}
    cluster = load_cluster(settings, hosts)
    assert "keepalived.service" in units(cluster, cluster.host("lb2"))
    assert "keepalived.service" not in units(cluster, cluster.host("master1"))
