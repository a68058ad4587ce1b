"""What the lab changes on the machine outside its network namespaces, and how it is put back.

Cgroups are the record of the lab's processes: every process is started inside one below NAME, its children stay
there, and the kernel forgets none of them. Mounts carry NAME as their source.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab import LabError, state

NAME = "k8s-ha-lab"
CGROUPS = Path("/sys/fs/cgroup")
SYSCTLS = Path("/proc/sys")
NSPAWN_RUN = Path("/run/systemd/nspawn")
NETNS_RUN = Path("/run/netns")

WANTED_SYSCTLS = {"fs/inotify/max_user_instances": "1024"}  # counted per uid over all hosts; six kubelets need more
SHARED_SYSCTLS = ("fs", "kernel", "vm")  # not per namespace: what a host writes there, it writes for the machine
MOVING_SYSCTLS = {"kernel/ns_last_pid", "kernel/perf_event_max_sample_rate", "kernel/tainted"}  # the kernel's own moves
MODULES = (
    "overlay",
    "bridge",
    "br_netfilter",
    "veth",
    "vxlan",
    "nf_tables",
    "ip_tables",
    "ip_set",
    "nf_conntrack",
    "tun",
)

EVICTED_BELOW_PERCENT = 15  # the kubelet's default for the file system with the images
GIGABYTE = 10**9
BYTES_OF_A_CLUSTER = 9 * GIGABYTE

JOIN = 'group=$1; shift; for c in /sys/fs/cgroup/*/; do echo $$ >"$c$group/cgroup.procs"; done; exec "$@"'

_BEFORE = state.FOLDER / "before.json"


def check() -> None:
    """Refuse a machine that cannot carry a lab, before anything is changed."""
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and mounts, which only root may; run it as root")
    if (CGROUPS / "cgroup.controllers").exists():
        raise LabError(
            "this machine has cgroup v2 alone, but the lab's kubelet 1.20 hosts are built on v1; "
            "boot with systemd.unified_cgroup_hierarchy=0"
        )
    if len(Path("/proc/swaps").read_text().splitlines()) > 1:
        raise LabError("swap is on and all hosts share this kernel, so no kubelet would start; run swapoff -a first")


def check_disk() -> None:
    """Refuse a disk so full that kubelets would evict the pods of a cluster on it."""
    place = state.FOLDER
    place.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(place)
    wanted = disk.total * EVICTED_BELOW_PERCENT // 100 + BYTES_OF_A_CLUSTER
    if disk.free < wanted:
        raise LabError(
            f"the disk of {place} has {disk.free // GIGABYTE} GB free, but a lab needs {wanted // GIGABYTE} GB, since "
            f"kubelets evict pods below {EVICTED_BELOW_PERCENT} %; free some, such as old folders of the lab's cache"
        )


def prepare() -> None:
    """Remember the machine's settings, then change what the hosts need changed."""
    if not _BEFORE.exists():
        before = {"sysctls": sysctls(), "mounts": [str(path) for path in _shared_mounts()]}
        new = _BEFORE.with_suffix(".new")
        new.write_text(json.dumps(before))
        new.replace(_BEFORE)
    if Path("/proc/modules").exists():  # hosts cannot load modules; a kernel without modules has them built in
        subprocess.run(["modprobe", "--all", "--quiet", *MODULES], check=False)
    for name, value in WANTED_SYSCTLS.items():
        (SYSCTLS / name).write_text(value)
    NSPAWN_RUN.mkdir(parents=True, exist_ok=True)
    if not NSPAWN_RUN.is_mount() and _file_system(NSPAWN_RUN) != "tmpfs":
        mount("-t", "tmpfs", "-o", "mode=755", NAME, str(NSPAWN_RUN))  # on a disk, nspawn dies at a host's reboot


def restore() -> None:
    """Put back what `prepare` and the hosts changed; harmless when nothing was."""
    end_processes("")
    for path in reversed(list(_own_mounts())):
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    _remove_cgroups()
    if not _BEFORE.exists():
        return
    before = json.loads(_BEFORE.read_text())
    if NETNS_RUN.is_mount() and str(NETNS_RUN) not in before["mounts"] and not any(NETNS_RUN.iterdir()):
        subprocess.run(["umount", str(NETNS_RUN)], check=True)
    for name, value in changed_sysctls().items():
        (SYSCTLS / name).write_text(value)
    _BEFORE.unlink()


