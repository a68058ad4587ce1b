"""A service's command line as systemd makes it of unit, drop-ins and environment files."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from k8s_ha.observations.service_command import UnitLook, Word

UNIT, DROP_IN = "/usr/lib/systemd/system/x.service", "/etc/systemd/system/x.service.d/a.conf"
SYSCONFIG = "/etc/sysconfig/docker"


def words(look: UnitLook) -> list[str]:
    return [word.text for word in look.command_line()]


COMMANDS: dict[str, tuple[str, Mapping[str, str], list[str]]] = {
    "plain": ("ExecStart=/usr/bin/dockerd -H fd://", {}, ["/usr/bin/dockerd", "-H", "fd://"]),
    "blanks and a comment": ("# a\n ExecStart = /bin/x a\n;b", {}, ["/bin/x", "a"]),
    "lines that go on": ("ExecStart=/bin/x \\\n  a \\\n# no\n  b", {}, ["/bin/x", "a", "b"]),
    "a last line that goes on": ("ExecStart=/bin/x a \\", {}, ["/bin/x", "a"]),
    "quotes": ("ExecStart=/bin/x \"a b\" 'c d'", {}, ["/bin/x", "a b", "c d"]),
    "a quote without an end": ("ExecStart=/bin/x it's", {}, ["/bin/x", "it's"]),
    "prefixes": ("ExecStart=-!/bin/x a", {}, ["/bin/x", "a"]),
    "another name": ("ExecStart=@/bin/x name a", {}, ["/bin/x", "a"]),
    "a percent sign": ("ExecStart=/bin/x 100%%", {}, ["/bin/x", "100%"]),
    "a dollar sign": ("ExecStart=/bin/x a$$b", {}, ["/bin/x", "a$b"]),
    "an unknown variable": ("ExecStart=/bin/x $A ${B}", {}, ["/bin/x", ""]),
    "a variable of several words": ('Environment="A=b c"\nExecStart=/bin/x $A', {}, ["/bin/x", "b", "c"]),
    "a variable within a word": ('Environment="A=b c"\nExecStart=/bin/x --d=${A}', {}, ["/bin/x", "--d=b c"]),
    "an environment taken back": ('Environment="A=b"\nEnvironment=\nExecStart=/bin/x $A', {}, ["/bin/x"]),
    "an environment file": (
        f"EnvironmentFile=-{SYSCONFIG}\nExecStart=/bin/x $OPTIONS",
        {SYSCONFIG: "# c\nOPTIONS='--log-driver journald'\n"},
        ["/bin/x", "--log-driver", "journald"],
    ),
    "environment files by a pattern": (
        f"EnvironmentFile=-{SYSCONFIG}*\nExecStart=/bin/x $A $B",
        {f"{SYSCONFIG}-2": "A=c\n", f"{SYSCONFIG}-1": "A=b\nB=d\n"},
        ["/bin/x", "c", "d"],
    ),
    "an environment file over an environment": (
        f"Environment=A=b\nEnvironmentFile={SYSCONFIG}\nExecStart=/bin/x $A",
        {SYSCONFIG: "A=c\n"},
        ["/bin/x", "c"],
    ),
    "an environment file taken back": (
        f"EnvironmentFile={SYSCONFIG}\nEnvironmentFile=\nExecStart=/bin/x $A",
        {SYSCONFIG: "A=c\n"},
        ["/bin/x"],
    ),
    "a shell in between, as in EL7's extras": (
        f"EnvironmentFile={SYSCONFIG}\nExecStart=/bin/sh -c 'exec /usr/bin/dockerd-current $OPTIONS'",
        {SYSCONFIG: "OPTIONS=-D\n"},
        ["/usr/bin/dockerd-current", "-D"],
    ),
    "nothing to start": ("ExecStart=/bin/x\nExecStart=", {}, []),
    "another section": ("ExecStart=/bin/x\n[Install]\nExecStart=/bin/y", {}, ["/bin/x"]),
}


@pytest.mark.parametrize(("service", "environment", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_command_lines(service: str, environment: Mapping[str, str], expected: list[str]) -> None:
    assert words(UnitLook(files={UNIT: f"[Unit]\nExecStart=no\n[Service]\n{service}\n"}, environment=environment)) == (
        expected
    )


def test_a_drop_in_takes_the_place_of_the_units_and_is_named() -> None:
    look = UnitLook(
        files={
            UNIT: "[Service]\nExecStart=/bin/x a\n",
            DROP_IN: f"[Service]\nEnvironmentFile={SYSCONFIG}\nExecStart=\nExecStart=/bin/x b $C d${{C}}\n",
        },
        environment={SYSCONFIG: "C=c"},
    )
    assert look.command_line() == (
        Word("/bin/x", DROP_IN),
        Word("b", DROP_IN),
        Word("c", SYSCONFIG),
        Word("dc", SYSCONFIG),
    )


def test_no_files_no_command() -> None:
    assert UnitLook().command_line() == ()
