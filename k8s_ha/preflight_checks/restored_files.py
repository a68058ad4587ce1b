"""Whether clean hosts come by the files with which a lost cluster is made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.restore_storage import CHECK


def lacking_files(name: str, missing: Sequence[str]) -> list[Finding]:
    """That a backup lacks what kubeadm's files are made with on clean hosts; nothing where it has all.

    + missing: paths in its archive
    """
    if not missing:
        return []
    return [
        Finding(
            THE_CLUSTER,
            CHECK,
            f"{name} holds no /{missing[0]}",
            "a control plane is made anew with the cluster's own CAs and keys",
            "name a backup that has it; a CA that is kept elsewhere is restored by hand",
        )
    ]


def unfound_files(
    name: str,
    flagged: Mapping[str, Sequence[str]],
    archived: Collection[str],
    present: Mapping[str, Collection[str] | None],
) -> Iterator[Finding]:
    """Files that the settings name for the API server, and that neither a host nor the backup has.

    + name: the backup's
    + flagged: paths by flag, without the first slash
    + archived: paths in the backup's archive
    + present: those of the flagged that a host has, by inventory name; None for one that could not be read
    """
    for host, held in present.items():
        if held is None:
            remedy = "see the error above, and run this again"
            yield Finding(host, CHECK, "its files could not be read", "what a host has of them stays", remedy)
            continue
        for flag, paths in flagged.items():
            for path in paths:
                if path not in archived and path not in held:
                    yield Finding(
                        host,
                        CHECK,
                        f"neither it nor {name} has /{path}",
                        f"--{flag} of the settings names it",
                        "put that file there as it was, root's alone",
                    )
