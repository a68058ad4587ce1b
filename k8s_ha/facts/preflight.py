"""A host before the first change: what the survey has not asked."""

from __future__ import annotations

import base64
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pyinfra.api.exceptions import FactProcessError

from k8s_ha.desired import containerd_config
from k8s_ha.facts.answers import marked
from k8s_ha.facts.boot import PATTERN, boot_state
from k8s_ha.facts.host_repositories import host_repositories, status_and_reason
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.facts.runtime import runtime_script, runtime_state
from k8s_ha.facts.surroundings import surroundings
from k8s_ha.facts.virtual_address import virtual_address_state, virtual_address_variables
from k8s_ha.observations import dockerd_flags
from k8s_ha.observations.clock import Interval, interval
from k8s_ha.observations.node import NodeView
from k8s_ha.preflight_checks.model import Disk, DownloadSource, HostPreflight, Listener, SourceAnswer
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number

_PARTS: Final = (
    "docker-others.sh",
    "facts/virtual-address.sh",
    "yum-options.sh",
    "facts/runtime-environment.sh",
    "facts/surroundings.sh",
    "facts/modules.sh",
    "facts/boot.sh",
)
"""Files with the functions that preflight.sh calls."""

_RUNTIME_CONFIGS: Final = (dockerd_flags.CONFIG, containerd_config.CONFIG)


class PreflightFacts(ParsedFact[HostPreflight]):
    """What ``HostPreflight`` has; None where the host could not be read.

    It also notes the operator's clock before and after, which the host's is compared with.

    + address: the host's node address
    + endpoint: the endpoint's address, or a name that the host resolves
    + virtual_address, virtual_router: that moves between balancers, on one of them; empty elsewhere
    + endpoint_name: the endpoint's name that this package writes into /etc/hosts; empty where it does not
    + asked_endpoint: HOST:PORT of an endpoint that somebody else runs; empty where this package does
    + folders: whose file systems are measured
    + modules: kernel modules that must exist
    + names: of the cluster's hosts, to be looked for in /etc/hosts
    + runtime: name of the container runtime's unit, whose proxy registries are asked through
    + sources: what the host will need, asked all at once
    + repositories: whether the host's own repositories are asked too
    + balancer: whether its nginx is asked
    + units: systemd units whose part in the next boot is told
    + logins: whether ``login_lines`` stand on stdin
    + runtimes: units of the container runtimes that will be started
    + etcd_folder: which etcd is to have for itself on a control plane; empty elsewhere
    + leaves_docker: whether Docker is asked for containers that are none of a pod's
    """

    asked = 0.0
    sources: Sequence[DownloadSource] = ()

    def command(
        self,
        address: str,
        endpoint: str,
        folders: Sequence[str],
        modules: Sequence[str],
        names: Sequence[str],
        runtime: str,
        sources: Sequence[DownloadSource],
        repositories: bool = False,
        units: Sequence[str] = (),
        balancer: bool = False,
        runtimes: Sequence[str] = (),
        leaves_docker: bool = False,
        asked_endpoint: str = "",
        virtual_address: str = "",
        virtual_router: int = 0,
        endpoint_name: str = "",
        logins: bool = False,
        etcd_folder: str = "",
    ) -> str:
        self.asked = time.time()
        self.sources = sources
        return marked(
            "".join(map(read_file, _PARTS))
            + script(
                "preflight.sh",
                ENDPOINT=endpoint,
                LEAVES_DOCKER="yes" if leaves_docker else "",
                ASKED_ENDPOINT=asked_endpoint,
                ENDPOINT_NAME=endpoint_name,
                **virtual_address_variables(address, virtual_address, virtual_router),
                LOGINS="yes" if logins else "",
                FOLDERS=" ".join(folders),
                MODULES=" ".join(modules),
                NAMES=" ".join(names),
                RUNTIME=runtime,
                SOURCES="\n".join(f"{source.kind} {source.url}" for source in sources),
                REPOSITORIES="yes" if repositories else "",
                NODE=Node().command(address=address, standing=True, etcd_folder=etcd_folder),
                ETCD_FOLDER=etcd_folder,
                NGINX=Nginx().command() if balancer else "",
                PATTERN=PATTERN,
                UNITS=" ".join(units),
                RUNTIME_LOOK=runtime_script(runtimes, _RUNTIME_CONFIGS) if runtimes else "",
            )
        )

    def parse(self, output: list[str]) -> HostPreflight:
        values = fields(output)
        return HostPreflight(
            clock=_clock(self.asked, _one(values, "began"), _one(values, "ended"), time.time()),
            cpus=whole_number(_one(values, "cpus")),
            memory_mib=_mebibytes(_one(values, "memory")),
            disks=tuple(disk for line in values["disk"] if (disk := _disk(line))),
            swap=tuple(values["swap"]),
            selinux=_one(values, "selinux"),
            firewalld="firewalld" in values,
            cgroups=tuple(values["cgroup"]),
            lacking_modules=tuple(values["lacking_module"]),
            listeners=tuple(_listeners(values)),
            hosts_lines=tuple(values["hosts"]),
            endpoint_name_at=_one(values, "endpoint_name_at"),
            machine_id=_one(values, "machine_id"),
            product_uuid=_one(values, "product_uuid").lower(),
            endpoint_route=_one(values, "endpoint_route"),
            endpoint_addresses=tuple(line.strip() for line in values["endpoint_address"]),
            endpoint_answer=_one(values, "endpoint_answer"),
            routes=tuple(line.strip() for line in values["route"]),
            proxies=_proxies(values["proxy"]),
            answers=None if "no_curl" in values else _answers(values, self.sources),
            repositories=host_repositories(values),
            units=tuple(values["unit"]),
            docker_containers=None if "docker_silent" in values else tuple(values["docker_container"]),
            cni=tuple(values["cni"]),
            etcd=tuple(values["etcd"]),
            nginx=Nginx().process(values["nginx"]) if values["nginx"] else None,
            boot=boot_state(values),
            surroundings=surroundings(values),
            virtual_address=virtual_address_state(values) if values["virtual"] else None,
            view=_view(values["node"]),
            runtime=runtime_state(values["runtime"]),
        )


