"""A host before the first change."""

from __future__ import annotations

from pyinfra.api.exceptions import FactProcessError

from k8s_ha.catalog import compatibility
from k8s_ha.catalog.package_sets import SURVEYED
from k8s_ha.desired import yum
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.backup import backup_state
from k8s_ha.observations.node import HostSurvey
from k8s_ha.observations.restoring import restore_mark
from k8s_ha.resources import read_file
from k8s_ha.untrusted import short, whole_number


class Survey(ParsedFact[HostSurvey]):
    """Identity, system and addresses of a host; see ``HostSurvey``."""

    def command(self) -> str:
        survey = script(
            "survey.sh",
            CONFLICTING=" ".join(compatibility.CONFLICTING_NAMES),
            WANTED=" ".join(SURVEYED),
            UNFINISHED=yum.UNFINISHED,
        )
        before = ("facts/packages.sh", "facts/kubelet-runtime.sh", "facts/backup.sh")
        return marked("".join(map(read_file, before)) + survey)

    def parse(self, output: list[str]) -> HostSurvey:
        values = fields(output)

        def one(key: str) -> str:
            return next(iter(values.get(key, [])), "").strip()

        uid = whole_number(one("uid"))
        if uid is None:
            raise FactProcessError(f"no uid in {short(output[:3])}")
        return HostSurvey(
            uid=uid,
            os_id=one("os_id"),
            os_like=tuple(one("os_like").split()),
            os_version=one("os_version"),
            architecture=one("architecture"),
            hostname=one("hostname"),
            addresses=tuple(address for address in values["address"] if not address.startswith("127.")),
            network_manager=one("network_manager") == "yes",
            node=one("node") == "yes",
            cri=one("cri") or None,
            kernel=one("kernel"),
            cgroup=2 if one("cgroup") == "cgroup2fs" else 1,
            conflicting=dict(line.split(" ", 1) for line in values["conflicting"] if " " in line),
            extras="extras" in values,
            rpm_error=one("rpm_error"),
            login_shell=one("login_shell"),
            kubelet_flags_odd="kubelet_flags" in values,
            nginx_streams="nginx_streams" in values,
            api_server_image=one("api_server_image"),
            backup=backup_state(values),
            restoring=next(map(restore_mark, values["restoring"]), None),
            installed=dict(line.split(" ", 1) for line in values["installed"] if " " in line),
        )
