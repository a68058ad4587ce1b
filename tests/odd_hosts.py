"""States of real machines, each as a shell script that makes it and one that takes it back."""

from __future__ import annotations

from typing import NamedTuple

from k8s_ha.findings import Severity


class Odd(NamedTuple):
    """A state of one host, and the finding about it.

    + severity: of the finding; None where none may speak of it
    + words: that stand in what was found
    """

    state: str
    host: str
    check: str
    severity: Severity | None
    words: str
    make: str
    undo: str


_NGINX = "yum -y -q --nogpgcheck install nginx nginx-mod-stream && "
_NO_NGINX = (
    "systemctl stop nginx; yum -y -q remove nginx nginx-mod-stream; userdel nginx; rm -rf /etc/nginx /var/log/nginx "
    "/var/lib/nginx /usr/share/nginx /usr/lib64/nginx /run/nginx.pid; systemctl reset-failed"
)
_OURS = "include /etc/nginx/conf.d/tcp.d/*.conf;"
_STREAM = "stream { server { listen 15432; proxy_pass 127.0.0.1:5432; } }"
_OTHER_NGINX = "events {} http { server { listen 6443; } }"


def _balancer(
    state: str, check: str, severity: Severity | None, words: str, make: str, undo: str = "true"
) -> list[Odd]:
    """A state of the load balancer's nginx, which stands for itself: there is one nginx."""
    return [Odd(state, "master-lb", check, severity, words, _NGINX + make, f"{undo}; {_NO_NGINX}")]


BALANCERS: list[list[Odd]] = [
    _balancer("a stream block of the owner's", "nginx", None, "", f"echo '{_STREAM}' >>/etc/nginx/nginx.conf"),
    _balancer(
        "a stream block beside ours, as earlier releases left it, and nginx down",
        "nginx",
        None,
        "",
        "mkdir /etc/nginx/conf.d/tcp.d && printf '# Written by k8s_ha; changes are overwritten.\\nstream { }\\n' "
        ">/etc/nginx/conf.d/tcp.d/kube-api-server.conf && "
        f"echo '{_OURS} {_STREAM}' >>/etc/nginx/nginx.conf && ! systemctl start nginx",
    ),
    _balancer(
        "a stream block outside of /etc/nginx",
        "nginx",
        "error",
        "its stream block is in /srv/tcp.conf",
        f"echo '{_STREAM}' >/srv/tcp.conf && echo 'include /srv/tcp.conf;' >>/etc/nginx/nginx.conf",
        "rm -f /srv/tcp.conf",
    ),
    _balancer(
        "the endpoint's port in a server of the owner's",
        "ports",
        "error",
        "/etc/nginx/conf.d/web.conf:1 has nginx listen on port 6443",
        "echo 'server { listen 6443; }' >/etc/nginx/conf.d/web.conf",
    ),
    _balancer(
        "a mistake in a file of the owner's",
        "nginx",
        "error",
        'unknown directive "lisen" in /etc/nginx/conf.d/web.conf:1',
        "systemctl start nginx && echo 'server { lisen 80; }' >/etc/nginx/conf.d/web.conf",
    ),
    _balancer(
        "an nginx made by hand in the unit",
        "nginx",
        "error",
        "nginx.service starts /usr/local/nginx/sbin/nginx",
        "mkdir /etc/systemd/system/nginx.service.d && printf '[Service]\\nExecStart=\\nExecStart="
        "/usr/local/nginx/sbin/nginx\\n' >/etc/systemd/system/nginx.service.d/own.conf && systemctl daemon-reload",
        "rm -r /etc/systemd/system/nginx.service.d; systemctl daemon-reload",
    ),
    _balancer(
        "another nginx on the endpoint's port",
        "ports",
        "error",
        "listens on port 6443, and no file of nginx.service tells it to",
        f"echo '{_OTHER_NGINX}' >/root/other.conf && systemd-run -q --unit=other nginx -c /root/other.conf -g "
        "'daemon off; pid /run/other.pid;' && sleep 1",
        "systemctl stop other; rm -f /root/other.conf /run/other.pid",
    ),
]
"""The load balancer's nginx."""

