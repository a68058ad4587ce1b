"""Files on the operator's machine that are for its owner alone, in folders that git ignores."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_IGNORE: Final = ".gitignore"
_NAMES: Final = r"k8s-ha-.*\.(?:json|html|tar\.gz)|admin\.conf|backup-[a-z0-9.-]+-\d{8}T\d{6}Z"
_OURS: Final = re.compile(rf"{_NAMES}|\.gitignore|\.({_NAMES})\.\w+")
"""Names that this package gives."""

_EXPORT: Final = "write into it what `gpg --armor --export` says"

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
"""What lies there already, a link that somebody laid included, is never opened."""


def local_folder(working_folder: str, setting: str) -> Path:
    """Where a setting's folder lies: in the person's home, or in the folder that pyinfra works in."""
    return Path(working_folder) / os.path.expanduser(setting)


def make_private_folder(folder: Path) -> None:
    """Have ``folder``, for its owner alone where it is new; git ignores it where nothing of others is in it.

    Raises OSError.
    """
    if "~" in folder.parts:
        raise OSError(errno.ENOENT, "nobody knows which folder is your home", str(folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _holds_others(folder):
        return
    try:
        descriptor = os.open(folder / _IGNORE, _NEW, 0o666)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("*\n")


def is_seen_by_git(folder: Path) -> bool:
    """Whether it holds files of others, and git does not ignore all in it. Raises OSError."""
    if not _holds_others(folder):
        return False
    try:
        lines = (folder / _IGNORE).read_bytes().splitlines()
    except FileNotFoundError:
        return True
    return b"*" not in lines


def _holds_others(folder: Path) -> bool:
    return any(not _OURS.fullmatch(name) for name in os.listdir(folder))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` in one step by ``text``, readable by its owner alone. Raises OSError."""
    with replaced_privately(path) as file:
        file.write(text.encode())


@contextmanager
def replaced_privately(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` when the block ends well, readable by its owner alone. Raises OSError."""
    make_private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def claim(folder: Path, stem: str, suffix: str) -> Path:
    """A new empty file: STEM and SUFFIX or, where that is taken, STEM-2 and SUFFIX, and so on. Raises OSError."""
    make_private_folder(folder)
    number = 1
    while True:
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            os.close(os.open(path, _NEW, 0o600))
            return path
        except FileExistsError:
            number += 1


def public_key(file: str) -> str:
    """The armored public key of gpg in a file of the operator's; ValueError "what; remedy" where it holds none."""
    try:
        text = Path(file).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no ASCII text"
        raise ValueError(f"the file cannot be read ({why}); {_EXPORT}") from None
    if "PRIVATE KEY" in text:
        raise ValueError(f"the file holds a private key, which stays with you; {_EXPORT}")
    if not text.lstrip().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----"):
        raise ValueError(f"the file holds no armored public key of gpg; {_EXPORT}")
    return text.strip() + "\n"


def password(variable: str | None, file: str | None) -> str:
    """What an environment variable, or else a file, of the operator's holds.

    Raises ValueError "what; remedy", which does not tell the names: somebody may have written the password for them.
    """
    if variable is not None:
        found = os.environ.get(variable)
        if found is None:
            raise ValueError("there is no such environment variable; export it where pyinfra runs")
        return found
    try:
        return Path(file or "").expanduser().read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise ValueError(f"the file cannot be read ({why}); write the password into it") from None
