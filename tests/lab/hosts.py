"""The lab's hosts: systemd-nspawn containers with a real systemd as PID 1 over a read-only, dressed root."""

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab import LabError, access, machine, network, state
from tests.lab.build import Artifacts
from tests.lab.topology import GATEWAY, Host

GUARD = Path(__file__).with_name("guard.sh")
BOUND = ("containerd", "docker", "kubelet")
"""Folders below /var/lib that lie on the machine's own file system: an overlay cannot be stacked on an overlay."""
DEVICES = ("/dev/kmsg", "/dev/fuse", "/dev/net/tun")
START_SECONDS = 90
STOP_SECONDS = 100  # systemd gives a stubborn unit 90


def folder(host: Host) -> Path:
    """Where the host's disk and console log lie on the machine."""
    return state.HOSTS / host.name


def root(host: Host) -> Path:
    """The host's root file system as mounted on the machine; without the folders of BOUND."""
    return folder(host) / "root"


def create(host: Host, artifacts: Artifacts) -> None:
    """Make a blank disk: nobody has logged in, no program has run."""
    for name in ("up", "work", "root", *BOUND):
        (folder(host) / name).mkdir(parents=True)
    lower = f"{artifacts.container_layer}:{artifacts.flavours[host.flavour]}:{artifacts.base}"
    upper = f"upperdir={folder(host) / 'up'},workdir={folder(host) / 'work'}"
    machine.mount("-t", "overlay", "-o", f"lowerdir={lower},{upper}", machine.NAME, str(root(host)))
    etc = root(host) / "etc"
    for name, content in {
        "hostname": f"{host.first_hostname}\n",
        "machine-id": f"{uuid.uuid4().hex}\n",
        "resolv.conf": f"nameserver {GATEWAY}\n",
    }.items():
        (etc / name).unlink(missing_ok=True)  # a symlink would lead out of the host
        (etc / name).write_text(content)
    _run("ssh-keygen", "-A", "-f", str(root(host)))
    if host.login.user != "root":
        _add_user(host)


def _add_user(host: Host) -> None:
    """Give the host its login user, and refuse root over SSH as fleets do."""
    user, password = host.login.user, host.login.sudo_password
    top = root(host)
    _run("chroot", str(top), "useradd", "--create-home", "--shell", "/bin/bash", user)
    if password:
        _run("chroot", str(top), "chpasswd", text=f"{user}:{password}\n")
    sudoers = top / "etc/sudoers.d" / user
    sudoers.write_text(f"{user} ALL=(ALL) {'' if password else 'NOPASSWD: '}ALL\n")
    sudoers.chmod(0o440)
    keys = top / "root/.ssh"
    shutil.move(keys, top / "home" / user / ".ssh")
    _run("chroot", str(top), "chown", "-R", f"{user}:", f"/home/{user}/.ssh")
    (top / "etc/ssh/sshd_config.d/00-login.conf").write_text("PermitRootLogin no\n")  # the first value read wins


def start(host: Host) -> None:
    """Power the host on; it boots in the background."""
    off = folder(host) / "off"
    off.unlink(missing_ok=True)
    machine.make_cgroup(_cgroup(host))
    nspawn = machine.joined(_cgroup(host), ["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1", *_nspawn(host)])
    reported = {**network.cable(host), "LAB_CGROUP": f"{machine.NAME}/{_cgroup(host)}"}
    guard = ["env", *(f"{name}={value}" for name, value in reported.items()), "sh", str(GUARD), str(off)]
    machine.spawn(f"guards/{host.name}", [*guard, *nspawn], folder(host) / "console.log")


def _nspawn(host: Host) -> list[str]:
    return [
        "systemd-nspawn",
        "--quiet",
        f"--directory={root(host)}",
        f"--machine=lab-{host.name}",
        f"--hostname={host.first_hostname}",
        f"--network-namespace-path={network.path(network.namespace(host))}",
        "--register=no",
        "--keep-unit",
        "--capability=all",
        "--drop-capability=CAP_SYS_TIME",  # the clock is the machine's
        "--system-call-filter=@keyring @module @pkey bpf perf_event_open",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
        *(f"--bind={device}" for device in DEVICES),
        *(f"--bind={folder(host) / name}:/var/lib/{name}" for name in BOUND),
        "/usr/local/sbin/lab-init",
    ]


def power_off(host: Host) -> None:
    """Shut the host down cleanly and wait until it is off."""
    os.kill(_running(host), signal.SIGRTMIN + 4)  # systemd's poweroff.target
    _wait(STOP_SECONDS, f"{host.name} did not shut down", lambda: not machine.processes(f"guards/{host.name}"))


def kill(host: Host) -> None:
    """End the host at once, as a power cut would, except that the machine's page cache survives."""
    (folder(host) / "off").touch()
    network.power_off(host)
    machine.end_processes(f"guards/{host.name}")
    machine.end_processes(_cgroup(host))


def power_on(host: Host) -> None:
    """Start a host that is off and wait until it answers."""
    if status(host) == "running":
        raise LabError(f"{host.name}: is running already; nothing to power on")
    start(host)
    wait_for_ssh([host])


def new_disk(host: Host, artifacts: Artifacts) -> None:
    """Put a blank disk into a host that is off, as after its replacement: a clean host of the same address."""
    if status(host) == "running":
        raise LabError(f"{host.name}: is running; power it off first")
    machine.unmount(root(host))
    shutil.rmtree(folder(host))
    create(host, artifacts)
    (folder(host) / "off").touch()


def reboot(host: Host) -> None:
    """Reboot the host cleanly and wait until it answers again."""
    before = _running(host)
    os.kill(before, signal.SIGINT)  # systemd's ctrl-alt-del.target
    _wait(STOP_SECONDS + START_SECONDS, f"{host.name} did not come back", lambda: leader(host) not in (before, None))
    wait_for_ssh([host])


def status(host: Host) -> str:
    """running, off (on purpose, by `power` or from inside), or dead."""
    if machine.processes(_cgroup(host)) or machine.processes(f"guards/{host.name}"):
        return "running"
    return "off" if (folder(host) / "off").exists() else "dead"


def leader(host: Host) -> int | None:
    """The machine's id of the host's PID 1, or None while there is none."""
    for pid in machine.processes(_cgroup(host)):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ids = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
        if len(ids) == 2 and ids[1] == "1":  # a pod's first process is in a third namespace
            return pid
    return None


def inside(host: Host, command: Sequence[str]) -> list[str]:
    """The command line that runs a command inside a running host as root, like on its console."""
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
    env = [
        "env",
        "-i",
        "HOME=/root",
        "LANG=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]
    enter = ["nsenter", f"--target={_running(host)}", *spaces, "--", *env, *command]
    return machine.joined(_cgroup(host), enter)


def wait_for_ssh(hosts: Sequence[Host]) -> None:
    """Return when every host has answered an SSH login; LabError names the ones that did not."""

    def answer(host: Host) -> None:
        log = folder(host) / "console.log"
        _wait(START_SECONDS, f"{host.name} did not answer SSH (console: {log})", lambda: access.answers(host))

    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(answer, hosts))


def _running(host: Host) -> int:
    pid = leader(host)
    if pid is None:
        raise LabError(f"{host.name}: is {status(host)}; power it on first")
    return pid


def _cgroup(host: Host) -> str:
    return f"hosts/{host.name}"


def _wait(seconds: float, complaint: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise LabError(f"{complaint} within {seconds} seconds; run down, then up again")
        time.sleep(0.1)


def _run(*command: str, text: str | None = None) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{' '.join(command)} failed: {done.stderr.strip()}")
