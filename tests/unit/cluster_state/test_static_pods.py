"""A static pod beside the configurations that it may have been generated from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.catalog.static_pods import FIXED_FLAGS, OWN_FLAGS, PARTS, REGENERATED
from k8s_ha.cluster_state.manifest_values import Place, flag_values
from k8s_ha.cluster_state.static_pods import is_as_wanted, set_by_hand
from k8s_ha.observations.standing import Standing
from k8s_ha.observations.static_pod import StaticPod

VOLUME = {"name": "audit", "hostPath": "/h", "mountPath": "/m"}
HELD = {"hostPath": "/h", "mountPath": "/m", "readOnly": False, "pathType": ""}


def config(**server: Any) -> dict[str, Any]:
    return {"imageRepository": "r.example", "apiServer": server}


def pod(*arguments: str, image: str = "r.example/kube-apiserver:v1", **more: Any) -> StaticPod:
    given = dict(argument.split("=", 1) for argument in ("advertise-address=10.0.0.1", *arguments))
    return StaticPod(image, given, **{"program": "kube-apiserver", **more})


PKI = "/etc/kubernetes/pki"


def at(path: str, mounted: str = "") -> dict[str, Any]:
    return HELD | {"hostPath": path, "mountPath": mounted or path}


PLACE = Place("10.0.0.1", 6443)
PLAIN, V4 = config(), config(extraArgs={"v": "4"})
LISTED = config(extraArgs=[{"name": "v", "value": "4"}])
MOUNTED = config(extraVolumes=[VOLUME])
ENVIRONED = config(extraEnvs=[{"name": "A", "value": "b"}])

AS_WANTED: dict[str, tuple[StaticPod, dict[str, Any], list[dict[str, Any]], bool]] = {
    "nothing of anybody's": (pod(), PLAIN, [], True),
    "a flag": (pod("v=4"), V4, [], True),
    "a flag of a list": (pod("v=4"), LISTED, [], True),
    "a flag that lacks": (pod(), V4, [], False),
    "another value": (pod("v=2"), V4, [], False),
    "a flag that was taken out": (pod("v=4"), PLAIN, [V4], False),
    "a flag that only its host has": (pod("v=9"), PLAIN, [V4], True),
    "a flag that kubeadm gives too": (
        pod("authorization-mode=Node,RBAC"),
        PLAIN,
        [config(extraArgs={"authorization-mode": "Node,RBAC"})],
        True,
    ),
    "a volume": (pod(volumes={"audit": HELD}), MOUNTED, [], True),
    "a volume that lacks": (pod(), MOUNTED, [], False),
    "a volume elsewhere": (pod(volumes={"audit": HELD | {"mountPath": "/x"}}), MOUNTED, [], False),
    "a volume that was taken out": (pod(volumes={"audit": HELD}), PLAIN, [MOUNTED], False),
    "an environment": (pod(environment={"A": "b"}), ENVIRONED, [], True),
    "an environment that lacks": (pod(), ENVIRONED, [], False),
    "an environment that was taken out": (pod(environment={"A": "b"}), PLAIN, [ENVIRONED], False),
    "images of elsewhere": (pod(image="other.example/kube-apiserver:v1"), PLAIN, [], False),
}


@pytest.mark.parametrize(("held", "wanted", "sources", "expected"), AS_WANTED.values(), ids=AS_WANTED)
def test_whether_it_is_as_wanted(
    held: StaticPod, wanted: dict[str, Any], sources: list[dict[str, Any]], expected: bool
) -> None:
    assert is_as_wanted("kube-apiserver", held, wanted, sources) is expected


BY_HAND: dict[str, tuple[StaticPod, list[dict[str, Any]], list[str]]] = {
    "kubeadm's own": (pod("allow-privileged=true", "secure-port=6443"), [PLAIN], []),
    "a flag of no configuration": (pod("profiling=false"), [PLAIN], ["--profiling"]),
    "a flag of a configuration": (pod("v=4"), [PLAIN, V4], []),
    "another value than that of any": (pod("v=9"), [PLAIN, V4], ["--v"]),
    "kubeadm's own with another value": (
        pod("enable-admission-plugins=NodeRestriction,PodSecurity"),
        [PLAIN],
        ["--enable-admission-plugins"],
    ),
    "a volume of no configuration": (pod(volumes={"mine": HELD, "k8s-certs": at(PKI)}), [PLAIN], ["volume mine"]),
    "a volume of a configuration": (pod(volumes={"audit": HELD}), [MOUNTED], []),
    "an environment of no configuration": (pod(environment={"GODEBUG": "x"}), [PLAIN], ["environment GODEBUG"]),
    "another value than follows from the configuration": (
        pod("service-account-issuer=https://oidc.example", "tls-cert-file=/mine.crt", "secure-port=7443"),
        [PLAIN],
        ["--service-account-issuer", "--tls-cert-file", "--secure-port"],
    ),
    "what follows from another configuration": (
        pod("service-account-issuer=https://kubernetes.default.svc.one.example"),
        [PLAIN, {**PLAIN, "networking": {"dnsDomain": "one.example"}}],
        [],
    ),
    "another address": (pod("advertise-address=10.0.0.2"), [PLAIN], ["--advertise-address"]),
    "more members than its own": (
        pod("etcd-servers=https://127.0.0.1:2379,https://10.0.0.2:2379"),
        [PLAIN],
        ["--etcd-servers"],
    ),
    "a volume of kubeadm's elsewhere on the host": (
        pod(volumes={"k8s-certs": at("/mine", PKI)}),
        [PLAIN],
        ["volume k8s-certs"],
    ),
    "a volume of kubeadm's elsewhere in the container": (
        pod(volumes={"ca-certs": at("/etc/ssl/certs", "/mine")}),
        [PLAIN],
        ["volume ca-certs"],
    ),
    "another program": (pod(program="sh"), [PLAIN], ["the program"]),
    "a container beside it": (pod(additions={"container kms": "kms:1"}), [PLAIN], ["container kms"]),
    "proxies, which kubeadm takes from its environment": (
        pod(environment={"HTTPS_PROXY": "http://p", "no_proxy": "x"}),
        [PLAIN],
        [],
    ),
    "another image of the same registry": (pod(image="r.example/kube-apiserver-fips:v1"), [PLAIN], ["image"]),
    "an image of no configuration": (pod(image="mine.example/kube-apiserver:v1"), [PLAIN], ["image"]),
}


@pytest.mark.parametrize(("held", "sources", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_what_is_set_by_hand(held: StaticPod, sources: list[dict[str, Any]], expected: list[str]) -> None:
    assert [name for name, _ in set_by_hand("kube-apiserver", held, sources, PLACE)] == expected


GENERATED = """spec:
  containers:
  - command:
    - kube-apiserver
    - --v=4
    env:
    - name: A
      value: b
    - name: NODE
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    image: r.example/kube-apiserver:v1.37.2
    volumeMounts:
    - mountPath: /m
      name: audit
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  volumes:
  - hostPath:
      path: /h
    name: audit
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {}
"""


def test_a_manifest_as_kubeadm_writes_it() -> None:
    found = Standing(static_pods={"kube-apiserver": GENERATED}).static_pod("kube-apiserver")
    assert found is not None
    assert (found.version, found.arguments) == ("v1.37.2", {"v": "4"})
    assert found.environment == {"A": "b", "NODE": ""}
    assert found.volumes["audit"] == HELD
    assert found.volumes["k8s-certs"]["readOnly"] is True


OTHER = ("[]", "{containers: []}", "{containers: [{command: 5}]}", "{containers: [{command: [], image: i}]}")


@pytest.mark.parametrize("text", [*(f"spec: {spec}" for spec in OTHER), "[1]"])
def test_a_manifest_of_another_form_is_none_of_kubeadms(text: str) -> None:
    assert Standing(static_pods={"etcd": text}).static_pod("etcd") is None


def test_each_table_has_each_of_the_four() -> None:
    for table in (PARTS, OWN_FLAGS, FIXED_FLAGS):
        assert set(table) == set(REGENERATED)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("command: [etcd, --a=b, -v=6, --c]", ({"a": "b", "v": "6", "c": "true"}, {})),
        ("command: [etcd], args: [--a=b, --a=c]", ({"a": "b,c"}, {})),
        ("command: [etcd, --a, b, -c, --d]", ({"a": "b", "c": "true", "d": "true"}, {})),
        ("command: [etcd, x, --a=b, y]", ({"a": "b"}, {"word 1": "x", "word 2": "y"})),
    ],
)
def test_flags_however_they_are_written(words: str, expected: tuple[dict[str, str], dict[str, str]]) -> None:
    found = Standing(static_pods={"etcd": f"spec: {{containers: [{{image: i, {words}}}]}}"}).static_pod("etcd")
    assert found is not None
    assert (found.program, found.arguments, found.additions) == ("etcd", *expected)


BESIDE = """spec:
  initContainers: [{name: first, image: i}]
  containers:
  - {name: kms, image: k}
  - name: etcd
    command: [etcd]
    image: r.example/etcd:1
    volumeMounts:
    - {name: etcd-data, mountPath: /mine}
    - {name: etcd-data, mountPath: /var/lib/etcd}
  volumes:
  - {name: etcd-data, hostPath: {path: /var/lib/etcd}}
