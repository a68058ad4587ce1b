"""The script that tells who leads etcd, run for real beside a curl that answers as etcd does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.observations.etcd import DEFAULT_QUOTA, Leadership, Storage
from tests.support.control_plane import DF
from tests.support.shell_bench import Shell

ADDRESSES = {"1": "10.0.11.18", "2": "10.0.12.55", "3": "10.0.13.22"}
MEMBERS = [
    {
        "ID": number,
        "name": f"master{number}",
        "peerURLs": [f"https://{address}:2380"],
        "clientURLs": [f"https://{address}:2379"],
    }
    for number, address in ADDRESSES.items()
]
STATUS = {"header": {"member_id": "1"}, "leader": "1", "dbSize": "9", "dbSizeInUse": "8"}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def told(shell: Shell) -> Leadership:
    found = EtcdLeader().process(shell.lines(EtcdLeader().command(address="10.0.11.18")))
    assert found is not None
    return found


def test_a_leader_and_the_members_that_are_well(shell: Shell) -> None:
    shell.file("/etc/kubernetes/manifests/etcd.yaml", "    - --data-dir=/var/lib/etcd-data\n")
    shell.file("/etc/kubernetes/pki/etcd/ca.crt", "")
    shell.add_tool("df", f'[ "$*" = "-Pk /var/lib/etcd-data" ] || exit 1\n{DF.format(900000)}')
    shell.add_tool(
        "curl",
        f"""case "$*" in
            *127.0.0.1:2379/v3/maintenance/status*) echo '{json.dumps(STATUS)}' ;;
            *127.0.0.1:2379/v3/cluster/member/list*) echo '{json.dumps({"members": MEMBERS})}' ;;
            *10.0.12.55:2379/health*) exit 7 ;;
            *:2379/health[?]exclude=NOSPACE) echo '{{"health":"true"}}' ;;
        esac""",
    )
    found = told(shell)
    assert (found.leads, [member.name for member in found.successors]) == (True, ["master3"])
    assert (found.unwell, found.storage) == (("master2",), Storage(9, 8, DEFAULT_QUOTA))
    assert (found.is_well, found.free) == (True, 900000 * 1024)
    shell.add_tool("df", "exit 1")
    assert told(shell).free is None


def test_a_host_without_etcd(shell: Shell) -> None:
    assert told(shell) == Leadership()


@pytest.mark.parametrize(
    ("alarms", "reads", "is_well"),
    [
        (["NOSPACE"], True, True),
        (["NOSPACE"], False, False),
        (["NOSPACE", "CORRUPT"], True, False),
        (["CORRUPT"], True, False),
        ([], True, False),
    ],
)
def test_an_early_etcd_that_is_full_is_well_where_it_reads(
    shell: Shell, alarms: list[str], reads: bool, is_well: bool
) -> None:
    """It calls itself not well, whatever is excluded."""
    shell.file("/etc/kubernetes/manifests/etcd.yaml", "    - --data-dir=/var/lib/etcd-data\n")
    shell.file("/etc/kubernetes/pki/etcd/ca.crt", "")
    told_alarms = {"alarms": [{"memberID": "1", "alarm": alarm} for alarm in alarms]}
    read = 'echo \'{"header":{"revision":"7"}}\'' if reads else "exit 22"
    shell.add_tool(
        "curl",
        f"""case "$*" in
            *127.0.0.1:2379/v3/maintenance/status*) echo '{json.dumps(STATUS)}' ;;
            *127.0.0.1:2379/v3/cluster/member/list*) echo '{json.dumps({"members": MEMBERS})}' ;;
            *:2379/health*) echo '{{"health":"false"}}' ;;
            *:2379/v3/maintenance/alarm*) echo '{json.dumps(told_alarms)}' ;;
            *:2379/v3/kv/range*) {read} ;;
        esac""",
    )
    assert told(shell).is_well is is_well
