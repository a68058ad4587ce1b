"""What the lab's repositories hold, as tables; and the repositories: signed RPMs with signed metadata."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import keys as key_store
from .cache import Cache, Step
from .rpms import TREES, Package

LIBRARIES = "usr/lib/x86_64-linux-gnu"
MODULAR = "1.module+el8.10.0+1+lab"

# Rocky's BaseOS and AppStream in one: what a minimal install does not have.
APPSTREAM = (
    Package(
        "conntrack-tools",
        "1.4.4",
        "11.el8",
        provides=("conntrack = 1.4.4",),
        files={"usr/sbin/conntrack": "debs/conntrack/usr/sbin/conntrack"},
    ),
    Package("socat", "1.7.4.1", "2.el8", files={"usr/bin/socat": "debs/socat/usr/bin/socat"}),
    Package("ethtool", "5.13", "2.el8", epoch=2, files={"usr/sbin/ethtool": "debs/ethtool/sbin/ethtool"}),
    Package(
        "iptables-ebtables",
        "1.8.5",
        "11.el8",
        provides=("ebtables = 2.0.10",),
        obsoletes=("ebtables < 2.0.10",),
        links={f"usr/sbin/ebtables{part}": "xtables-nft-multi" for part in ("", "-save", "-restore")},
    ),
    Package(
        "iproute-tc",
        "6.2.0",
        "6.el8_10",
        provides=("/sbin/tc",),
        files={"usr/sbin/tc": "debs/iproute2/sbin/tc", f"{LIBRARIES}/tc": f"debs/iproute2/{LIBRARIES}/tc"},
    ),
    Package(
        "ipset",
        "7.1",
        "1.el8",
        files={
            "usr/sbin/ipset": "debs/ipset/usr/sbin/ipset",
            f"{LIBRARIES}/libipset.so.13": f"debs/libipset13/{LIBRARIES}/libipset.so.13",
        },
    ),
    Package(
        "ipvsadm",
        "1.31",
        "1.el8",
        files={
            "usr/sbin/ipvsadm": "debs/ipvsadm/sbin/ipvsadm",
            f"{LIBRARIES}/libnl-3.so.200": "debs/libnl-3-200/lib/x86_64-linux-gnu/libnl-3.so.200",
            f"{LIBRARIES}/libnl-genl-3.so.200": "debs/libnl-genl-3-200/lib/x86_64-linux-gnu/libnl-genl-3.so.200",
        },
    ),
    Package("yum-utils", "4.0.21", "25.el8", arch="noarch", tree="yum-utils"),
    Package(
        "python3-dnf-plugin-versionlock",
        "4.0.21",
        "25.el8",
        arch="noarch",
        provides=("yum-plugin-versionlock = 4.0.21", "dnf-command(versionlock)"),
        files={
            path: f"debs/dnf-plugins-core/{path}"
            for path in (
                "usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
                "etc/dnf/plugins/versionlock.conf",
                "etc/dnf/plugins/versionlock.list",
            )
        },
    ),
    Package(
        "nginx",
        "1.22.1",
        MODULAR,
        epoch=1,
        module="nginx:1.22",
        requires=("systemd",),
        tree="nginx",
        files={
            "usr/sbin/nginx": "debs/nginx/usr/sbin/nginx",
            "usr/share/nginx/html": "debs/nginx-common/usr/share/nginx/html",
            "etc/logrotate.d/nginx": "debs/nginx-common/etc/logrotate.d/nginx",
            "etc/nginx/mime.types": "debs/nginx-common/etc/nginx/mime.types",
            "etc/nginx/fastcgi_params": "debs/nginx-common/etc/nginx/fastcgi_params",
        },
        directories=(
            "etc/nginx/conf.d",
            "etc/nginx/default.d",
            "usr/lib64/nginx/modules",
            "usr/share/nginx/modules",
            "var/lib/nginx",
            "var/log/nginx",
        ),
        unit="nginx.service",
        pre="getent passwd nginx >/dev/null || useradd -r -d /var/lib/nginx -s /sbin/nologin nginx",
    ),
    Package(
        "nginx-mod-stream",
        "1.22.1",
        MODULAR,
        epoch=1,
        module="nginx:1.22",
        requires=(f"nginx = 1:1.22.1-{MODULAR}",),
        tree="nginx-mod-stream",
        files={
            "usr/lib64/nginx/modules/ngx_stream_module.so": (
                "debs/libnginx-mod-stream/usr/lib/nginx/modules/ngx_stream_module.so"
            )
        },
    ),
    Package("container-selinux", "2.167.0", MODULAR, epoch=2, arch="noarch", module="container-tools:rhel8"),
    Package(
        "runc",
        "1.1.12",
        MODULAR,
        epoch=1,
        module="container-tools:rhel8",
        files={"usr/bin/runc": "debs/runc/usr/sbin/runc"},
    ),
    Package("podman", "4.9.4", MODULAR, module="container-tools:rhel8", requires=("runc",)),
)

# containerd.io of linux/rhel/8 does not provide runc, so that modular filtering leaves it visible.
DOCKER = (
    Package(
        "containerd.io",
        "1.6.20",
        "3.1.el8",
        requires=("container-selinux >= 2:2.74", "libseccomp"),
        provides=("containerd",),
        obsoletes=("containerd", "runc"),
        conflicts=("containerd", "runc"),
        tree="containerd.io",
        files={
            "usr/bin": "debs/containerd/usr/bin",
            "usr/lib/systemd/system/containerd.service": "debs/containerd/lib/systemd/system/containerd.service",
            "usr/bin/runc.real": "debs/runc/usr/sbin/runc",
        },
        unit="containerd.service",
    ),
)

KUBELET_NEEDS = (
    "kubernetes-cni >= 0.8.6",
    "conntrack",
    "ebtables",
    "ethtool",
    "iproute",
    "iptables >= 1.4.21",
    "socat",
    "util-linux",
)
KUBEADM_NEEDS = ("cri-tools >= 1.13.0", "kubectl >= 1.13.0", "kubelet >= 1.13.0", "kubernetes-cni >= 0.8.6")
KUBELET_FOLDERS = ("etc/kubernetes/manifests", "var/lib/kubelet")


def _stub(version: str, *prefix: str) -> str:
    """Return a program that only knows its version: enough for what must never be installed."""
    return f'#!/bin/sh\necho "{" ".join([*prefix, f"v{version}"])}"\n'


KUBERNETES = (
    Package(
        "kubelet",
        "1.20.2",
        "0",
        requires=KUBELET_NEEDS,
        tree="kubelet",
        files={"usr/bin/kubelet": "kubernetes/kubelet"},
        directories=KUBELET_FOLDERS,
        unit="kubelet.service",
    ),
    Package(
        "kubeadm",
        "1.20.2",
        "0",
        requires=KUBEADM_NEEDS,
        tree="kubeadm",
        files={"usr/bin/kubeadm": "kubernetes/kubeadm"},
        unit="kubelet.service",
    ),
    Package("kubectl", "1.20.2", "0", files={"usr/bin/kubectl": "kubernetes/kubectl"}),
    Package(
        "kubelet",
        "1.20.5",
        "0",
        requires=KUBELET_NEEDS,
        tree="kubelet",
        scripts={"usr/bin/kubelet": _stub("1.20.5", "Kubernetes")},
        directories=KUBELET_FOLDERS,
        unit="kubelet.service",
    ),
    Package(
        "kubeadm",
        "1.20.5",
        "0",
        requires=KUBEADM_NEEDS,
        tree="kubeadm",
        scripts={"usr/bin/kubeadm": _stub("1.20.5")},
        unit="kubelet.service",
    ),
    Package("kubectl", "1.20.5", "0", scripts={"usr/bin/kubectl": _stub("1.20.5")}),
    Package("cri-tools", "1.13.0", "0", files={"usr/bin/crictl": "kubernetes/labcrictl"}),
    Package(
        "kubernetes-cni",
        "0.8.7",
        "0",
        files={"opt/cni/bin": "debs/containernetworking-plugins/usr/lib/cni"},
    ),
)


@dataclass(frozen=True)
class Repository:
    """A repository: its folder under the web root, its signing key, where that key is published, and its packages."""

    folder: str
    signer: str
    key_file: str
    packages: tuple[Package, ...]
    modules: str = ""


REPOSITORIES = (
    Repository("appstream", "rocky", "appstream/RPM-GPG-KEY-rockyofficial", APPSTREAM, modules="modules.yaml"),
    Repository("docker/linux/rhel/8/x86_64/stable", "docker", "docker/linux/rhel/gpg", DOCKER),
    Repository("kubernetes/v1.20", "kubernetes", "kubernetes/v1.20/repodata/repomd.xml.key", KUBERNETES),
)
# Published as they are: path under the web root -> file of trees/rpm.
FILES = {"docker/linux/rhel/docker-ce.repo": "docker-ce.repo"}


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
    recipe = [here, here.with_name("rpms.py"), TREES, debs, kubernetes]
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
