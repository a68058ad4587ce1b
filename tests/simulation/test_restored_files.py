"""A restore of lost hosts looks for what their API servers read before it changes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.test_restore import FAILS, SERVERS, lost, refused, restore
from tests.support.fakes.restores import snapshot_of
from tests.support.fakes.run import Fleet
from tests.support.fakes.world import World
from tests.support.local_backup import NAME, archived_files, make_backup
from tests.support.whole_cluster import assert_whole

VOLUME = {"name": "own", "hostPath": "/srv/own", "mountPath": "/own", "readOnly": True}


def api_server(**flags: str) -> dict[str, Any]:
    """Patches by which it is given these flags, and a folder."""
    arguments = {name.replace("_", "-"): value for name, value in flags.items()}
    return {"ClusterConfiguration": {"apiServer": {"extraArgs": arguments, "extraVolumes": [VOLUME]}}}


def configuration(*secrets: str) -> str:
    """Of encryption, with a key of each secret."""
    keys = "".join(f"        - {{name: key{n}, secret: {secret}}}\n" for n, secret in enumerate(secrets))
    return f"resources:\n- resources: [secrets]\n  providers:\n  - identity: {{}}\n  - aescbc:\n      keys:\n{keys}"


ENCRYPTED = api_server(encryption_provider_config="/own/keys.yaml")
FILE = "srv/own/keys.yaml"
SERVER = """
spec:
  containers:
  - command: [kube-apiserver, --encryption-provider-config=/own/keys.yaml]
    image: registry.k8s.io/kube-apiserver:v1.30.14
    volumeMounts: [{name: own, mountPath: /own/}]
  volumes: [{name: own, hostPath: {path: /srv/own/}}]
"""
MANIFEST = "etc/kubernetes/manifests/kube-apiserver.yaml"


def backed_up_with(fleet: Fleet, files: dict[str, str]) -> None:
    """Have a backup whose archive holds these files, too."""
    world = World.load(fleet.world_file, fleet.scenario)
    held = archived_files() | {path: text.encode() for path, text in files.items()}
    make_backup(fleet.folder / "backups", snapshot_of(world), files=held)


def test_clean_hosts_get_what_flags_name_and_what_lies_beside(finished: Fleet) -> None:
    files = {"srv/own/admission.yaml": "A", "srv/own/event.yaml": "E", "srv/own/deep/x": "X", "etc/passwd": "P"}
    backed_up_with(finished, files)
    finished.set(kubeadm_patches=api_server(admission_control_config_file="/own/admission.yaml"))
    lost(finished).edit(lambda world: world.machines["master2"].write("/srv/own/event.yaml", "its own"))
    outcome = restore(finished)
    assert_whole(outcome)
    held = {
        name: {path: text for path, text in outcome.world.machines[name].files.items() if f"{path}"[1:] in files}
        for name in SERVERS
    }
    given = {"/srv/own/admission.yaml": "A", "/srv/own/event.yaml": "E"}
    assert held == {"master1": given, "master2": given | {"/srv/own/event.yaml": "its own"}, "master3": given}


@pytest.mark.parametrize("flag", ["encryption_provider_config", "audit_policy_file"])
def test_a_flags_file_that_nobody_has_is_refused(finished: Fleet, flag: str) -> None:
    backed_up_with(finished, {})
    finished.set(kubeadm_patches=api_server(**{flag: "/own/keys.yaml"}))
    lost(finished).edit(lambda world: world.machines["master1"].write(f"/{FILE}", configuration()))
    outcome = restore(finished)
    name = flag.replace("_", "-")
    refused(outcome, f"neither it nor {NAME} has /{FILE}; --{name} of the settings names it; put that file there as it")
    told = {found["host"] for found in outcome.reports[-1]["findings"] if found["found"].startswith("neither")}
    assert told == {"@fake/master2", "@fake/master3"}


def test_a_log_is_no_file_that_is_looked_for(finished: Fleet) -> None:
    backed_up_with(finished, {})
    finished.set(kubeadm_patches=api_server(audit_log_path="/own/audit.log"))
    assert_whole(restore(lost(finished)))


def test_a_host_whose_files_cannot_be_read_is_refused(finished: Fleet) -> None:
    backed_up_with(finished, {FILE: "x"})
    finished.set(kubeadm_patches=api_server(audit_policy_file="/own/keys.yaml"))
    scenario = lost(finished).scenario
    finished.change(replace(scenario, answers=[("master2", f"for path in /{FILE}", FAILS)]))
    refused(restore(finished), "master2: its files could not be read; what a host has of them stays")


def test_keys_for_encryption_come_from_the_backup(finished: Fleet) -> None:
    backed_up_with(finished, {FILE: configuration("b25l"), MANIFEST: SERVER})
    finished.set(kubeadm_patches=ENCRYPTED)
    outcome = restore(lost(finished))
    assert_whole(outcome)
    assert {outcome.world.machines[name].files[f"/{FILE}"] for name in SERVERS} == {configuration("b25l")}


def test_a_host_with_other_keys_than_the_backups_is_refused(finished: Fleet) -> None:
    backed_up_with(finished, {FILE: configuration("b25l"), MANIFEST: SERVER})
    finished.set(kubeadm_patches=ENCRYPTED)
    lost(finished).edit(lambda world: world.machines["master2"].write(f"/{FILE}", configuration("dHdv")))
    outcome = restore(finished)
    refused(outcome, "master2: its API server lacks the backup's key for encryption: aescbc key0")
    assert "b25l" not in outcome.sentences


def test_another_file_of_the_backup_without_its_keys_is_refused(finished: Fleet) -> None:
    files = {FILE: configuration("b25l"), "srv/own/other.yaml": configuration(), MANIFEST: SERVER}
    backed_up_with(finished, files)
    finished.set(kubeadm_patches=api_server(encryption_provider_config="/own/other.yaml"))
    refused(restore(lost(finished)), "its API server lacks the backup's key for encryption: aescbc key0")


def test_keys_that_only_the_hosts_have_are_not_compared(finished: Fleet) -> None:
    backed_up_with(finished, {MANIFEST: SERVER})
    finished.set(kubeadm_patches=ENCRYPTED)

    def put(world: World) -> None:
        for name in SERVERS:
            world.machines[name].write(f"/{FILE}", configuration("b25l"))

    lost(finished).edit(put)
    outcome = restore(finished)
    assert_whole(outcome)
    said = {(found["severity"], found["found"]) for found in outcome.reports[-1]["findings"]}
    assert ("warning", f"{NAME} holds no /{FILE}") in said


def test_settings_without_the_backups_flag_are_refused(finished: Fleet) -> None:
    backed_up_with(finished, {FILE: configuration("b25l"), MANIFEST: SERVER})
    refused(restore(lost(finished)), "the backup's API server has --encryption-provider-config, the settings have none")
