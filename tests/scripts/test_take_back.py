"""What a reset takes from a host and gives back, by the script run for real below another root."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from k8s_ha.cluster_state.reset_steps import named_by_this_cluster, others_files
from k8s_ha.facts.reset import RemainsFact, take_back_script
from k8s_ha.observations.host_status import PROXY_CONFIG
from k8s_ha.observations.reset import Remains
from k8s_ha.observations.virtual_address import InterfaceAddress
from k8s_ha.operations.files import with_block
from k8s_ha.operations.keepalived import configured
from k8s_ha.resources import render
from tests.support.example_cluster import six_host_cluster
from tests.support.shell_bench import Shell

LIBRARY = "/var/lib/k8s-ha"
BEFORE = f"{LIBRARY}/before"
MARK = "# Written by k8s_ha; changes are overwritten.\n"
SYSCTL = "net.ipv4.ip_forward = 1\n"
ENDPOINT = "10.0.1.157:6443"
VALUES = {
    "HOST": "master1",
    "MEMBER": "yes",
    "NODE": "yes",
    "ENDPOINTS": f"{ENDPOINT} old.example:6443",
    "BACKUPS": "",
    "OWNED": f"{hashlib.sha256(SYSCTL.encode()).hexdigest()} /etc/sysctl.d/k8s.conf",
}

OURS = {
    "/etc/yum.repos.d/k8s-ha.repo": MARK,
    "/etc/pki/rpm-gpg/RPM-GPG-KEY-k8s-ha-docker": "key",
    "/etc/sysctl.d/k8s.conf": SYSCTL,
    "/etc/containerd/config.toml": f"{MARK}version = 2\n",
    "/etc/keepalived/keepalived.conf": MARK,
    "/usr/libexec/keepalived/k8s-ha-endpoint": f"#!/bin/sh\n{MARK}",
    "/etc/systemd/system/cri-docker.service": MARK,
    "/etc/systemd/system/cri-docker.socket": MARK,
    "/usr/bin/cri-dockerd": "program",
    "/etc/systemd/system/k8s-ha-backup.timer": "[Unit]\n",
    "/etc/systemd/system/k8s-ha-backup.service": "[Unit]\n",
    "/etc/systemd/system/nginx.service.d/k8s-ha.conf": MARK,
    "/etc/nginx/conf.d/tcp.d/kube-api-server.conf": MARK,
    "/root/.kube/config": f"    server: https://{ENDPOINT}\n",
    f"{LIBRARY}/cri-dockerd.sha256": "sum",
    f"{LIBRARY}/containerd.service.digest": "restart=1",
    f"{LIBRARY}/nginx.service.digest": "config=1",
    f"{LIBRARY}/backup.sh": "script",
    f"{LIBRARY}/reset": f"{ENDPOINT} node\n",
    f"{BEFORE}/config.toml": "disabled_plugins = []\n",
}
STATE = [
    "swap /dev/null",
    "swap_target unmasked",
    "selinux Enforcing",
    "firewalld active enabled",
    "nginx inactive disabled",
    "containerd inactive disabled",
    "selinux_port 6443 none",
    "httpd_can_network_connect off",
]
THEIRS = {
    "/etc/yum.repos.d/own.repo": "[own]\n",
    "/etc/nginx/conf.d/tcp.d/own.conf": "server {}\n",
    "/etc/sysctl.d/90-own.conf": "vm.swappiness = 1\n",
    "/etc/containerd/certs.d/docker.io/hosts.toml": "own\n",
    f"{LIBRARY}/backups/one/snapshot.db": "etcd",
}


class Host(Shell):
    """A host with tools that write down what they were called with.

    + units: states by unit, as systemctl keeps them
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.calls = root / "calls"
        self.calls.touch()
        noted = f'echo "$(basename "$0") $*" >>"{self.calls}"'
        units = root / "units"
        units.mkdir()
        self.add_tool(
            "systemctl",
            f"""words=
            for word in "$@"; do case $word in -*) ;; *) words="$words $word" ;; esac; done
            set -- $words; cd {units}; u=$2
            case $1 in
                is-active) [ -e $u.active ] && exit 0; exit 3 ;;
                is-enabled)
                    [ -e $u.masked ] && echo masked && exit 1
                    [ -e $u.enabled ] && echo enabled && exit 0
                    echo disabled; exit 1 ;;
                show) [ -e $3.gone ] && echo LoadState=not-found || echo LoadState=loaded; exit ;;
            esac
            echo "systemctl $*" >>"{self.calls}"
            case $1 in
                enable) : >$u.enabled ;;
                disable) [ ! -e $u.gone ] || exit 1; rm -f $u.enabled ;;
                start | restart) : >$u.active ;;
                stop) [ ! -e $u.gone ] || exit 5; rm -f $u.active ;;
                unmask) rm -f $u.masked ;;
            esac""",
        )
        for name in (
            "swapon",
            "setenforce",
            "semanage",
            "setsebool",
            "firewall-cmd",
            "umount",
            "nginx",
            "ctr",
            "docker",
        ):
            self.add_tool(name, noted)
        self.add_tool("firewall-cmd", f"{noted}; case $* in *--query*) exit 1 ;; esac")
        self.add_tool("semanage", f'{noted}; case $* in *-l*) echo "http_port_t tcp 6443, 80" ;; esac')
        self.add_tool("ctr", "exit 0")
        self.add_tool("getenforce", "echo Permissive")
        self.add_tool("blkid", "echo swap")
        self.add_tool("rpm", "exit 1")

    def fail_once(self, tool: str, words: str) -> None:
        """Have the next call of a tool fail whose arguments end with these words."""
        body = (self.root / "tools" / tool).read_text(encoding="utf-8").partition("\n")[2]
        once = self.root / "fails"
        once.touch()
        self.add_tool(tool, f'case " $*" in *" {words}") [ ! -e {once} ] || {{ rm {once}; exit 1; }} ;; esac\n{body}')

    def unit(self, name: str, *states: str) -> None:
        for state in states:
            (self.root / "units" / f"{name}.{state}").touch()

    def states(self, name: str) -> set[str]:
        return {path.suffix[1:] for path in (self.root / "units").glob(f"{name}.*")}

    def called(self) -> list[str]:
        return self.calls.read_text(encoding="utf-8").splitlines()

    def has(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()

    def text(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8")

    def files(self) -> set[str]:
        tops = [self.root / name for name in ("etc", "var", "root", "usr", "run")]
        return {f"/{path.relative_to(self.root)}" for top in tops for path in top.rglob("*") if path.is_file()}

    def remains(self, **values: str) -> Remains:
        fact = RemainsFact()
        return fact.process(self.lines(str(fact.command(values=VALUES | values))))

    def take_back(self, **values: str) -> None:
        done = self.run(take_back_script(VALUES | values))
        assert done.returncode == 0, done.stderr


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    for path, text in (OURS | THEIRS).items():
        host.file(path, text)
    host.file(f"{BEFORE}/state", "".join(f"{line}\n" for line in STATE))
    host.file("/etc/hosts", "127.0.0.1 localhost\n")
    for unit in ("kubelet.service", "containerd.service", "nginx.service", "keepalived.service", "cri-docker.service"):
        host.unit(unit, "active", "enabled")
    host.unit("swap.target", "masked")
    return host


def test_all_of_ours_goes_and_all_of_theirs_stays(host: Host) -> None:
    due = host.remains().due
    assert {path for path in OURS if path.startswith(("/etc", "/root", "/usr/bin"))} - {
        "/etc/systemd/system/cri-docker.socket"
    } <= set(due)
    host.take_back()
    left = host.files() - {"/etc/hosts", "/etc/containerd/config.toml"}
    assert left == set(THEIRS)
    assert host.text("/etc/containerd/config.toml") == "disabled_plugins = []\n"
    assert host.remains() == Remains(contents={"/etc/hosts": b"127.0.0.1 localhost\n"})


@pytest.mark.parametrize("owner", ["", "a package", "its owner"])
def test_folders_that_a_cluster_has_made_go_where_nothing_is_in_them(host: Host, owner: str) -> None:
    host.file("/var/lib/k8s-ha/reset", "10.0.1.157:6443 node\n")
    folders = ["/etc/cni/net.d", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec"]
    for folder in folders:
        (host.root / folder.lstrip("/")).mkdir(parents=True)
    if owner == "a package":
        host.add_tool("rpm", "exit 0")
    elif owner == "its owner":
        host.file("/etc/cni/net.d/own.conflist", "{}")
        host.file("/usr/libexec/kubernetes/kubelet-plugins/volume/exec/own/driver", "#!/bin/sh")
    host.take_back()
    assert [host.has(folder) for folder in folders] == [bool(owner)] * 2


def test_a_look_changes_nothing(host: Host) -> None:
    before = host.files()
    host.remains()
    assert host.files() == before
    assert [call for call in host.called() if not call.startswith(("ctr", "docker"))] == []


def test_services_and_settings_are_as_they_were(host: Host) -> None:
    host.take_back()
    called = host.called()
    for call in (
        "systemctl unmask swap.target",
        "systemctl start swap.target",
        "swapon /dev/null",
        "setenforce 1",
        "systemctl enable firewalld.service",
        "systemctl start firewalld.service",
        "semanage port -d -p tcp 6443",
        "setsebool -P httpd_can_network_connect 0",
        "systemctl stop kubelet.service",
        "systemctl disable kubelet.service",
    ):
        assert call in called, call
    for unit in ("nginx.service", "containerd.service", "kubelet.service", "keepalived.service", "cri-docker.service"):
        assert host.states(unit) == set(), unit
    assert host.states("firewalld.service") == {"active", "enabled"}


def test_a_second_run_does_nothing(host: Host) -> None:
    host.take_back()
    host.calls.write_text("", encoding="utf-8")
    host.take_back()
    assert host.called() == []


RAN = ["nginx active enabled", "docker active enabled", "containerd active enabled"]
"""What is kept of services that are reloaded or restarted."""
ONCE = [
    *(
        (f"{act} {unit}", [])
        for unit in (
            *("kubelet.service", "containerd.service", "nginx.service", "keepalived.service", "docker.service"),
            *("cri-docker.service", "cri-docker.socket", "k8s-ha-backup.timer", "k8s-ha-backup.service"),
        )
        for act in ("stop", "disable")
    ),
    ("stop docker.socket", []),
    *((f"restart {name}.service", RAN) for name in ("docker", "containerd")),
    ("reload nginx.service", RAN),
    ("daemon-reload", []),
    ("reload NetworkManager.service", []),
    ("unmask swap.target", []),
    ("enable firewalld.service", []),
    ("start firewalld.service", []),
]


@pytest.mark.parametrize(("words", "ran"), ONCE, ids=[words for words, _ in ONCE])
def test_what_systemd_has_not_done_is_done_by_the_next_run(host: Host, words: str, ran: list[str]) -> None:
    names = {line.partition(" ")[0] for line in ran}
    kept = [line for line in [*STATE, "docker inactive disabled"] if line.partition(" ")[0] not in names]
    host.file(f"{BEFORE}/state", "".join(f"{line}\n" for line in [*kept, *ran]))
    host.file(f"{LIBRARY}/docker.service.digest", "restart=1")
    connections = host.file("/etc/NetworkManager/conf.d/k8s-ha.conf", "").parent
    for unit in ("docker.service", "docker.socket", "NetworkManager.service"):
        host.unit(unit, "active", "enabled")
    owned = f"{VALUES['OWNED']}\n{hashlib.sha256(b'').hexdigest()} /etc/NetworkManager/conf.d/k8s-ha.conf"
    host.fail_once("systemctl", words)
    done = host.run(take_back_script(VALUES | {"OWNED": owned}))
    assert done.returncode == 1
    assert words in done.stderr.replace(" -q ", " ")
    assert host.remains(OWNED=owned).due
    host.calls.write_text("", encoding="utf-8")
    host.take_back(OWNED=owned)
    assert f"systemctl {words}" in host.called()
    assert host.remains(OWNED=owned).due == ()
    assert not list(connections.iterdir())
    for unit in ("kubelet.service", "keepalived.service", "cri-docker.service"):
        assert host.states(unit) == set(), unit


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("swapon", "/dev/null"),
        ("setenforce", "1"),
        ("setsebool", "-P httpd_can_network_connect 0"),
        ("semanage", "port -l -C"),
        ("semanage", "port -d -p tcp 6443"),
    ],
)
def test_what_fails_is_said_and_tried_again(host: Host, tool: str, words: str) -> None:
    host.fail_once(tool, words)
    done = host.run(take_back_script(VALUES))
    assert done.returncode == 1
    assert "master1: not everything could be taken back:\n" in done.stderr
    assert f"{tool} {words}" in done.stderr
    assert host.has(f"{BEFORE}/state")
    host.calls.write_text("", encoding="utf-8")
    host.take_back()
    assert f"{tool} {words}" in host.called()
    assert not host.has(BEFORE)


def test_the_check_of_keepalived_stays_as_long_as_that_runs(host: Host) -> None:
    host.fail_once("systemctl", "stop keepalived.service")
    assert host.run(take_back_script(VALUES)).returncode == 1
    assert host.has("/usr/libexec/keepalived/k8s-ha-endpoint")
    assert host.has("/etc/keepalived/keepalived.conf")


def test_what_is_not_there_any_more_is_said_and_keeps_nothing_from_ending(host: Host) -> None:
    kept = [line for line in STATE if not line.startswith(("nginx", "swap "))]
    swaps = ["swap /dev/vanished", "swap /dev/zram9", "swap /dev/null"]
    host.file(f"{BEFORE}/state", "".join(f"{line}\n" for line in [*kept, *swaps, "nginx active enabled"]))
    host.file(f"{BEFORE}/opened", "permanent public port 6443/tcp\n")
    host.add_tool("getenforce", "echo Disabled")
    for unit in ("nginx.service", "containerd.service", "keepalived.service"):
        for path in (host.root / "units").glob(f"{unit}.*"):
            path.unlink()
    for unit in ("nginx.service", "containerd.service", "keepalived.service", "firewalld.service"):
        host.unit(unit, "gone")
    host.add_tool("swapon", f'echo "swapon $*" >>"{host.calls}"; [ "$1" = /dev/null ]')
    host.fail_once("systemctl", "start swap.target")  # as systemd has it where a device of fstab is missing
    assert host.remains().left == (
        "keepalived.service: it is not there any more",
        "nginx.service: it is not there any more",
        "containerd.service: it is not there any more",
        "swap on /dev/vanished: it is not there any more",
        "SELinux: it enforced before, and is disabled now",
        "firewalld.service: it is not there any more",
        "firewalld's openings: firewalld.service is not there any more",
        "SELinux's label of port 6443: SELinux is disabled now",
        "SELinux's httpd_can_network_connect: SELinux is disabled now",
    )
    host.take_back()
    assert [call for call in host.called() if call.startswith("swapon")] == ["swapon /dev/null"]
    assert not [call for call in host.called() if call.startswith(("semanage", "setsebool", "firewall"))]
    assert not host.has(BEFORE)
    assert host.remains() == Remains(contents={"/etc/hosts": b"127.0.0.1 localhost\n"})


@pytest.mark.parametrize(
    ("blkid", "left"),
    [
        ("echo xfs", ("swap on /dev/null: it holds xfs by now",)),
        ("exit 2", ("swap on /dev/null: it holds no swap any more",)),
        ("echo swsuspend", ()),
        ("exit 4", ()),
    ],
)
def test_a_device_that_is_another_one_by_now_is_not_swapped_to(host: Host, blkid: str, left: tuple[str, ...]) -> None:
    host.add_tool("blkid", blkid)
    assert host.remains().left == left
    host.take_back()
    assert ("swapon /dev/null" in host.called()) is (left == ())


def test_a_firewalld_that_was_masked_since_stays_so(host: Host) -> None:
    host.unit("firewalld.service", "masked")
    body = (host.root / "tools" / "systemctl").read_text(encoding="utf-8").partition("\n")[2]
    host.add_tool(
        "systemctl",
        f'case $* in *" firewalld.service") [ "$1" = show ] && echo LoadState=masked; exit 1 ;; esac\n{body}',
    )
    assert host.remains().left == ("firewalld.service: it is masked, which nothing of this package's does",)
    host.take_back()
    assert not host.has(BEFORE)


def test_a_service_whose_package_went_while_it_ran_is_stopped(host: Host) -> None:
    body = (host.root / "tools" / "systemctl").read_text(encoding="utf-8").partition("\n")[2]
    host.add_tool("systemctl", body.replace("[ ! -e $u.gone ] || exit 5; ", ""))
    for unit in ("nginx.service", "containerd.service", "keepalived.service", "kubelet.service"):
        host.unit(unit, "gone")
        (host.root / "units" / f"{unit}.enabled").unlink()
    host.take_back()
    for unit in ("nginx.service", "containerd.service", "keepalived.service", "kubelet.service"):
        assert host.states(unit) == {"gone"}


def test_without_semanage_the_label_is_left(host: Host) -> None:
    (host.root / "tools" / "semanage").unlink()
    assert host.remains().left == ("SELinux's label of port 6443: semanage is not there any more",)
    host.take_back()


def test_a_firewalld_that_does_not_run_is_opened_no_more_at_its_next_start(host: Host) -> None:
    noted = f'echo "$(basename "$0") $*" >>"{host.calls}"'
    host.file(f"{BEFORE}/opened", "runtime public port 6443/tcp\npermanent public port 6443/tcp\n")
    host.file(f"{BEFORE}/state", "firewalld inactive disabled\n")
    host.add_tool("firewall-offline-cmd", noted)
    done = host.run(take_back_script(VALUES))
    assert done.returncode == 1
    assert "firewalld keeps the port 6443/tcp in its zone public" in done.stderr
    host.add_tool("firewall-offline-cmd", f"{noted}; case $* in *--query*) exit 1 ;; esac")
    host.calls.write_text("", encoding="utf-8")
    host.take_back()
    assert [call for call in host.called() if "--remove" in call] == [
        "firewall-offline-cmd -q --zone=public --remove-port=6443/tcp"
    ]


def test_a_service_that_ran_before_runs_on(host: Host) -> None:
    kept = [line for line in STATE if not line.startswith(("nginx", "containerd"))]
    host.file(f"{BEFORE}/state", "\n".join([*kept, "nginx active enabled", "containerd active enabled", ""]))
    host.take_back()
    assert "systemctl reload nginx.service" in host.called()
    assert "systemctl restart containerd.service" in host.called()
    assert host.states("nginx.service") == host.states("containerd.service") == {"active", "enabled"}


def test_a_service_that_serves_others_by_now_is_not_stopped(host: Host) -> None:
    host.file("/etc/nginx/conf.d/shop.conf", "server {}\n")
    host.add_tool("ctr", "case $* in *namespaces*) echo own ;; *) echo container ;; esac")
    assert [line for line in host.remains().left if "serves others now" in line] == [
        "nginx.service: it did not run before, and serves others now",
        "containerd.service: it did not run before, and serves others now",
    ]
    host.take_back()
    assert host.states("nginx.service") == host.states("containerd.service") == {"active", "enabled"}
    assert "systemctl restart containerd.service" not in host.called()


def test_what_nothing_is_known_of_is_left_and_said(host: Host) -> None:
    host.file(f"{BEFORE}/state", "")
    host.unit("firewalld.service")
    assert host.remains().left == (
        "nginx.service: nothing tells whether it ran before",
        "containerd.service: nothing tells whether it ran before",
        "swap: nothing tells what it was before; it is off",
        "SELinux: nothing tells what it was before; it is permissive",
        "firewalld: nothing tells what it was before; it is disabled",
    )
    host.take_back()
    assert host.states("swap.target") == {"masked"}
    assert host.states("nginx.service") == {"active", "enabled"}
    assert host.remains().left == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/sysctl.d/k8s.conf", "net.ipv4.ip_forward = 1\nmine = 2\n"),
        ("/etc/containerd/config.toml", "version = 2\n"),
        ("/etc/keepalived/keepalived.conf", "vrrp_instance own {}\n"),
        ("/etc/nginx/conf.d/tcp.d/kube-api-server.conf", "server {}\n"),
        ("/root/.kube/config", "    server: https://10.9.9.9:6443\n"),
    ],
)
def test_a_file_that_is_its_owners_by_now_stays(host: Host, path: str, text: str) -> None:
    host.file(path, text)
    host.take_back()
    assert host.text(path) == text


