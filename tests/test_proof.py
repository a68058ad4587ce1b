"""What hosts are asked, and their answers: parsers on output that real hosts gave, the script run for real."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.certificates import expiry
from k8s_ha.dns import question
from k8s_ha.facts.proof import Proof
from k8s_ha.proof import EtcdProof, Member, answer, asked, etcd_proof
from tests.cluster_health import complete_health
from tests.example_cluster import six_host_cluster
from tests.node_views import ENDPOINT, recorded
from tests.shell_bench import Shell

CLUSTER = six_host_cluster()
HEALTH = complete_health(CLUSTER)
APIS = ["10.0.11.18:6443", "10.0.12.55:6443", "10.0.13.22:6443", "10.0.1.157:6443"]
NAME_SERVERS = ["10.244.0.2", "10.244.1.2"]
NOTHING: dict[str, Any] = {
    "apis": [],
    "name_servers": [],
    "question": "kubernetes.default.svc.cluster.local",
    "kubelet_port": 0,
    "proxy_port": 0,
    "etcd": False,
    "balancer": "",
}
PROXY_CONFIG = "/etc/nginx/conf.d/tcp.d/kube-api-server.conf"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def proof(shell: Shell, **asks: Any) -> Any:
    return Proof().process(shell.lines(Proof().command(**{**NOTHING, **asks})))


def test_what_each_kind_of_host_is_asked() -> None:
    node = {
        "apis": [*APIS, *["10.96.0.1:443"] * 8],
        "name_servers": [*NAME_SERVERS, *["10.96.0.10"] * 8],
        "kubelet_port": 10248,
        "proxy_port": 10256,
    }
    assert asked(CLUSTER, CLUSTER.host("worker1"), HEALTH) == NOTHING | node
    assert asked(CLUSTER, CLUSTER.host("master1"), HEALTH) == NOTHING | node | {"etcd": True}
    assert asked(CLUSTER, CLUSTER.host("master-lb"), HEALTH) == NOTHING | {"balancer": PROXY_CONFIG}


@pytest.mark.parametrize(
    ("patches", "ports"),
    [
        ({"KubeletConfiguration": {"healthzPort": 0}}, (0, 10256)),
        ({"KubeletConfiguration": {"healthzPort": 10999}}, (10999, 10256)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": ""}}, (10248, 0)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": "127.0.0.1:11000"}}, (10248, 11000)),
        ({"KubeProxyConfiguration": {"healthzBindAddress": "127.0.0.1"}}, (10248, 10256)),
    ],
)
def test_health_is_asked_where_the_settings_put_it(patches: dict[str, Any], ports: tuple[int, int]) -> None:
    cluster = six_host_cluster(kubeadm_patches=patches)
    asks = asked(cluster, cluster.host("worker1"), HEALTH)
    assert (asks["kubelet_port"], asks["proxy_port"]) == ports


def test_dns_is_not_asked_where_there_is_no_pod_network() -> None:
    cluster = six_host_cluster(pod_network="none")
    assert asked(cluster, cluster.host("worker1"), HEALTH)["name_servers"] == []


MEMBERS = (
    Member("384710506706242898", "master3", ("10.0.13.22",), False),
    Member("10936441449491959054", "master1", ("10.0.11.18",), False),
    Member("15777063659870576129", "master2", ("10.0.12.55",), False),
)


def test_a_control_plane() -> None:
    told = Proof().process(recorded("verify-control-plane"))
    assert told.view.server == ENDPOINT
    assert len(told.view.traces) == 6
    assert (told.kubelet, told.proxy) == ("ok", "ok")
    assert told.apis == {**dict.fromkeys(APIS, ("ok",)), "10.96.0.1:443": ("ok",) * 6}
    servers = {"10.244.3.2": ("10.96.0.1",), "10.244.4.2": ("10.96.0.1",)}
    assert told.dns == {"10.96.0.10": ("10.96.0.1",) * 8, **servers}
    assert told.etcd == EtcdProof("ok", MEMBERS, "10936441449491959054")
    assert told.certificates["/etc/kubernetes/pki/ca.crt"] == datetime(2036, 11, 21, 23, 22, 30, tzinfo=UTC)
    assert told.certificates["/etc/kubernetes/admin.conf"] == datetime(2027, 11, 24, 23, 22, 31, tzinfo=UTC)
    assert len(told.certificates) == 14
    assert None not in told.certificates.values()
    assert (told.nginx, told.backends, told.backend_answers) == (False, {}, {})


def test_a_worker() -> None:
    told = Proof().process(recorded("verify-worker"))
    assert (told.kubelet, told.proxy, told.etcd) == ("ok", "ok", None)
    assert set(told.certificates) == {
        "/etc/kubernetes/pki/ca.crt",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
    }


def test_a_worker_in_trouble() -> None:
    told = Proof().process(recorded("verify-worker-odd"))
    assert (told.kubelet, told.proxy) == ("no connection", "no answer in time")
    assert told.apis["10.0.12.55:6443"] == ("no connection",)
    assert sorted(told.apis["10.96.0.1:443"]) == ["no connection"] * 2 + ["ok"] * 4
    assert told.dns["10.244.3.99"] == ("no answer",)


def test_a_load_balancer() -> None:
    told = Proof().process(recorded("verify-balancer"))
    assert told.nginx
    assert told.backends == dict.fromkeys(APIS[:3], "max_fails=1 fail_timeout=10s")
    assert told.backend_answers == dict.fromkeys(APIS[:3], "ok")
    odd = Proof().process(recorded("verify-balancer-odd"))
    assert odd.backend_answers == {
        "10.0.11.18:6443": "ok",
        "10.0.12.55:6443": "no connection",
        "10.0.13.22:6444": "no connection",
    }


def test_a_control_plane_whose_etcd_is_down() -> None:
    told = Proof().process(recorded("verify-etcd-down"))
    assert told.etcd == EtcdProof("no connection", (), "")
    assert told.apis["10.0.13.22:6443"] == ("HTTP 500",)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (('{"health":"true","reason":""}', "", ""), EtcdProof("ok", (), "")),  # 3.5 and newer
        (('{"health":"false","reason":"NO LEADER"}', "", ""), EtcdProof("NO LEADER", (), "")),
        (('{"health":"true"}', "", '{"leader":"0"}'), EtcdProof("ok", (), "")),
        (
            ('{"health":"true"}', '{"members":[{"ID":"7","peerURLs":["https://10.0.0.7:2380"],"isLearner":true}]}', ""),
            EtcdProof("ok", (Member("7", "", ("10.0.0.7",), True),), ""),
        ),
        (("curl: (7) Failed", '{"members":[null, 3]}', "[]"), EtcdProof("no connection", (), "")),
        (("", "{}", "no JSON"), EtcdProof("an empty answer", (), "")),
    ],
)
def test_etcd_of_other_versions_and_in_other_states(answers: tuple[str, str, str], told: EtcdProof) -> None:
    assert etcd_proof(*answers) == told


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("ok", "ok"),
        ("curl: (7) Failed connect to 10.0.12.55:6443; Connection refused ", "no connection"),  # EL7
        ("curl: (28) Operation timed out after 6000 milliseconds with 0 bytes received", "no answer in time"),
        ("curl: (22) The requested URL returned error: 500 Internal Server Error", "HTTP 500"),  # EL7
        ("curl: (22) The requested URL returned error: 500", "HTTP 500"),
        ("curl: (77) error setting certificate", "error setting certificate"),
        ("", "an empty answer"),
    ],
)
def test_what_curl_says(said: str, means: str) -> None:
    assert answer(said) == means


@pytest.mark.parametrize("text", ["", "no base64", "AAAA", base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()])
def test_what_is_no_certificate_has_no_end(text: str) -> None:
    assert expiry(text) is None


@pytest.mark.parametrize(
    "lines",
    [[], ["end"], ["certificate", "dns", "api", "backend", "etcd_members {", "kubelet", "proxy"], ["dns x zz", "\x00"]],
)
def test_odd_lines_are_no_error(lines: list[str]) -> None:
    assert Proof().process(lines).view.traces == ()


CURL = """case "$*" in
    *10.0.11.18:6443/readyz*) printf ok ;;
    *10.0.12.55:6443/readyz*) echo 'curl: (7) Failed' >&2; exit 7 ;;
    *10.0.13.22:6443/readyz*) echo 'curl: (22) The requested URL returned error: 401' >&2; exit 22 ;;
    *127.0.0.1:10248/healthz*) printf ok ;;
    *127.0.0.1:10256/healthz*) printf '{"lastUpdated": "x"}' ;;
    *healthcheck-client.key*:2379/health*) printf '{"health":"true"}' ;;
    *:2379/v3/cluster/member/list*) printf '{"members":[]}' ;;
    *:2379/v3/maintenance/status*) printf '{"leader":"7"}' ;;
    *) echo "unknown $*" >&2; exit 1 ;;
