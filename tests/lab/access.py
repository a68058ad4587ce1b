"""Where the operator stands, and how to log in to the lab's hosts from there."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab import network, state
from tests.lab.topology import GATEWAY, Host, Topology

ALL_HOSTS = """Host *
  IdentityFile {key}
  IdentitiesOnly yes
  UserKnownHostsFile {known_hosts}
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 5
  LogLevel ERROR
"""
ONE_HOST = """Host {host.name}
  HostName {host.address}
  User {host.login.user}
"""


def write_files(topology: Topology, key: Path) -> None:
    """Write ssh_config, known_hosts (from the hosts' disks) and hosts.tsv: name, address, group, sudo password or -."""
    options = ALL_HOSTS.format(key=key, known_hosts=state.KNOWN_HOSTS)
    state.SSH_CONFIG.write_text("".join(ONE_HOST.format(host=host) for host in topology.hosts) + options)
    state.KNOWN_HOSTS.write_text("".join(line for host in topology.hosts for line in _host_keys(host)))
    rows = ((host.name, host.address, host.group, host.login.sudo_password or "-") for host in topology.hosts)
    state.HOST_TABLE.write_text("".join("\t".join(row) + "\n" for row in rows))
    state.RESOLV_CONF.write_text(f"nameserver {GATEWAY}\n")


def at_operator(command: Sequence[str], lab: state.State) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that run a command where the operator stands, in this working directory."""
    environment = {
        **os.environ,
        "PATH": f"{lab.artifacts.tools / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "LAB_SSH_CONFIG": str(state.SSH_CONFIG),
        "LAB_HOSTS": str(state.HOST_TABLE),
        "LAB_CA": str(lab.artifacts.ca_certificate / "ca.crt"),
    }
    inside = ["sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(state.RESOLV_CONF), *command]
    return ["ip", "netns", "exec", network.OPERATOR, *inside], environment


def answers(host: Host) -> bool:
    """Whether a login on the host works now."""
    command = ["ip", "netns", "exec", network.OPERATOR, "ssh", "-n", "-F", str(state.SSH_CONFIG), host.name, "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def _host_keys(host: Host) -> list[str]:
    files = sorted((state.HOSTS / host.name / "root/etc/ssh").glob("ssh_host_*_key.pub"))
    keys = (file.read_text().split()[:2] for file in files)
    return [f"{host.address} {kind} {key}\n" for kind, key in keys]
