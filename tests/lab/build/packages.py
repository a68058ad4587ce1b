"""The lab's repositories: signed RPMs with signed metadata, laid out below one web root."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from . import keys as key_store
from .cache import Cache, Step
from .rpms import TREES, Package
from .tables import docker, el7, el8, el9, kubernetes
from .tables.lines import Line


@dataclass(frozen=True)
class Repository:
    """A repository: its folder under the web root, its signing key, where that key is published, and its packages."""

    folder: str
    signer: str
    key_file: str
    packages: tuple[Package, ...]
    modules: str = ""


EL = (
    Repository("appstream", "rocky", "appstream/RPM-GPG-KEY-rockyofficial", el8.APPSTREAM, modules="modules.yaml"),
    Repository("rhel8/appstream", "redhat", "rhel8/RPM-GPG-KEY-redhat-release", el8.APPSTREAM, modules="modules.yaml"),
    Repository("rocky9/BaseOS", "rocky", "rocky9/RPM-GPG-KEY-Rocky-9", el9.BASEOS_9),
    Repository("rocky9/AppStream", "rocky", "rocky9/RPM-GPG-KEY-Rocky-9", el9.APPSTREAM_9, modules="modules-el9.yaml"),
    Repository("rocky10/BaseOS", "rocky", "rocky10/RPM-GPG-KEY-Rocky-10", el9.BASEOS_10),
    Repository("rocky10/AppStream", "rocky", "rocky10/RPM-GPG-KEY-Rocky-10", el9.APPSTREAM_10),
    Repository("vault/7.9.2009/os/x86_64", "centos", "vault/RPM-GPG-KEY-CentOS-7", el7.BASE),
    Repository("vault/7.9.2009/updates/x86_64", "centos", "vault/RPM-GPG-KEY-CentOS-7", el7.UPDATES),
    Repository("vault/7.9.2009/extras/x86_64", "centos", "vault/RPM-GPG-KEY-CentOS-7", el7.EXTRAS),
    Repository("epel/7/x86_64", "epel", "epel/RPM-GPG-KEY-EPEL-7", el7.EPEL),
    Repository("epel/8/Everything/x86_64", "epel", "epel/RPM-GPG-KEY-EPEL-8", el7.EPEL_8),
)
# Published as they are: path under the web root -> file of trees/rpm.
DOCKER_FILES = {
    "docker/linux/rhel/docker-ce.repo": "docker-ce.repo",
    "docker/linux/centos/docker-ce.repo": "docker-ce-2020.repo",
}


def repositories(
    cache: Cache, keys: Path, lines: Sequence[Line], containerds: Sequence[str], sources: Mapping[str, Path]
) -> Path:
    """Return the web root with every public key and every repository: one of Kubernetes' for each minor."""
    minors = {line.minor: [each for each in lines if each.minor == line.minor] for line in lines}
    parts = [
        _part(cache, "packages-el", EL, keys, sources),
        _part(cache, "packages-docker", _docker(lines, containerds), keys, sources, DOCKER_FILES),
        *(
            _part(cache, f"packages-kubernetes-{minor}", (_kubernetes(minor, those),), keys, sources)
            for minor, those in minors.items()
        ),
    ]
    return cache.merged("packages", parts)


def _docker(lines: Sequence[Line], containerds: Sequence[str]) -> tuple[Repository, ...]:
    def repository(system: str, packages: tuple[Package, ...]) -> Repository:
        return Repository(
            f"docker/linux/{system}/x86_64/stable", "docker", f"docker/linux/{system.split('/')[0]}/gpg", packages
        )

    return (
        repository("centos/7", docker.CENTOS_7),
        *(repository(f"rhel/{major}", docker.rhel(major, lines, containerds)) for major in (8, 9, 10)),
    )


def _kubernetes(minor: str, lines: Iterable[Line]) -> Repository:
    folder = f"kubernetes/v{minor}"
    return Repository(folder, "kubernetes", f"{folder}/repodata/repomd.xml.key", kubernetes.packages(lines))


def _part(
    cache: Cache,
    kind: str,
    all_of_it: tuple[Repository, ...],
    keys: Path,
    sources: Mapping[str, Path],
    files: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    def make(step: Step) -> None:
        try:
            for repository in all_of_it:
                _publish(step, repository, keys, sources)
        finally:
            key_store.stop_agent(step, keys / "gnupg")
        for path, name in files.items():
            shutil.copy2(TREES / name, step.folder / path)

    used = {
        source.split("/")[0] for each in all_of_it for package in each.packages for source in package.files.values()
    }
    here = Path(__file__)
    recipe: list[Path | str] = [here, here.with_name("rpms.py"), TREES, repr(all_of_it), repr(files)]
    signers = [keys / f"{signer}.asc" for signer in key_store.SIGNERS]
    return cache.folder(kind, [*recipe, *signers, *(sources[name] for name in sorted(used))], make)


def _publish(step: Step, repository: Repository, keys: Path, sources: Mapping[str, Path]) -> None:
    folder = step.folder / repository.folder
    folder.mkdir(parents=True)
    build_all(step, repository.packages, sources, folder)
    signer = key_store.signer_name(repository.signer)
    gnupg = keys / "gnupg"
    settings = {"_gpg_name": signer, "_gpg_path": gnupg, "__gpg": "/usr/bin/gpg"}
    defines = [word for name, value in settings.items() for word in ("--define", f"{name} {value}")]
    step.run("rpm", *defines, "--addsign", *sorted(folder.glob("*.rpm")))
    step.run("createrepo_c", "--quiet", folder)
    metadata = folder / "repodata"
    if repository.modules:
        step.run("modifyrepo_c", "--mdtype=modules", TREES / repository.modules, metadata)
    sign = ("gpg", "--homedir", gnupg, "--batch", "--local-user", signer, "--armor", "--detach-sign")
    step.run(*sign, metadata / "repomd.xml")
    shutil.copy2(keys / f"{repository.signer}.asc", step.folder / repository.key_file)


def build_all(step: Step, packages: tuple[Package, ...], sources: Mapping[str, Path], output: Path) -> None:
    """Build all packages, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(package.build, step, sources, output) for package in packages]:
            done.result()
