"""A host's live SSH connection: fast, ending by itself, and read to its end whatever bytes come."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from paramiko import SSHException
from pyinfra.api import Host
from pyinfra.connectors.sshuserclient.client import AcceptNewPolicy, WarningPolicy, get_ssh_config
from pyinfra.connectors.util import clear_askpass_cache

SECONDS_WITHOUT_A_HOST: Final = 60
"""How long a host whose packets are swallowed is waited for."""


class Lines:
    """What a command prints, line by line; bytes that are not UTF-8 are replaced.

    paramiko itself decodes strictly, and pyinfra stops reading where that fails: the rest would be lost in silence, and
    a command that prints more would wait for ever.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.channel = stream.channel

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            yield line.decode("utf-8", "replace")


def connected_for(target: Host, reason: str) -> None:
    """Have a host connected that ``--limit`` leaves out, and its connection tuned. Raises what pyinfra does.

    + reason: for the person who reads that it was connected to
    """
    if not target.connected:
        target.connect(reason=reason, raise_exceptions=True)
        connection_tuned(target)


def reconnected(target: Host) -> bool:
    """Whether a host that went away on purpose answers again, over a new connection; the old one is given up."""
    if target.connected:
        # What lay on the host for sudo to ask with may be gone: it is made anew.
        clear_askpass_cache(target)
        with suppress(Exception):
            target.connector.disconnect()
        target.connected = False
    target.connect(show_errors=False)
    if target.connected:
        with suppress(OSError):  # it may have ended again
            connection_tuned(target)
    else:
        _not_connected(target)
    return target.connected


def _not_connected(target: Host) -> None:
    """Have commands for a host that is away fail as on a connection that has ended, which costs that host alone.

    pyinfra takes what paramiko raises without a transport for no error of this host: it would end the run.
    """
    client = getattr(target.connector, "client", None)
    if client is not None:

        def exec_command(*_: Any, **__: Any) -> Any:
            raise SSHException("it is not connected")

        client.exec_command = exec_command


def connection_tuned(target: Host) -> None:
    """Have the host's live SSH connection read whole and fast, and one to a host that is gone end by itself.

    Set on the connection and not in the inventory, so that it needs no entry there and works beside jump hosts.
    """
    client = getattr(target.connector, "client", None)
    transport = client.get_transport() if client else None
    if client is None or transport is None:
        return
    _read_whole(client)
    connection = getattr(transport, "sock", None)
    if not isinstance(connection, socket.socket):
        return
    # 45 of a command's 50 ms are Nagle's algorithm waiting for a delayed ACK.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel gives up on what is not acknowledged for so long; keepalives see to it that there is something.
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SECONDS_WITHOUT_A_HOST * 1000)
    transport.set_keepalive(SECONDS_WITHOUT_A_HOST // 4)
    transport.channel_timeout = SECONDS_WITHOUT_A_HOST  # paramiko's own is an hour


def key_taken_unseen(target: Host) -> str | None:
    """The fingerprint of a host's SSH key that no known_hosts had, and that was taken without asking; else None.

    pyinfra adds such a key to the file, but not to what the connection has read of it before.
    """
    client = getattr(target.connector, "client", None)
    transport = client.get_transport() if client else None
    if client is None or transport is None or not isinstance(client._policy, (AcceptNewPolicy, WarningPolicy)):
        return None
    port = client._ssh_config.get("port", 22)
    given = target.data.get("ssh_hostname") or target.name
    config = get_ssh_config(target.data.get("ssh_config_file"))
    names = {given, config.lookup(given).get("hostname", given) if config else given}
    names |= {f"[{name}]:{port}" for name in names} if port != 22 else set()
    if any(keys.get(name) for keys in (client._system_host_keys, client._host_keys) for name in names):
        return None
    return str(transport.get_remote_server_key().fingerprint)


def _read_whole(client: Any) -> None:
    """Have what commands print come as ``Lines``, and a connection that ends meanwhile be an error of SSH.

    paramiko hands on the transport's EOFError, which pyinfra takes for no error of this host: it would end the run.
    """
    if "exec_command" in vars(client):
        return
    strict = client.exec_command

    def exec_command(*arguments: Any, **options: Any) -> tuple[Any, Lines, Lines]:
        try:
            stdin, stdout, _ = strict(*arguments, **options)
        except EOFError:
            raise SSHException("the connection has ended") from None
        channel = stdout.channel
        return stdin, Lines(channel.makefile("rb")), Lines(channel.makefile_stderr("rb"))

    client.exec_command = exec_command
