"""The lab's repositories: signed RPMs with signed metadata, laid out below one web root."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import keys as key_store
from .cache import Cache, Step
from .rpms import TREES, Package
from .tables import docker, el7, el8, el9, kubernetes


@dataclass(frozen=True)
class Repository:
    """A repository: its folder under the web root, its signing key, where that key is published, and its packages."""

    folder: str
    signer: str
    key_file: str
    packages: tuple[Package, ...]
    modules: str = ""


REPOSITORIES = (
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
    Repository("docker/linux/centos/7/x86_64/stable", "docker", "docker/linux/centos/gpg", docker.CENTOS_7),
    Repository("docker/linux/rhel/8/x86_64/stable", "docker", "docker/linux/rhel/gpg", docker.RHEL_8),
    Repository("docker/linux/rhel/9/x86_64/stable", "docker", "docker/linux/rhel/gpg", docker.RHEL_9),
    Repository("docker/linux/rhel/10/x86_64/stable", "docker", "docker/linux/rhel/gpg", docker.RHEL_10),
    Repository("kubernetes/v1.20", "kubernetes", "kubernetes/v1.20/repodata/repomd.xml.key", kubernetes.KUBERNETES),
)
# Published as they are: path under the web root -> file of trees/rpm.
FILES = {
    "docker/linux/rhel/docker-ce.repo": "docker-ce.repo",
    "docker/linux/centos/docker-ce.repo": "docker-ce-2020.repo",
}


def repositories(cache: Cache, keys: Path, debs: Path, kubernetes: Path) -> Path:
    """Return the web root with every repository and every public key."""
    sources = {"debs": debs, "kubernetes": kubernetes}

    def make(step: Step) -> None:
        try:
            for repository in REPOSITORIES:
                _publish(step, repository, keys, sources)
        finally:
            key_store.stop_agent(step, keys / "gnupg")
        for path, name in FILES.items():
            shutil.copy2(TREES / name, step.folder / path)

    here = Path(__file__)
    recipe = [here, here.with_name("rpms.py"), here.with_name("tables"), TREES, debs, kubernetes]
    signers = [keys / f"{signer}.asc" for signer in key_store.SIGNERS]
    return cache.folder("packages", [*recipe, *signers], make)


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
