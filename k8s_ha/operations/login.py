"""The survey of a host: through whatever login shell, and with the words of what refuses it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from getpass import getpass
from typing import Any, Final

import gevent
from paramiko import SSHException
from pyinfra import logger, state
from pyinfra.api import Host, StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.facts.answers import FIRST, LAST
from k8s_ha.facts.survey import Survey
from k8s_ha.findings import Finding
from k8s_ha.observations.node import HostSurvey
from k8s_ha.operations.commands import SECONDS_FOR_A_FACT
from k8s_ha.preflight_checks.login import Login, asks_password, refused
from k8s_ha.pyinfra_internals.commands import CommandOutput, as_unix_command, connector_arguments
from k8s_ha.resources import read_file, shell_variables

READ: Final = "sh -s survey"
"""Runs the script that it reads; the word is for who looks at the processes of the host."""

_PROMPTED: Final = "prompted_sudo_password"
"""Where pyinfra keeps a password that it has asked a person for, and finds it for all later commands."""

_OURS: Final = "k8s-ha-login "
"""What files/become-root.sh says of its own begins with that."""

_NOT_FOR_SHELL: Final = frozenset({"_success_exit_codes", "_timeout", "_get_pty", "_stdin"})


def surveyed(member: Host) -> HostSurvey | Finding:
    """What a host tells of itself, or why it cannot be surveyed as root.

    The script travels on stdin: a login shell such as tcsh would run a quoted script line by line. Where sudo asks for
    a password, nobody has given one, and there is a terminal, the person at it is asked, as pyinfra does.
    """
    found = _survey_once(member)
    if isinstance(found, Login) and asks_password(found) and not _password(member) and sys.stdin.isatty():
        member.connector_data[_PROMPTED] = getpass(f"{member.print_prefix}sudo password: ")
        found = _survey_once(member)
    return refused(member.name, found) if isinstance(found, Login) else found


def _survey_once(member: Host) -> HostSurvey | Login:
    arguments = connector_arguments(member)
    through_sudo = arguments["_sudo"] and not (arguments["_su_user"] or arguments["_doas"] or arguments["_dzdo"])
    try:
        if through_sudo:
            succeeded, output = _run(member, READ, _stdin=_through_sudo(member, arguments))
        else:
            # Read to its end before anything of it runs, so that nothing can read of it from stdin.
            script = f"{{\n{Survey().command()}\n}} </dev/null\n"
            succeeded, output = _run(member, READ, **{**arguments, "_stdin": script, "_get_pty": False})
    except TimeoutError as error:
        return Login((str(error),))
    except (PyinfraError, OSError, EOFError, SSHException) as error:
        return _asked_again(member, Login((str(error),)))
    if succeeded:
        return _survey(output)
    found = _login(output)
    return found if found.words else _asked_again(member, found)


def _survey(output: CommandOutput) -> HostSurvey | Login:
    login = _login(output)
    if login.notes:
        return login
    try:
        return Survey().process(output.stdout_lines)
    except PyinfraError as error:
        return Login((*output.stderr_lines, str(error)))


def _login(output: CommandOutput) -> Login:
    lines = [line for line in output.output_lines if line != FIRST and not line.startswith(LAST)]
    notes = (line.removeprefix(_OURS).partition(" ") for line in lines if line.startswith(_OURS))
    return Login(
        words=tuple(line for line in lines if not line.startswith(_OURS)),
        notes={key: value for key, _, value in notes},
    )


def _asked_again(member: Host, login: Login) -> Login:
    """A login that said nothing, asked without stdin: a shell that ends at once closes it before it is read."""
    try:
        _, output = _run(member, "printenv SHELL", _shell_executable=None)
    except (OSError, EOFError, SSHException):
        return login
    shell = next((line for line in output.stdout_lines if line.startswith("/")), "")
    return Login(tuple(line for line in output.output_lines if line != shell), shell=shell)


def _through_sudo(member: Host, arguments: dict[str, Any]) -> str:
    password = _password(member)
    folder: Callable[[], str] = member.get_temp_dir_config
    own = {key: value for key, value in arguments.items() if key not in _NOT_FOR_SHELL}
    # Without a path of its own for askpass, the password is not in the command: the script hands it over.
    own |= {"_sudo_password": password, "_sudo_askpass_path": None}
    values = {
        "COMMAND": as_unix_command(Survey().command(), own),
        "PASSWORD": password,
        "TEMP_DIR": arguments["_temp_dir"] or folder(),
    }
    return shell_variables(values) + read_file("become-root.sh")


def _password(member: Host) -> str:
    return connector_arguments(member)["_sudo_password"] or member.connector_data.get(_PROMPTED) or ""


def _run(member: Host, command: str, **arguments: Any) -> tuple[bool, CommandOutput]:
    logger.debug("%s: surveys the host", member.name)
    # A host whose packets are swallowed would otherwise be waited for as long as paramiko does: an hour.
    with gevent.Timeout(SECONDS_FOR_A_FACT, TimeoutError(f"it did not answer within {SECONDS_FOR_A_FACT} s")):
        return member.run_shell_command(
            StringCommand(command),
            print_output=state.print_fact_output,
            print_input=state.print_fact_input,
            **arguments,
        )
