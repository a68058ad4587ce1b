"""The script by which hosts are asked, run for real."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.observations.dns import question
from k8s_ha.observations.etcd import Storage
from k8s_ha.observations.host_status import PROXY_CONFIG, SHARED_PROXY_CONFIG, EtcdStatus
from tests.support.cluster_health import NOTHING
from tests.support.node_views import recorded
from tests.support.shell_bench import Shell

APIS = ["10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def status(shell: Shell, **asks: Any) -> Any:
    return HostStatusFact().process(shell.lines(HostStatusFact().command(**{**NOTHING, **asks})))


CURL = """case "$*" in
    *10.0.11.18:6443/readyz*) printf ok ;;
    *10.0.12.55:6443/readyz*) echo 'curl: (7) Failed' >&2; exit 7 ;;
    *10.0.13.22:6443/readyz*) echo 'curl: (22) The requested URL returned error: 401' >&2; exit 22 ;;
    *127.0.0.1:10248/healthz*) printf ok ;;
    *127.0.0.1:10256/healthz*) printf '{"lastUpdated": "x"}' ;;
    *healthcheck-client.key*:2379/health*) printf '{"health":"true"}' ;;
    *:2379/v3/cluster/member/list*) printf '{"members":[]}' ;;
    *:2379/v3/maintenance/status*) printf '{"leader":"7","dbSize":"9","dbSizeInUse":"8"}' ;;
    *) echo "unknown $*" >&2; exit 1 ;;
