"""A backup counts only with its keys: what its archive holds of files that are links, or that other files name."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from k8s_ha.desired.restored_files import AUTHORITIES
from tests.support.control_plane import FOLDER, NAME, PKI, at, backups, control_plane, take
from tests.support.shell_bench import Shell

API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return control_plane(tmp_path)


def entries(shell: Shell) -> dict[str, bytes | None]:
    """What the archive holds, by paths on the host; None for what is no regular file. No name comes twice."""
    found: dict[str, bytes | None] = {}
    with tarfile.open(at(shell, f"{FOLDER}/{NAME}.tar.gz")) as archive:
        for entry in archive:
            path = f"/{entry.name}".removeprefix(str(shell.root))
            assert path not in found
            held = archive.extractfile(entry) if entry.isreg() else None
            if not entry.isdir():
                found[path] = held.read() if held else None
    return found


def linked(shell: Shell, path: str, target: str) -> None:
    """Have a link at a path of the host that leads to another one of it."""
    link = at(shell, path)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(at(shell, target))


def api_server(shell: Shell, flags: dict[str, str], volumes: dict[str, str]) -> None:
    """Have its manifest, as kubeadm writes one; volumes are paths of the host by those of the container."""
    arguments = "".join(f"    - --{flag}={path}\n" for flag, path in flags.items())
    mounts = "".join(f"    - mountPath: {mount}\n      name: v{n}\n" for n, mount in enumerate(volumes))
    sources = "".join(
        f"  - hostPath:\n      path: {shell.root}{path}\n    name: v{n}\n" for n, path in enumerate(volumes.values())
    )
    probe = "    livenessProbe:\n      httpGet:\n        path: /livez\n    name: kube-apiserver\n"
    command = f"  containers:\n  - command:\n    - kube-apiserver\n{arguments}{probe}"
    shell.file(API_SERVER, f"spec:\n{command}    volumeMounts:\n{mounts}  volumes:\n{sources}")


def taken(shell: Shell) -> dict[str, bytes | None]:
    done = take(shell)
    assert (done.returncode, done.stderr) == (0, "")
    return entries(shell)


def test_a_link_is_held_as_the_file_that_it_leads_to(shell: Shell) -> None:
    shell.file("/data/secure/ca.key", "CA")
    shell.file("/data/secure/sa.key", "SA")
    linked(shell, f"{PKI}/ca.key", "/data/secure/ca.key")
    linked(shell, f"{PKI}/sa.key", "/data/secure/sa.key")
    linked(shell, "/etc/nginx/nginx.conf", "/data/secure/sa.key")
    held = taken(shell)
    assert (held[f"{PKI}/ca.key"], held[f"{PKI}/sa.key"], held["/etc/nginx/nginx.conf"]) == (b"CA", b"SA", b"SA")


@pytest.mark.parametrize("folder", ["/etc/kubernetes", PKI, f"{PKI}/etcd"])
def test_a_folder_of_kubeadms_may_be_a_link(shell: Shell, folder: str) -> None:
    shell.file(f"{PKI}/etcd/ca.key", "ETCD")
    at(shell, folder).rename(shell.root / "moved")
    linked(shell, folder, "/moved")
    held = taken(shell)
    assert held[f"{PKI}/etcd/ca.key"] == b"ETCD"
    assert not any(path.startswith("/etc/kubernetes/tmp") for path in held)


def test_links_that_lead_nowhere_to_folders_or_to_large_files_are_left_out(shell: Shell) -> None:
    linked(shell, "/etc/kubernetes/nowhere", "/none")
    linked(shell, "/etc/kubernetes/loop", "/etc/kubernetes/loop")
    linked(shell, "/etc/nginx/modules", "/data/modules")
    shell.file("/data/modules/http.so", "x")
    shell.file("/data/large", "x" * (4 * 1024 * 1024 + 1))
    linked(shell, "/etc/kubernetes/large", "/data/large")
    held = taken(shell)
    left_out = {f"/etc/kubernetes/{name}" for name in ("nowhere", "loop", "large")}
    assert not left_out & held.keys()
    assert not any("modules" in path for path in held)


def test_of_hard_links_each_is_a_file(shell: Shell) -> None:
    shell.file(f"{PKI}/ca.key", "CA")
    (shell.root / "etc/kubernetes/0pki.old").mkdir()
    for name in ("ca.crt", "ca.key", "sa.key"):
        os.link(at(shell, f"{PKI}/{name}"), at(shell, f"/etc/kubernetes/0pki.old/{name}"))
    held = taken(shell)
    assert held[f"{PKI}/ca.key"] == held["/etc/kubernetes/0pki.old/ca.key"] == b"CA"
    assert None not in held.values()


@pytest.mark.parametrize("path", sorted(AUTHORITIES.keys() - {"etc/kubernetes/pki/ca.crt"}))
def test_a_key_whose_link_leads_nowhere_makes_it_none(shell: Shell, path: str) -> None:
    linked(shell, f"/{path}", "/data/none")
    done = take(shell)
    found = f"/{path} is missing, or a link to nothing; write that file there again, then run this again."
    assert (done.returncode, done.stderr) == (1, f"master1: no etcd snapshot was taken: {found}\n")
    assert backups(shell) == []


@pytest.mark.parametrize("path", sorted(AUTHORITIES.keys() - {"etc/kubernetes/pki/ca.crt"}))
def test_an_archive_with_a_link_for_a_key_makes_it_none(shell: Shell, path: str) -> None:
    """Whatever tar makes of its list: what it wrote is looked at."""
    shell.file("/data/key", "K")
    linked(shell, f"/{path}", "/data/key")
    shell.add_tool("tar", 'case $1 in -czhf) shift; set -- -czf "$@" ;; esac\nexec /bin/tar "$@"')
    done = take(shell)
    found = f"its archive does not hold /{path}; see `ls -l /{path}` there, then run this again."
    assert (done.returncode, done.stderr) == (1, f"master1: no etcd snapshot was taken: {found}\n")
    assert backups(shell) == []


def test_a_flag_may_name_a_link(shell: Shell) -> None:
    shell.file("/data/keys-2026.yaml", "KEYS")
    linked(shell, "/srv/enc/current.yaml", "/data/keys-2026.yaml")
    api_server(shell, {"encryption-provider-config": "/enc/current.yaml"}, {"/enc": "/srv/enc"})
    assert taken(shell)["/srv/enc/current.yaml"] == b"KEYS"


def test_a_flags_file_below_a_folder_that_is_a_link_is_held(shell: Shell) -> None:
    shell.file("/data/enc/config.yaml", "KEYS")
    linked(shell, "/etc/kubernetes/enc", "/data/enc")
    api_server(shell, {"encryption-provider-config": "/enc/config.yaml"}, {"/enc": "/etc/kubernetes/enc"})
    assert taken(shell)["/etc/kubernetes/enc/config.yaml"] == b"KEYS"


def test_a_flags_link_that_leads_nowhere_makes_it_none(shell: Shell) -> None:
    linked(shell, "/srv/enc/current.yaml", "/data/none")
    api_server(shell, {"encryption-provider-config": "/enc/current.yaml"}, {"/enc": "/srv/enc"})
    done = take(shell)
    assert done.returncode == 1
    assert "/srv/enc/current.yaml is missing, or a link to nothing; write that file there again" in done.stderr


@pytest.mark.parametrize(
    ("mount", "source", "flag"),
    [
        ("/enc/", "/srv/enc", "/enc/config.yaml"),
        ("/enc", "/srv/enc/", "/enc/config.yaml"),
        ("/enc/.", "/srv//enc/", "/enc//../enc/./config.yaml"),
        ("/enc", "/srv/enc", '"/enc/config.yaml"'),
        ("/enc/config.yaml", "/srv/enc/config.yaml", "/enc/config.yaml"),
    ],
)
def test_a_path_may_be_written_in_any_way(shell: Shell, mount: str, source: str, flag: str) -> None:
    shell.file("/srv/enc/config.yaml", "KEYS")
    api_server(shell, {"encryption-provider-config": flag}, {mount: source})
    assert taken(shell)["/srv/enc/config.yaml"] == b"KEYS"


def test_of_volumes_that_cover_a_path_the_deepest_has_it(shell: Shell) -> None:
    shell.file("/srv/inner/config.yaml", "INNER")
    shell.file("/srv/outer/enc/config.yaml", "OUTER")
    api_server(
        shell, {"encryption-provider-config": "/a/enc/config.yaml"}, {"/a": "/srv/outer", "/a/enc": "/srv/inner"}
    )
    held = taken(shell)
    assert held["/srv/inner/config.yaml"] == b"INNER"
    assert "/srv/outer/enc/config.yaml" not in held


def test_a_flag_may_name_several_files(shell: Shell) -> None:
    names = ("a key.pem", "one.crt", "one.key")
    for name in names:
        shell.file(f"/srv/keys/at/{name}", name)
    flags = {
        "service-account-key-file": "/keys/at/a key.pem",
        "tls-sni-cert-key": "/keys/at/one.crt,/keys/at/one.key:*.x",
    }
    api_server(shell, flags, {"/keys": "/srv/keys"})
    held = taken(shell)
    assert [held[f"/srv/keys/at/{name}"] for name in names] == [name.encode() for name in names]


def test_what_lies_beside_a_flags_file_in_its_own_folder_is_held(shell: Shell) -> None:
    for name in ("admission.yaml", "eventconfig.yaml", "deep/other.yaml"):
        shell.file(f"/srv/admission/{name}", name)
    shell.file("/srv/admission/large", "x" * (1024 * 1024 + 1))
    shell.file("/data/webhook.yaml", "W")
    linked(shell, "/srv/admission/webhook.yaml", "/data/webhook.yaml")
    linked(shell, "/srv/admission/nowhere", "/none")
    api_server(shell, {"admission-control-config-file": "/adm/admission.yaml"}, {"/adm": "/srv/admission"})
    held = {path: text for path, text in taken(shell).items() if path.startswith("/srv/")}
    assert held == {
        "/srv/admission/admission.yaml": b"admission.yaml",
        "/srv/admission/eventconfig.yaml": b"eventconfig.yaml",
        "/srv/admission/webhook.yaml": b"W",
    }


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        ("/etc", "/mounted/own.yaml"),
        ("/etc/pki/tls", "/mounted/own.yaml"),
        ("/var/log/audit", "/mounted/own.yaml"),
        ("/srv/own", "/mounted/deep/own.yaml"),
    ],
)
def test_of_a_folder_that_is_not_its_own_only_the_flags_file_is_held(shell: Shell, source: str, flag: str) -> None:
    path = f"{source}{flag.removeprefix('/mounted')}"
    beside = path.replace("own.yaml", "other.yaml")
    shell.file(path, "own")
    shell.file(beside, "other")
    api_server(shell, {"audit-policy-file": flag}, {"/mounted": source})
    held = taken(shell)
    assert held[path] == b"own"
    assert beside not in held


@pytest.mark.parametrize(("count", "is_held"), [(64, True), (65, False)])
def test_a_folder_of_very_many_files_is_not_its_own(shell: Shell, count: int, is_held: bool) -> None:
    for number in range(count):
        shell.file(f"/srv/many/{number}.yaml", "x")
    api_server(shell, {"audit-policy-file": "/many/7.yaml"}, {"/many": "/srv/many"})
    held = taken(shell)
    assert "/srv/many/7.yaml" in held
    assert ("/srv/many/8.yaml" in held) is is_held
