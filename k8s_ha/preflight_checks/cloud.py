"""What cloud-init will write anew at the next boot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import Case

CHECK: Final = "cloud-init"
_TRUE: Final = ("true", "yes", "on", "1", "template")
_INSTANCE: Final = "/var/lib/cloud/"


def cloud_init(case: Case) -> Iterator[Finding]:
    """Names that this run writes and the next boot takes away."""
    around = case.look.surroundings
    if case.unit("cloud-init.service").file in ("disabled", "masked"):
        return
    value, file = around.cloud.get("manage_etc_hosts", ("", ""))
    if around.cloud_writes_hosts and value.lower() in _TRUE:
        yield Finding(
            case.host.name,
            CHECK,
            f"manage_etc_hosts is {value} in {file}: cloud-init writes /etc/hosts anew at every boot",
            "it holds the names of the cluster's hosts",
            _remedy(file),
            "error" if case.is_ours and not case.survey.node else "warning",
        )
    elif around.cloud_writes_hosts and value.lower() == "localhost" and case.is_ours:
        yield Finding(
            case.host.name,
            CHECK,
            f"manage_etc_hosts is localhost in {file}: cloud-init leads the host's name to 127.0.1.1 at every boot",
            f"it is {case.host.address}",
            _remedy(file),
            "warning",
        )
    yield from _hostname(case)


def _remedy(file: str) -> str:
    if file.startswith(_INSTANCE):
        return "it comes from the instance's user data: take update_etc_hosts out of /etc/cloud/cloud.cfg"
    return "set manage_etc_hosts: false there"


def _hostname(case: Case) -> Iterator[Finding]:
    """Another name in its configuration; one that a person has set is left alone where none is."""
    cloud = case.look.surroundings.cloud
    keeps = cloud.get("preserve_hostname", ("", ""))[0].lower() in _TRUE
    for key in ("hostname", "fqdn"):
        value, file = cloud.get(key, ("", ""))
        if value and not keeps and case.is_ours and value.partition(".")[0] != case.host.hostname.partition(".")[0]:
            yield Finding(
                case.host.name,
                CHECK,
                f"{key} is {value} in {file}: cloud-init may name the host that at a boot",
                f"it is named {case.host.hostname}",
                "set preserve_hostname: true in /etc/cloud/cloud.cfg",
                "warning",
            )
            return
