"""Build everything a lab is made of, from Debian's packages, into a cache outside the repository."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import hosts, images, keys, machine, packages
from .cache import BuildError, Cache, Step, open_cache

__all__ = ["Artifacts", "BuildError", "build"]

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Artifacts:
    """Where everything is; all of it is read-only.

    + base: Debian root file system, the lowest overlay layer
    + flavours: name -> overlay layer that dresses the base as that Enterprise Linux
    + container_layer: the top read-only layer, with /usr/local/sbin/lab-init as process 1
    + packages: web root with one folder per RPM repository, and the public keys
    + registry: root folder of docker-registry's filesystem storage, with all images
    + tools: bin/ with docker-registry, dnsmasq and kubectl
    + authority: ca.crt, server.crt, server.key
    + ssh_key: private key of the hosts' root; the public half is ssh_key with .pub
    """

    base: Path
    flavours: dict[str, Path]
    container_layer: Path
    packages: Path
    registry: Path
    tools: Path
    authority: Path
    ssh_key: Path


def build(flavours: Iterable[str], progress: Callable[[str], None] = print) -> Artifacts:
    """Build what is not in the cache yet and return where everything is.

    + flavours: keys of hosts.FLAVOURS
    + progress: receives one line at each step's start and end

    Raise BuildError, one sentence, when a flavour is unknown, the machine cannot build, or a step fails.
    """
    wanted = list(flavours)
    for name in wanted:
        if name not in hosts.FLAVOURS:
            raise BuildError(f"flavour {name}: the lab knows {', '.join(hosts.FLAVOURS)}; choose one of these")
    machine.require_debian()
    cache = open_cache(progress)
    with cache.locked():
        machine.install_programs(cache)
        return _build(cache, wanted)


def _build(cache: Cache, flavours: list[str]) -> Artifacts:
    secrets = keys.secrets(cache)
    debs = machine.unpacked_packages(cache)
    with ThreadPoolExecutor(2) as pool:
        compiling = pool.submit(_kubernetes, cache)
        base = hosts.base_layer(cache)
        layers = {name: hosts.flavour_layer(cache, name, base, secrets) for name in flavours}
        container = hosts.container_layer(cache)
        kubernetes = compiling.result()
        packing = pool.submit(packages.repositories, cache, secrets, debs, kubernetes)
        registry = images.registry(cache, base, debs, kubernetes)
        web_root = packing.result()
    return Artifacts(
        base=base,
        flavours=layers,
        container_layer=container,
        packages=web_root,
        registry=registry,
        tools=_tools(cache, debs, kubernetes),
        authority=keys.authority(cache, secrets),
        ssh_key=secrets / "id_lab",
    )


def _kubernetes(cache: Cache) -> Path:
    """Return the folder of Kubernetes' binaries and the stand-ins."""
    script = HERE / "kubernetes.sh"
    work = cache.work / "kubernetes"

    def make(step: Step) -> None:
        work.mkdir(parents=True, exist_ok=True)
        step.run(script, work, step.folder)

    return cache.folder("kubernetes", [script, HERE / "stand-ins"], make)


def _tools(cache: Cache, debs: Path, kubernetes: Path) -> Path:
    programs = {
        "docker-registry": debs / "docker-registry/usr/bin/docker-registry",
        "dnsmasq": debs / "dnsmasq-base/usr/sbin/dnsmasq",
        "kubectl": kubernetes / "kubectl",
    }

    def make(step: Step) -> None:
        (step.folder / "bin").mkdir()
        for name, program in programs.items():
            shutil.copy2(program, step.folder / "bin" / name)

    return cache.folder("tools", [debs, kubernetes, *programs], make)