def leftovers() -> list[str]:
    """What of a lab is still on the machine, one line each: processes, cgroups, mounts, settings."""
    return [
        *(f"process {pid}" for pid in processes("")),
        *(f"cgroup {root / NAME}" for root in _hierarchies() if (root / NAME).exists()),
        *(f"mount {path}" for path in _own_mounts()),
        *(f"sysctl {name} was {value!r}" for name, value in changed_sysctls().items()),
    ]


def sysctls() -> dict[str, str]:
    """Every writable kernel setting that hosts share with the machine, by its path below /proc/sys."""
    values = {}
    for top in SHARED_SYSCTLS:
        for path in (SYSCTLS / top).rglob("*"):
            name = str(path.relative_to(SYSCTLS))
            if name not in MOVING_SYSCTLS and path.is_file() and path.stat().st_mode & 0o600 == 0o600:
                try:
                    values[name] = path.read_text()
                except OSError:  # some settings refuse to be read on some kernels: then none can be put back
                    continue
    return values


def changed_sysctls() -> dict[str, str]:
    """The earlier values of the settings that changed since `prepare`; empty when no lab was begun."""
    if not _BEFORE.exists():
        return {}
    before: Mapping[str, str] = json.loads(_BEFORE.read_text())["sysctls"]
    now = sysctls()
    return {name: value for name, value in before.items() if now.get(name, value) != value}


def mount(*arguments: str) -> None:
    """mount(8), quietly; LabError with its own words when it fails."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"mount {arguments[-1]}: {done.stderr.strip()}; run down, then up again")


def unmount(path: Path) -> None:
    """Take a mount of the lab's away, and what is mounted below it."""
    subprocess.run(["umount", "--recursive", str(path)], check=True)


def make_cgroup(group: str) -> None:
    """Make a cgroup for one service or host in every hierarchy."""
    for root in _hierarchies():
        (root / NAME / group).mkdir(parents=True, exist_ok=True)
        if (root / "cpuset.cpus").exists():  # an empty cpuset takes no process; it is filled from the top down
            for depth in range(len(Path(group).parts) + 1):
                folder = (root / NAME).joinpath(*Path(group).parts[:depth])
                for setting in ("cpuset.cpus", "cpuset.mems"):
                    (folder / setting).write_text((root / setting).read_text())


def joined(group: str, command: Sequence[str]) -> list[str]:
    """The command line that enters a cgroup made before and becomes `command`."""
    return ["sh", "-c", JOIN, "sh", f"{NAME}/{group}", *command]


def spawn(group: str, command: Sequence[str], log: Path) -> None:
    """Start a process that outlives this one, in a cgroup of its own; its output goes to `log`."""
    make_cgroup(group)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            joined(group, command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def processes(group: str) -> list[int]:
    """The ids of the processes in a cgroup of the lab and below it; all of the lab's for an empty name."""
    found: set[int] = set()
    for folder, _, _ in os.walk(CGROUPS / "systemd" / NAME / group):
        try:
            found.update(int(line) for line in Path(folder, "cgroup.procs").read_text().split())
        except OSError:  # the cgroup went away while it was read
            continue
    return sorted(found)


def end_processes(group: str) -> None:
    """Kill everything in a cgroup of the lab, and wait until it is gone."""
    deadline = time.monotonic() + 30
    while pids := processes(group):
        if time.monotonic() > deadline:
            raise LabError(f"processes {pids} do not die; look at them with ps, then run down again")
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def _hierarchies() -> Iterator[Path]:
    return (path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink())


def _remove_cgroups() -> None:
    deadline = time.monotonic() + 30
    for root in _hierarchies():
        for folder, _, _ in os.walk(root / NAME, topdown=False):
            while True:
                try:
                    os.rmdir(folder)
                    break
                except OSError:  # busy for the moment that the last process needs to leave
                    if time.monotonic() > deadline:
                        raise LabError(f"cgroup {folder} stays busy; look at its cgroup.procs") from None
                    time.sleep(0.02)


def _own_mounts() -> Iterator[Path]:
    """Where the lab has mounted, in the order it did."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        source, target = line.split()[:2]
        if source == NAME:
            yield Path(target)


def _shared_mounts() -> Iterator[Path]:
    return (path for path in (NETNS_RUN,) if path.is_mount())


def _file_system(path: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
