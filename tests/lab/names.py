"""The names of the outside world that the lab answers for: package mirrors and image registries."""

import re

# A mirror's name -> (what it is asked for, which file below the web root that is), first match wins.
MIRRORS: dict[str, tuple[tuple[str, str], ...]] = {
    "dl.rockylinux.org": (
        (r"/lab/(.*)", r"\1"),
        (r"/pub/rocky/(9|10)/(BaseOS|AppStream)/x86_64/os/(.*)", r"rocky\1/\2/\3"),
    ),
    "cdn.redhat.com": ((r"/content/dist/rhel8/8\.4/x86_64/(?:baseos|appstream)/os/(.*)", r"rhel8/appstream/\1"),),
    "vault.centos.org": ((r"/(.*)", r"vault/\1"),),
    "archives.fedoraproject.org": ((r"/pub/archive/(epel/7/.*)", r"\1"),),
    "dl.fedoraproject.org": ((r"/pub/(epel/.*)", r"\1"),),
    "download.docker.com": ((r"/(linux/.*)", r"docker/\1"),),
    "pkgs.k8s.io": ((r"/core:/stable:/(v[0-9.]+)/rpm/(.*)", r"kubernetes/\1/\2"),),
    "pkgs.lab": ((r"/(kubernetes/.*)", r"\1"),),
    "mirrors.aliyun.com": (
        (r"/docker-ce/(linux/.*)", r"docker/\1"),
        (r"/kubernetes/yum/repos/kubernetes-el7-x86_64/(.*)", r"kubernetes/v1.20/\1"),
        (r"/kubernetes/yum/doc/(?:yum-key|rpm-package-key)\.gpg", r"kubernetes/v1.20/repodata/repomd.xml.key"),
        (r"/kubernetes-new/core/stable/(v[0-9.]+)/rpm/(.*)", r"kubernetes/\1/\2"),
        (r"/epel-archive/(7/.*)", r"epel/\1"),
        (r"/(epel/.*)", r"\1"),
        (r"/centos-vault/(.*)", r"vault/\1"),
    ),
}

OTHERS = {"api.lab.example": "10.0.1.157", "other.lab.example": "10.0.1.158"}
"""What a person's own DNS has: the name of a balancer that the lab's inventory does not have."""

REGISTRIES = (
    "registry.k8s.io",
    "k8s.gcr.io",
    "ghcr.io",
    "ghcr.m.daocloud.io",
    "quay.io",
    "docker.io",
    "docker.m.daocloud.io",
    "registry-1.docker.io",
    "registry.aliyuncs.com",
    "registry.cn-hangzhou.aliyuncs.com",
    "gvfjy25r.mirror.aliyuncs.com",  # the source document's own accelerator
)


def file_of(host: str, path: str) -> str | None:
    """The path below the web root that a mirror serves for a URL's path; None when it has no such thing.

    >>> file_of("pkgs.k8s.io", "/core:/stable:/v1.20/rpm/repodata/repomd.xml")
    'kubernetes/v1.20/repodata/repomd.xml'
    """
    if ".." in path.split("/"):
        return None
    for pattern, file in MIRRORS.get(host, ()):
        if found := re.fullmatch(pattern, path):
            return found.expand(file)
    return None
