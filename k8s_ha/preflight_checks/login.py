"""Why a host could not be checked as root: the tool's own words, and what helps where that is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from k8s_ha.findings import Finding

_LINES_AT_MOST: Final = 2
_CHARACTERS_AT_MOST: Final = 300

NOT_SH: Final = frozenset({"csh", "tcsh", "fish"})
"""Login shells that read sh's quotes otherwise: csh runs a quoted text line by line, fish takes backslashes out."""


@dataclass(frozen=True)
class Login:
    """What a host said instead of telling of itself.

    + words: lines that the login, its shell or sudo printed
    + notes: what files/become-root.sh says of its own, by the first word
    + shell: the login's shell, as far as it is known
    """

    words: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    shell: str = ""


class _Cause(NamedTuple):
    """Words that are said for one cause only, and what helps."""

    pattern: str
    wanted: str
    remedy: str


_PASSWORD: Final = r"sudo: a password is required|sudo-rs: interactive authentication is required"
_VISUDO: Final = "run `visudo -c` there as root, and fix what it names"
_SUDOERS: Final = "allow that user ALL commands by `visudo -f /etc/sudoers.d/NAME`, or log in as root"
_LOGIN: Final = "give that user a shell (`usermod -s /bin/bash USER`), or log in as another"

# The first that fits. Sudo also says that "a password is required" after most other complaints, so that comes last.
_CAUSES: Final = (
    _Cause(
        r"you must have a tty to run sudo",
        "commands have no terminal",
        "write `Defaults:USER !requiretty` for that user by `visudo -f /etc/sudoers.d/USER`",
    ),
    _Cause(
        r"incorrect password attempt|incorrect authentication attempt|Authentication failed, try again",
        "sudo was given a wrong password",
        "correct _sudo_password for this host",
    ),
    _Cause(
        r"account is locked due to \d+ failed login",
        "the account is locked for a while",
        "correct _sudo_password, and run `faillock --user USER --reset` there as root",
    ),
    _Cause(
        r"is not in the sudoers file|may not run sudo on|is not allowed to run sudo on",
        "sudo must be allowed",
        _SUDOERS,
    ),
    _Cause(
        r"is not allowed to execute|I'm sorry .*I'm afraid I can't do that",
        "any command must be allowed, since each is a script for sh",
        _SUDOERS,
    ),
    _Cause(
        r"account validation failure|[Aa]ccount or password is expired|[Pp]assword expired|Account expired or PAM|"
        r"PAM account management error",
        "the account must be valid",
        "see `chage -l USER` and `passwd -S USER` there as root, and prolong or unlock it",
    ),
    _Cause(
        r"password has expired|Password change required|required to change your password|change your password now",
        "a login must not be asked for a new password",
        "log in there by hand once and set one, or see `chage -l USER`",
    ),
    _Cause(
        r"must be owned by uid 0 and have the setuid bit|effective uid is not 0",
        "sudo cannot become root there",
        "see `ls -l` of that file and the mount options of its folder (nosuid), or log in as root",
    ),
    _Cause(r"[\"“]no new privileges[\"”] flag is set", "sudo cannot become root there", "log in as root"),
    _Cause(r"no valid sudoers sources found|parse error in \S+", "sudo reads no sudoers file", _VISUDO),
    _Cause(r"This account is currently not available", "a login shell that runs commands", _LOGIN),
    _Cause(
        r"allows sftp connections only", "a login that may run commands", "take ForceCommand from it in sshd_config"
    ),
    _Cause(r"\b(?:rbash|rksh|rzsh):|restricted: cannot", "a login shell that runs any command", _LOGIN),
    _Cause(_PASSWORD, "root is needed", "set _sudo_password, or allow NOPASSWD in sudoers"),
)

