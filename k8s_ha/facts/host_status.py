"""What a host tells of the cluster's state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from k8s_ha.facts.answers import marked
from k8s_ha.facts.certificates import CERTIFICATES
from k8s_ha.facts.lines import ParsedFact, fields, pairs, script
from k8s_ha.facts.node import node_view
from k8s_ha.observations import dns
from k8s_ha.observations.backup import backup_state
from k8s_ha.observations.certificates import printed_end
from k8s_ha.observations.host_status import OK, HostStatus, answer, etcd_status
from k8s_ha.resources import read_file


class HostStatusFact(ParsedFact[HostStatus]):
    """Answers of API servers, name servers, etcd and agents as this host gets them, and its certificates' expiry.

    + apis: HOST:PORT of what should answer as an API server; one that stands there twice is asked twice
    + servers: HOST:PORT whose serving certificate is asked for, likewise
    + name_servers: addresses, likewise
    + question: the name that these are asked for
    + kubelet_port, proxy_port: of their health on this host; 0 does not ask
    + etcd: whether to ask the host's etcd
    + balancer: nginx's files with the backends, separated by blanks; empty on a host that is no load balancer
    + virtual: an address that keepalived may have here; empty where it does not
    + address: the host's own beside it
    """

    def command(
        self,
        apis: Sequence[str],
        name_servers: Sequence[str],
        question: str,
        kubelet_port: int,
        proxy_port: int,
        etcd: bool,
        balancer: str,
        servers: Sequence[str] = (),
        virtual: str = "",
        address: str = "",
    ) -> str:
        commands = script(
            "require-root.sh",
            APIS=" ".join(apis),
            SERVERS=" ".join(servers),
            NAME_SERVERS=" ".join(name_servers),
            QUERY=dns.for_printf(dns.question(question)),
            KUBELET=str(kubelet_port or ""),
            PROXY=str(proxy_port or ""),
            ETCD="yes" if etcd else "",
            BALANCER=balancer,
            VIRTUAL=virtual,
            BALANCER_ADDRESS=address,
        )
        commands += read_file("facts/artifacts.sh") + read_file("kubeconfig-clusters.sh")
        files = (
            *(("facts/virtual-address.sh",) if virtual else ()),
            *CERTIFICATES,
            *(("facts/backup.sh",) if etcd else ()),
            "facts/host-status.sh",
        )
        return marked(commands + "".join(map(read_file, files)))

    def parse(self, output: list[str]) -> HostStatus:
        values = fields(output)
        etcd = [" ".join(values[f"etcd_{key}"]) for key in ("health", "members", "status")]
        return HostStatus(
            view=node_view(values),
            kubelet=answer(values["kubelet"][0]) if values["kubelet"] else None,
            proxy=_proxy(values["proxy"][0]) if values["proxy"] else None,
            apis={address: tuple(map(answer, said)) for address, said in _by_address(values["api"]).items()},
            servers={
                address: tuple(end for each in said if (end := printed_end(each)))
                for address, said in _by_address(values["server"]).items()
            },
            dns={address: tuple(map(dns.parse_answer, said)) for address, said in _by_address(values["dns"]).items()},
            etcd=etcd_status(*etcd, *values["etcd_quota"][:1]) if any(etcd) else None,
            backup=backup_state(values),
            nginx="nginx" in values,
            keepalived="keepalived" in values,
            has_virtual_address="virtual" in values,
            own_interface=next(iter(values["virtual_own"]), "").strip().lower(),
            virtual_answers=tuple(line.strip().lower() for line in values["virtual_holder"]),
            backends=dict(pairs(values["backend"])),
            backend_answers={address: _backend(said) for address, said in pairs(values["backend_api"])},
        )


def _proxy(said: str) -> str:
    """kube-proxy's health is a JSON object with two times, and its status is what counts."""
    return OK if said.startswith("{") else answer(said)


def _backend(said: str) -> str:
    """A balancer asks without an identity: an API server that refuses it for that is one, and answers."""
    answered = answer(said)
    return OK if answered in ("HTTP 401", "HTTP 403") else answered


def _by_address(lines: Iterable[str]) -> Mapping[str, list[str]]:
    said: dict[str, list[str]] = defaultdict(list)
    for address, text in pairs(lines):
        said[address].append(text)
    return said
