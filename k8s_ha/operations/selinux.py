"""SELinux, where it is kept."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.selinux import Selinux
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads

PORT_TYPE: Final = "http_port_t"
SECONDS_FOR_SELINUX_TOOLS: Final = 900
"""How long the installation of one small package may take, behind a slow mirror."""


@reads(lambda port, tools: [FactRequest(Selinux, {"port": port})])
@isolated_operation
def nginx_allowed(port: int, tools: str) -> Generator[StringCommand]:
    """Have nginx allowed to listen on ``port`` and to connect to the API servers, where SELinux enforces.

    + port: TCP
    + tools: the package that has semanage
    """
    state = require_fact(Selinux, port=port)
    if not state.enforcing:
        host.noop("SELinux does not enforce")
        return
    if state.port_type == PORT_TYPE and state.may_connect:
        host.noop("nginx may listen and connect")
        return
    connect = "on" if state.may_connect else "off"
    yield kept_before([f"selinux_port {port:d} {state.port_type or 'none'}", f"httpd_can_network_connect {connect}"])
    package = shlex.quote(tools)
    yield long_command(
        "install-selinux-tools",
        f"rpm -q {package} || yum -y install {package}",
        seconds=SECONDS_FOR_SELINUX_TOOLS,
        lock="packages",
    )
    if state.port_type != PORT_TYPE:
        label = f"-t {PORT_TYPE} -p tcp {port:d}"
        yield StringCommand(f"semanage port -a {label} 2>/dev/null || semanage port -m {label}")
    if not state.may_connect:
        yield StringCommand("setsebool -P httpd_can_network_connect 1")
