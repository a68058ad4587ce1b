"""What the program that takes a cluster away decides by itself, without a lab."""

from __future__ import annotations

import pytest

from tests.scenarios import reset
from tests.scenarios.reset import differing, new_packages, unexplained

BEFORE = [
    "a files /etc/passwd 100644 0:0 1",
    "a files /etc/fstab 100644 0:0 1",
    "a files /etc/yum.repos.d/own.repo 100644 0:0 1",
    "a units Id=firewalld.service ActiveState=active InvocationID=1",
    "a packages bash-5.1",
]
AFTER = [
    "a files /etc/passwd 100644 0:0 2",
    "a files /etc/fstab 100644 0:0 1",
    "a files /etc/yum.repos.d/own.repo 100644 0:0 1",
    "a files /usr/bin/kubelet 100755 0:0 1",
    "a files /var/lib/k8s-ha/backups/one/snapshot.db 100600 0:0 1",
    "a units Id=firewalld.service ActiveState=active InvocationID=2",
    "a units Id=chronyd.service ActiveState=active InvocationID=3",
    "a packages bash-5.1",
    "a packages kubelet-1.36.2",
]
PACKAGED = {"a": ["/usr/bin/kubelet"]}


def left(*changes: tuple[str, str]) -> list[str]:
    """What is left that nothing says stays, where lines of the hosts afterwards are others."""
    after = list(AFTER)
    for old, new in changes:
        after = [line.replace(old, new) for line in after if new or old not in line] if old else [*after, new]
    return [line.subject for line in unexplained(differing(BEFORE, after), PACKAGED)]


def test_packages_users_backups_and_what_was_started_again_stay() -> None:
    assert new_packages(BEFORE, AFTER) == {"a": ["kubelet-1.36.2"]}
    assert [line.subject for line in differing(BEFORE, AFTER)] == [
        "/etc/passwd",
        "/usr/bin/kubelet",
        "/var/lib/k8s-ha/backups/one/snapshot.db",
        "kubelet-1.36.2",
        "chronyd.service",
    ]
    assert left() == []


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        (("fstab 100644 0:0 1", "fstab 100644 0:0 2"), "/etc/fstab"),
        (("fstab 100644", "fstab 100600"), "/etc/fstab"),
        (("own.repo", ""), "/etc/yum.repos.d/own.repo"),
        (("", "a files /root/.kube/config 100600 0:0 1"), "/root/.kube/config"),
        (("/usr/bin/kubelet", "/usr/bin/cri-dockerd"), "/usr/bin/cri-dockerd"),
        (("/var/lib/k8s-ha/backups/one", "/var/lib/k8s-ha/before"), "/var/lib/k8s-ha/before/snapshot.db"),
        (("ActiveState=active InvocationID=2", "ActiveState=inactive InvocationID="), "firewalld.service"),
        (("chronyd", "kubelet"), "kubelet.service"),
        (("", "a containers 1 pause"), "1 pause"),
        (("", "b files /usr/bin/kubelet 100755 0:0 1"), "/usr/bin/kubelet"),
    ],
)
def test_whatever_else_is_left_is_told(change: tuple[str, str], subject: str) -> None:
    assert left(change) == [subject]


def test_a_word_that_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        reset.main(["no-such"])
    assert "no-such" in capsys.readouterr().err
