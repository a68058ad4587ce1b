"""``python -m tests.scenarios.certificates [--line LINE] [--minutes N] [--cut]``: certificates that really end.

A cluster whose certificates live for minutes has all of them renewed while it is watched what users notice, and a run
behind that changes nothing. Then nobody comes near it until every certificate has ended, kubelets' too, and no API
server answers. One run brings it back, with its workload. With --cut the operator is killed after each operation of
both, once each, until a run comes to its end. The table is printed; what users noticed of the renewal fails the
scenario.

The short life is kubeadm's certificateValidityPeriod; before 1.31 the cluster's CAs sign what there is again. Kubelets'
is the controller manager's cluster-signing-duration.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.x509 import load_pem_x509_certificate

from k8s_ha.catalog.certificates import KUBELET_CLIENT, RENEWABLE
from tests.lab.build.tables.lines import find
from tests.lab.checks import CONTROL_PLANES, NODES, etcd_members, ready_nodes
from tests.lab.client import SECONDS_FOR_A_WATCH, Lab, until
from tests.scenarios.availability import service, watched
from tests.scenarios.crash import killed_after_each
from tests.scenarios.interrupted_change import REPLICAS, replicas
from tests.scenarios.rollout import check_unnoticed, heading, markdown, second_run
from tests.scenarios.settings import patched
from tests.scenarios.short_certificates import shorten

DESCRIPTION = "Renew the certificates of a cluster, and bring it back after all of them have ended."
RENEW: Final = "k8s_ha.renew_certificates"
COLUMNS = (
    *("kubernetes", "kills", "seconds of the renewal", "failed API requests", "failed service requests", "watch ends"),
    *("longest gap", "kills", "seconds until back"),
)
MINUTES_OF_KUBELETS: Final = 20
"""They renew their own as long as somebody signs, so theirs end last."""

CONFIGURED_SINCE: Final = (1, 31)
"""The first line whose kubeadm gives certificates another life than a year."""

MINUTES_LEFT: Final = 3
"""Of certificates that are signed again, when nobody is to come near them."""

SECONDS_TO_FALL_SILENT: Final = 900
"""A kubelet that cannot log in ends after minutes, and API servers go on until something is asked of etcd."""


def settings_of(minutes: int, is_configured: bool) -> dict[str, Any]:
    """What a cluster is built with whose certificates end after so many minutes; kubelets' alone before 1.31."""
    life = {"certificateValidityPeriod": f"{minutes}m0s"} if is_configured else {}
    signing = {"extraArgs": {"cluster-signing-duration": f"{MINUTES_OF_KUBELETS}m0s"}}
    return patched({"ClusterConfiguration": {**life, "controllerManager": signing}})


def ends(lab: Lab, name: str) -> dict[str, datetime]:
    """When each certificate of kubeadm's on a host ends, and its kubelet's, by path."""
    paths = [entry.path for entry in RENEWABLE if name in CONTROL_PLANES]
    found = {}
    for path in (*paths, KUBELET_CLIENT):
        read = (
            f"sed -n 's/.*client-certificate-data: *//p' {path} | base64 -d"
            if path.endswith(".conf")
            else f"cat {path}"
        )
        text = lab.host(name, f"! test -e {path} || {{ {read}; }}")
        if text:  # super-admin.conf is where kubeadm init ran
            found[path] = load_pem_x509_certificate(text.encode()).not_valid_after_utc
    return found


def all_ends(lab: Lab) -> Mapping[str, dict[str, datetime]]:
    """The same of every node."""
    return {name: ends(lab, name) for name in NODES}


def renewed(lab: Lab, settings: Mapping[str, Any], is_cut: bool) -> tuple[int, float]:
    """Kills and seconds of a renewal of all; AssertionError where anything was left."""
    before, since = all_ends(lab), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    started = time.monotonic()
    kills = killed_after_each(lab, (RENEW, f"since={since}"), **settings) if is_cut else 0
    run = lab.pyinfra("-y", f"since={since}", deploy=RENEW, **settings)
    seconds = time.monotonic() - started
    assert run.returncode == 0, f"the renewal ended with {run.returncode}:\n{run.stderr[-6000:]}"
    after = all_ends(lab)
    for name in CONTROL_PLANES:
        old = [path for path, end in before[name].items() if path != KUBELET_CLIENT and after[name][path] <= end]
        assert not old, f"{name} still has {old}"
        copies = lab.host(name, "cmp /etc/kubernetes/admin.conf /root/.kube/config && ls /var/lib/k8s-ha", check=True)
        assert "certificates" not in copies.split(), copies
    again = lab.pyinfra("-y", f"since={since}", deploy=RENEW, **settings)
    assert "nothing is renewed" in " ".join(again.stderr.split()), again.stderr[-4000:]
    return kills, seconds