"""


def test_what_is_beside_what_kubeadm_writes() -> None:
    found = Standing(static_pods={"etcd": BESIDE}).static_pod("etcd")
    assert found is not None
    assert found.image == "r.example/etcd:1"
    assert found.volumes["etcd-data"]["mountPath"] == "/var/lib/etcd"
    assert found.additions == {"mount /mine": "etcd-data", "container kms": "k", "container first": "i"}


ODD = """spec:
  hostAliases: [{ip: 10.0.0.9}]
  hostNetwork: true
  priorityClassName: system-node-critical
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: etcd
    command: [etcd]
    image: r.example/etcd:1
    imagePullPolicy: IfNotPresent
    envFrom: [{configMapRef: {name: x}}]
    livenessProbe: {}
    ports: []
    resources: {requests: {cpu: 100m, memory: 8Gi}, limits: {cpu: 2}}
    volumeMounts: [{name: etcd-data, mountPath: /var/lib/etcd, subPath: x}]
"""


def test_fields_that_kubeadm_does_not_write() -> None:
    found = Standing(static_pods={"etcd": ODD}).static_pod("etcd")
    assert found is not None
    found.additions.pop("mount /var/lib/etcd")  # type: ignore[attr-defined]  # it has no volume
    assert found.additions == {
        "hostAliases": '[{"ip": "10.0.0.9"}]',
        "envFrom": '[{"configMapRef": {"name": "x"}}]',
        "subPath of mount /var/lib/etcd": '"x"',
        "resources.limits": '{"cpu": 2}',
        "resources.requests.memory": "8Gi",
    }


@pytest.mark.parametrize("component", REGENERATED)
def test_each_flag_that_is_no_constant_follows_from_something(component: str) -> None:
    networking = {"dnsDomain": "d", "serviceSubnet": "10.96.0.0/12", "podSubnet": "10.244.0.0/16"}
    derived = flag_values(component, {"networking": networking}, PLACE)
    unsaid = {name for name, value in OWN_FLAGS[component].items() if value is None} - derived.keys()
    assert unsaid == ({"initial-cluster", "initial-cluster-state", "name"} if component == "etcd" else set())
    assert derived.keys() <= OWN_FLAGS[component].keys()


# What kubeadm writes by itself, the flags of all lines from 1.20 to 1.37 together.
CLUSTER = {
    "imageRepository": "registry.k8s.io",
    "networking": {"dnsDomain": "cluster.local", "serviceSubnet": "10.96.0.0/12", "podSubnet": "10.244.0.0/16"},
}
KUBEADMS: dict[str, list[str]] = {
    "kube-apiserver": [
        *("advertise-address=10.0.0.1", "allow-privileged=true", "authorization-mode=Node,RBAC"),
        *("client-ca-file=/etc/kubernetes/pki/ca.crt", "enable-admission-plugins=NodeRestriction"),
        *("enable-bootstrap-token-auth=true", "etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt"),
        "etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
        *("etcd-servers=https://127.0.0.1:2379", "insecure-port=0"),
        "kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
        "proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key",
        *("requestheader-allowed-names=front-proxy-client", "requestheader-group-headers=X-Remote-Group"),
        "requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
        *("requestheader-extra-headers-prefix=X-Remote-Extra-", "requestheader-username-headers=X-Remote-User"),
        *("secure-port=6443", "service-account-issuer=https://kubernetes.default.svc.cluster.local"),
        "service-account-key-file=/etc/kubernetes/pki/sa.pub",
        "service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
        *("service-cluster-ip-range=10.96.0.0/12", "tls-cert-file=/etc/kubernetes/pki/apiserver.crt"),
        "tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
    ],
    "kube-controller-manager": [
        *("allocate-node-cidrs=true", "authentication-kubeconfig=/etc/kubernetes/controller-manager.conf"),
        *("authorization-kubeconfig=/etc/kubernetes/controller-manager.conf", "bind-address=127.0.0.1"),
        *("client-ca-file=/etc/kubernetes/pki/ca.crt", "cluster-cidr=10.244.0.0/16", "cluster-name=kubernetes"),
        "cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
        "cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
        "controllers=*,bootstrapsigner,tokencleaner",
        *("kubeconfig=/etc/kubernetes/controller-manager.conf", "leader-elect=true", "node-cidr-mask-size=24"),
        *("port=0", "requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt"),
        *("root-ca-file=/etc/kubernetes/pki/ca.crt", "service-cluster-ip-range=10.96.0.0/12"),
        "service-account-private-key-file=/etc/kubernetes/pki/sa.key",
        "use-service-account-credentials=true",
    ],
    "kube-scheduler": [
        "authentication-kubeconfig=/etc/kubernetes/scheduler.conf",
        "authorization-kubeconfig=/etc/kubernetes/scheduler.conf",
        *("bind-address=127.0.0.1", "kubeconfig=/etc/kubernetes/scheduler.conf", "leader-elect=true", "port=0"),
    ],
    "etcd": [
        *("advertise-client-urls=https://10.0.0.1:2379", "cert-file=/etc/kubernetes/pki/etcd/server.crt"),
        *("client-cert-auth=true", "data-dir=/var/lib/etcd", "experimental-initial-corrupt-check=true"),
        *("feature-gates=InitialCorruptCheck=true", "initial-advertise-peer-urls=https://10.0.0.1:2380"),
        "initial-cluster=master1=https://10.0.0.1:2380,master2=https://10.0.0.2:2380",
        *("initial-cluster-state=existing", "key-file=/etc/kubernetes/pki/etcd/server.key"),
        "listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379",
        *("listen-metrics-urls=http://127.0.0.1:2381", "listen-peer-urls=https://10.0.0.1:2380", "name=master1"),
        *("peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt", "peer-client-cert-auth=true"),
        *("peer-key-file=/etc/kubernetes/pki/etcd/peer.key", "snapshot-count=10000"),
        "peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
        *("trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt", "watch-progress-notify-interval=5s"),
    ],
}
VOLUMES = {
    "kube-apiserver": {"k8s-certs": PKI, "ca-certs": "/etc/ssl/certs", "etc-pki": "/etc/pki"},
    "kube-controller-manager": {
        "flexvolume-dir": "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
        "kubeconfig": "/etc/kubernetes/controller-manager.conf",
        "etc-pki-ca-trust": "/etc/pki/ca-trust",
        "etc-pki-tls-certs": "/etc/pki/tls/certs",
    },
    "kube-scheduler": {"kubeconfig": "/etc/kubernetes/scheduler.conf"},
    "etcd": {"etcd-certs": f"{PKI}/etcd", "etcd-data": "/var/lib/etcd"},
}


@pytest.mark.parametrize("component", REGENERATED)
def test_nothing_that_kubeadm_writes_is_by_hand(component: str) -> None:
    held = StaticPod(
        f"registry.k8s.io/{component}:v1",
        dict(flag.split("=", 1) for flag in KUBEADMS[component]),
        volumes={name: at(path) for name, path in VOLUMES[component].items()},
        program=component,
    )
    assert list(set_by_hand(component, held, [CLUSTER], PLACE)) == []
    for name in VOLUMES[component]:
        moved = replace(held, volumes={name: at("/mine")})
        assert [found for found, _ in set_by_hand(component, moved, [CLUSTER], PLACE)] == [f"volume {name}"]
    for flag in held.arguments.keys() - {"initial-cluster", "initial-cluster-state", "name"}:
        moved = replace(held, arguments={flag: "/mine"})
        assert [found for found, _ in set_by_hand(component, moved, [CLUSTER], PLACE)] == [f"--{flag}"]


MOVED: dict[str, tuple[str, dict[str, Any], list[str], dict[str, str]]] = {
    "data of etcd": (
        "etcd",
        {"etcd": {"local": {"dataDir": "/data/etcd/"}}},
        ["data-dir=/data/etcd"],
        {"etcd-data": "/data/etcd"},
    ),
    "certificates": (
        "kube-controller-manager",
        {"certificatesDir": "/pki"},
        ["root-ca-file=/pki/ca.crt"],
        {"k8s-certs": "/pki"},
    ),
    "a CA's key that is kept elsewhere": (
        "kube-controller-manager",
        {},
        ["cluster-signing-cert-file=", "cluster-signing-key-file="],
        {},
    ),
    "plugins": (
        "kube-controller-manager",
        {"controllerManager": {"extraArgs": {"flex-volume-plugin-dir": "/plugins"}}},
        ["flex-volume-plugin-dir=/plugins"],
        {"flexvolume-dir": "/plugins"},
    ),
    "where etcd says that it is": (
        "kube-apiserver",
        {"etcd": {"local": {"extraArgs": {"advertise-client-urls": "https://10.9.9.9:2379"}}}},
        ["etcd-servers=https://10.9.9.9:2379"],
        {},
    ),
}


@pytest.mark.parametrize(("component", "configuration", "flags", "volumes"), MOVED.values(), ids=MOVED)
def test_what_a_configuration_moves_is_not_by_hand(
    component: str, configuration: dict[str, Any], flags: list[str], volumes: dict[str, str]
) -> None:
    held = StaticPod(
        f"r.example/{component}:v1",
        dict(flag.split("=", 1) for flag in flags),
        volumes={name: at(path) for name, path in volumes.items()},
        program=component,
    )
    assert list(set_by_hand(component, held, [{"imageRepository": "r.example", **configuration}], PLACE)) == []