esac"""


def test_the_script_asks_api_servers_agents_and_etcd(shell: Shell) -> None:
    shell.add_tool("curl", CURL)
    shell.file("/etc/kubernetes/manifests/etcd.yaml", "    - --quota-backend-bytes=4294967296\n")
    shell.add_tool("kubectl", 'case "$*" in *"--server https://10.0.13.22:6443"*"/readyz") printf ok ;; esac')
    reported = status(shell, apis=[*APIS[:3], APIS[0]], kubelet_port=10248, proxy_port=10256, etcd=True)
    assert reported.apis == {
        "10.0.11.18:6443": ("ok", "ok"),
        "10.0.12.55:6443": ("no connection",),
        # Anonymous requests are refused there, the kubelet's own are not.
        "10.0.13.22:6443": ("ok",),
    }
    assert (reported.kubelet, reported.proxy, reported.etcd) == (
        "ok",
        "ok",
        EtcdStatus("ok", (), "7", Storage(9, 8, 4294967296)),
    )


REPLIES = """[ "$*" = "-b -c 1 -I eth0 -s 10.0.1.157 10.0.1.100" ] || exit 2
echo 'ARPING 10.0.1.100 from 10.0.1.157 eth0'
echo 'Unicast reply from 10.0.1.100 [42:7D:D8:A4:C7:0E]  0.559ms'
echo 'Unicast reply from 10.0.1.100 [76:E5:6C:BA:47:48]  0.577ms'
echo 'Received 2 response(s)'"""
OWN = "2: eth0    inet 10.0.1.157/24 brd 10.0.1.255 scope global eth0"
LINK = (
    "2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT qlen 1000"
    "\\    link/ether 76:e5:6c:ba:47:48 brd ff:ff:ff:ff:ff:ff link-netnsid 0"
)
HERE = f"{OWN}\n2: eth0    inet 10.0.1.100/24 scope global secondary eth0"


@pytest.mark.parametrize("shown", [OWN, HERE])
def test_the_script_asks_who_has_the_address_that_moves(shell: Shell, shown: str) -> None:
    shell.add_tool("systemctl", 'case "$*" in *keepalived*) exit 0 ;; esac; exit 3')
    shell.add_tool("ip", f"case $2 in link) echo '{LINK}' ;; *) echo '{shown}' ;; esac")
    shell.add_tool("arping", REPLIES)
    reported = status(shell, virtual="10.0.1.100", address="10.0.1.157")
    assert (reported.keepalived, reported.has_virtual_address) == (True, shown == HERE)
    assert reported.own_interface == "76:e5:6c:ba:47:48"
    assert reported.virtual_answers == ("42:7d:d8:a4:c7:0e", "76:e5:6c:ba:47:48")


def test_the_script_asks_only_what_it_is_told(shell: Shell) -> None:
    shell.add_tool("curl", "echo asked >&2; exit 1")
    reported = status(shell)
    assert (reported.apis, reported.dns, reported.kubelet, reported.proxy, reported.etcd) == ({}, {}, None, None, None)


def test_the_script_fails_where_it_may_not_look(shell: Shell) -> None:
    shell.add_tool("id", "echo 1000")
    assert shell.run(HostStatusFact().command(**NOTHING)).returncode == 1


NGINX = f"""# configuration file /etc/nginx/nginx.conf:
http {{ server {{ listen 80; }} upstream web {{ server 10.7.7.7:80; }} }}
# configuration file {PROXY_CONFIG}:
stream {{
    upstream kube_api_server {{
        least_conn;
        server 10.0.11.18:6443 max_fails=1 fail_timeout=10s; # master1
        server 10.0.12.55:6443 down;
        # server 10.0.13.22:6443;
    }}
    server {{
        listen 6443;
    }}
}}
# configuration file /etc/nginx/mime.types:
server 10.8.8.8:80;
"""


@pytest.mark.parametrize("path", [PROXY_CONFIG, SHARED_PROXY_CONFIG])
def test_the_script_reads_the_backends_that_nginx_reads(shell: Shell, path: str) -> None:
    config = shell.file("/nginx.txt", NGINX.replace(PROXY_CONFIG, path))
    # What a test moves below its own root is moved in nginx's words too.
    shell.add_tool("nginx", f'[ "$1" = -T ] && cat {shell.file("/moved.txt", shell.moved(config.read_text()))}')
    shell.add_tool("systemctl", "exit 0")
    shell.add_tool("curl", "printf ok")
    reported = status(shell, balancer=f"{PROXY_CONFIG} {SHARED_PROXY_CONFIG}")
    assert reported.nginx
    assert reported.backends == {"10.0.11.18:6443": "max_fails=1 fail_timeout=10s", "10.0.12.55:6443": "down"}
    assert reported.backend_answers == {"10.0.11.18:6443": "ok", "10.0.12.55:6443": "ok"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_script_prints_no_key(shell: Shell, end: str) -> None:
    pem = next(line.split(" ")[2] for line in recorded("verify-worker") if "kubelet-client-current.pem" in line)
    certificate = f"-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"
    key = "-----BEGIN EC PRIVATE KEY-----\nSECRET\n-----END EC PRIVATE KEY-----\n"
    shell.file("/var/lib/kubelet/pki/kubelet-client-current.pem", certificate + key)
    shell.file("/etc/kubernetes/pki/key-first.crt", key + certificate)
    encoded = base64.b64encode(certificate.encode()).decode()
    for name in ("admin", "kubelet"):
        text = f"    client-certificate-data: {encoded}\n    client-key-data: SECRET\n"
        shell.file(f"/etc/kubernetes/{name}.conf", text)
    for path in (shell.root / "etc/kubernetes").rglob("*.c*"):
        path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    done = shell.run(HostStatusFact().command(**NOTHING))
    assert "SECRET" not in done.stdout + done.stderr
    found = HostStatusFact().process(done.stdout.splitlines()).certificates
    ends = {path: held.ends for path, held in found.items() if held is not None and held.written is not None}
    assert ends == dict.fromkeys(
        (
            "/etc/kubernetes/pki/key-first.crt",
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/kubelet.conf",
        ),
        datetime(2027, 11, 24, 23, 19, 41, tzinfo=UTC),
    )


@pytest.mark.parametrize("leads", [False, True])
def test_keys_of_authorities_that_somebody_keeps_elsewhere(shell: Shell, leads: bool) -> None:
    for name in ("ca.crt", "ca.key", "etcd/ca.crt", "front-proxy-ca.crt"):
        shell.file(f"/etc/kubernetes/pki/{name}")
    shell.file("/etc/kubernetes/kubelet.conf", "    client-certificate: /var/lib/kubelet/pki/x.pem\n")
    if leads:
        shell.file("/etc/kubernetes/manifests/kube-apiserver.yaml")
    done = shell.run(HostStatusFact().command(**NOTHING))
    status = HostStatusFact().process(done.stdout.splitlines())
    lacking = ("/etc/kubernetes/pki/front-proxy-ca.key", "/etc/kubernetes/pki/etcd/ca.key")
    assert status.view.standing.lacking_keys == (lacking if leads else ())
    # What they hold is no certificate; a kubelet's kubeconfig that names a file holds none.
    assert "/etc/kubernetes/kubelet.conf" not in status.certificates
    assert set(status.certificates.values()) == {None}


def test_authorities_of_which_a_file_holds_two(shell: Shell) -> None:
    text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    shell.file("/etc/kubernetes/manifests/kube-apiserver.yaml")
    for name, count in (("ca", 2), ("front-proxy-ca", 1), ("etcd/ca", 3)):
        shell.file(f"/etc/kubernetes/pki/{name}.crt", text * count)
        shell.file(f"/etc/kubernetes/pki/{name}.key")
    found = HostStatusFact().process(shell.run(HostStatusFact().command(**NOTHING)).stdout.splitlines())
    assert found.view.standing.bundles == ("/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/etcd/ca.crt")


class NameServer(socketserver.ThreadingUDPServer):
    """A name server on a port of its own, which knows no name; what it was asked, packet by packet."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Answering)


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, channel = self.request
        self.server.packets.append(packet)
        channel.sendto(packet[:2] + b"\x85\x83" + packet[4:], self.client_address)


def dns_told(shell: Shell, port: int) -> Any:
    """What the script makes of two questions to 127.0.0.1, where port 53 is another one."""
    command = HostStatusFact().command(**{**NOTHING, "name_servers": ["127.0.0.1"] * 2})
    assert command.count("/$0/53") == 1
    return HostStatusFact().process(shell.lines(command.replace("/$0/53", f"/$0/{port}"))).dns


def test_the_script_asks_dns(shell: Shell) -> None:
    with NameServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reported = dns_told(shell, server.server_address[1])
        server.shutdown()
    # "kubernetes" is ten letters: its length is a line feed, at which bash's own printf would cut the packet in two.
    assert server.packets == [question(NOTHING["question"])] * 2
    assert reported == {"127.0.0.1": ("NXDOMAIN",) * 2}


def test_the_script_gives_up_where_no_name_server_is(shell: Shell) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        assert dns_told(shell, silent.getsockname()[1]) == {"127.0.0.1": ("no answer",) * 2}
