"""Container images made of single files, some on a base, written straight into docker-registry's storage layout.

A push would need the registry running during the build; the layout is stable and every image is checked by its digest
when a host pulls it.
"""

import functools
import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from .cache import Cache, Step
from .programs import LISTING
from .tables.images import ADDONS, LIBRARIES, Image, asked_for, of_line
from .tables.lines import Line

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOADER = "lib64/ld-linux-x86-64.so.2"
LINKED = (0, 2)  # what the loader's --verify ends with for a program and for a plugin; 1 is linked statically


def registry(
    cache: Cache,
    lines: Iterable[Line],
    sources: Mapping[str, Path],
    more: Mapping[str, tuple[Image, ...]],
    etcd: str | None = None,
) -> Path:
    """Return docker-registry's root folder with the images of these lines and those that every lab has.

    + more: other images, by the name of their part in the cache
    + etcd: as for of_line
    """
    parts = [_part(cache, name, images, sources) for name, images in {"registry-addons": ADDONS, **more}.items()]
    for line in lines:
        tags = asked_for((sources[line.source] / LISTING).read_text())
        parts.append(_part(cache, f"registry-{line.version}", of_line(line, tags, etcd), sources))
    return cache.merged("registry", parts)


def _part(cache: Cache, kind: str, images: tuple[Image, ...], sources: Mapping[str, Path]) -> Path:
    names = [(*image.files.values(), *image.folders.values(), image.base) for image in images]
    used = {name.split("/")[0] for name in chain.from_iterable(names) if name}

    def make(step: Step) -> None:
        store = Store(step.folder / "docker" / "registry" / "v2")
        for image in images:
            store.add(image, sources)

    folders = [sources[name] for name in sorted({*used, "base"})]  # the base has the shared libraries
    return cache.folder(kind, [Path(__file__), repr(images), *folders], make)


@dataclass(frozen=True)
class Store:
    """docker-registry's "filesystem" storage: blobs by digest, and links to them by repository and tag."""

    root: Path

    def add(self, image: Image, sources: Mapping[str, Path]) -> None:
        """Write one image."""
        files = {path: find(sources, source) for path, source in image.files.items()}
        for path, source in image.folders.items():
            files |= {f"{path}/{entry.name}": entry for entry in find(sources, source).iterdir()}
        if not image.base:
            files |= shared_libraries(files.values(), sources["base"])
        layers = [pack(layer(files, image.links, image.setuid))] if files else []
        if image.base:
            layers.insert(0, packed(find(sources, image.base)))
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Env": [SEARCH_PATH],
                "Entrypoint": image.entrypoint,
                "Cmd": image.command,
                "User": image.user,
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [each.plain for each in layers]},
            "history": [{"created": "1970-01-01T00:00:00Z"}] * len(layers),
        }
        described = json.dumps(config).encode()
        blobs = [each.blob for each in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(described), "digest": self.blob(described)},
            "layers": [{"mediaType": LAYER, "size": len(blob), "digest": self.blob(blob)} for blob in blobs],
        }
        revision = self.blob(json.dumps(manifest).encode())
        repository = self.root / "repositories" / image.name
        for blob in (described, *blobs):
            link(repository / "_layers", digest(blob))
        link(repository / "_manifests" / "revisions", revision)
        tag = repository / "_manifests" / "tags" / image.tag
        link(tag / "index", revision)
        (tag / "current").mkdir()
        (tag / "current" / "link").write_text(revision)

    def blob(self, content: bytes) -> str:
        """Store bytes under their digest, which is returned."""
        name = digest(content)
        value = name.removeprefix("sha256:")
        folder = self.root / "blobs" / "sha256" / value[:2] / value
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_bytes(content)
        return name


class Layer(NamedTuple):
    """A packed layer, and the digest of the archive within."""

    blob: bytes
    plain: str


def pack(archive: bytes) -> Layer:
    """Return an archive as a layer."""
    return Layer(gzip.compress(archive, compresslevel=1, mtime=0), digest(archive))


@functools.cache
def packed(archive: Path) -> Layer:
    """Return a base as a layer; several images have it."""
    return pack(archive.read_bytes())


def link(folder: Path, name: str) -> None:
    """Write the link by which a repository names a blob."""
    place = folder / name.replace(":", "/")
    place.mkdir(parents=True, exist_ok=True)
    (place / "link").write_text(name)


def digest(content: bytes) -> str:
    """Return the name of a blob."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def find(sources: Mapping[str, Path], source: str) -> Path:
    """Return the path of a source such as "base/usr/bin/x"."""
    kind, inside = source.split("/", 1)
    return sources[kind] / inside


def shared_libraries(programs: Iterable[Path], base: Path) -> dict[str, Path]:
    """Return path in the image -> file for everything that dynamically linked files load from the base."""
    found: dict[str, Path] = {}
    loader = base / LOADER
    for program in programs:
        verified = subprocess.run([loader, "--verify", program], check=False, capture_output=True)
        if verified.returncode not in LINKED:
            continue
        command: list[str | Path] = [loader, "--library-path", base / LIBRARIES, "--list", program]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for line in listed.splitlines():
            name, arrow, place = line.strip().partition(" => ")
            if arrow:
                found[f"{LIBRARIES}/{name}"] = Path(place.split(" (")[0])
        found[LOADER] = loader
    return found


def layer(files: Mapping[str, Path], links: Mapping[str, str], setuid: Collection[str] = ()) -> bytes:
    """Return a tar archive that depends on nothing but its content."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, source in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.mode = 0o4755 if path in setuid else 0o755
            content = source.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for path, target in sorted(links.items()):
            entry = tarfile.TarInfo(path)
            entry.type = tarfile.SYMTYPE
            entry.linkname = target
            archive.addfile(entry)
    return memory.getvalue()