# sudo goes on without what it complains of first, so the cause may be another.
_LEFT_OUT: Final = (
    _Cause(
        r"is world writable|is group writable|is owned by [ug]id \d+, should be|is mode \d+, should be",
        "sudo leaves out a sudoers file that others may write",
        "run `chown root:root` and `chmod 440` on that file there as root",
    ),
    _Cause(r": syntax error", "sudo leaves out that line", _VISUDO),
)

_ASIDE: Final = re.compile(
    r"^\s*$|^Sorry, try again|no password was provided|^\s*#\d\) |usual lecture|local System|boils down to these|"
    r"^This incident"
)
"""What sudo says beside the cause."""


def asks_password(login: Login) -> bool:
    """Whether a password, and nothing else, is what sudo lacks."""
    cause, _ = _cause(login, _CAUSES)
    return cause is not None and cause.pattern == _PASSWORD


def refused(name: str, login: Login) -> Finding:
    """A host on which nothing could be read as root."""
    notes = login.notes
    if "lacks" in notes:
        return _finding(name, "it has no sudo", "root is needed", "log in as root, or install sudo there")
    if "folder" in notes:
        return _folder(name, login)
    cause, line = _cause(login, _CAUSES)
    left_out, first = _cause(login, _LEFT_OUT)
    if cause and left_out:
        remedy = "; where that is not it, ".join(dict.fromkeys((left_out.remedy, cause.remedy)))
        return _finding(name, f"it says {first!r}, then {line!r}", left_out.wanted, remedy)
    if certain := cause or left_out:
        return _finding(name, f"it says {line or first!r}", certain.wanted, certain.remedy)
    said = [line for line in login.words if not _ASIDE.search(line)][-_LINES_AT_MOST:]
    if said:
        words = " / ".join(said)[:_CHARACTERS_AT_MOST]
        return _finding(name, f"could not be checked as root: {words!r}", "root or sudo is needed", "fix that there")
    shell = f" by its login shell {login.shell}" if login.shell else ""
    return _finding(
        name,
        f"a command was ended without a word{shell}",
        "a login shell runs commands",
        f"see what `ssh HOST id` does; where its shell is /bin/false, {_LOGIN}",
    )


def login_shell(name: str, shell: str) -> Finding | None:
    """A login whose shell would not run commands as they are meant; None for all that take what sh takes."""
    if shell.rpartition("/")[2] not in NOT_SH:
        return None
    return Finding(
        name,
        "login-shell",
        f"its login shell is {shell}",
        "that reads sh's quotes in another way",
        "run `usermod -s /bin/bash USER` for who logs in, or log in as another",
    )


def _folder(name: str, login: Login) -> Finding:
    """sudo's password cannot be handed over: pyinfra does that by a program in a temporary folder."""
    notes = login.notes
    words = next((line for line in reversed(login.words) if not _ASIDE.search(line)), "no word of why")
    words = re.sub(r"^\w+: (?:line )?\d+: ", "", words)  # where in the script
    other = notes.get("instead", "a folder where that user may run programs")
    remedy = f"set _temp_dir = {other!r} for the host" if "instead" in notes else f"set _temp_dir to {other}"
    if "variable" in notes:
        remedy = f"have that login's TMPDIR be {other}"
    return _finding(
        name,
        f"no program runs in {notes['folder']}: {words[:_CHARACTERS_AT_MOST]!r}",
        "pyinfra hands sudo's password over by one",
        f"{remedy}, or allow NOPASSWD in sudoers",
    )


def _cause(login: Login, causes: Sequence[_Cause]) -> tuple[_Cause | None, str]:
    """The first of the causes that is certain, and the line that says so."""
    for cause in causes:
        for line in login.words:
            if re.search(cause.pattern, line):
                # Of a command that was refused sudo shows the whole script.
                return cause, re.sub(r" -c .*", " -c …", line).strip()[:_CHARACTERS_AT_MOST]
    return None, ""


def _finding(name: str, found: str, wanted: str, remedy: str) -> Finding:
    return Finding(name, "root", found, wanted, remedy)