def test_a_kubeconfig_of_a_former_endpoint_goes(host: Host) -> None:
    host.file("/root/.kube/config", "    server: https://old.example:6443\n")
    host.take_back()
    assert not host.has("/root/.kube/config")


def test_nginx_keeps_a_file_that_it_needs(host: Host) -> None:
    host.add_tool("nginx", f"[ -e {host.root}/etc/nginx/conf.d/tcp.d/kube-api-server.conf ]")
    done = host.run(take_back_script(VALUES))
    assert done.returncode == 1
    assert "nginx needs /etc/nginx/conf.d/tcp.d/kube-api-server.conf" in done.stderr
    assert host.has("/etc/nginx/conf.d/tcp.d/kube-api-server.conf")


def test_only_what_was_opened_is_closed(host: Host) -> None:
    host.unit("firewalld.service", "active", "enabled")
    host.file(f"{BEFORE}/opened", "runtime public port 6443/tcp\npermanent trusted source 10.0.0.1\n")
    assert "firewalld's openings" in host.remains().due
    host.take_back()
    assert [call for call in host.called() if "--remove" in call] == [
        "firewall-cmd -q --zone=public --remove-port=6443/tcp",
        "firewall-cmd -q --permanent --zone=trusted --remove-source=10.0.0.1",
    ]