def dead(lab: Lab) -> None:
    """Wait until every certificate has ended, and nobody answers."""
    last = max(end for held in all_ends(lab).values() for end in held.values())
    print(
        f"the last certificate ends at {last:%H:%M:%S} UTC; kubelets renew their own until their API is gone",
        flush=True,
    )

    def have_ended() -> bool:
        now = datetime.now(UTC)
        return all(end < now for held in all_ends(lab).values() for end in held.values())

    left = (last - datetime.now(UTC)).total_seconds()
    until(have_ended, 2 * max(left, 0) + SECONDS_TO_FALL_SILENT, "every certificate has ended")
    answers = lab.kubectl("get", "nodes", check=False)
    assert "Ready" not in answers, f"the cluster still answers:\n{answers}"


def is_back(lab: Lab) -> None:
    """AssertionError where something of the cluster is missing, or still has a certificate that has ended."""
    assert ready_nodes(lab) == sorted(NODES)
    assert sorted(etcd_members(lab)) == sorted(CONTROL_PLANES)
    now = datetime.now(UTC)
    ended = [f"{name}: {path}" for name, held in all_ends(lab).items() for path, end in held.items() if end < now]
    assert not ended, ended
    for name in NODES:
        left = lab.host(name, "ls -d /var/lib/k8s-ha/*certificate* /run/k8s-ha/kubelet-client.*", check=False)
        assert left == "", f"{name} still keeps {left}"


def brought_back(lab: Lab, settings: Mapping[str, Any], is_cut: bool) -> tuple[int, float]:
    """The dead cluster after one run, or after one that was killed again and again: kills and seconds."""
    shown = lab.pyinfra("--dry", **settings)
    assert shown.returncode == 0, shown.stderr[-4000:]
    assert "in the place of ended ones" in " ".join(shown.stderr.split()), shown.stderr[-4000:]
    kills, started = 0, time.monotonic()
    if is_cut:
        kills = killed_after_each(lab, **settings)
    else:
        run = lab.pyinfra("-y", **settings)
        assert run.returncode == 0, f"the run that was to bring it back failed:\n{run.stderr[-6000:]}"
    return kills, time.monotonic() - started


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.certificates", description=DESCRIPTION)
    parser.add_argument("--line", default="1.37", help="Kubernetes line; default %(default)s")
    parser.add_argument("--minutes", type=int, default=30, help="how long certificates live; default %(default)s")
    parser.add_argument(
        "--cut", action="store_true", help="kill the operator after each operation of the renewal and of the way back"
    )
    options = parser.parse_args(arguments)
    is_configured = find(options.line).key >= CONFIGURED_SINCE
    settings = settings_of(options.minutes, is_configured)
    lab = Lab(options=("--line", options.line))
    lab.up()
    lab.results(**settings)
    version = json.loads(lab.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    if not is_configured:
        shorten(lab, options.minutes, MINUTES_OF_KUBELETS)
    with watched(lab) as found:
        kills, seconds = renewed(lab, settings, options.cut)
        second_run(lab, "renewed certificates", **settings)
    print(found.table(), flush=True)
    with service(lab):
        if not is_configured:
            shorten(lab, MINUTES_LEFT, MINUTES_OF_KUBELETS)
        dead(lab)
        of_way_back, back = brought_back(lab, settings, options.cut)
        is_back(lab)
        until(lambda: replicas(lab) == REPLICAS, SECONDS_FOR_A_WATCH, "both replicas are available")
        second_run(lab, "a cluster that came back", **settings)
    cells = (version, kills, round(seconds), *found.cells, of_way_back, round(back))
    print(*heading(COLUMNS), markdown(cells), sep="\n", flush=True)
    check_unnoticed(found.complaints())
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
