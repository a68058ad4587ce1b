"""The host's own repositories, and how its dnf is told to ask them."""

from __future__ import annotations

from tests.lab.odd.rows import Odd, kept

_FILE = "/etc/yum.repos.d/odd.repo"
_DNF = "/etc/dnf/dnf.conf"


def _repository(name: str, baseurl: str, *more: str) -> tuple[str, str]:
    text = "\\n".join([f"[{name}]", f"name={name}", f"baseurl={baseurl}", *more])
    return f"[ ! -e {_FILE} ] && printf '{text}\\n' >{_FILE}", f"rm {_FILE}"


def _reported(text: str) -> tuple[str, str]:
    """Lines at the end of dnf.conf."""
    return kept(_DNF, f"printf '{text}' >>{_DNF}")


REPOSITORIES = [
    Odd(
        "a dead repository of somebody's",
        "worker1",
        "repositories",
        "error",
        f"[sclo] of {_FILE}: http://mirror.centos.org/sclo/ does not answer ((6)",
        *_repository("sclo", "http://mirror.centos.org/sclo/"),
    ),
    Odd(
        "a dead repository that dnf may pass over",
        "worker2",
        "repositories",
        "warning",
        f"[sclo] of {_FILE}: http://mirror.centos.org/sclo/ does not answer ((6)",
        *_repository("sclo", "http://mirror.centos.org/sclo/", "skip_if_unavailable=1"),
    ),
    Odd(
        "a dead repository that is not enabled",
        "master1",
        "repositories",
        None,
        "",
        *_repository("sclo", "http://mirror.centos.org/sclo/", "enabled=0"),
    ),
    Odd(
        "a repository whose URL nobody can resolve but dnf",
        "master2",
        "repositories",
        "warning",
        f"[own] of {_FILE} was not asked",
        *_repository("own", "http://mirror.centos.org/$nobody/"),
    ),
    Odd(
        "packages that dnf is told not to see",
        "master3",
        "repositories",
        "error",
        f"[main] of {_DNF} hides kubelet",
        *_reported("exclude=kubelet*\\n"),
    ),
]
"""Of the same look, one finding each."""

PROXIES = [
    Odd(
        "a proxy of dnf's that is down",
        "worker1",
        "mirrors",
        "error",
        "https://download.docker.com/linux/rhel/8/x86_64/stable/repodata/repomd.xml does not answer ((7) Failed to "
        "connect to 127.0.0.1 port 9",
        *_reported("proxy=http://127.0.0.1:9\\nproxy_username=own\\nproxy_password=open-sesame\\n"),
    ),
]
