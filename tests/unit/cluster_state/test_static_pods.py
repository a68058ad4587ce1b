"""A static pod beside the configurations that it may have been generated from."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.catalog.static_pods import FIXED_FLAGS, OWN_FLAGS, PARTS, REGENERATED
from k8s_ha.cluster_state.static_pods import is_as_wanted, set_by_hand
from k8s_ha.observations.standing import Standing, StaticPod

VOLUME = {"name": "audit", "hostPath": "/h", "mountPath": "/m"}
HELD = {"hostPath": "/h", "mountPath": "/m", "readOnly": False, "pathType": ""}


def config(**server: Any) -> dict[str, Any]:
    return {"imageRepository": "r.example", "apiServer": server}


def pod(*arguments: str, image: str = "r.example/kube-apiserver:v1", **more: Any) -> StaticPod:
    given = dict(argument.split("=", 1) for argument in ("advertise-address=10.0.0.1", *arguments))
    return StaticPod(image, given, **more)


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
    "a volume of no configuration": (pod(volumes={"mine": HELD, "k8s-certs": HELD}), [PLAIN], ["volume mine"]),
    "a volume of a configuration": (pod(volumes={"audit": HELD}), [MOUNTED], []),
    "an environment of no configuration": (pod(environment={"HTTP_PROXY": "x"}), [PLAIN], ["environment HTTP_PROXY"]),
    "an image of no configuration": (pod(image="mine.example/kube-apiserver:v1"), [PLAIN], ["image"]),
}


@pytest.mark.parametrize(("held", "sources", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_what_is_set_by_hand(held: StaticPod, sources: list[dict[str, Any]], expected: list[str]) -> None:
    assert [name for name, _ in set_by_hand("kube-apiserver", held, sources)] == expected


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


@pytest.mark.parametrize("text", ["spec: []", "spec: {containers: []}", "spec: {containers: [{command: 5}]}", "[1]"])
def test_a_manifest_of_another_form_is_none_of_kubeadms(text: str) -> None:
    assert Standing(static_pods={"etcd": text}).static_pod("etcd") is None


def test_each_table_has_each_of_the_four() -> None:
    for table in (PARTS, OWN_FLAGS, FIXED_FLAGS):
        assert set(table) == set(REGENERATED)