def test_an_admin_hosts_own_settings_are_nobodys_business(host: Host) -> None:
    host.file(f"{BEFORE}/state", "")
    (host.root / LIBRARY.lstrip("/") / "nginx.service.digest").unlink()
    (host.root / LIBRARY.lstrip("/") / "containerd.service.digest").unlink()
    assert host.remains(MEMBER="", NODE="").left == ()
    host.take_back(MEMBER="", NODE="")
    assert host.states("kubelet.service") == {"active", "enabled"}


def test_the_mark_goes_last_so_that_a_cut_is_gone_on_with(host: Host) -> None:
    host.add_tool("find", "exit 1")
    assert host.run(take_back_script(VALUES)).returncode == 1
    assert host.has(f"{LIBRARY}/reset")
    (host.root / "tools" / "find").unlink()
    host.take_back()
    assert not host.has(f"{LIBRARY}/reset")
    assert host.has(f"{LIBRARY}/backups/one/snapshot.db")


VIRTUAL = "10.0.1.200"
SHARED = "/etc/nginx/k8s-ha/kube-api-server.conf"


@pytest.mark.parametrize("path", [PROXY_CONFIG, SHARED])
def test_whose_hosts_files_name_is_told(host: Host, path: str) -> None:
    balancers = [{"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"}]
    cluster = six_host_cluster(balancers, endpoint={"virtual_address": VIRTUAL})
    planes = tuple(each.address for each in cluster.control_planes)
    own = cluster.host("master-lb")
    (host.root / PROXY_CONFIG.lstrip("/")).unlink()
    text = render("kube-api-server.conf.j2", cluster=cluster, shared=path == SHARED, away={"master2"}, also=(7443,))
    host.file(path, text)
    for each, content in configured(cluster, own, InterfaceAddress("eth0", 24)).items():
        host.file(each, content)
    host.file(
        "/etc/hosts", with_block(b"10.9.9.9 own\n", render("hosts.j2", cluster=cluster)).decode() + "10.8.8.8 x\n"
    )
    names = host.remains().names
    assert names == {
        path: planes,
        "/etc/keepalived/keepalived.conf": (VIRTUAL,),
        "/usr/libexec/keepalived/k8s-ha-endpoint": (*planes, "10.0.1.158"),
        "/etc/hosts": tuple(cluster.names.values()),
    }
    endpoints = (cluster.endpoint,)
    assert not others_files(Remains(names=names), named_by_this_cluster(cluster, own, endpoints))


