"""``python -m tests.scenarios.settings [NAME…] [--line LINE] [--standing]``: a cluster whose settings are changed and
changed back, one after the other, while it is watched what users notice.

Each change is planned by a dry run, made, read back from the cluster itself, and run again with no change; then all of
that on the way back. Last comes a flag that no API server takes: what stood before must be back by itself. Without
names all of them. The table for the documentation is printed; what users noticed is told at the end, and fails the
scenario.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.lab import network, state
from tests.lab.checks import CONTROL_PLANES, NODES
from tests.lab.client import Lab
from tests.lab.settings import in_lab
from tests.scenarios.availability import watched
from tests.scenarios.availability_report import Availability
from tests.scenarios.rollout import check_unnoticed, dry_run, heading, markdown, second_run, timed_run

DESCRIPTION = "Change settings of a standing cluster and change them back, while it is watched what users notice."
COLUMNS = (
    *("setting", "steps", "seconds", "seconds back", "failed API requests", "failed service requests"),
    *("watch ends", "longest gap"),
)

Values = Mapping[str, str]
"""What stands, by the host that it was read of."""


def patched(patches: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the lab with more of kubeadm's."""
    return {"kubeadm_patches": _merged(in_lab({})["kubeadm_patches"], patches)}


def _merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], more[key]) for key in base.keys() & more.keys() if isinstance(more[key], Mapping)}
    return {**base, **more, **both}


def flags_of(component: str, *names: str) -> Callable[[Lab], Values]:
    """Flags of the static pod on each control plane, as the API tells them."""

    def read(lab: Lab) -> Values:
        found = {}
        for name in CONTROL_PLANES:
            pod = json.loads(lab.kubectl("-n", "kube-system", "get", "pod", f"{component}-{name}", "-o", "json"))
            words = pod["spec"]["containers"][0]["command"]
            found[name] = " ".join(sorted(word for word in words if word[2:].partition("=")[0] in names))
        return found

    return read


def images(lab: Lab) -> Values:
    """Where the images of kubeadm's own pods come from."""
    pods = json.loads(lab.kubectl("-n", "kube-system", "get", "pods", "-o", "json"))["items"]
    return {
        pod["metadata"]["name"]: container["image"].rpartition("/")[0]
        for pod in pods
        if pod["metadata"]["name"].startswith(("etcd-", "kube-", "coredns-"))
        for container in pod["spec"]["containers"]
    }


def max_pods(lab: Lab) -> Values:
    """As each kubelet tells it."""
    path = "/api/v1/nodes/{}/proxy/configz"
    told = {name: json.loads(lab.kubectl("get", "--raw", path.format(name))) for name in NODES}
    return {name: str(found["kubeletconfig"]["maxPods"]) for name, found in told.items()}


def proxy_modes(lab: Lab) -> Values:
    """As kube-proxy on each node tells it."""
    return {name: lab.host(name, "curl -sS --noproxy '*' 127.0.0.1:10249/proxyMode") for name in NODES}


def proxy_minimum(lab: Lab) -> Values:
    """kube-proxy's minSyncPeriod, as each node's process has it."""
    told = {name: json.loads(lab.host(name, "curl -sS --noproxy '*' 127.0.0.1:10249/configz")) for name in NODES}
    found = {name: next(iter(held.values())) for name, held in told.items()}
    return {name: str((held.get("iptables") or held["IPTables"])["minSyncPeriod"]) for name, held in found.items()}


def names_served(lab: Lab) -> Values:
    """Whether the new name is in the certificate that each API server serves with, asked where it stands."""
    found = {}
    for name in CONTROL_PLANES:
        host = state.current().topology.host(name)
        script = f"openssl s_client -connect {host.address}:6443 </dev/null 2>/dev/null | openssl x509 -noout -text"
        words = ["ip", "netns", "exec", network.namespace(host), "sh", "-c", script]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        found[name] = str("DNS:api.lab.example" in told)
    return found


@dataclass(frozen=True)
class Change:
    """A setting, what reads of the cluster how it stands, and what is read then, on every host.

    + stays: whether that stands also when the setting is set back
    """

    settings: Mapping[str, Any]
    read: Callable[[Lab], Values]
    standing: str
    stays: bool = False


def _flag(part: str, component: str, name: str, value: str) -> Change:
    patch: dict[str, Any] = {"extraArgs": {name: value}}
    patch = {"etcd": {"local": patch}} if part == "etcd" else {part: patch}
    return Change({"ClusterConfiguration": patch}, flags_of(component, name), f"--{name}={value}")


