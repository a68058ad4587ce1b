"""The commands that operations yield, and how facts are read across hosts."""

from __future__ import annotations

import base64
import hashlib
import secrets
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import gevent
from gevent.pool import Pool
from paramiko import SSHException
from pyinfra import host, logger, state
from pyinfra.api import FactBase, Host, QuoteString, StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.catalog.credentials import Logins, login_lines
from k8s_ha.facts.answers import IncompleteAnswer, between_marks, marked
from k8s_ha.pyinfra_internals.commands import connector_arguments, fact_of
from k8s_ha.pyinfra_internals.state import is_given_up, was_reached
from k8s_ha.reporting.known_errors import MATTERS
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import is_executing
from k8s_ha.settings import HostSettings

T = TypeVar("T")

HOSTS_AT_ONCE: Final = 100
"""How many hosts are asked at once: of 2,400 some answered too late, since one operator reads what all of them say."""

SECONDS_BETWEEN_POLLS: Final = 1.0
"""The pause of whatever asks again until a deadline."""

SECONDS_FOR_A_FACT: Final = 60
"""How long another host may take to tell a fact; its scripts bound themselves to less."""


def poll_until(poll: Callable[[], T], enough: Callable[[T], bool], seconds: float) -> T:
    """What ``poll`` returns as soon as that is ``enough``, or when ``seconds`` are over; with 0 it asks once."""
    deadline = time.monotonic() + seconds
    while not enough(value := poll()) and time.monotonic() < deadline:
        gevent.sleep(SECONDS_BETWEEN_POLLS)
    return value


def fail_host(reason: str) -> StringCommand:
    """A command that fails the host it is yielded for, and that host alone, with ``reason``."""
    if not is_executing():
        logger.warning(reason)
    return StringCommand("echo", QuoteString(reason), ">&2;", "exit", "1")


def planned(sentence: str) -> StringCommand:
    """A command that is never run: while pyinfra prepares it stands for what a step will do when that is decided."""
    return StringCommand(sentence)


def edited(path: str, old: bytes, new: bytes) -> StringCommand:
    """Replace what somebody else's file holds, in one step, and keep all else of it: mode, owner, label and links.

    + old: what was read from it; where it holds anything else by now, the command fails
    """
    values = {"FILE": path, "HELD": hashlib.sha256(old).hexdigest(), "WANTED": hashlib.sha256(new).hexdigest()}
    return StringCommand(shell_variables(values) + read_file("edit-file.sh"), _stdin=base64.b64encode(new).decode())


def write(path: str, content: str | bytes, mode: str = "644") -> StringCommand:
    """Replace a file of this package's own in one step with ``content``, owned by root.

    The content travels on stdin, in base64: neither argv nor pyinfra's output shows it. A daemon that reads the file
    sees the old one or the new one, and an operator that dies in between leaves the old one, since the length is
    compared first. The content is on the disk before it takes the name, so that a power cut leaves no empty file.
    """
    held = content.encode() if isinstance(content, str) else content
    target, beside = shlex.quote(path), shlex.quote(f"{path}.k8s-ha-new")
    folder = shlex.quote(path.rpartition("/")[0] or "/")
    return StringCommand(
        f"umask 022; mkdir -p {folder} && umask 077 && base64 -d | dd of={beside} conv=fsync status=none && "
        f'[ "$(wc -c <{beside})" -eq {len(held)} ] && '
        f"chmod {mode} {beside} && chown root:root {beside} && "
        f"{{ [ ! -e {target} ] || chcon --reference={target} {beside} 2>/dev/null || true; }} && "
        f"mv -f {beside} {target}",
        _stdin=base64.b64encode(held).decode(),
    )


def path_of_this_run(name: str, end: str = "yaml") -> str:
    """Where a file is put that a script on the host removes when it is used: another run's script removes its own."""
    return f"/run/k8s-ha/{name}.{secrets.token_hex(4)}.{end}"


def log_path(name: str) -> str:
    """Where the output of the long command ``name`` lies on its host."""
    return f"/var/log/k8s-ha/{name}.log"


def long_command(
    name: str,
    command: str,
    *,
    seconds: int,
    unless: str = "",
    lock: str | None = None,
    on: str | None = None,
    **arguments: Any,
) -> StringCommand:
    """A command that may outlive the operator; while it is executed, the person who waits is told where its log is.

    + name: of its log, ``/var/log/k8s-ha/NAME.log``
    + seconds: it is stopped after so many; a run that finds it at work waits as long
    + unless: shell test, asked when the lock is held; success means that there is nothing left to do
    + lock: name of the lock; commands of one lock exclude each other (default: ``name``)
    + on: inventory name of the host that it is run on (default: the current one)
    """
    # It waits for the lock as long as it may run, and is given half a minute to end when it is told to.
    arguments.setdefault("_timeout", 2 * seconds + 60)
    if is_executing():
        logger.info(
            f"{on or host.name}: {name} runs, for {seconds} s at most; its output: {log_path(name)} on that host"
        )
    return StringCommand(long_script(name, command, seconds=seconds, unless=unless, lock=lock), **arguments)


def long_script(name: str, command: str, *, seconds: int, unless: str = "", lock: str | None = None) -> str:
    """The script of ``long_command``."""
    values = {
        "NAME": name,
        "COMMAND": command,
        "SECONDS_ALLOWED": str(seconds),
        "UNLESS": unless,
        "LOCK": lock or name,
        "MATTERS": MATTERS,
    }
    return shell_variables(values) + read_file("long-command.sh")


def takes_part(target: Host) -> bool:
    """Whether a host was reached and has not failed in this run."""
    return was_reached(state, target) and not is_given_up(state, target)