def test_files_of_its_owners_name_nobody(host: Host) -> None:
    for path in (PROXY_CONFIG, SHARED, "/etc/keepalived/keepalived.conf", "/usr/libexec/keepalived/k8s-ha-endpoint"):
        host.file(path, "server 10.0.0.1:6443;\nvirtual_ipaddress {\n10.0.0.1\n}\n")
    assert host.remains().names == {}


BACKUP = "backup-master1-20261127T081500Z"


@pytest.mark.parametrize("place", ["", "/etcd", "/before", "/restore", "/backups-2/daily"])
@pytest.mark.parametrize("end", [".db", ".tar.gz", ".json", ".db.age", ".tar.gz.gpg"])
def test_backups_stay_wherever_earlier_settings_have_put_them(host: Host, place: str, end: str) -> None:
    path = f"{LIBRARY}{place}/{BACKUP}{end}"
    host.file(path, "etcd")
    host.file(f"{LIBRARY}{place}/mark", "a record")
    host.take_back()
    assert host.files() - {"/etc/hosts", "/etc/containerd/config.toml"} == {*THEIRS, path}
    assert host.remains().due == ()


@pytest.mark.parametrize("folder", [f"{LIBRARY}/etcd", "/srv/backups"])
def test_all_in_the_folder_that_is_set_for_backups_stays(host: Host, folder: str) -> None:
    kept = host.file(f"{LIBRARY}/etcd/README", "mine")
    if folder == "/srv/backups":
        folder = f"{host.root}/srv/backups"
        (host.root / "srv").mkdir()
        (host.root / "srv/backups").symlink_to(kept.parent)
    host.take_back(BACKUPS=folder)
    assert kept.exists()
    assert host.remains(BACKUPS=folder).due == ()
    host.take_back()
    assert not kept.parent.exists()