PATCHES: Final[Mapping[str, Change]] = {
    "flag of the API server": _flag("apiServer", "kube-apiserver", "event-ttl", "2h0m0s"),
    "flag of the controller manager": _flag("controllerManager", "kube-controller-manager", "v", "3"),
    "flag of the scheduler": _flag("scheduler", "kube-scheduler", "v", "3"),
    "flag of etcd": _flag("etcd", "etcd", "quota-backend-bytes", "4294967296"),
    "field of the kubelets": Change({"KubeletConfiguration": {"maxPods": 120}}, max_pods, "120"),
    "field of kube-proxy": Change(
        {"KubeProxyConfiguration": {"iptables": {"minSyncPeriod": "2s"}}}, proxy_minimum, "2s"
    ),
}
"""Of kubeadm_patches, by what is changed."""

CHANGES: Final[Mapping[str, Change]] = {
    "cert_extra_sans": Change({"cert_extra_sans": ["api.lab.example"]}, names_served, "True", stays=True),
    "kube_proxy_mode": Change({"kube_proxy_mode": "nftables"}, proxy_modes, "nftables"),
    "image_repository": Change(
        {"image_repository": "registry.aliyuncs.com/google_containers"},
        images,
        "registry.aliyuncs.com/google_containers",
    ),
}
"""Settings of their own."""

WRONG: Final = "flag that no API server takes"


def settings_of(name: str) -> tuple[Change, dict[str, Any]]:
    """The change, and what a run sets for it."""
    if name in PATCHES:
        return PATCHES[name], patched(PATCHES[name].settings)
    return CHANGES[name], dict(CHANGES[name].settings)


@dataclass(frozen=True)
class Row:
    """What a change and its way back took."""

    name: str
    steps: int
    seconds: float
    back: float
    availability: Availability

    def markdown(self) -> str:
        """Of the table whose columns are COLUMNS."""
        return markdown((self.name, self.steps, round(self.seconds), round(self.back), *self.availability.cells))


def there_and_back(lab: Lab, name: str) -> Row:
    """One change and its way back; AssertionError where something is not as wanted, but for what users noticed."""
    change, settings = settings_of(name)
    before = change.read(lab)
    assert change.standing not in before.values(), f"{name} stands already: {before}"
    with watched(lab) as found:
        steps = dry_run(lab, name, **settings)
        print(f"{name}, {len(steps)} steps:", *steps, sep="\n  ", flush=True)
        seconds = timed_run(lab, name, **settings)
        after = change.read(lab)
        assert set(after.values()) == {change.standing}, f"{name} is not as it was set: {after}"
        second_run(lab, name, **settings)
        back = timed_run(lab, f"{name}, back")
        wanted = {change.standing} if change.stays else set(before.values())
        assert set(change.read(lab).values()) == wanted, f"{name} is not as before: {change.read(lab)}"
        second_run(lab, f"{name}, back")
    print(found.table(), flush=True)
    return Row(name, len(steps), seconds, back, found)


def wrong(lab: Lab) -> list[str]:
    """A flag that no API server takes: the run fails and says why, and all stands as before; what users noticed."""
    read = flags_of("kube-apiserver", "no-such-flag")
    settings = patched({"ClusterConfiguration": {"apiServer": {"extraArgs": {"no-such-flag": "1"}}}})
    with watched(lab) as found:
        run = lab.pyinfra("-y", **settings)
        told = " ".join(run.stderr.split())
        assert run.returncode == 1, told
        for sentence in (
            "its old manifest is back and serves",
            "The cluster keeps the ClusterConfiguration of before again.",
            "unknown flag: --no-such-flag",
        ):
            assert sentence in told, f"{sentence!r} was not said:\n{run.stderr[-6000:]}"
        assert set(read(lab).values()) == {""}
        kept = lab.kubectl("-n", "kube-system", "get", "cm", "kubeadm-config", "-o", "jsonpath={.data}")
        assert "no-such-flag" not in kept, kept
        timed_run(lab, f"{WRONG}, set back")
        second_run(lab, f"{WRONG}, set back")
    print(found.table(), flush=True)
    return [f"{WRONG}: {sentence}" for sentence in found.complaints()]


def main(arguments: Sequence[str]) -> None:
    names = (*PATCHES, *CHANGES, WRONG)
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.settings", description=DESCRIPTION)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(map(shlex.quote, names))}")
    parser.add_argument("--line", default="1.37", help="Kubernetes line; default %(default)s")
    parser.add_argument("--standing", action="store_true", help="take the cluster of the lab that is up")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in names]:
        parser.error(f"{unknown[0]!r} is none of {', '.join(names)}")
    lab = Lab(options=("--line", options.line))
    if not options.standing:
        lab.up()
        lab.results()
    rows, noticed = heading(COLUMNS), []
    for name in options.names or names:
        if name == WRONG:
            noticed += wrong(lab)
            continue
        row = there_and_back(lab, name)
        rows.append(row.markdown())
        print(rows[-1], flush=True)
        noticed += [f"{name}: {sentence}" for sentence in row.availability.complaints()]
    print(*rows, sep="\n", flush=True)
    check_unnoticed(noticed)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
