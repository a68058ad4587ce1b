"""What a node tells that an upgrade may fail by."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.facts.node import init_unfinished_script
from k8s_ha.observations.static_pod import component_of
from k8s_ha.observations.upgrade import DeprecatedApi, ManifestFile, UpgradeFacts, Webhook
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number

_KIB: Final = 1024
_SECONDS: Final = re.compile(r"process_start_time_seconds ([0-9]{1,12}(?:\.[0-9]{1,20})?(?:e\+?[0-9]{1,2})?)", re.ASCII)
_DEPRECATED: Final = re.compile(r"apiserver_requested_deprecated_apis\{(.*)\} ([0-9.]+)", re.ASCII)


class UpgradeSurvey(ParsedFact[UpgradeFacts]):
    """What stands in the way of an upgrade on this node, and what its own API server knows of the cluster.

    Runs for a minute and a half at most.

    + address: the host's node address, at which its own API server is asked
    """

    def command(self, address: str) -> str:
        commands = script("require-root.sh") + read_file("facts/surroundings.sh") + init_unfinished_script(address)
        return marked(commands + read_file("facts/upgrade.sh"))

    def parse(self, output: list[str]) -> UpgradeFacts:
        values = fields(output)
        start = next((found[1] for found in map(_SECONDS.fullmatch, values["metric"]) if found), None)
        now = whole_number(next(iter(values["now"]), ""))
        return UpgradeFacts(
            free=_bytes(values["free"]),
            etcd_size=_bytes(values["etcd_size"]),
            manifests=tuple(map(_manifest, values["manifest"])) if "read" in values["manifests"] else None,
            deprecated_apis=_deprecated_apis(values["metric"]) if start is not None else None,
            uptime=None if start is None or now is None else max(0, now - round(float(start))),
            webhooks=_webhooks(values) if "read" in values["webhooks"] else None,
            kubelet_flags=_by_file([*values["kubelet_flags"], *values["kubelet_environment"]]),
            kubelet_units=tuple((file, text) for file, _, text in (line.partition(" ") for line in values["kubelet"])),
        )


def _bytes(lines: Sequence[str]) -> int | None:
    """Of a number of KiB; None for none."""
    number = whole_number(next(iter(lines), ""))
    return None if number is None else number * _KIB


def _manifest(line: str) -> ManifestFile:
    encoded, _, name = line.partition(" ")
    return ManifestFile(name, component_of(base64.b64decode(encoded).decode("utf-8", "replace")))


def _deprecated_apis(lines: Sequence[str]) -> tuple[DeprecatedApi, ...]:
    """Those that were asked for; of an API's subresources each has a line."""
    found = [match for match in map(_DEPRECATED.fullmatch, lines) if match and match[2] != "0"]
    labels = [dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[1])) for match in found]
    apis = (DeprecatedApi(row["group"], row["version"], row["resource"], row["removed_release"]) for row in labels)
    return tuple(dict.fromkeys(apis))


def _webhooks(values: Mapping[str, Sequence[str]]) -> tuple[Webhook, ...]:
    """Those whose Service has no ready endpoint."""
    ready = set(values.get("ready", ()))
    rows = [line.split(" ") for line in values.get("webhook", ())]
    return tuple(
        Webhook(f"{kind} {configuration}", name, f"{namespace}/{service}")
        for kind, configuration, name, namespace, service in rows
        if f"{namespace} {service}" not in ready
    )


def _by_file(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        file, _, text = line.partition(" ")
        found[file].append(text)
    return {file: "\n".join(texts) for file, texts in found.items()}
