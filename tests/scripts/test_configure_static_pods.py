"""Static pods generated anew, or put back, beside a kubelet and a runtime of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

MANIFESTS = "/etc/kubernetes/manifests"
KEPT = "/var/lib/k8s-ha/static-pods"
CONFIG = "/run/k8s-ha/static-pods.yaml"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

# What runs follows the manifest at once; one that says "bad" ends. A container's ID is the manifest's checksum.
CRICTL = r"""
case $1 in
    logs) echo "E1127 flag.go: unknown flag: --oidc-client-secret=whisper"; exit 0 ;;
    ps) ;;
    *) exit 1 ;;
esac
[ ! -e {root}/runtime-is-down ] || exit 1
[ ! -e {root}/runtime-fails-at ] || {{
    echo . >>{root}/asked
    [ "$(wc -l <{root}/asked)" != "$(cat {root}/runtime-fails-at)" ] || exit 1
}}
component=$(echo "$*" | sed 's/.*container.name=\([^ ]*\).*/\1/')
manifest={root}/etc/kubernetes/manifests/$component.yaml
case $* in *" -a "*) ;; *) grep -q bad "$manifest" && exit 0 ;; esac
cksum <"$manifest" | cut -d ' ' -f 1
"""
# A kubelet that never takes up another manifest: what ran before runs on.
SLOW_CRICTL = r"""
case $1 in logs) exit 0 ;; esac
echo started-anew
"""
KUBEADM = r"""
echo "$*" >>{root}/log
case "$*" in
    *images*) [ ! -e {root}/no-images ] || exit 1 ;;
    *etcd*) component=etcd ;;
    *) component=kube-$4 ;;
esac
manifest={root}/etc/kubernetes/manifests/$component.yaml
[ -z "$component" ] || sed -i 's/--v=./--v=4/' "$manifest"
[ "$component" != "$(cat {root}/breaks 2>/dev/null)" ] || sed -i 's/--v=4/--bad/' "$manifest"
[ "$component" != "$(cat {root}/kubeadm-fails 2>/dev/null)" ] || exit 1
"""
SERVER = "! grep -q bad {root}/etc/kubernetes/manifests/kube-apiserver.yaml"
CURL = r"""
case $* in
    *10257*) ! grep -q bad {root}/etc/kubernetes/manifests/kube-controller-manager.yaml ;;
    *10259*) ! grep -q bad {root}/etc/kubernetes/manifests/kube-scheduler.yaml ;;
    *) grep -q bad {root}/etc/kubernetes/manifests/etcd.yaml || echo '{{"health":"true"}}' ;;
esac
"""


def manifest(component: str, flag: str = "--v=2") -> str:
    return f"kind: Pod\nspec:\n  containers:\n  - command:\n    - {component}\n    - {flag}\nstatus: {{}}\n"


class Host:
    """A control plane whose static pods run with ``--v=2``, and kubeadm gives them ``--v=4``."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        for component in COMPONENTS:
            self.shell.file(f"{MANIFESTS}/{component}.yaml", manifest(component), 0o600)
        for path in ("healthcheck-client.crt", "healthcheck-client.key", "ca.crt"):
            self.shell.file(f"/etc/kubernetes/pki/etcd/{path}")
        self.shell.file(CONFIG, "secret", 0o600)
        tools = {"crictl": CRICTL, "kubeadm": KUBEADM, "kubectl": SERVER, "curl": CURL}
        for name, body in tools.items():
            self.shell.add_tool(name, body.format(root=root))
        self.shell.add_tool("systemctl", ":")
        self.shell.add_tool("journalctl", "echo 'kubelet: nothing'")
        self.shell.add_tool("sleep", "exec /bin/sleep 0.01")

    def run(self, *components: str, images: str = "", change: str = "one") -> subprocess.CompletedProcess[str]:
        values = {"HOST": "master1", "ADDRESS": "10.0.0.1", "RUNTIME": "containerd", "LIMIT": "1", "CONFIG": CONFIG}
        values |= {"COMPONENTS": " ".join(components or COMPONENTS), "IMAGES": images, "CHANGE": change}
        scripts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "configure-static-pods.sh")
        return self.shell.run(shell_variables(values) + "".join(map(read_file, scripts)))

    def flags(self) -> dict[str, str]:
        found = {}
        for component in COMPONENTS:
            text = (self.shell.root / f"{MANIFESTS}/{component}.yaml".lstrip("/")).read_text(encoding="utf-8")
            found[component] = text.partition("    - --")[2].partition("\n")[0]
        return found

    def say(self, name: str, text: str = "") -> None:
        (self.shell.root / name).write_text(text, encoding="utf-8")

    def has(self, path: str) -> bool:
        return (self.shell.root / path.lstrip("/")).exists()

    def did(self) -> list[str]:
        log = self.shell.root / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