def read_fact(target: Host, fact: type[FactBase[T]], **arguments: Any) -> T | None:
    """A fact of any host, from any other host's operation; None where it cannot be read. Never fails a host."""
    if is_given_up(state, target) and not target.connected:
        return None
    # A host whose packets are swallowed would otherwise be waited for as long as paramiko does: an hour.
    with gevent.Timeout(SECONDS_FOR_A_FACT, TimeoutError()):
        try:
            return fact_of(target, fact, arguments)
        except (PyinfraError, OSError, EOFError) as error:  # OSError holds TimeoutError
            logger.debug("%s: could not read %s: %s", target.name, fact.name, error)
    return None


def read_everywhere(fact: type[FactBase[T]], arguments: Mapping[Host, Mapping[str, Any]]) -> dict[str, T | None]:
    """A fact of many hosts at once, by inventory name.

    + arguments: the fact's arguments by host
    """

    def read(target: Host) -> T | None:
        return read_fact(target, fact, **arguments[target])

    return everywhere(read, arguments)


def read_of_hosts(fact: type[FactBase[T]], hosts: Iterable[HostSettings], **arguments: Any) -> dict[str, T | None]:
    """A fact of hosts of the cluster at once, asked with each one's address, by inventory name.

    + arguments: more of the fact's
    """
    return read_everywhere(
        fact, {host.inventory.get_host(entry.name): {"address": entry.address, **arguments} for entry in hosts}
    )


def read_with_logins(target: Host, fact: type[FactBase[T]], logins: Logins, arguments: Mapping[str, Any]) -> T | None:
    """A fact whose script asks mirrors, where a login is needed for some of them; as ``read_fact`` without any.

    The passwords travel on stdin, and pyinfra, which shows what a fact is asked with, does not know of them.
    """
    if not logins:
        return read_fact(target, fact, **arguments)
    if is_given_up(state, target) and not target.connected:
        return None
    asked = fact()
    output = _output_of(target, str(asked.command(**arguments, logins=True)), login_lines(logins), None)
    try:
        return None if output is None else asked.process(output)
    except PyinfraError as error:
        logger.debug("%s: could not read %s: %s", target.name, fact.name, error)
        return None


def read_unseen(target: Host, fact: type[FactBase[T]], seconds: int, **arguments: Any) -> T | None:
    """A fact whose answer is shown at no verbosity, since it may hold secrets; None where it cannot be read.

    + seconds: how long the host may take
    """
    if is_given_up(state, target) and not target.connected:
        return None
    asked = fact()
    try:
        output = _output_of(target, str(asked.command(**arguments)), None, seconds)
        return None if output is None else asked.process(output)
    except PyinfraError as error:
        logger.debug("%s: could not read %s: %s", target.name, fact.name, error)
        return None


def everywhere(act: Callable[[Host], T], targets: Iterable[Host]) -> dict[str, T]:
    """What ``act`` tells of many hosts, by inventory name.

    In greenlets of its own: pyinfra's pool may be full of the very hosts that wait for the answer.
    """
    pool = Pool(HOSTS_AT_ONCE)
    greenlets = {target.name: pool.spawn(act, target) for target in targets}
    pool.join()
    return {name: greenlet.get() for name, greenlet in greenlets.items()}


def run_silently(target: Host, command: str, stdin: str | None = None, seconds: int | None = None) -> str | None:
    """The standard output of ``command``, shown at no verbosity; None where it failed or did not come whole.

    For what must stay secret.

    + stdin: what the command reads
    + seconds: how long it may take; None is the user's own bound, or SECONDS_FOR_A_FACT
    """
    output = _output_of(target, marked(command), stdin, seconds)
    try:
        return None if output is None else "\n".join(between_marks(output))
    except IncompleteAnswer as reason:
        logger.debug("%s: no answer: %s", target.name, reason)
        return None


def read_silently(target: Host, path: str) -> bytes | None:
    """What a file holds, byte for byte and shown at no verbosity; None where it could not be read."""
    text = run_silently(target, f"base64 {shlex.quote(path)}")
    try:
        return None if text is None else base64.b64decode(text)
    except ValueError:
        logger.debug("%s: no base64 of %s", target.name, path)
        return None


def run_until_it_ends(target: Host, command: str, seconds: int) -> None:
    """Run a command whose output nobody needs, whatever becomes of it, for ``seconds`` at most."""
    _output_of(target, command, None, seconds)


def run_elsewhere(target: Host, command: StringCommand) -> str | None:
    """Run a command on another host than the current one; None where it ended well, else what it said last."""
    connector = {**connector_arguments(target), **command.connector_arguments}
    try:
        succeeded, output = target.run_shell_command(
            StringCommand(command.get_raw_value()), print_output=False, print_input=False, **connector
        )
    except (OSError, EOFError, SSHException) as error:  # OSError holds TimeoutError
        return f"{target.name} did not answer ({error or type(error).__name__})"
    if succeeded:
        return None
    said = [line for line in output.stderr_lines if line.strip()]
    return "\n".join(said) or f"{target.name} said nothing"


def _output_of(target: Host, command: str, stdin: str | None, seconds: int | None) -> list[str] | None:
    connector = connector_arguments(target)
    connector["_timeout"] = seconds or connector["_timeout"] or SECONDS_FOR_A_FACT
    if stdin is not None:
        connector["_stdin"] = stdin
    try:
        succeeded, output = target.run_shell_command(
            StringCommand(command), print_output=False, print_input=False, **connector
        )
    except (OSError, EOFError, SSHException):  # OSError holds TimeoutError
        return None
    return output.stdout_lines if succeeded else None
