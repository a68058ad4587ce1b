"""kubeadm init, and the secrets that a join needs."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.cluster_state.plan import Action, Step, decide_init
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.desired.kubeadm_config import images_config, init_config, upload_certs_config
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.node import INIT_MARKER, Node, init_unfinished_script
from k8s_ha.facts.system import Files, HttpsAnswer
from k8s_ha.operations.cluster import is_leader, observe, observe_idle, wait_for_leader
from k8s_ha.operations.commands import (
    fail_host,
    long_command,
    planned,
    poll_until,
    read_fact,
    run_silently,
    takes_part,
    write,
)
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.host_reset import host_reset
from k8s_ha.operations.prefetch import reads
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import JoinSecrets, Run, is_executing
from k8s_ha.settings import HostSettings

SECONDS_FOR_KUBEADM: Final = 900
"""kubeadm itself gives a control plane four minutes and a TLS bootstrap five; pulling images comes on top."""

SECONDS_OF_SILENCE: Final = 120
"""How long the endpoint may be silent while a host joins."""

SECONDS_FOR_IMAGES: Final = 1800

SECONDS_TO_FALL_SILENT: Final = 30
"""How long a load balancer may go on to answer for a control plane that was reset."""

TOKEN_LIFE: Final = timedelta(minutes=60)
"""How long a bootstrap token lives that is not renewed; what is left after a crash dies with it."""

TOKEN_RENEWED_BEFORE: Final = TOKEN_LIFE / 2
"""How long before its end a token is renewed: longer than a kubeadm may take to join with it."""

_WORKER_IMAGES: Final = "/(kube-proxy|pause|coredns(/coredns)?):"

PULL: Final = {
    "containerd": 'crictl inspecti "$1" >/dev/null 2>&1 || crictl pull "$1"',
    "docker": 'docker image inspect "$1" >/dev/null 2>&1 || docker pull -q "$1"',
}


def with_config(
    name: str, command: str, config: str, *, unless: str = "", after: str = "", marker: str = "", endpoint: str = ""
) -> list[StringCommand]:
    """kubeadm with a configuration file that holds secrets: written, used up, removed.

    + unless: shell test, asked when no other kubeadm is at work; success means that there is nothing left to do
    + after: shell script that is run when kubeadm has ended well
    + marker: file that is there from before kubeadm begins until it has ended well
    + endpoint: ``HOST:PORT`` of the cluster, without which kubeadm would go on in vain
    """
    path = f"/run/k8s-ha/{name}.yaml"
    if unless:
        unless = f"{unless} && rm -f {path}"
    values = {"COMMAND": f"kubeadm {command}", "CONFIG": path, "AFTER": after, "MARKER": marker}
    script = shell_variables(values | {"ENDPOINT": endpoint, "SILENCE": str(SECONDS_OF_SILENCE)})
    return [
        write(path, config, "600"),
        long_command(
            name, script + read_file("kubeadm-watched.sh"), seconds=SECONDS_FOR_KUBEADM, unless=unless, lock="kubeadm"
        ),
    ]


def _label_secrets(secrets: JoinSecrets, address: str) -> str:
    return f"TOKEN_ID={secrets.token_id}\nADDRESS={address}\n" + read_file("label-join-secrets.sh")


@reads(lambda run, flannel_images, also_node=False: [FactRequest(Files, {"paths": ["/etc/kubernetes/kubelet.conf"]})])
@isolated_operation
def images_pulled(run: Run, flannel_images: tuple[str, ...], also_node: bool = False) -> Generator[StringCommand]:
    """Have a host that is not yet a node hold the images it will start with, pulled on all hosts at once.

    + also_node: whether one that is a node holds them, too, as where its runtime is a new one
    """
    if require_fact(Files, paths=["/etc/kubernetes/kubelet.conf"]) and not also_node:
        host.noop("the host is a node: its kubelet pulls what it needs")
        return
    cluster = run.cluster
    values = {
        "HOST": host.name,
        "CONFIG": images_config(cluster),
        "NEEDED": "" if "control_plane" in cluster.host(host.name).role else _WORKER_IMAGES,
        "MORE": " ".join(flannel_images),
        "PULL": PULL[cluster.settings.container_runtime],
    }
    script = shell_variables(values) + read_file("pull-images.sh")
    yield long_command("image-pull", script, seconds=SECONDS_FOR_IMAGES)


@isolated_operation
def initialized(run: Run) -> Generator[StringCommand]:
    """Have a cluster: initialize one here, unless any control plane or the endpoint has, or may have, one already.

    An init of this host that did not come to its end is taken back first.
    """
    own = run.cluster.host(host.name)
    step = _decided_just_now(run) if is_executing() else decide_init(_observed_for_init(run))
    if step.reset and is_executing():
        yield host_reset(run, unless=f"{init_unfinished_script(own.address)}! is_init_unfinished")
        step = decide_init(_observed_for_init(run, fresh=True, seconds=SECONDS_TO_FALL_SILENT))
    if step.action is Action.REFUSE and run.log.plan.comes_back and not is_executing():
        host.noop("a step of this run brings the cluster back")
    elif step.action is Action.REFUSE:
        yield fail_host(step.sentence)
    elif step.action is Action.WAIT and is_executing():
        yield fail_host(f"No cluster was initialized: {step.sentence}; run this again when that has ended.")
    elif step.action is not Action.INIT:
        host.noop(step.sentence)
    elif is_executing():
        yield from _init(run, own)
    else:
        yield planned(step.sentence)


def _decided_just_now(run: Run) -> Step:
    """The step, decided when no kubeadm is at work and no control plane may come up any more."""
    snapshot = observe(run)
    # An init of a run that was cut off goes on by itself: it is waited for, not taken for a cluster out of order.
    if snapshot.leader is None and snapshot.is_busy:
        observe_idle(run.cluster.control_planes, SECONDS_FOR_KUBEADM)
        observe(run, fresh=True)
    snapshot = wait_for_leader(run)
    return decide_init(snapshot if snapshot.leader else _observed_for_init(run, fresh=True))


def _observed_for_init(run: Run, fresh: bool = False, seconds: int = 0) -> ClusterSnapshot:
    """The cluster, and what the endpoint says where an init depends on it.

    + fresh: whether hosts are read again, the last time after the endpoint
    + seconds: how long the endpoint may go on to answer for a control plane that was reset
    """
    snapshot = observe(run, fresh=fresh)
    if snapshot.leader or snapshot.can_retry_init:
        return snapshot
    answer = _endpoint_answer(run.cluster.endpoint, seconds)
    return replace(observe(run, fresh=fresh), endpoint_answer=answer)


def _init(run: Run, own: HostSettings) -> Generator[StringCommand]:
    cluster, secrets, begun = run.cluster, run.join_secrets(), datetime.now(UTC)
    config = init_config(
        cluster,
        own,
        token=secrets.token,
        certificate_key=secrets.certificate_key,
        token_ttl=f"{int(TOKEN_LIFE.total_seconds())}s",
        caveats=run.caveats(own.name),
        anywhere=run.caveats_anywhere,
    )
    answers = f"[ -e /etc/kubernetes/admin.conf ] && {kubectl(own.address, 'get --raw /readyz')}"
    yield from with_config(
        "kubeadm-init",
        "init --upload-certs --skip-token-print --skip-certificate-key-print",
        config,
        unless=answers,
        after=_label_secrets(secrets, own.address),
        marker=INIT_MARKER,
    )
    # Under the lock another init may have come to its end, which knows no token of this run.
    view = observe(run, fresh=True).views[host.name]
    held = (view and view.join_secrets) or ()
    run.secrets.in_cluster = f"secret/bootstrap-token-{secrets.token_id}" in held
    run.secrets.token_until = begun + TOKEN_LIFE


def _endpoint_answer(endpoint: str, seconds: int) -> str | None:
    """What the endpoint says; for a control plane that was reset it may go on to answer, for ``seconds`` at most."""
    return poll_until(lambda: read_fact(host, HttpsAnswer, address=endpoint), lambda answer: not answer, seconds)


def _pending(run: Run) -> list[HostSettings]:
    """Nodes that the inventory has and the cluster has not, and that can join it in this run."""
    view = observe(run).leader_view
    known = {node.name for node in view.nodes} if view else set()
    present = [node for node in run.cluster.nodes if takes_part(host.inventory.get_host(node.name))]
    return [node for node in present if node.hostname not in known]


@isolated_operation
def join_secrets_created(run: Run) -> Generator[StringCommand]:
    """Have a short-lived token, and uploaded certificates, while joins are pending; on the leader."""
    if not is_leader(run, host) or run.secrets.in_cluster:
        host.noop("another control plane is the leader, or the secrets are there")
        return
    pending = _pending(run)
    if not pending:
        host.noop("no join is pending")
        return
    if not is_executing():
        yield StringCommand("kubectl create -f -")
        return
    secrets = run.join_secrets()
    own = run.cluster.host(host.name)
    run.secrets.token_until = datetime.now(UTC) + TOKEN_LIFE
    yield StringCommand(kubectl(own.address, "create -f -"), _stdin=_token_secret(secrets, run.secrets.token_until))
    label = _label_secrets(secrets, own.address)
    if any("control_plane" in node.role for node in pending):
        config = upload_certs_config(run.cluster, own, certificate_key=secrets.certificate_key)
        upload = "init phase upload-certs --upload-certs --skip-certificate-key-print"
        yield from with_config("kubeadm-upload-certs", upload, config, after=label)
    run.secrets.in_cluster = True


def _token_secret(secrets: JoinSecrets, until: datetime) -> str:
    """A bootstrap token as a Secret (kubernetes.io: authenticate with bootstrap tokens), so that no argv holds it."""
    values = {
        "description": "k8s_ha: pending joins",
        "token-id": secrets.token_id,
        "token-secret": secrets.token_secret,
        "expiration": _moment(until),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "bootstrap.kubernetes.io/token",
            "metadata": {
                "name": f"bootstrap-token-{secrets.token_id}",
                "namespace": "kube-system",
                "labels": {"app.kubernetes.io/managed-by": "k8s-ha"},
            },
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
        }
    )


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def join_token_renewed(run: Run, leader: HostSettings) -> None:
    """Have the bootstrap token live on where it ends soon: of many workers the last ones join late.

    Where that fails the join itself says so, or is quick enough.
    """
    with run.lock:
        now = datetime.now(UTC)
        if run.secrets.token_until is None or run.secrets.token_until - now > TOKEN_RENEWED_BEFORE:
            return
        until = now + TOKEN_LIFE
        patch = shlex.quote(json.dumps({"stringData": {"expiration": _moment(until)}}))
        name = f"bootstrap-token-{run.join_secrets().token_id}"
        command = kubectl(leader.address, f"-n kube-system patch secret {name} -p {patch}")
        if run_silently(host.inventory.get_host(leader.name), command) is not None:
            run.secrets.token_until = until


@isolated_operation
def join_secrets_removed(run: Run) -> Generator[StringCommand]:
    """Have no join secret of ours left in the cluster, also none of a run that was cut off."""
    if not is_executing() and observe(run).leader is None and host.name == run.cluster.control_planes[0].name:
        yield StringCommand("kubectl delete secret")  # those that init will have made
        return
    if not is_leader(run, host):
        host.noop("another control plane is the leader")
        return
    address = run.cluster.host(host.name).address
    view = require_fact(Node, address=address)
    if view is not None and view.join_secrets is None:
        yield fail_host(
            f"{host.name}: which join secrets are left in the cluster could not be read; run this again; "
            f"they end by themselves {TOKEN_LIFE.seconds // 60} minutes after the last join."
        )
        return
    if view is None or not view.join_secrets:
        host.noop("no join secret is left")
        return
    yield StringCommand(kubectl(address, "-n kube-system delete --ignore-not-found"), *view.join_secrets)
    run.secrets.in_cluster = False
