"""RPMs of ready-made files: one Package is one spec, built by rpmbuild."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .cache import Step

TREES = Path(__file__).parent / "trees" / "rpm"

RELOAD = "systemctl daemon-reload >/dev/null 2>&1 || :"
STOP = "[ $1 -gt 0 ] || systemctl --no-reload disable --now {unit} >/dev/null 2>&1 || :"


@dataclass(frozen=True)
class Package:
    """An RPM's name, its capabilities, and where its files come from.

    + epoch: 0 is none
    + files: path in the package -> source, "debs/…" (unpacked Debian packages) or "kubernetes/…" (built binaries)
    + tree: a folder of trees/rpm whose files go in as they are
    + links: path in the package -> target of a symbolic link
    + scripts: path in the package -> text of a program
    + directories: folders that belong to the package although nothing is in them
    + unit: the systemd unit that its scriptlets reload and stop
    + pre: shell to run before its files are installed
    + module: "name:stream" of the module it belongs to
    """

    name: str
    version: str
    release: str
    epoch: int = 0
    arch: str = "x86_64"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    tree: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    unit: str = ""
    pre: str = ""
    module: str = ""

    def build(self, step: Step, sources: Mapping[str, Path], output: Path) -> None:
        """Write NAME-VERSION-RELEASE.ARCH.rpm into `output`; `sources` says where "debs" and "kubernetes" are."""
        work = step.folder / f"work-{self.name}-{self.version}"
        payload = work / "payload"
        payload.mkdir(parents=True)
        self._fill(payload, sources)
        spec = work / "package.spec"
        spec.write_text(self._spec(payload))
        settings = {
            "_topdir": work,
            "_rpmdir": output,
            "_dbpath": work / "db",
            "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
            "_binary_payload": "w3.zstdio",
            "_build_id_links": "none",
            "debug_package": "%{nil}",
            "__os_install_post": "%{nil}",
        }
        defines = [word for name, value in settings.items() for word in ("--define", f"{name} {value}")]
        step.run("rpmbuild", "-bb", "--quiet", "--target", self.arch, *defines, spec)
        shutil.rmtree(work)

    def _fill(self, payload: Path, sources: Mapping[str, Path]) -> None:
        if self.tree:
            shutil.copytree(TREES / self.tree, payload, symlinks=True, dirs_exist_ok=True)
        for path, source in self.files.items():
            kind, _, inside = source.partition("/")  # a source alone is all of its programs
            original, target = sources[kind] / inside, _place(payload, path)
            if original.is_dir():
                shutil.copytree(original, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(original, target)
        for path, text in self.scripts.items():
            target = _place(payload, path)
            target.write_text(text)
            target.chmod(0o755)
        for path, destination in self.links.items():
            _place(payload, path).symlink_to(destination)
        for path in self.directories:
            (payload / path).mkdir(parents=True, exist_ok=True)

    def _spec(self, payload: Path) -> str:
        tags = {
            "Name": self.name,
            "Version": self.version,
            "Release": self.release,
            "Epoch": self.epoch or "",
            "Summary": f"{self.name} of the lab",
            "License": "as the programs packed",
            "AutoReqProv": "no",
            "ModularityLabel": self.module,
            "Requires": ", ".join(self.requires),
            "Provides": ", ".join(self.provides),
            "Obsoletes": ", ".join(self.obsoletes),
            "Conflicts": ", ".join(self.conflicts),
        }
        scriptlets = {
            "pre": self.pre,
            "post": RELOAD if self.unit else "",
            "preun": STOP.format(unit=self.unit) if self.unit else "",
        }
        parts = [f"{tag}: {value}" for tag, value in tags.items() if value != ""]
        parts += ["%description", f"{self.name} of the lab.", "%install", f"cp -a {payload}/. %{{buildroot}}/"]
        parts += [f"%{name}\n{script}" for name, script in scriptlets.items() if script]
        parts += ["%files", "%defattr(-,root,root,-)", *_file_list(payload)]
        return "\n".join(parts) + "\n"


def _place(payload: Path, path: str) -> Path:
    target = payload / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _file_list(payload: Path) -> list[str]:
    lines = []
    for path in sorted(payload.rglob("*")):
        name = f'"/{path.relative_to(payload)}"'
        if path.is_symlink() or path.is_file():
            lines.append(f"%config(noreplace) {name}" if name.startswith('"/etc/') else name)
        elif not any(path.iterdir()):
            lines.append(f"%dir {name}")
    return lines