esac"""


def test_the_script_asks_api_servers_agents_and_etcd(shell: Shell) -> None:
    shell.add_tool("curl", CURL)
    shell.add_tool("kubectl", 'case "$*" in *"--server https://10.0.13.22:6443"*"/readyz") printf ok ;; esac')
    told = proof(shell, apis=[*APIS[:3], APIS[0]], kubelet_port=10248, proxy_port=10256, etcd=True)
    assert told.apis == {
        "10.0.11.18:6443": ("ok", "ok"),
        "10.0.12.55:6443": ("no connection",),
        # Anonymous requests are refused there, the kubelet's own are not.
        "10.0.13.22:6443": ("ok",),
    }
    assert (told.kubelet, told.proxy, told.etcd) == ("ok", "ok", EtcdProof("ok", (), "7"))


def test_the_script_asks_only_what_it_is_told(shell: Shell) -> None:
    shell.add_tool("curl", "echo asked >&2; exit 1")
    told = proof(shell)
    assert (told.apis, told.dns, told.kubelet, told.proxy, told.etcd) == ({}, {}, None, None, None)


def test_the_script_fails_where_it_may_not_look(shell: Shell) -> None:
    shell.add_tool("id", "echo 1000")
    assert shell.run(Proof().command(**NOTHING)).returncode == 1


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


def test_the_script_reads_the_backends_that_nginx_reads(shell: Shell) -> None:
    config = shell.file("/nginx.txt", NGINX)
    # What a test moves below its own root is moved in nginx's words too.
    shell.add_tool("nginx", f'[ "$1" = -T ] && cat {shell.file("/moved.txt", shell.moved(config.read_text()))}')
    shell.add_tool("systemctl", "exit 0")
    shell.add_tool("curl", "printf ok")
    told = proof(shell, balancer=PROXY_CONFIG)
    assert told.nginx
    assert told.backends == {"10.0.11.18:6443": "max_fails=1 fail_timeout=10s", "10.0.12.55:6443": "down"}
    assert told.backend_answers == {"10.0.11.18:6443": "ok", "10.0.12.55:6443": "ok"}


def test_the_script_prints_no_key(shell: Shell) -> None:
    pem = next(line.split(" ")[2] for line in recorded("verify-worker") if "kubelet-client-current.pem" in line)
    certificate = f"-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"
    key = "-----BEGIN EC PRIVATE KEY-----\nSECRET\n-----END EC PRIVATE KEY-----\n"
    shell.file("/var/lib/kubelet/pki/kubelet-client-current.pem", certificate + key)
    shell.file("/etc/kubernetes/pki/key-first.crt", key + certificate)
    encoded = base64.b64encode(certificate.encode()).decode()
    shell.file("/etc/kubernetes/admin.conf", f"    client-certificate-data: {encoded}\n    client-key-data: SECRET\n")
    done = shell.run(Proof().command(**NOTHING))
    assert "SECRET" not in done.stdout + done.stderr
    assert Proof().process(done.stdout.splitlines()).certificates == dict.fromkeys(
        (
            "/etc/kubernetes/pki/key-first.crt",
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            "/etc/kubernetes/admin.conf",
        ),
        datetime(2027, 11, 24, 23, 19, 41, tzinfo=UTC),
    )


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
    command = Proof().command(**{**NOTHING, "name_servers": ["127.0.0.1"] * 2})
    assert command.count("/$0/53") == 1
    return Proof().process(shell.lines(command.replace("/$0/53", f"/$0/{port}"))).dns


def test_the_script_asks_dns(shell: Shell) -> None:
    with NameServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = dns_told(shell, server.server_address[1])
        server.shutdown()
    # "kubernetes" is ten letters: its length is a line feed, at which bash's own printf would cut the packet in two.
    assert server.packets == [question(NOTHING["question"])] * 2
    assert told == {"127.0.0.1": ("NXDOMAIN",) * 2}


def test_the_script_gives_up_where_no_name_server_is(shell: Shell) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        assert dns_told(shell, silent.getsockname()[1]) == {"127.0.0.1": ("no answer",) * 2}
