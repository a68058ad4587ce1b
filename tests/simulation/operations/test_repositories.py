"""The repositories that a host brings itself: which files are written, and what in them is pointed at the vault."""

from __future__ import annotations

import pytest

from k8s_ha.desired.yum import pointed_at_vault
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.operations.commands import edited
from k8s_ha.operations.repositories import vault_repositories
from tests.support.operation_bench import Command, Noop, Row, command, test_of

CENTOS_7 = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[own]
mirrorlist=https://mirrors.example/own
baseurl=https://mirror.example/own
"""
VAULTED = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
baseurl=https://vault.example/7.9.2009/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[own]
mirrorlist=https://mirrors.example/own
baseurl=https://mirror.example/own
"""
REPO = "/etc/yum.repos.d/CentOS-Base.repo"
VAULT = {"vault": "https://vault.example/", "el_major": 7}
ROWS: dict[str, Row] = {
    "repositories whose mirrors are gone": (
        vault_repositories,
        VAULT,
        {CentosRepositories: {REPO: CENTOS_7.encode()}},
        [
            Command(f"[ -e {REPO}.before-k8s-ha ] || cp -p {REPO} {REPO}.before-k8s-ha"),
            command(edited(REPO, CENTOS_7.encode(), VAULTED.encode())),
        ],
    ),
    "repositories of the vault": (
        vault_repositories,
        VAULT,
        {CentosRepositories: {REPO: VAULTED.encode()}},
        [Noop("they point at the vault")],
    ),
}

test_operations = test_of(ROWS)


@pytest.mark.parametrize(
    ("el_major", "before", "after"),
    [
        (
            8,
            "#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/",
            "baseurl=https://v/8.5.2111/BaseOS/$basearch/os/",
        ),
        (
            8,
            "#baseurl=http://mirror.centos.org/$contentdir/$stream/AppStream/$basearch/os/",
            "baseurl=https://v/8-stream/AppStream/$basearch/os/",
        ),
        (
            7,
            "baseurl=http://mirror.centos.org/centos/$releasever/extras/$basearch/",
            "baseurl=https://v/7.9.2009/extras/$basearch/",
        ),
        (7, "mirrorlist=http://a.example\n", "mirrorlist=http://a.example\n"),
    ],
)
def test_where_the_vault_has_it(el_major: int, before: str, after: str) -> None:
    assert pointed_at_vault(f"[x]\n{before}".encode(), "https://v", el_major) == f"[x]\n{after}".encode()
