"""Container images: those that kubeadm asks for, by line, and those that every lab has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .lines import Line

LIBRARIES = "usr/lib/x86_64-linux-gnu"
_TOOLS = {
    "usr/sbin/xtables-nft-multi": "base/usr/sbin/xtables-nft-multi",
    "usr/sbin/nft": "base/usr/sbin/nft",
}
_EXTENSIONS = {f"{LIBRARIES}/xtables": f"base/{LIBRARIES}/xtables"}
_IPTABLES = {
    f"usr/sbin/{family}{part}": "xtables-nft-multi"
    for family in ("iptables", "ip6tables")
    for part in ("", "-save", "-restore")
}
_BUSYBOX = {"bin/busybox": "debs/busybox/bin/busybox"}
_APPLETS = "cat cp date echo env grep hostname httpd ip ls mkdir mv nc nslookup ping ps rm sed sh sleep true wget"


@dataclass(frozen=True)
class Image:
    """One image of one layer; programs and plugins bring the shared libraries they need.

    + name: the repository, with the registry's host left out
    + files: path in the image -> source, such as "debs/…", "kubernetes-1.37.2/…" or "base/…"
    + folders: path in the image -> source folder, whose files all go in
    + links: path in the image -> target of a symbolic link
    + base: source of a tar archive that is its first layer; nothing more is added to what its programs load
    + setuid: paths of files that run as their owner
    + user: whom its program runs as, unless a pod says otherwise
    """

    name: str
    tag: str
    files: Mapping[str, str]
    folders: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    base: str = ""
    setuid: tuple[str, ...] = ()
    user: str = ""


ADDONS = (
    Image(
        "flannel-io/flannel",
        "v0.28.9",
        {"opt/bin/flanneld": "flannel/flannel", **_TOOLS, **_BUSYBOX},
        folders=_EXTENSIONS,
        links={**_IPTABLES, "bin/cp": "busybox", "bin/sh": "busybox"},
        entrypoint=("/opt/bin/flanneld",),
    ),
    Image(
        "flannel-io/flannel-cni-plugin",
        "v1.9.1-flannel3",
        {"flannel": "stand-ins/labcniflannel", **_BUSYBOX},
        links={"bin/cp": "busybox", "bin/sh": "busybox"},
    ),
    Image(
        "library/busybox",
        "1.36",
        _BUSYBOX,
        links={f"bin/{applet}": "busybox" for applet in _APPLETS.split()},
        command=("sh",),
    ),
)

OLDER_ETCDS = ("3.5.16", "3.6.8")
"""What a lab may have in the place of its newest patch: both are below a floor of the next minor."""

# By the minor of the tag that kubeadm asks for, since it derives etcd's flags from it: program -> source.
ETCD = {
    "3.4": {"etcd": "debs/etcd-server/usr/bin/etcd", "etcdctl": "debs/etcd-client/usr/bin/etcdctl"},
    "3.5": {
        "etcd": "etcd-3.5/etcd-server/usr/bin/etcd",
        "etcdctl": "etcd-3.5/etcd-client/usr/bin/etcdctl",
        "etcdutl": "etcd-3.5/etcd-server/usr/bin/etcdutl",
    },
    **{
        name: {"etcd": f"etcd-{name}/server", **{tool: f"etcd-{name}/{tool}" for tool in ("etcdctl", "etcdutl")}}
        for name in ("3.6", "3.7", *OLDER_ETCDS)
    },
}


def asked_for(listing: str) -> dict[str, str]:
    """Tag by repository, out of what `kubeadm config images list` prints.

    >>> asked_for("registry.k8s.io/coredns/coredns:v1.12.1\\nregistry.k8s.io/pause:3.10.1\\n")
    {'coredns/coredns': 'v1.12.1', 'pause': '3.10.1'}
    """
    return dict(re.findall(r"^[^/\s]+/(\S+):(\S+)$", listing, re.MULTILINE))


def etcd_minor(tags: Mapping[str, str]) -> str:
    """The minor of etcd among them, such as "3.6"."""
    return ".".join(tags["etcd"].split(".")[:2])


def etcd_of(tags: Mapping[str, str], older: str | None) -> str:
    """The key of ETCD that the image has: the older one, whatever its tag says, where it is of the tag's minor.

    >>> etcd_of({"etcd": "3.5.24-0"}, "3.5.16"), etcd_of({"etcd": "3.6.6-0"}, "3.5.16")
    ('3.5.16', '3.6')
    """
    minor = etcd_minor(tags)
    return older if older and older.startswith(f"{minor}.") else minor


def of_line(line: Line, tags: Mapping[str, str], etcd: str | None = None) -> tuple[Image, ...]:
    """What the line's kubeadm asks for, by name; and the same in one folder, as registry.aliyuncs.com has it.

    + etcd: one of OLDER_ETCDS to have instead of its newest patch
    """
    images = tuple(_image(line, name, tag, etcd_of(tags, etcd)) for name, tag in tags.items())
    return images + tuple(replace(each, name=f"google_containers/{each.name.split('/')[-1]}") for each in images)


def _image(line: Line, name: str, tag: str, etcd: str) -> Image:
    match name:
        case "pause":
            return Image(name, tag, {"pause": "stand-ins/labpause"}, entrypoint=("/pause",))
        case "etcd":
            return Image(name, tag, {f"usr/local/bin/{each}": source for each, source in ETCD[etcd].items()})
        case "coredns" | "coredns/coredns":
            return Image(name, tag, {"coredns": line.dns}, entrypoint=("/coredns",))
        case "kube-proxy":
            conntrack = {"usr/sbin/conntrack": "debs/conntrack/usr/sbin/conntrack"}
            own = {"usr/local/bin/kube-proxy": f"{line.source}/kube-proxy"}
            # Without it `nft --json` writes 6 for tcp, and kube-proxy takes its own elements for another one's.
            protocols = {"etc/protocols": "base/etc/protocols"}
            return Image(name, tag, {**own, **protocols, **conntrack, **_TOOLS}, folders=_EXTENSIONS, links=_IPTABLES)
        case _:
            return Image(name, tag, {f"usr/local/bin/{name}": f"{line.source}/{name}"})
