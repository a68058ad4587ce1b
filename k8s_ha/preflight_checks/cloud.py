"""What cloud-init will write anew at the next boot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.preflight_checks.model import HostContext

CHECK: Final = "cloud-init"
_TRUE: Final = ("true", "yes", "on", "1", "template")
_INSTANCE: Final = "/var/lib/cloud/"


def cloud_init(context: HostContext) -> Iterator[Finding]:
    """Names that this run writes and the next boot takes away."""
    around = context.preflight.surroundings
    if context.unit("cloud-init.service").file in ("disabled", "masked"):
        return
    value, file = around.cloud.get("manage_etc_hosts", ("", ""))
    if around.cloud_writes_hosts and value.lower() in _TRUE:
        yield Finding(
            context.host.name,
            CHECK,
            f"manage_etc_hosts is {value} in {file}: cloud-init writes /etc/hosts anew at every boot",
            "it holds the names of the cluster's hosts",
            _remedy(file),
            "error" if context.is_ours and not context.survey.node else "warning",
        )
    elif around.cloud_writes_hosts and value.lower() == "localhost" and context.is_ours:
        yield Finding(
            context.host.name,
            CHECK,
            f"manage_etc_hosts is localhost in {file}: cloud-init leads the host's name to 127.0.1.1 at every boot",
            f"it is {context.host.address}",
            _remedy(file),
            "warning",
        )
    yield from _hostname(context)


def _remedy(file: str) -> str:
    if file.startswith(_INSTANCE):
        return "it comes from the instance's user data: take update_etc_hosts out of /etc/cloud/cloud.cfg"
    return "set manage_etc_hosts: false there"


def _hostname(context: HostContext) -> Iterator[Finding]:
    """Another name in its configuration; one that a person has set is left alone where none is."""
    cloud = context.preflight.surroundings.cloud
    keeps = cloud.get("preserve_hostname", ("", ""))[0].lower() in _TRUE
    for key in ("hostname", "fqdn"):
        value, file = cloud.get(key, ("", ""))
        if (
            value
            and not keeps
            and context.is_ours
            and value.partition(".")[0] != context.host.hostname.partition(".")[0]
        ):
            yield Finding(
                context.host.name,
                CHECK,
                f"{key} is {value} in {file}: cloud-init may name the host that at a boot",
                f"it is named {context.host.hostname}",
                "set preserve_hostname: true in /etc/cloud/cloud.cfg",
                "warning",
            )
            return