OLD, NEW = dict.fromkeys(COMPONENTS, "v=2"), dict.fromkeys(COMPONENTS, "v=4")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_each_component_gets_its_new_manifest(host: Host) -> None:
    done = host.run()
    assert (done.returncode, host.flags()) == (0, NEW), done.stderr
    assert [line.partition(" --config")[0] for line in host.did()] == [
        "init phase etcd local",
        *(f"init phase control-plane {name}" for name in ("apiserver", "controller-manager", "scheduler")),
    ]
    assert not host.has(KEPT)
    assert not host.has(CONFIG)


def test_others_than_those_that_differ_are_left_alone(host: Host) -> None:
    assert host.run("kube-scheduler").returncode == 0
    assert host.flags() == OLD | {"kube-scheduler": "v=4"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_one_that_does_not_come_up_is_put_back_with_all_others(host: Host, component: str) -> None:
    host.say("breaks", component)
    done = host.run()
    assert (done.returncode, host.flags()) == (1, OLD)
    assert done.stderr.splitlines() == [
        f"master1: {component} did not come up within 1 seconds; its old manifest is back and serves; see its last "
        "lines above, correct the setting, then run this again."
    ]
    assert "unknown flag: --oidc-client-secret=***" in done.stdout
    assert "whisper" not in done.stdout + done.stderr
    assert not host.has(KEPT)
    assert not host.has(CONFIG)


def test_where_kubeadm_fails_what_it_wrote_is_put_back(host: Host) -> None:
    host.say("kubeadm-fails", "kube-apiserver")
    done = host.run()
    assert (done.returncode, host.flags()) == (1, OLD)
    assert "kube-apiserver was not configured by kubeadm; its old manifest is back" in done.stderr


def test_one_that_is_generated_as_it_stands_is_not_waited_for_anew(host: Host) -> None:
    for component in COMPONENTS:
        host.shell.file(f"{MANIFESTS}/{component}.yaml", manifest(component, "--v=4"))
    assert (host.run().returncode, host.flags()) == (0, NEW)


def test_a_change_that_was_cut_off_goes_on_and_still_knows_what_stood_before(host: Host) -> None:
    for component in COMPONENTS:
        host.shell.file(f"{KEPT}/{component}.yaml", manifest(component))
        host.shell.file(f"{KEPT}/{component}.containers", "1 ")
    host.shell.file(f"{KEPT}/change", "one\n")
    host.shell.file(f"{MANIFESTS}/etcd.yaml", manifest("etcd", "--bad"))
    host.say("breaks", "kube-scheduler")
    assert (host.run().returncode, host.flags()) == (1, OLD)


def test_what_another_change_has_left_is_not_what_is_put_back(host: Host) -> None:
    for component in COMPONENTS:
        host.shell.file(f"{KEPT}/{component}.yaml", manifest(component, "--v=1"))
    host.shell.file(f"{KEPT}/change", "an older one\n")
    host.say("breaks", "kube-scheduler")
    assert (host.run().returncode, host.flags()) == (1, OLD)


def put_back(host: Host) -> subprocess.CompletedProcess[str]:
    values = {"HOST": "master1", "ADDRESS": "10.0.0.1", "RUNTIME": "containerd", "LIMIT": "1"}
    scripts = ("facts/etcd.sh", "copied.sh", "static-pod.sh", "put-static-pods-back.sh")
    return host.shell.run(shell_variables(values) + "".join(map(read_file, scripts)))


def test_what_one_was_cut_off_at_is_put_back_alone(host: Host) -> None:
    host.shell.file(f"{KEPT}/kube-apiserver.yaml", manifest("kube-apiserver"))
    host.shell.file(f"{KEPT}/change", "one\n")
    host.shell.file(f"{MANIFESTS}/kube-apiserver.yaml", manifest("kube-apiserver", "--bad"))
    host.shell.file(f"{MANIFESTS}/kube-scheduler.yaml", manifest("kube-scheduler", "--v=4"))
    done = put_back(host)
    assert (done.returncode, host.flags()) == (0, OLD | {"kube-scheduler": "v=4"}), done.stderr
    assert not host.has(KEPT)


def with_image(tag: str, flag: str) -> str:
    return manifest("kube-apiserver", flag).replace("status:", f"    image: r.example/kube-apiserver:{tag}\nstatus:")


def test_what_it_replaces_is_kept_and_another_version_stays(host: Host) -> None:
    host.shell.file(f"{KEPT}/kube-apiserver.yaml", with_image("v1.34.4", "--v=2"))
    host.shell.file(f"{MANIFESTS}/kube-apiserver.yaml", with_image("v1.34.4", "--bad"))
    done = put_back(host)
    assert done.returncode == 0, done.stderr
    replaced = host.shell.root / "var/lib/k8s-ha/replaced/kube-apiserver.yaml"
    assert "--bad" in replaced.read_text(encoding="utf-8")
    host.shell.file(f"{KEPT}/kube-apiserver.yaml", with_image("v1.34.4", "--v=2"))
    newer = host.shell.file(f"{MANIFESTS}/kube-apiserver.yaml", with_image("v1.34.11", "--bad"))
    done = put_back(host)
    assert done.returncode == 1
    assert "is of v1.34.11, the one that a change has kept" in done.stderr
    assert "v1.34.11" in newer.read_text(encoding="utf-8")


@pytest.mark.parametrize("half", ["key", "crt"])
def test_half_of_a_pair_is_put_back_too(host: Host, half: str) -> None:
    for end in ("key", "crt"):
        host.shell.file(f"/var/lib/k8s-ha/apiserver-certificate/apiserver.{end}", "old")
        host.shell.file(f"/etc/kubernetes/pki/apiserver.{end}", "new" if end == half else "old")
    done = put_back(host)
    assert done.returncode == 0, done.stderr
    pki = host.shell.root / "etc/kubernetes/pki"
    assert {(pki / f"apiserver.{end}").read_text(encoding="utf-8") for end in ("key", "crt")} == {"old"}
    assert not host.has("/var/lib/k8s-ha/apiserver-certificate")


def test_what_the_kubelet_has_started_anew_by_the_old_manifest_is_not_the_new_one(host: Host) -> None:
    """A change that was cut off, whose old manifest is in place again: a container's ID is its manifest's checksum."""
    for component in COMPONENTS:
        host.shell.file(f"{KEPT}/{component}.yaml", manifest(component))
        host.shell.file(f"{KEPT}/{component}.containers", "of-before-the-cut ")
    host.shell.file(f"{KEPT}/change", "one\n")
    host.shell.add_tool("crictl", SLOW_CRICTL.format(root=host.shell.root))
    host.shell.file("/stays", "1")
    assert (host.run("kube-scheduler").returncode, host.flags()) == (1, OLD)


def test_one_that_does_not_serve_so_either_says_so_and_stays_kept(host: Host) -> None:
    host.shell.file(f"{KEPT}/kube-apiserver.yaml", manifest("kube-apiserver", "--bad"))
    done = put_back(host)
    assert (done.returncode, host.has(f"{KEPT}/kube-apiserver.yaml")) == (1, True)
    assert done.stderr == (
        "master1: kube-apiserver does not serve with what it had before, which is back; see `crictl ps -a` there, then "
        "run this again.\n"
    )
    assert "unknown flag: --oidc-client-secret=***" in done.stdout


def test_images_that_cannot_be_pulled_end_it_before_the_first_change(host: Host) -> None:
    host.say("no-images")
    done = host.run(images="yes")
    assert (done.returncode, host.flags(), host.has(KEPT)) == (1, OLD, False)
    assert done.stderr == "master1: the images cannot be pulled; see the lines above, then run this again.\n"


def test_a_runtime_that_does_not_answer_ends_it_before_the_first_change(host: Host) -> None:
    host.say("runtime-is-down")
    done = host.run()
    assert (done.returncode, host.did()) == (1, [])
    assert "`crictl ps` failed" in done.stderr


def test_a_runtime_that_stops_to_answer_has_not_said_that_nothing_runs(host: Host) -> None:
    """Each component is asked for once before anything is noted: the fifth time notes etcd's container."""
    host.say("runtime-fails-at", "5")
    done = host.run()
    assert (done.returncode, host.did(), host.flags()) == (1, [], OLD)
    assert "`crictl ps` failed" in done.stderr
    assert host.run().returncode == 0
    assert host.flags() == NEW


def test_docker_is_asked_by_its_own_labels(host: Host) -> None:
    values = {"RUNTIME": "docker", "HOST": "h", "ADDRESS": "a", "LIMIT": "1"}
    host.shell.add_tool("docker", 'echo "$*"')
    script = shell_variables(values) + read_file("static-pod.sh")
    asked = host.shell.lines(f"{script}containers etcd running; containers etcd all")
    assert asked == [
        f"ps -q{more} --filter label=io.kubernetes.container.name=etcd "
        "--filter label=io.kubernetes.pod.namespace=kube-system"
        for more in ("", " -a")
    ]
