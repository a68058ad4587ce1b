"""Build everything a lab is made of, from Debian's packages, into a cache outside the repository."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import conformance, golang, hosts, images, keys, machine, packages, programs
from .cache import BuildError, Cache, Step, open_cache
from .tables import containerd, lines
from .tables.conformance import IMAGES, PART
from .tables.lines import Line

__all__ = ["Artifacts", "BuildError", "Contents", "build"]


@dataclass(frozen=True)
class Contents:
    """What the mirrors and the registry have.

    + lines: Kubernetes versions, such as 1.34 or 1.34.4
    + containerd: key of CONTAINERDS that is served alone; None: what the lines are served with
    + conformance: whether there are the images of Kubernetes' conformance tests, too
    + etcd: one of OLDER_ETCDS in the place of its minor's newest patch; image tags stay kubeadm's
    """

    lines: tuple[str, ...] = (lines.DEFAULT,)
    containerd: str | None = None
    conformance: bool = False
    etcd: str | None = None

    def __str__(self) -> str:
        containerd = f", containerd {self.containerd} alone" if self.containerd else ""
        etcd = f", etcd {self.etcd}" if self.etcd else ""
        return f"Kubernetes {', '.join(self.lines)}{containerd}{etcd}{', conformance images' * self.conformance}"


@dataclass(frozen=True)
class Artifacts:
    """Where everything is; all of it is read-only.

    + base: Debian root file system, the lowest overlay layer
    + flavours: name -> overlay layer that dresses the base as that Enterprise Linux
    + container_layer: the top read-only layer, with /usr/local/sbin/lab-init as process 1
    + packages: web root with one folder per RPM repository, and the public keys
    + registry: root folder of docker-registry's filesystem storage, with all images
    + tools: bin/ with docker-registry, dnsmasq and the newest line's kubectl
    + ca_certificate: ca.crt, server.crt, server.key
    + ssh_key: private key of the hosts' root; the public half is ssh_key with .pub
    """

    base: Path
    flavours: dict[str, Path]
    container_layer: Path
    packages: Path
    registry: Path
    tools: Path
    ca_certificate: Path
    ssh_key: Path


def build(
    flavours: Iterable[str],
    contents: Contents = Contents(),
    progress: Callable[[str], None] = print,
) -> Artifacts:
    """Build what is not in the cache yet and return where everything is.

    + flavours: keys of hosts.FLAVOURS
    + progress: receives one line at each step's start and end

    Raise BuildError, one sentence, when one of these is unknown, the machine cannot build, or a step fails.
    """
    wanted = list(flavours)
    for name in wanted:
        if name not in hosts.FLAVOURS:
            raise BuildError(f"flavour {name}: the lab knows {', '.join(hosts.FLAVOURS)}; choose one of these")
    chosen = lines.chosen(contents.lines)
    served = programs.containerd_versions(chosen, contents.containerd and containerd.check(contents.containerd))
    machine.require_debian()
    golang.compiler()
    cache = open_cache(progress)
    machine.install_programs(cache)
    return _build(cache, wanted, chosen, served, contents)


def _build(
    cache: Cache, flavours: list[str], chosen: tuple[Line, ...], containerds: tuple[str, ...], contents: Contents
) -> Artifacts:
    secrets = keys.secrets(cache)
    debs = machine.unpacked_packages(cache)
    with ThreadPoolExecutor(2) as pool:
        compiling = pool.submit(programs.sources, cache, chosen, containerds, contents.etcd)
        base = hosts.base_layer(cache)
        layers = {name: hosts.flavour_layer(cache, name, base, secrets) for name in flavours}
        container = hosts.container_layer(cache)
        sources = {"base": base, "debs": debs, **compiling.result()}
        packing = pool.submit(packages.repositories, cache, secrets, chosen, containerds, sources)
        more = {}
        if contents.conformance:
            sources |= conformance.sources(cache)
            more = {PART: IMAGES}
        registry = images.registry(cache, chosen, sources, more, contents.etcd)
        web_root = packing.result()
    return Artifacts(
        base=base,
        flavours=layers,
        container_layer=container,
        packages=web_root,
        registry=registry,
        tools=_tools(cache, debs, sources[chosen[-1].source]),
        ca_certificate=keys.ca_certificate(cache, secrets),
        ssh_key=secrets / "id_lab",
    )


def _tools(cache: Cache, debs: Path, kubernetes: Path) -> Path:
    files = {
        "docker-registry": debs / "docker-registry/usr/bin/docker-registry",
        "dnsmasq": debs / "dnsmasq-base/usr/sbin/dnsmasq",
        "kubectl": kubernetes / "kubectl",
    }

    def make(step: Step) -> None:
        (step.folder / "bin").mkdir()
        for name, program in files.items():
            shutil.copy2(program, step.folder / "bin" / name)

    return cache.folder("tools", [debs, kubernetes, *files], make)