SURROUNDINGS = [
    Odd(
        "a firewalld zone whose source covers the hosts",
        "master1",
        "firewall",
        "error",
        "firewalld's zone cluster refuses 10.0.12.55",
        "firewall-cmd -q --permanent --new-zone=cluster && "
        "firewall-cmd -q --permanent --zone=cluster --add-service=ssh && "
        "firewall-cmd -q --permanent --zone=cluster --add-source=10.0.0.0/16 && firewall-cmd -q --reload",
        "firewall-cmd -q --permanent --delete-zone=cluster && firewall-cmd -q --reload && "
        "rm -f /etc/firewalld/zones/cluster.xml.old",
    ),
    Odd(
        "a zone that has a host's address as its source",
        "master3",
        "firewall",
        "error",
        "firewalld's zone work has the source 10.0.12.55",
        "firewall-cmd -q --zone=work --add-source=10.0.12.55",
        "firewall-cmd -q --zone=work --remove-source=10.0.12.55",
    ),
    Odd(
        "a zone that takes the hosts from its next reload on",
        "worker2",
        "firewall",
        "error",
        "firewalld's zone drop takes 10.0.12.55",
        "firewall-cmd -q --permanent --zone=drop --add-source=10.0.12.0/24",
        "rm -f /etc/firewalld/zones/drop.xml /etc/firewalld/zones/drop.xml.old && firewall-cmd -q --reload",
    ),
    Odd(
        "an nftables ruleset that drops what it does not know",
        "master2",
        "firewall",
        "error",
        "`policy drop` in chain input of table inet own refuses 10.0.11.18",
        "nft 'add table inet own; "
        "add chain inet own input { type filter hook input priority 0; policy drop; }; "
        "insert rule inet own input tcp dport 22 accept; insert rule inet own input ct state established accept; "
        "insert rule inet own input iifname lo accept'",
        "nft delete table inet own",
    ),
    Odd(
        "iptables with the rules of iptables-services",
        "master-lb",
        "firewall",
        "error",
        "`-A INPUT -j REJECT --reject-with icmp-host-prohibited` in chain INPUT",
        "iptables -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT && iptables -A INPUT -i lo -j ACCEPT && "
        "iptables -A INPUT -p tcp --dport 22 -j ACCEPT && "
        "iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited",
        "iptables -F INPUT",
    ),
    Odd(
        "a resolver that is the host itself",
        "worker1",
        "resolver",
        "error",
        "/etc/resolv.conf has no name server but 127.0.0.1",
        "cp -a /etc/resolv.conf /run/resolv.conf.was && echo 'nameserver 127.0.0.1' >/etc/resolv.conf",
        "cp -a /run/resolv.conf.was /etc/resolv.conf && rm /run/resolv.conf.was",
    ),
    Odd(
        "another pod network through a node of the cluster",
        "worker1",
        "networks",
        "error",
        "its route 10.244.0.0/16 via 10.0.12.55",
        "ip route add 10.244.0.0/16 via 10.0.12.55",
        "ip route del 10.244.0.0/16",
    ),
    Odd(
        "a CNI file that no runtime reads",
        "worker1",
        "cni",
        None,
        "cilium_bak",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/10-flannel.conflist.cilium_bak",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a CNI file before ours",
        "worker2",
        "cni",
        "error",
        "/etc/cni/net.d holds 05-x.conf",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/05-x.conf",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a flag of an old kubelet",
        "worker2",
        "units",
        "error",
        "/etc/systemd/system/kubelet.service.d/20-old.conf gives the kubelet --allow-privileged=true",
        "mkdir -p /etc/systemd/system/kubelet.service.d && "
        "printf '[Service]\\nEnvironment=\"KUBELET_EXTRA_ARGS=--allow-privileged=true\"\\n' "
        ">/etc/systemd/system/kubelet.service.d/20-old.conf",
        "rm -r /etc/systemd/system/kubelet.service.d",
    ),
    Odd(
        "one session on a connection",
        "master2",
        "sshd",
        "error",
        "its sshd has MaxSessions 1",
        "cp -a /etc/ssh/sshd_config /run/sshd_config.was && sed -i '1i MaxSessions 1' /etc/ssh/sshd_config",
        "cp -a /run/sshd_config.was /etc/ssh/sshd_config && rm /run/sshd_config.was",
    ),
    Odd(
        "cloud-init that writes /etc/hosts",
        "master3",
        "cloud-init",
        "error",
        "manage_etc_hosts is true in /etc/cloud/cloud.cfg.d/05_names.cfg",
        "mkdir -p /etc/cloud/cloud.cfg.d && ln -s true /usr/bin/cloud-init && "
        "printf 'cloud_init_modules:\\n - update_etc_hosts\\n' >/etc/cloud/cloud.cfg && "
        "echo 'manage_etc_hosts: true' >/etc/cloud/cloud.cfg.d/05_names.cfg",
        "rm -r /etc/cloud /usr/bin/cloud-init",
    ),
]
"""Packet filters, resolver, routes, units, sshd, cloud-init and CNI files."""

BATCHES: list[list[Odd]] = [[], SURROUNDINGS, *BALANCERS]
