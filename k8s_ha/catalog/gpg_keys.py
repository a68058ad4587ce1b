"""Fingerprints of the keys that public repositories sign their packages with.

A mirror of such a repository has the same key, or it serves other packages. Google's keys of the frozen legacy
repository (yum-key.gpg, rpm-package-key.gpg) are not among them: no list of them could be confirmed.
"""

from collections.abc import Mapping
from typing import Final, Literal

Source = Literal["kubernetes", "docker", "epel", "vault"]
SOURCES: Final[tuple[Source, ...]] = ("kubernetes", "docker", "epel", "vault")

KUBERNETES: Final = ("DE15B14486CD377B9E876E1A234654DA9A296436",)
""""isv:kubernetes OBS Project", of every line of pkgs.k8s.io (kubernetes/kubernetes#128609)."""

DOCKER: Final = ("060A61C51B558A7F742B77AAC52FEB6B621E9F35",)
""""Docker Release (CE rpm)", as yum shows it when it imports https://download.docker.com/linux/centos/gpg."""

EPEL: Final[Mapping[int, tuple[str, ...]]] = {
    7: ("91E97D7C4A5E96F17F3E888F6A2FAEA2352C64E5",),
    8: ("94E279EB8D8F25B21810ADF121EA45AB2F86D6A1",),
    9: ("FF8AD1344597106ECE813B918A3872BF3228467C",),
    10: ("7D8D15CBFC4E62688591FB2633D98517E37ED158",),
}
"""By EL major, of RPM-GPG-KEY-EPEL-7 and so on (https://getfedora.org/security, as container images pin them)."""

CENTOS_7: Final = ("6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5",)
""""CentOS 7 Official Signing Key" (https://www.centos.org/keys/)."""
