"""Container images made of single files, written straight into docker-registry's storage layout.

A push would need the registry running during the build; the layout is stable and every image is checked by its digest
when a host pulls it.
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .cache import Cache, Step

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "lib64/ld-linux-x86-64.so.2"
LINKED = (0, 2)  # what the loader's --verify ends with for a program and for a plugin; 1 is linked statically
XTABLES = {"usr/sbin/xtables-nft-multi": "base/usr/sbin/xtables-nft-multi"}
EXTENSIONS = {f"{LIBRARIES}/xtables": f"base/{LIBRARIES}/xtables"}
IPTABLES = {
    f"usr/sbin/{family}{part}": "xtables-nft-multi"
    for family in ("iptables", "ip6tables")
    for part in ("", "-save", "-restore")
}
BUSYBOX = {"bin/busybox": "debs/busybox/bin/busybox"}
APPLETS = "cat cp date echo env grep hostname httpd ip ls mkdir mv nc nslookup ping ps rm sed sh sleep true wget"


@dataclass(frozen=True)
class Image:
    """One image of one layer; programs and plugins bring the shared libraries they need.

    + name: the repository, with the registry's host left out
    + files: path in the image -> source, "debs/…", "kubernetes/…" or "base/…"
    + folders: path in the image -> source folder, whose files all go in
    + links: path in the image -> target of a symbolic link
    """

    name: str
    tag: str
    files: Mapping[str, str]
    folders: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


KUBERNETES = (
    *(
        Image(name, "v1.20.2", {f"usr/local/bin/{name}": f"kubernetes/{name}"})
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ),
    Image(
        "kube-proxy",
        "v1.20.2",
        {
            "usr/local/bin/kube-proxy": "kubernetes/kube-proxy",
            "usr/sbin/conntrack": "debs/conntrack/usr/sbin/conntrack",
            **XTABLES,
        },
        folders=EXTENSIONS,
        links=IPTABLES,
    ),
    Image(
        "etcd",
        "3.4.13-0",
        {
            "usr/local/bin/etcd": "debs/etcd-server/usr/bin/etcd",
            "usr/local/bin/etcdctl": "debs/etcd-client/usr/bin/etcdctl",
        },
    ),
    Image("pause", "3.2", {"pause": "kubernetes/labpause"}, entrypoint=("/pause",)),
    Image("coredns", "1.7.0", {"coredns": "kubernetes/labdns"}, entrypoint=("/coredns",)),
)
IMAGES = (
    *KUBERNETES,
    # registry.aliyuncs.com has Kubernetes' images in a folder.
    *(replace(image, name=f"google_containers/{image.name}") for image in KUBERNETES),
    Image(
        "flannel-io/flannel",
        "v0.28.9",
        {"opt/bin/flanneld": "kubernetes/labflanneld", **XTABLES, **BUSYBOX},
        folders=EXTENSIONS,
        links={**IPTABLES, "bin/cp": "busybox", "bin/sh": "busybox"},
        entrypoint=("/opt/bin/flanneld",),
    ),
    Image(
        "flannel-io/flannel-cni-plugin",
        "v1.9.1-flannel3",
        {"flannel": "kubernetes/labcniflannel", **BUSYBOX},
        links={"bin/cp": "busybox", "bin/sh": "busybox"},
    ),
    Image(
        "library/busybox",
        "1.36",
        BUSYBOX,
        links={f"bin/{applet}": "busybox" for applet in APPLETS.split()},
        command=("sh",),
    ),
)


def registry(cache: Cache, base: Path, debs: Path, kubernetes: Path) -> Path:
    """Return docker-registry's root folder with all images."""
    sources = {"base": base, "debs": debs, "kubernetes": kubernetes}

    def make(step: Step) -> None:
        store = Store(step.folder / "docker" / "registry" / "v2")
        for image in IMAGES:
            store.add(image, sources)

    return cache.folder("registry", [Path(__file__), base, debs, kubernetes], make)


@dataclass(frozen=True)
class Store:
    """docker-registry's "filesystem" storage: blobs by digest, and links to them by repository and tag."""

    root: Path

    def add(self, image: Image, sources: Mapping[str, Path]) -> None:
        """Write one image."""
        files = {path: find(sources, source) for path, source in image.files.items()}
        for path, source in image.folders.items():
            files |= {f"{path}/{entry.name}": entry for entry in find(sources, source).iterdir()}
        files |= shared_libraries(files.values(), sources["base"])
        plain = layer(files, image.links)
        packed = gzip.compress(plain, compresslevel=1, mtime=0)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Env": [SEARCH_PATH], "Entrypoint": image.entrypoint, "Cmd": image.command, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
            "history": [{"created": "1970-01-01T00:00:00Z"}],
        }
        described = json.dumps(config).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(described), "digest": self.blob(described)},
            "layers": [{"mediaType": LAYER, "size": len(packed), "digest": self.blob(packed)}],
        }
        revision = self.blob(json.dumps(manifest).encode())
        repository = self.root / "repositories" / image.name
        for blob in (described, packed):
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


def layer(files: Mapping[str, Path], links: Mapping[str, str]) -> bytes:
    """Return a tar archive that depends on nothing but its content."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, source in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            content = source.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for path, target in sorted(links.items()):
            entry = tarfile.TarInfo(path)
            entry.type = tarfile.SYMTYPE
            entry.linkname = target
            archive.addfile(entry)
    return memory.getvalue()
