"""What a host is, in lines that can be compared: a deploy that changes nothing leaves every line as it was."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab import LabError, hosts
from tests.lab.topology import Host

# What changes by itself, or is covered otherwise, and why. A name ending in * stands for all names that begin so.
EXCLUDED = {
    "/dev": "made by the kernel and systemd at boot",
    "/proc": "the kernel's",
    "/sys": "the kernel's",
    "/run": "runtime state on tmpfs",
    "/tmp": "scratch files of running programs",
    "/var/tmp": "scratch files of running programs",
    "/var/log": "logs grow",
    "/var/cache": "filled by timers, such as dnf-makecache",
    "/var/lib/rpm": "covered by the list of packages; sqlite rewrites its files when it is only read",
    "/var/lib/dnf/history.sqlite*": "covered by the list of packages; dnf opens its history when it is only asked",
    "/var/lib/yum/history.sqlite*": "covered by the list of packages; so does EL7's yum",
    "/var/lib/systemd": "timer stamps, random seed, the clock's last time",
    "/var/lib/chrony": "the clock's drift, rewritten every hour",
    "/var/lib/sudo": "whom sudo has lectured, and when",
    "/var/db/sudo": "whom sudo has lectured, and when",
    "/var/lib/containerd": "runtime state; running containers are listed",
    "/var/lib/docker": "runtime state; running containers are listed",
    "/var/lib/etcd": "the cluster's data, always in motion",
    "/var/lib/cni": "addresses of the pods of the moment",
    "/var/lib/dockershim": "pods of the moment, as the kubelet knows them in Docker",
    "/var/lib/cri-dockerd": "pods of the moment, as cri-dockerd knows them in Docker",
    "/var/lib/kubelet/pods": "volumes of the pods of the moment",
    "/var/lib/kubelet/device-plugins": "sockets and checkpoints of the running kubelet",
    "/var/lib/kubelet/pod-resources": "a socket of the running kubelet",
    "/var/lib/kubelet/plugins*": "sockets of the running kubelet",
    "/var/lib/kubelet/cpu_manager_state": "checkpoint of the running kubelet",
    "/var/lib/kubelet/memory_manager_state": "checkpoint of the running kubelet",
    "/var/lib/kubelet/allocated_pods_state": "what the running kubelet gave the pods of the moment",
    "/var/lib/kubelet/actuated_pods_state": "what the running kubelet gave the pods of the moment",
    "/root/.kube/cache": "kubectl's own cache",
    "/root/.bash_history": "written when somebody looks around by hand",
}

PACKAGES = "rpm -qa"
# InvocationID is new after every start: a restart counts as a change.
# Enabled is what a link wants; systemctl list-unit-files takes a second to say so.
UNITS = """
systemctl show -p Id -p ActiveState -p InvocationID $(
  find /etc/systemd/system -path '*.wants/*' -o -path '*.requires/*' | sed 's#.*/##' | sort -u
) | awk 'BEGIN { RS = ""; FS = "\\n" } { $1 = $1; print }'"""
# The kubelet's containers are in containerd's namespace k8s.io, Docker's in moby.
CONTAINERS = """
[ -S /run/containerd/containerd.sock ] || exit 0
for namespace in k8s.io moby; do ctr -n $namespace tasks ls; done | grep -w RUNNING |
  while read -r id pid _; do echo "$id $(cat "/proc/$pid/comm")"; done"""
_ASKED = {"packages": PACKAGES, "units": UNITS, "containers": CONTAINERS}
KINDS = ("files", *_ASKED)

_exact = frozenset(path for path in EXCLUDED if not path.endswith("*"))
_prefixes = tuple(path[:-1] for path in EXCLUDED if path.endswith("*"))
_hashes: dict[tuple[int, int, int], str] = {}
"""By inode, size and time of the last change: what the hosts' disks share, and what is asked again, is read once."""


def digests(all_hosts: tuple[Host, ...]) -> dict[str, dict[str, str]]:
    """For each host a SHA-256 of each kind of line: files, packages, units, containers."""
    return {
        name: {kind: hashlib.sha256("\n".join(lines).encode()).hexdigest() for kind, lines in kinds.items()}
        for name, kinds in details(all_hosts).items()
    }


def details(all_hosts: tuple[Host, ...]) -> dict[str, dict[str, list[str]]]:
    """For each host the sorted lines themselves, by kind; LabError when a host is not running."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(_details, all_hosts)
        return {host.name: kinds for host, kinds in zip(all_hosts, found, strict=True)}


def lines(all_hosts: tuple[Host, ...], kinds: Collection[str] = KINDS) -> Iterator[str]:
    """The lines themselves, each behind its host's name and its kind."""
    for name, found in details(all_hosts).items():
        for kind in kinds:
            yield from (f"{name} {kind} {line}" for line in found[kind])


def _details(host: Host) -> dict[str, list[str]]:
    answers = {kind: _ask(host, script) for kind, script in _ASKED.items()}
    trees = {"": hosts.root(host), **{f"/var/lib/{name}": hosts.folder(host) / name for name in hosts.BOUND}}
    files = [line for prefix, tree in trees.items() for line in _files(tree, prefix)]
    return {"files": sorted(files), **answers}


def _ask(host: Host, script: str) -> list[str]:
    done = subprocess.run(hosts.inside(host, ["sh", "-c", script]), capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{host.name}: {script.strip()!r} failed inside it: {done.stderr.strip()}")
    return sorted(done.stdout.splitlines())


def excluded(path: str) -> bool:
    """Whether a file of a host, and all below it, is left out."""
    return path in _exact or path.startswith(_prefixes)


def _files(top: Path, prefix: str) -> Iterator[str]:
    """One line a file below `top`: path, mode, owner, content."""
    waiting = [(str(top), prefix)]
    while waiting:
        folder, shown = waiting.pop()
        if excluded(shown):
            continue
        for entry in os.scandir(folder):
            path = f"{shown}/{entry.name}"
            if excluded(path):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                waiting.append((entry.path, path))
            yield f"{path} {status.st_mode:o} {status.st_uid}:{status.st_gid} {_content(entry.path, status)}"


def _content(path: str, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(status.st_mode):
        return "-"
    key = (status.st_ino, status.st_size, status.st_ctime_ns)
    if key not in _hashes:
        with open(path, "rb") as file:
            _hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _hashes[key]
