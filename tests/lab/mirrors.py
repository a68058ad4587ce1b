"""Mirrors in trouble: off, with a package of a bad signature, or without one; and back to how they were."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.lab import LabError, machine, services, state

STRANGER = "a stranger <stranger@lab.example>"


def off(lab: state.State) -> None:
    """Refuse every connection to the package mirrors; the image registry goes on."""
    machine.end_processes(services.MIRRORS)


def on(lab: state.State) -> None:
    """Undo all of it."""
    shutil.rmtree(state.ALTERED_MIRRORS, ignore_errors=True)
    if not machine.processes(services.MIRRORS):
        services.start_mirrors(lab.artifacts)


def break_signature(lab: state.State, package: str) -> None:
    """Serve the package with a stranger's signature, in repositories whose metadata fit it."""
    with tempfile.TemporaryDirectory(dir=state.FOLDER) as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
        _run(*gpg, "--passphrase", "", "--quick-gen-key", STRANGER, "rsa3072", "sign", "never")
        settings = {"_gpg_name": STRANGER, "_gpg_path": home, "__gpg": "/usr/bin/gpg"}
        defines = [word for name, value in settings.items() for word in ("--define", f"{name} {value}")]
        try:
            for copy in _altered(lab, package):
                _run("rpm", *defines, "--resign", *map(str, copy.glob(f"{package}-[0-9]*.rpm")))
                _index(copy)
        finally:
            _run("gpgconf", "--homedir", home, "--kill", "gpg-agent")


def drop(lab: state.State, package: str) -> None:
    """Serve its repositories without the package."""
    for copy in _altered(lab, package):
        for rpm in copy.glob(f"{package}-[0-9]*.rpm"):
            rpm.unlink()
        _index(copy)


def _altered(lab: state.State, package: str) -> list[Path]:
    """Copies, which the mirrors serve in their place, of the repositories that have the package."""
    root = lab.artifacts.packages
    folders = sorted({rpm.parent for rpm in root.rglob(f"{package}-[0-9]*.rpm")})
    if not folders:
        raise LabError(f"{package}: no mirror has a package of that name; see build/tables for those there are")
    copies = [state.ALTERED_MIRRORS / folder.relative_to(root) for folder in folders]
    for folder, copy in zip(folders, copies, strict=True):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    return copies


def _index(folder: Path) -> None:
    """Metadata of what is there now; modules and a key beside them stay as they were."""
    metadata = folder / "repodata"
    kept = {path.name: path.read_bytes() for kind in ("*modules.yaml*", "*.key") for path in metadata.glob(kind)}
    _run("createrepo_c", "--quiet", str(folder))
    for name, content in kept.items():
        path = (metadata if name.endswith(".key") else folder) / name.rpartition("-")[2]
        path.write_bytes(content)
        if path.parent == folder:
            _run("modifyrepo_c", "--mdtype=modules", str(path), str(metadata))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{command[0]} failed: {done.stderr.strip()}")
