"""A pyinfra inventory of whatever lab is up; run pyinfra where the operator stands (see README.md)."""

from tests.lab import state as _state
from tests.lab.topology import Host as _Host


def _entry(host: _Host) -> tuple[str, dict[str, object]]:
    data: dict[str, object] = {
        "ssh_hostname": host.address,
        "ssh_user": host.login.user,
        "ssh_key": str(_lab.artifacts.ssh_key),
        "ssh_known_hosts_file": str(_state.KNOWN_HOSTS),
        "ssh_strict_host_key_checking": "yes",
    }
    if host.login.user != "root":
        data["_sudo"] = True
    if host.login.sudo_password:
        data["_sudo_password"] = host.login.sudo_password
    return host.name, data


_lab = _state.current()
globals().update({group: [_entry(host) for host in hosts] for group, hosts in _lab.topology.groups().items()})
