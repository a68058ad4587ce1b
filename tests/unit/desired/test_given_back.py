"""Edits of somebody else's files, taken back: what stands and what stood, to what is written."""

from __future__ import annotations

import pytest

from k8s_ha.desired.fstab import without_swap
from k8s_ha.desired.given_back import FSTAB, HOSTS, SELINUX, given_back
from k8s_ha.desired.selinux_config import permissive

OLD_FSTAB = b"# \xb3\xbb\r\n/dev/dm-0 / xfs defaults 0 0\n/dev/dm-1 none swap defaults 0 0\n/swap swap swap sw 0 0"
OLD_SELINUX = b"# SELINUX= can take one of these\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"
KEPT = {"/var/lib/k8s-ha/before/fstab": OLD_FSTAB, "/var/lib/k8s-ha/before/selinux-config": OLD_SELINUX}

ROWS = {
    "as this package left them": (
        {FSTAB: without_swap(OLD_FSTAB), SELINUX: permissive(OLD_SELINUX)} | KEPT,
        {FSTAB: OLD_FSTAB, SELINUX: OLD_SELINUX},
    ),
    "as they were": ({FSTAB: OLD_FSTAB, SELINUX: OLD_SELINUX} | KEPT, {}),
    "changed since": (
        {FSTAB: b"/dev/sdb /data xfs defaults 0 0\n" + without_swap(OLD_FSTAB)} | KEPT,
        {FSTAB: b"/dev/sdb /data xfs defaults 0 0\n" + OLD_FSTAB},
    ),
    "the owner took the line away": (
        {FSTAB: without_swap(OLD_FSTAB).replace(b"# /swap swap swap sw 0 0", b"")} | KEPT,
        {FSTAB: OLD_FSTAB.replace(b"/swap swap swap sw 0 0", b"")},
    ),
    "the owner has disabled SELinux": ({SELINUX: b"SELINUX=disabled\n"} | KEPT, {}),
    "nothing was kept": ({FSTAB: without_swap(OLD_FSTAB), SELINUX: permissive(OLD_SELINUX)}, {}),
    "a file that is gone": (dict(KEPT), {}),
    "a block with lines behind it": (
        {HOSTS: b"127.0.0.1 localhost\n# BEGIN k8s_ha\n10.0.0.1 a\n# END k8s_ha\n10.9.9.9 mine\n"},
        {HOSTS: b"127.0.0.1 localhost\n10.9.9.9 mine\n"},
    ),
    "a block that was cut off": ({HOSTS: b"127.0.0.1 localhost\n# BEGIN k8s_ha\n10.0.0.1 a\n"}, {}),
    "no block": ({HOSTS: b"127.0.0.1 localhost"}, {}),
}


@pytest.mark.parametrize(("contents", "wanted"), ROWS.values(), ids=ROWS)
def test_what_is_written(contents: dict[str, bytes], wanted: dict[str, bytes]) -> None:
    assert given_back(contents) == wanted