def _view(lines: list[str]) -> NodeView | None:
    """None where the host was not read to the end."""
    try:
        return Node().process(lines)
    except FactProcessError:
        return None


def _one(values: Mapping[str, Sequence[str]], key: str) -> str:
    return next(iter(values.get(key, ())), "").strip()


def _mebibytes(kibibytes: str) -> int | None:
    number = whole_number(kibibytes)
    return None if number is None else number // 1024


def _clock(asked: float, began: str, ended: str, answered: float) -> Interval | None:
    if not all(re.fullmatch(r"[0-9]{1,12}\.[0-9]{1,9}", reading) for reading in (began, ended)):
        return None  # a `date` without nanoseconds, or none
    return interval(asked, float(began), float(ended), answered)


def _disk(line: str) -> Disk | None:
    parts = line.split(" ", 5)
    if len(parts) < 6:
        return None
    folder, kind, _, _, ftype, mount = parts
    size, free = map(whole_number, parts[2:4])
    if size is None or free is None:
        return None
    return Disk(folder, kind, size, free, mount, {"0": False, "1": True}.get(ftype))


def _listeners(values: Mapping[str, Sequence[str]]) -> Iterable[Listener]:
    for line in values.get("listen", ()):
        columns = line.split()
        port = whole_number(columns[2].rpartition(":")[2]) if len(columns) > 2 else None
        owner = re.search(r'\(\("([^"]*)",pid=(\d+)', line)
        if port is not None:
            yield Listener(port, owner[1] if owner else None, whole_number(owner[2]) if owner else None)
    for line in values.get("listen_hex", ()):
        hexadecimal = line.rpartition(":")[2]
        if re.fullmatch(r"[0-9A-F]{4}", hexadecimal):
            yield Listener(int(hexadecimal, 16))


def _proxies(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        source, variable, value = [*line.split(" ", 2), "", ""][:3]
        # systemctl quotes what has a * or a blank as a shell would: $'*.example'
        found[source][variable.lower()] = value.removeprefix("$").strip("\"' ")
    return dict(found)


def _answers(values: Mapping[str, Sequence[str]], sources: Sequence[DownloadSource]) -> dict[str, SourceAnswer]:
    """What the sources answered; each is called by its number."""
    keys = dict(_numbered(values.get("key", ()), sources))
    return {
        url: SourceAnswer(*status_and_reason(answer), text=_key(keys.get(url, "")))
        for url, answer in _numbered(values.get("answer", ()), sources)
    }


def _numbered(lines: Iterable[str], sources: Sequence[DownloadSource]) -> Iterable[tuple[str, str]]:
    for line in lines:
        place, _, text = line.partition(" ")
        number = whole_number(place)
        if number is not None and number < len(sources):
            yield sources[number].url, text


def _key(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("ascii", "replace")
    except ValueError:
        return ""
