"""Logins of real machines that cannot be looked through: a shell script that makes each, and one that takes it back.

worker2's user may sudo after a password, all others log in as root; see tests/lab/topology.toml.
"""

from __future__ import annotations

from tests.lab.odd.rows import Odd, kept


def _file(path: str, text: str) -> tuple[str, str]:
    return f"printf '%s\\n' '{text}' >{path} && chmod 440 {path}", f"rm -f {path}"


def _shell(user: str, shell: str) -> tuple[str, str]:
    return kept("/etc/passwd", f"sed -i 's#^\\({user}:.*:\\)[^:]*$#\\1{shell}#' /etc/passwd")


ADMIN = "/etc/sudoers.d/admin"
TMP = "mount -t tmpfs -o {options},mode=1777 tmpfs /tmp", "umount /tmp"

LOGINS: list[list[Odd]] = [
    [
        Odd(
            "sudo wants a terminal",
            "worker2",
            "root",
            "error",
            "sorry, you must have a tty to run sudo",
            *_file("/etc/sudoers.d/zz", "Defaults requiretty"),
        ),
        Odd(
            "root may run nothing",
            "worker1",
            "root",
            "error",
            "This account is currently not available.",
            *_shell("root", "/sbin/nologin"),
        ),
        Odd(
            "root's shell says nothing",
            "master3",
            "root",
            "error",
            "a command was ended without a word",
            *_shell("root", "/bin/false"),
        ),
        Odd(
            "root's shell reads quotes in another way",
            "master1",
            "login-shell",
            "error",
            "its login shell is /bin/tcsh",
            *_shell("root", "/bin/tcsh"),
        ),
        Odd("root's shell is a restricted bash", "master2", "root", None, "", *_shell("root", "/bin/rbash")),
    ],
    [
        Odd(
            "no program runs in /tmp",
            "worker2",
            "root",
            "error",
            "no program runs in /tmp: '/tmp/pyinfra-sudo-askpass-",
            TMP[0].format(options="noexec"),
            TMP[1],
        ),
    ],
    [
        Odd(
            "nothing can be written to /tmp",
            "worker2",
            "root",
            "error",
            "Read-only file system",
            TMP[0].format(options="ro"),
            TMP[1],
        ),
    ],
    [
        Odd(
            "a user without a line in sudoers",
            "worker2",
            "root",
            "error",
            "it says 'admin is not in the sudoers file.",
            *kept(ADMIN, f"echo '# none' >{ADMIN}"),
        ),
    ],
    [
        Odd(
            "a user who may run one command",
            "worker2",
            "root",
            "error",
            "is not allowed to execute '/bin/sh -c",
            *kept(ADMIN, f"echo 'admin ALL=(ALL) /usr/bin/id' >{ADMIN}"),
        ),
    ],
    [
        Odd(
            "a syntax error in the user's own line",
            "worker2",
            "root",
            "error",
            "syntax error', then 'admin is not in the sudoers file.",
            *kept(ADMIN, f"echo 'admin ALL=(ALL' >{ADMIN}"),
        ),
    ],
]
