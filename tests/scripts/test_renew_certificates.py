"""A control plane's certificates renewed, beside a kubeadm and a runtime of the test's own; openssl signs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8s_ha.catalog.certificates import RENEWABLE
from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

PKI = "/etc/kubernetes/pki"
KEPT = "/var/lib/k8s-ha/certificates"
CONFIG = "/run/k8s-ha/certificates.yaml"
NEW = "/var/lib/k8s-ha/new-certificates"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
LINES = "".join(f"{entry.component or '-'} {entry.name} {entry.path}\n" for entry in RENEWABLE)

# A container that is stopped is started anew at once; what is stopped is told in its order.
CRICTL = r"""
for word; do case $word in io.kubernetes.container.name=*) name=${{word#*=}} ;; esac; done
case $1 in
    ps)
        [ ! -e {root}/no-runtime ] && ! grep -qsx "$name" {root}/no-word-of || exit 1
        cat {root}/containers/$name
        ;;
    logs) echo "a reason" ;;
    stop)
        name=${{4%-*}}
        [ "$(cat {root}/containers/$name)" = $4 ] || exit 1
        echo $name >>{root}/restarts
        echo $name-$(wc -l <{root}/restarts) >{root}/containers/$name
        ;;
esac
"""
# As kubeadm does it: the key first, kubeconfigs where they are, and what is there tells of whom.
KUBEADM = r"""
[ "$1 $2 $4" = "certs renew --config" ] && [ -s "$5" ] || exit 1
echo $3 >>{root}/renewed
[ ! -e {root}/kubeadm-fails ] || [ "$(cat {root}/kubeadm-fails)" != $3 ] || exit 1
folder=$(cat $5) ca=$folder/ca
case $3 in
    etcd-*) base=$folder/etcd/${{3#etcd-}} ca=$folder/etcd/ca ;;
    apiserver-etcd-client) base=$folder/$3 ca=$folder/etcd/ca ;;
    front-proxy-client) base=$folder/$3 ca=$folder/front-proxy-ca ;;
    *.conf) base=$folder/conf && cp {root}/etc/kubernetes/$3 $base.crt ;;
    *) base=$folder/$3 ;;
esac
subject=$(openssl x509 -in $base.crt -noout -subject -nameopt compat | sed 's/^subject= *//')
openssl ecparam -genkey -name prime256v1 -noout -out $base.key || exit 1
openssl req -new -key $base.key -subj "$subject" | openssl x509 -req -CA $ca.crt -CAkey $ca.key -set_serial $RANDOM \
    -days 365 -out $base.crt 2>/dev/null || exit 1
case $3 in *.conf) cat $base.crt >{root}/etc/kubernetes/$3 ;; esac
"""
HEALTHZ = r"""[ ! -e {root}/down ] || exit 22
case $* in
    *2379*) name=etcd ;;
    *10257*) name=kube-controller-manager ;;
    *) name=kube-scheduler ;;
esac
{breaks}
echo '{{"health":"true"}}'"""
BREAKS = r'[ ! -e {root}/breaks-$name ] || grep -q "\-old" {root}/containers/$name || exit 22'
KUBECTL = "name=kube-apiserver\n{breaks}\n[ ! -e {root}/down ]"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/etc/kubernetes of a control plane whose certificates end within the hour."""
    folder = tmp_path_factory.mktemp("kubernetes")
    (folder / "pki/etcd").mkdir(parents=True)
    for name in ("pki/ca", "pki/front-proxy-ca", "pki/etcd/ca"):
        base = folder / name
        _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{base}.key")
        _openssl("req", "-x509", "-key", f"{base}.key", "-subj", f"/CN={base.name}", "-out", f"{base}.crt")
    for entry in RENEWABLE:
        base = folder / entry.path.removeprefix("/etc/kubernetes/").removesuffix(".crt")
        ca = folder / ("pki/etcd/ca" if "etcd" in entry.name else "pki/ca")
        key, request = f"{base}.key", f"{base}.csr"
        _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key)
        _openssl("req", "-new", "-key", key, "-subj", f"/O=of/CN={entry.name}", "-out", request)
        held = f"{base}.crt" if entry.path.endswith(".crt") else str(base)
        _openssl(
            "x509", "-req", "-in", request, "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-set_serial", "7", "-days", "1",
            "-out", held,
        )  # fmt: skip
        Path(request).unlink()
        if not entry.path.endswith(".crt"):
            Path(key).unlink()
    return folder


def _openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True).stdout


