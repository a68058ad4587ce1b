"""A pyinfra inventory of whatever lab is up; run pyinfra where the operator stands (see README.md)."""

from tests.lab import settings as _settings
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
    if own := _of_hosts.get(host.name):
        data["k8s_ha_host"] = own
    return host.name, data


_lab = _state.current()
_of_hosts = _settings.of_hosts()
_groups = _lab.topology.groups().items()
_taken = {group: [host for host in hosts if _of_hosts.get(host.name, {}) is not None] for group, hosts in _groups}
globals().update({group: [_entry(host) for host in hosts] for group, hosts in _taken.items()})
