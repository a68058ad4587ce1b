"""What a clean host is given of a backup, and kubeadm's file for the rest."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k8s_ha.desired.kubeadm_config import init_config, rebuilt_config
from k8s_ha.desired.restored_files import AUTHORITIES, api_server_files, files_beside, host_path
from tests.support.example_cluster import six_host_cluster


def patched(**api_server: Any) -> dict[str, Any]:
    return {"kubeadm_patches": {"ClusterConfiguration": {"apiServer": api_server}}}


VOLUME = {"name": "audit", "hostPath": "/etc/kubernetes/audit", "mountPath": "/audit"}


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        ({}, {}),
        (
            patched(extraArgs={"audit-policy-file": "/audit/policy.yaml"}, extraVolumes=[VOLUME]),
            {"audit-policy-file": ("etc/kubernetes/audit/policy.yaml",)},
        ),
        (
            {"kubernetes_version": "1.36.3"}
            | patched(extraArgs=[{"name": "audit-policy-file", "value": "/audit/policy.yaml"}], extraVolumes=[VOLUME]),
            {"audit-policy-file": ("etc/kubernetes/audit/policy.yaml",)},
        ),
        (
            patched(extraArgs={"encryption-provider-config": "/etc/kubernetes/pki/encryption.yaml"}),
            {"encryption-provider-config": ("etc/kubernetes/pki/encryption.yaml",)},
        ),
        # kubeadm mounts it by itself.
        (patched(extraArgs={"oidc-ca-file": "/etc/pki/tls/oidc.crt"}), {"oidc-ca-file": ("etc/pki/tls/oidc.crt",)}),
        (
            {"kubernetes_version": "1.36.3"}
            | patched(
                extraArgs=[{"name": "service-account-key-file", "value": f"/audit/{n}.pub"} for n in (1, 2)],
                extraVolumes=[VOLUME],
            ),
            {"service-account-key-file": ("etc/kubernetes/audit/1.pub", "etc/kubernetes/audit/2.pub")},
        ),
        (
            patched(extraArgs={"tls-sni-cert-key": "/audit/a.crt,/audit/a.key:*.example.com"}, extraVolumes=[VOLUME]),
            {"tls-sni-cert-key": ("etc/kubernetes/audit/a.crt", "etc/kubernetes/audit/a.key")},
        ),
        # The API server makes them itself.
        (patched(extraArgs={"audit-log-path": "/audit/audit.log", "cert-dir": "/audit"}, extraVolumes=[VOLUME]), {}),
        # A folder of another name is not mounted; what is no path is no file.
        (patched(extraArgs={"audit-policy-file": "/audits/policy.yaml", "v": "4"}, extraVolumes=[VOLUME]), {}),
    ],
)
def test_files_are_those_that_the_settings_name(settings: dict[str, Any], files: dict[str, tuple[str, ...]]) -> None:
    assert api_server_files(six_host_cluster(**settings)) == files


def volume(mount: str, source: str | None) -> dict[str, Any]:
    return {"name": "one", "mountPath": mount, "hostPath": source}


@pytest.mark.parametrize(
    ("volumes", "path", "found"),
    [
        ([], "/enc/a.yaml", None),
        ([volume("/enc", None)], "/enc/a.yaml", None),
        ([volume("/enc", "/srv/enc")], "/encrypted/a.yaml", None),
        ([volume("/enc", "/srv/enc")], "/enc/a.yaml", "/srv/enc/a.yaml"),
        ([volume("/enc/", "/srv/enc")], "/enc/a.yaml", "/srv/enc/a.yaml"),
        ([volume("/enc", "/srv/enc/")], "/enc/a.yaml", "/srv/enc/a.yaml"),
        ([volume("//enc/.", "/srv//enc/")], "/enc//../enc/./a.yaml", "/srv/enc/a.yaml"),
        ([volume("/enc/a.yaml", "/srv/b.yaml")], "/enc/a.yaml", "/srv/b.yaml"),
        ([volume("/enc", "/")], "/enc/a.yaml", "/a.yaml"),
        ([volume("/a/enc", "/inner"), volume("/a", "/outer")], "/a/enc/a.yaml", "/inner/a.yaml"),
    ],
)
def test_a_path_of_the_host_is_that_of_the_deepest_volume(
    volumes: list[dict[str, Any]], path: str, found: str | None
) -> None:
    assert host_path(volumes, path) == found


@pytest.mark.parametrize(
    ("source", "flag", "found"),
    [
        ("/srv/own", "/own/a.yaml", ["srv/own/a.yaml", "srv/own/b.yaml"]),
        ("/srv/own/", "/own/a.yaml", ["srv/own/a.yaml", "srv/own/b.yaml"]),
        ("/etc/kubernetes/enc", "/own/a.yaml", ["etc/kubernetes/enc/c.yaml"]),
        ("/srv/own", "/own/deep/a.yaml", []),
        ("/srv", "/own/a.yaml", []),
        ("/", "/own/a.yaml", []),
        ("/etc", "/own/a.yaml", []),
        ("/etc/kubernetes", "/own/a.yaml", []),
        ("/etc/kubernetes/pki/etcd", "/own/a.yaml", []),
        ("/usr/local/own", "/own/a.yaml", []),
    ],
)
def test_what_lies_beside_is_taken_of_a_folder_of_its_own(source: str, flag: str, found: list[str]) -> None:
    names = [
        *("srv/own/a.yaml", "srv/own/b.yaml", "srv/own/deep/a.yaml", "srv/a.yaml", "a.yaml", "etc/passwd"),
        *("etc/kubernetes/admin.conf", "etc/kubernetes/enc/c.yaml", "etc/kubernetes/pki/etcd/server.crt"),
        "usr/local/own/a.yaml",
    ]
    settings = patched(
        extraArgs={"admission-control-config-file": flag},
        extraVolumes=[{"name": "own", "mountPath": "/own", "hostPath": source}],
    )
    assert files_beside(six_host_cluster(**settings), names) == found


def test_keys_are_roots_alone() -> None:
    assert {path for path, mode in AUTHORITIES.items() if mode != "600"} == {
        "etc/kubernetes/pki/ca.crt",
        "etc/kubernetes/pki/front-proxy-ca.crt",
        "etc/kubernetes/pki/etcd/ca.crt",
    }


@pytest.mark.parametrize("version", ["1.28.15", "1.30.14", "1.36.3"])
def test_a_control_plane_is_made_anew_as_a_build_makes_it(version: str) -> None:
    cluster = six_host_cluster(kubernetes_version=version)
    own = cluster.host("master2")
    token = "abcdef.0123456789abcdef"
    built = [*yaml.safe_load_all(init_config(cluster, own, token=token, certificate_key="0" * 64))]
    again = [*yaml.safe_load_all(rebuilt_config(cluster, own))]
    secrets = {"bootstrapTokens", "certificateKey"}
    built[0] = {key: value for key, value in built[0].items() if key not in secrets}
    assert again == built
