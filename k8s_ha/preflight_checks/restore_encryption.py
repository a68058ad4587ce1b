"""Whether an API server can read what a backup holds encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.preflight_checks.restore_storage import CHECK
from k8s_ha.untrusted import yaml_value

ENCRYPTION: Final = "encryption-provider-config"
Key = tuple[str, ...]


def encryption_keys(text: str | None) -> frozenset[Key] | None:
    """What an EncryptionConfiguration can decrypt: kind, name and secret of each key; None where it cannot be read.

    + text: of the file; None where the API server has none, so that it reads what is not encrypted
    """
    if text is None:
        return frozenset({("identity",)})
    found: set[Key] = set()
    try:
        document: Any = yaml_value(text)
        for resource in document["resources"]:
            for provider in resource["providers"]:
                for kind, body in provider.items():
                    found |= {*_keys(str(kind), body or {})}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return frozenset(found)


def _keys(kind: str, body: Mapping[str, Any]) -> Iterator[Key]:
    if kind == "identity":
        yield ("identity",)
    elif kind == "kms":
        yield (kind, str(body["name"]), str(body.get("endpoint")))
    else:
        for key in body["keys"]:
            yield (kind, str(key["name"]), str(key["secret"]))


def lacking_keys(host: str, needed: frozenset[Key] | None, held: frozenset[Key] | None) -> list[Finding]:
    """That an API server could not read what the backup holds; nothing where it can. No secret is told.

    + needed: those of the backup's time
    + held: those that the host's own API server has
    """
    if needed is None:
        rule, remedy = "the snapshot is read with its keys", "take another backup of that cluster"
        return [Finding(THE_CLUSTER, CHECK, "the backup's encryption configuration cannot be read", rule, remedy)]
    if held is not None and needed <= held:
        return []
    names = ", ".join(sorted(" ".join(key[:2]) for key in needed - (held or frozenset())))
    return [
        Finding(
            host,
            CHECK,
            f"its API server lacks the backup's key for encryption: {names}",
            "it could not read what the snapshot holds",
            "add that provider from the backup's archive to its encryption configuration",
        )
    ]
