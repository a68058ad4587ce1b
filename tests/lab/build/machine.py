"""What the build takes from Debian: programs installed on the machine, and packages that are only unpacked."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .cache import BuildError, Cache, Step

# A program the build or the running lab uses, and the package that brings it. None of these starts a daemon.
PROGRAMS = {
    "/usr/lib/go-1.19/bin/go": "golang-1.19-go",
    "/usr/bin/gcc": "gcc",
    "/usr/lib/x86_64-linux-gnu/libc.a": "libc6-dev",
    "/usr/bin/rsync": "rsync",
    "/usr/bin/jq": "jq",
    "/usr/bin/make": "make",
    "/usr/bin/dpkg-source": "dpkg-dev",
    "/usr/bin/mmdebstrap": "mmdebstrap",
    "/usr/bin/systemd-nspawn": "systemd-container",
    "/usr/bin/rpmbuild": "rpm",
    "/usr/bin/createrepo_c": "createrepo-c",
    "/usr/bin/gpg": "gnupg",
    "/usr/bin/openssl": "openssl",
    "/usr/bin/ssh": "openssh-client",
    "/usr/bin/sshpass": "sshpass",
    "/usr/sbin/ip": "iproute2",
    "/usr/sbin/iptables": "iptables",
    "/usr/sbin/nft": "nftables",
}

# Unpacked, never installed: these programs end up in RPMs, in images, or among the lab's own tools.
UNPACKED = (
    "busybox",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "dnf-plugins-core",
    "dnsmasq-base",
    "docker.io",
    "docker-registry",
    "etcd-client",
    "etcd-server",
    "ethtool",
    "iproute2",
    "ipset",
    "ipvsadm",
    "keepalived",
    "libipset13",
    "libnginx-mod-stream",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libpci3",
    "libperl5.36",
    "libsensors5",
    "libsnmp40",
    "libwrap0",
    "nginx",
    "nginx-common",
    "runc",
    "socat",
    "tini",
)

APT_HELPER = "/usr/lib/apt/apt-helper"
APT_GET = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root")


def require_debian() -> None:
    """Raise BuildError unless this is Debian 12 on x86_64 and the user is root."""
    release = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
    if "VERSION_CODENAME=bookworm" not in release or os.uname().machine != "x86_64":
        raise BuildError("this machine: the lab is built from Debian's packages, so run it on Debian 12 on x86_64")
    if os.geteuid() != 0:
        raise BuildError("this user: the lab makes namespaces and root file systems, so run it as root")


def install_programs(cache: Cache) -> None:
    """Install the packages of PROGRAMS that the machine lacks."""
    with cache.locked("machine"):
        if missing := sorted({package for program, package in PROGRAMS.items() if not Path(program).exists()}):
            cache.progress(f"machine: installing {' '.join(missing)}")
            _install(missing)


def _install(packages: list[str]) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run([*APT_GET, *arguments], check=False, env=quiet, capture_output=True, text=True)
        if done.returncode != 0:
            raise BuildError(f"machine: apt-get {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")


def unpacked_packages(cache: Cache, name: str = "debs", packages: Sequence[str] = UNPACKED) -> Path:
    """Return a folder with one folder per package of Debian's, holding that package's files.

    + name: of the artifact
    """

    def make(step: Step) -> None:
        step.run(*APT_GET, "update")
        step.run(*APT_GET, "download", *packages, cwd=step.folder)
        for archive in step.folder.glob("*.deb"):
            step.run("dpkg-deb", "-x", archive, step.folder / archive.name.split("_")[0])
            archive.unlink()

    return cache.folder(name, packages, make)
