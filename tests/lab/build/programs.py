"""The programs that go into RPMs and images: by source's name, the folder with its programs. Each is a cache folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from . import golang
from .cache import Cache, Step
from .machine import APT_HELPER
from .tables.containerd import CONTAINERDS
from .tables.images import asked_for, etcd_of
from .tables.lines import DEFAULT, Line
from .tables.modules import MODULES, kubernetes
from .tables.newer_debs import DEBS, POOL

HERE = Path(__file__).parent
LISTING = "images.txt"
"""Beside a line's programs: what `kubeadm config images list` prints."""
ALWAYS = ("flannel", "crictl", "stand-ins")


def sources(
    cache: Cache, lines: Sequence[Line], containerds: Iterable[str], etcd: str | None = None
) -> dict[str, Path]:
    """Build what these lines and versions of containerd are made of.

    + containerds: keys of CONTAINERDS
    + etcd: as for of_line
    """
    found = {line.source: _line(cache, line) for line in lines}
    tags = [asked_for((folder / LISTING).read_text()) for folder in found.values()]
    wanted = {*ALWAYS, *(f"etcd-{etcd_of(each, etcd)}" for each in tags)}
    wanted |= {f"containerd-{name}" for name in containerds}
    if any(line.version != DEFAULT for line in lines):
        wanted |= {"coredns", "cni-plugins"}
    for name in sorted(wanted):
        if name in MODULES:
            found[name] = golang.folder(cache, MODULES[name])
        elif name in DEBS:
            found[name] = _newer_debs(cache, name)
    return found


def containerd_versions(lines: Iterable[Line], only: str | None) -> tuple[str, ...]:
    """Keys of CONTAINERDS to serve: the one asked for, else what the lines are served with."""
    wanted = {only} if only else {line.containerd for line in lines}
    return tuple(name for name in CONTAINERDS if name in wanted)


def _line(cache: Cache, line: Line) -> Path:
    if line.version == DEFAULT:
        return _debian_kubernetes(cache, line)
    return golang.folder(cache, kubernetes(line), lambda step: _list_images(step, line))


def _list_images(step: Step, line: Line) -> None:
    script = '"$0" config images list --kubernetes-version "$1" >"$2"'
    step.run("sh", "-c", script, step.folder / "kubeadm", f"v{line.version}", step.folder / LISTING)


def _debian_kubernetes(cache: Cache, line: Line) -> Path:
    """Kubernetes of Debian's source package, and the stand-in that is built in its tree."""
    script = HERE / "kubernetes.sh"
    work = cache.work / "kubernetes"

    def make(step: Step) -> None:
        work.mkdir(parents=True, exist_ok=True)
        step.run(script, work, step.folder)
        _list_images(step, line)

    return cache.folder(line.source, [script, HERE / "stand-ins"], make)


def _newer_debs(cache: Cache, name: str) -> Path:
    """One folder per package, as machine.unpacked_packages has it."""
    debs = DEBS[name]

    def make(step: Step) -> None:
        for path, checksum in debs:
            package = Path(path).name
            archive = step.folder / package
            step.run(APT_HELPER, "download-file", f"{POOL}/{path}", archive, f"SHA256:{checksum}")
            step.run("dpkg-deb", "-x", archive, step.folder / package.split("_")[0])
            archive.unlink()

    return cache.folder(name, [repr(debs)], make)