class Host:
    def __init__(self, root: Path, pki: Path) -> None:
        self.shell, self.root = Shell(root), root
        shutil.copytree(pki, root / "etc/kubernetes")
        for component in COMPONENTS:
            self.shell.file(f"/etc/kubernetes/manifests/{component}.yaml", "kind: Pod\n", 0o600)
            self.shell.file(f"/containers/{component}", f"{component}-old\n")
        self.shell.file("/restarts")
        breaks = BREAKS.format(root=root)
        for name, body in {"crictl": CRICTL, "kubeadm": KUBEADM, "kubectl": KUBECTL, "curl": HEALTHZ}.items():
            self.shell.add_tool(name, body.format(root=root, breaks=breaks))
        self.shell.add_tool("systemctl", f"case $1 in restart) echo kubelet >>{root}/restarts ;; esac")
        self.shell.add_tool("sleep", "exec /bin/sleep 0.01")
        self.shell.add_tool("sync", ":")
        self.before = self.held()

    def run(self, revives: bool = False, up_to: str = "", seen: float = 4e9) -> subprocess.CompletedProcess[str]:
        self.shell.file(CONFIG, f"{self.root}{NEW}\n", 0o600)
        values = {"HOST": "master1", "ADDRESS": "10.0.0.1", "RUNTIME": "containerd", "LIMIT": "1", "CONFIG": CONFIG}
        values |= {
            "SEEN": str(round(seen)),
            "FOLDER": NEW,
            "RENEWED": LINES,
            "REVIVES": "yes" if revives else "",
            "UP_TO": up_to,
        }
        scripts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "renew-certificates.sh")
        return self.shell.run(shell_variables(values) + "".join(map(read_file, scripts)))

    def held(self) -> dict[str, bytes]:
        """What each certificate's and kubeconfig's file holds, by kubeadm's name."""
        return {entry.name: (self.root / entry.path.lstrip("/")).read_bytes() for entry in RENEWABLE}

    def lines(self, path: str) -> list[str]:
        file = self.root / path.lstrip("/")
        return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []

    @property
    def restarts(self) -> list[str]:
        return self.lines("/restarts")

    @property
    def changed(self) -> set[str]:
        """The names of those that are others than before."""
        return {name for name, text in self.held().items() if text != self.before[name]}

    def pairs_fit(self) -> bool:
        """Whether each certificate is of the key beside it."""
        found = []
        for entry in RENEWABLE:
            if entry.path.endswith(".crt"):
                path = self.root / entry.path.lstrip("/")
                public = _openssl("x509", "-in", str(path), "-noout", "-pubkey")
                found.append(public == _openssl("pkey", "-in", str(path.with_suffix(".key")), "-pubout"))
        return all(found)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left of the renewal."""
        return not any((self.root / path.lstrip("/")).exists() for path in (KEPT, CONFIG, NEW))


@pytest.fixture
def host(tmp_path: Path, pki: Path) -> Iterator[Host]:
    yield Host(tmp_path, pki)


NAMES = {entry.name for entry in RENEWABLE}


def test_all_are_renewed_in_their_order_and_each_component_comes_up_with_its_own(host: Host) -> None:
    server = host.root / f"{PKI}/etcd/server.crt".lstrip("/")
    server.chmod(0o640)
    elsewhere = host.root / "elsewhere.crt"
    (host.root / f"{PKI}/apiserver.crt".lstrip("/")).rename(elsewhere)
    (host.root / f"{PKI}/apiserver.crt".lstrip("/")).symlink_to(elsewhere)
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert host.restarts == list(COMPONENTS)
    assert host.lines("/renewed") == [entry.name for entry in RENEWABLE]
    assert (host.changed, host.pairs_fit(), host.is_whole) == (NAMES, True, True)
    # Whose it is, and who may read it, stays.
    assert "CN = etcd-server" in _openssl("x509", "-in", str(server), "-noout", "-subject", "-nameopt", "oneline")
    assert server.stat().st_mode & 0o777 == 0o640
    assert elsewhere.read_bytes() == host.held()["apiserver"]


def test_what_kubeadm_does_not_renew_stays_with_all_that_comes_behind_it(host: Host) -> None:
    host.shell.file("/kubeadm-fails", "apiserver-etcd-client\n")
    done = host.run()
    assert done.returncode == 1
    assert done.stderr.endswith(
        "master1: kubeadm renewed no certificate apiserver-etcd-client; what it had before is back and serves; see the "
        "lines above, then run this again.\n"
    )
    assert (host.changed, host.restarts, host.pairs_fit()) == (
        {"etcd-server", "etcd-peer", "etcd-healthcheck-client"},
        ["etcd"],
        True,
    )
    assert host.is_whole


@pytest.mark.parametrize("component", COMPONENTS)
def test_one_that_does_not_serve_gets_back_what_it_had(host: Host, component: str) -> None:
    host.shell.file(f"/breaks-{component}")
    done = host.run()
    assert done.returncode == 1
    assert (
        f"master1: {component} does not serve with its new certificates, nor does it serve with what it had"
        in done.stderr
    )
    assert "a reason" in done.stdout
    own = {entry.name for entry in RENEWABLE if entry.component == component}
    assert not host.changed & own
    assert host.pairs_fit()
    # It is kept until it serves, and a run behind that goes on.
    (host.root / f"breaks-{component}").unlink()
    again = host.run()
    assert again.returncode == 0, again.stderr
    assert (host.changed, host.pairs_fit(), host.is_whole) == (NAMES, True, True)


def test_one_that_serves_again_with_what_it_had_leaves_nothing(host: Host) -> None:
    host.shell.file("/breaks-kube-scheduler")
    # The second restart, with what stood before, serves.
    body = HEALTHZ.format(root=host.root, breaks=BREAKS.format(root=host.root))
    count = f"[ $(grep -c kube-scheduler {host.root}/restarts) -lt 2 ] || rm -f {host.root}/breaks-kube-scheduler\n"
    host.shell.add_tool("curl", count + body)
    done = host.run()
    assert done.returncode == 1
    assert "what it had before is back and serves" in done.stderr
    assert "scheduler.conf" not in host.changed
    assert host.is_whole


CUTS = [entry.name for entry in RENEWABLE]


@pytest.mark.parametrize("name", CUTS)
def test_a_run_that_was_cut_off_at_any_of_them_is_gone_on_with(host: Host, name: str) -> None:
    """kubeadm was killed with a key of which there is no certificate, or half of a kubeconfig."""
    kubeadm = (host.root / "tools/kubeadm").read_text(encoding="utf-8")
    half = f"case $3 in *.conf) echo half >{host.root}/etc/kubernetes/$3 ;; esac"
    half = f"[ $3 != {name} ] || {{ {half}; kill -9 $PPID; exit 1; }}"
    host.shell.add_tool("kubeadm", kubeadm.partition("\n")[2].replace("echo $3 >>", f"{half}\necho $3 >>", 1))
    cut = host.run()
    assert cut.returncode != 0
    assert (host.root / KEPT.lstrip("/")).is_dir()
    host.shell.add_tool("kubeadm", kubeadm.partition("\n")[2])
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert (host.changed, host.pairs_fit(), host.is_whole) == (NAMES, True, True)
    # What was renewed, and what had come up with it, is not touched again.
    assert sorted(host.lines("/renewed")) == sorted(NAMES)
    assert host.restarts == list(COMPONENTS)


def test_a_run_that_was_cut_off_between_a_key_and_its_certificate_is_gone_on_with(host: Host) -> None:
    once = f"[ -e {host.root}/cut ] || {{ touch {host.root}/cut; kill -9 $PPID; exit 1; }}"
    host.shell.add_tool("mv", f'case $3 in {host.root}{PKI}/apiserver.crt) {once} ;; esac\nexec /bin/mv "$@"')
    assert host.run().returncode != 0
    assert not host.pairs_fit()
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert (host.changed, host.pairs_fit(), host.is_whole, host.restarts) == (NAMES, True, True, list(COMPONENTS))


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_run_that_was_cut_off_before_a_restart_is_gone_on_with(host: Host, component: str) -> None:
    crictl = (host.root / "tools/crictl").read_text(encoding="utf-8")
    host.shell.add_tool("crictl", f'[ "$1 ${{4%-*}}" != "stop {component}" ] || kill -9 $PPID\n{crictl}')
    assert host.run().returncode != 0
    host.shell.add_tool("crictl", crictl)
    done = host.run()
    assert done.returncode == 0, done.stderr
    assert (host.restarts, host.changed, host.is_whole) == (list(COMPONENTS), NAMES, True)


def test_where_nothing_serves_etcd_is_renewed_first_and_waits_for_nobody(host: Host) -> None:
    host.shell.file("/down")
    first = host.run(revives=True, up_to="etcd")
    assert first.returncode == 0, first.stderr
    assert host.restarts == ["kubelet", "etcd"]
    assert host.changed == {"etcd-server", "etcd-peer", "etcd-healthcheck-client"}
    # Others are not back yet.
    second = host.run(revives=True)
    assert (second.returncode, host.restarts) == (1, ["kubelet", "etcd"])
    assert f"master1: etcd does not serve with its new certificates; what stood before is in {KEPT}" in second.stderr
    (host.root / "down").unlink()
    third = host.run(revives=True)
    assert third.returncode == 0, third.stderr
    assert host.restarts == ["kubelet", *COMPONENTS]
    assert (host.changed, host.is_whole) == (NAMES, True)


def test_a_runtime_that_does_not_answer_ends_it_before_the_first_change(host: Host) -> None:
    host.shell.file("/no-runtime")
    done = host.run()
    assert (done.returncode, host.changed, (host.root / KEPT.lstrip("/")).exists()) == (1, set(), False)
    assert "`crictl ps` failed" in done.stderr


def test_a_runtime_that_stops_to_answer_has_not_said_that_nothing_runs(host: Host) -> None:
    """Else what runs with the old ones would pass for what has come up with the new ones."""
    host.shell.file("/no-word-of", "kube-scheduler\n")
    done = host.run()
    assert done.returncode == 1
    assert "master1: `crictl ps` failed" in done.stderr
    assert host.restarts == list(COMPONENTS[:3])
    (host.root / "no-word-of").unlink()
    again = host.run()
    assert again.returncode == 0, again.stderr
    assert (host.restarts[3:], host.changed, host.is_whole) == (list(COMPONENTS), NAMES, True)


def test_what_another_run_has_renewed_since_it_was_looked_at_is_left_alone(host: Host) -> None:
    """It held the lock before. What it has left unfinished is gone on with."""
    early = host.run(seen=0)
    assert (early.returncode, host.changed, host.restarts, host.is_whole) == (0, set(), [], True), early.stderr
    host.shell.file(f"{KEPT}/renewed")
    late = host.run(seen=0)
    assert (late.returncode, host.changed, host.restarts, host.is_whole) == (0, NAMES, list(COMPONENTS), True)


def test_what_somebody_has_renewed_since_a_cut_is_what_comes_back(host: Host) -> None:
    """What the cut has kept is over by then."""
    host.shell.file("/kubeadm-fails", "scheduler.conf\n")
    assert host.run(revives=True).returncode == 1
    another = host.held() | {"scheduler.conf": b"another\n", "apiserver": host.held()["apiserver-etcd-client"]}
    shutil.copy(host.root / f"{PKI}/apiserver-etcd-client.key"[1:], host.root / f"{PKI}/apiserver.key"[1:])
    for entry in RENEWABLE:
        (host.root / entry.path[1:]).write_bytes(another[entry.name])
    host.shell.file("/breaks-kube-apiserver")
    assert host.run().returncode == 1
    assert host.pairs_fit()
    assert {name: host.held()[name] for name in ("apiserver", "scheduler.conf")} == {
        name: another[name] for name in ("apiserver", "scheduler.conf")
    }


def test_half_a_pair_that_was_put_back_is_nobodys(host: Host) -> None:
    """What puts it back is killed behind the key."""
    host.shell.file("/breaks-kube-apiserver")
    target = f"{host.root}{PKI}/apiserver.crt"
    once = f"echo . >>{host.root}/moves; [ $(wc -l <{host.root}/moves) != 2 ] || {{ kill -9 $PPID; exit 1; }}"
    host.shell.add_tool("mv", f'[ "$3" != {target} ] || {{ {once}; }}\nexec /bin/mv "$@"')
    assert host.run().returncode == 1
    assert not host.pairs_fit()
    host.shell.file("/kubeadm-fails", "apiserver\n")
    assert host.run().returncode == 1
    assert (host.held()["apiserver"], host.pairs_fit()) == (host.before["apiserver"], True)


def test_half_a_kubeconfig_is_nobodys(host: Host) -> None:
    """kubeadm was killed while it wrote, and what was kept is put back before it writes again."""
    host.shell.file("/kubeadm-fails", "scheduler.conf\n")
    host.run(revives=True)
    (host.root / "etc/kubernetes/scheduler.conf").write_text("half\n", encoding="utf-8")
    host.run()
    assert host.held()["scheduler.conf"] == host.before["scheduler.conf"]


def test_what_somebody_has_renewed_since_a_cut_comes_up_anew(host: Host) -> None:
    host.shell.file("/kubeadm-fails", "scheduler.conf\n")
    host.run(revives=True)
    assert host.restarts == list(COMPONENTS[:3])
    for end in ("key", "crt"):
        shutil.copy(host.root / f"{PKI}/etcd/server.{end}"[1:], host.root / f"{PKI}/etcd/peer.{end}"[1:])
    (host.root / "kubeadm-fails").unlink()
    done = host.run(revives=True)
    assert done.returncode == 0, done.stderr
    assert host.restarts == [*COMPONENTS[:3], "etcd", "kube-scheduler"]
    assert host.pairs_fit()
