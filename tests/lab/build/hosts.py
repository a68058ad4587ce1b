"""The layers of a host's root file system: the base, one flavour over it, and on top what only containers need."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache, Step
from .installed import CENTOS_7, RHEL_8, ROCKY_8, ROCKY_9, ROCKY_10
from .packages import build_all
from .rpms import Package

HERE = Path(__file__).parent
TREES = HERE / "trees"


@dataclass(frozen=True)
class Flavour:
    """One Enterprise Linux: the script and trees that dress the base, its rpm database, and the keys it trusts.

    + dress: script that takes the root and the trees, which are copied one over the other
    + release_key: path of the vendor's package key
    + signer: whose public key goes there
    + authorities: more files than a host's usual ones that name the authorities it trusts
    """

    dress: str
    trees: tuple[str, ...]
    installed: tuple[Package, ...]
    release_key: str
    signer: str
    authorities: tuple[str, ...] = ()


FLAVOURS = {
    "centos-7": Flavour(
        dress="dress-el7.sh",
        trees=("el", "el-7", "centos-7"),
        installed=CENTOS_7,
        release_key="etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7",
        signer="centos",
    ),
    "rhel-8": Flavour(
        dress="dress-el8.sh",
        trees=("el", "el-8", "rhel-8"),
        installed=RHEL_8,
        release_key="etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release",
        signer="redhat",
        authorities=("etc/rhsm/ca/redhat-uep.pem",),
    ),
    "rocky-8": Flavour(
        dress="dress-el8.sh",
        trees=("el", "el-8", "rocky-8"),
        installed=ROCKY_8,
        release_key="etc/pki/rpm-gpg/RPM-GPG-KEY-rockyofficial",
        signer="rocky",
    ),
    "rocky-9": Flavour(
        dress="dress-el9.sh",
        trees=("el", "el-9", "rocky-9"),
        installed=ROCKY_9,
        release_key="etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-9",
        signer="rocky",
    ),
    "rocky-10": Flavour(
        dress="dress-el10.sh",
        trees=("el", "el-10", "rocky-10"),
        installed=ROCKY_10,
        release_key="etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-10",
        signer="rocky",
    ),
}
AUTHORITIES = ("etc/pki/tls/certs/ca-bundle.crt", "etc/pki/ca-trust/source/anchors/lab.crt")


def base_layer(cache: Cache) -> Path:
    """Return the read-only Debian root file system."""
    script = HERE / "base.sh"
    return cache.folder("base", [script], lambda step: step.run(script, step.folder))


def container_layer(cache: Cache) -> Path:
    """Return the top read-only layer, which belongs to the running kernel."""
    script, tree = HERE / "container.sh", TREES / "container"
    inputs: list[Path | str] = [script, tree, os.uname().release]
    return cache.folder("container", inputs, lambda step: step.run(script, step.folder, tree))


def flavour_layer(cache: Cache, name: str, base: Path, keys: Path) -> Path:
    """Return the overlay layer that dresses the base as the flavour `name`."""
    flavour = FLAVOURS[name]
    trees = [TREES / tree for tree in flavour.trees]
    script = HERE / "overlay.sh"
    trusted = {
        **dict.fromkeys((*AUTHORITIES, *flavour.authorities), keys / "ca.crt"),
        flavour.release_key: keys / f"{flavour.signer}.asc",
        "root/.ssh/authorized_keys": keys / "id_lab.pub",
    }

    def make(step: Step) -> None:
        scratch = step.folder.with_name(f"{step.folder.name}-scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        database, extra = scratch / "rpms", scratch / "extra"
        database.mkdir(parents=True)
        build_all(Step(step.kind, scratch, step.log), flavour.installed, {}, database)
        for path, source in trusted.items():
            target = extra / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (extra / "root/.ssh").chmod(0o700)
        (extra / "root").chmod(0o700)
        step.run(script, base, step.folder, scratch, database, HERE / flavour.dress, *trees, extra)
        shutil.rmtree(scratch)

    recipe = [script, *sorted(HERE.glob("dress*.sh")), *trees, HERE / "installed.py", HERE / "rpms.py"]
    return cache.folder(f"flavour-{name}", [*recipe, repr(flavour), base, *trusted.values()], make)
