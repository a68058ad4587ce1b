"""A control plane whose etcd is backed up by the real script, and what it then holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from k8s_ha.resources import read_file, shell_variables
from tests.support.etcd_image import install
from tests.support.shell_bench import Shell

SNAPSHOT = "".join(map(read_file, ("ca-hash.sh", "json-field.sh", "backup-parts.sh", "etcd-snapshot.sh")))
NAME = "before-1.34.11-20261127T081500Z"
FOLDER = "/var/lib/k8s-ha/backups"
TRIAL = "/var/lib/etcd/.k8s-ha-trial"
PKI = "/etc/kubernetes/pki"
SECRETS = {
    f"{PKI}/sa.key": "SECRET-sa",
    f"{PKI}/etcd/healthcheck-client.key": "SECRET-client",
    "/etc/kubernetes/admin.conf": "SECRET-admin",
}
KEPT = {
    **SECRETS,
    "/etc/kubernetes/manifests/etcd.yaml": "    - etcd\n    - --name=master1\n",
    "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\n",
    "/var/lib/kubelet/instance-config.yaml": "kind: KubeletConfiguration\n",
}
DF = "printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/sda1 9 1 {} 1%% /\\n'"


def write_certificate(path: Path, key: str) -> None:
    """A self-signed one; ``key`` as openssl names it."""
    curve = ("-pkeyopt", "ec_paramgen_curve:prime256v1") if key == "ec" else ()
    command = ["openssl", "req", "-x509", "-newkey", key, *curve, "-nodes", "-subj", "/CN=kubernetes", "-days", "1"]
    subprocess.run([*command, "-keyout", "/dev/null", "-out", str(path)], check=True, capture_output=True)


def control_plane(tmp_path: Path) -> Shell:
    """A control plane with etcd 3.6.16, and room enough."""
    shell = Shell(tmp_path)
    for path, text in KEPT.items():
        shell.file(path, text)
    shell.file("/var/lib/etcd/member/snap/db")
    shell.file("/etc/kubernetes/tmp/kubeadm-backup-etcd-1/member/snap/db", "large")
    write_certificate(at(shell, f"{PKI}/ca.crt"), "ec")
    install(shell, "3.6.16")
    shell.add_tool("df", DF.format(900000))
    shell.add_tool("sync", ":")
    return shell


def take(shell: Shell, name: str = NAME, keep: int = 3, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script; ``more`` are other values of its variables."""
    values = {"HOST": "master1", "RUNTIME": "containerd", "FOLDER": FOLDER, "NAME": name, "VERSION": "1.34.4"}
    values |= {"KEEP": str(keep), "KEEPS": "purposes", "ENDPOINT": "10.0.1.157:6443", "RECIPIENT": ""}
    return shell.run(shell_variables(values | more) + SNAPSHOT)


def at(shell: Shell, path: str) -> Path:
    """Where a path of the host lies."""
    return shell.root / path.lstrip("/")


def backups(shell: Shell) -> list[str]:
    """The names of all files in the folder of backups."""
    return sorted(path.name for path in at(shell, FOLDER).glob("*")) if at(shell, FOLDER).exists() else []


def whole(*names: str) -> list[str]:
    """The files of whole backups."""
    return sorted(f"{name}.{end}" for name in names for end in ("db", "json", "tar.gz"))


def put(shell: Shell, *names: str) -> None:
    """Have files in the folder of backups."""
    for name in names:
        shell.file(f"{FOLDER}/{name}", "{}")
