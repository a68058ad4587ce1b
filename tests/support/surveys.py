"""What hosts of each Enterprise Linux tell of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from k8s_ha.observations.node import HostSurvey

RELEASES: Final = {
    7: ("centos", ("rhel", "fedora"), "7", "3.10.0-1160.el7.x86_64", 1),
    8: ("rocky", ("rhel", "centos", "fedora"), "8.10", "4.18.0-553.el8_10.x86_64", 1),
    9: ("rocky", ("rhel", "centos", "fedora"), "9.4", "5.14.0-427.el9.x86_64", 2),
    10: ("almalinux", ("rhel", "centos", "fedora"), "10.0", "6.12.0-55.el10_0.x86_64", 2),
}
"""os-release's ID, ID_LIKE and VERSION_ID, kernel and cgroup version, by EL major."""


def survey(el_major: int = 8, **changes: Any) -> HostSurvey:
    """A clean host of that EL major, with fields changed."""
    os_id, os_like, os_version, kernel, cgroup = RELEASES[el_major]
    plain = HostSurvey(
        uid=0,
        os_id=os_id,
        os_like=os_like,
        os_version=os_version,
        architecture="x86_64",
        hostname="localhost",
        addresses=(),
        network_manager=False,
        node=False,
        cri=None,
        kernel=kernel,
        cgroup=cgroup,
        conflicting={},
        extras=False,
    )
    return replace(plain, **changes)
