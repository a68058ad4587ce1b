"""A control plane's runtime with an etcd container, and the tools that its image has, as recorded of real ones.

etcdctl 3.4.23 (Debian), etcdctl and etcdutl 3.5.35 and 3.6.16. 3.5's etcdctl restores, and says that etcdutl should.
"""

from __future__ import annotations

from typing import Final

from tests.support.shell_bench import Shell

STATUS: Final = (
    '[{{"Endpoint":"https://127.0.0.1:2379","Status":{{"header":{{"cluster_id":324952591200643719,'
    '"member_id":3319814642761637952,"revision":6,"raft_term":2}},"version":"{version}","dbSize":20480,'
    '{leader}"raftIndex":9,"raftTerm":2,"raftAppliedIndex":9,"dbSizeInUse":16384}}}}]'
)
MEMBERS: Final = (
    '[{"ID":3319814642761637952,"name":"master1","peerURLs":["https://10.0.11.18:2380"],'
    '"clientURLs":["https://10.0.11.18:2379"]}]'
)
MEMBER_LIST: Final = '{"header":{"cluster_id":324952591200643719,"raft_term":2},"members":' + MEMBERS + "}"

_FILES: Final = """
    "snapshot status "*) cat "$3" >/dev/null || exit 1
        revision=$(sed -n 's/^revision //p' "$3")
        echo "{\\"hash\\":2031197332,\\"revision\\":$revision,\\"totalKey\\":9,\\"totalSize\\":20480}" ;;
    "snapshot restore "*) folder=${4#--data-dir=}
        [ ! -e "$folder" ] || { echo "Error: data-dir \\"$folder\\" exists" >&2; exit 1; }
        mkdir -p "$folder/member/snap" && cp "$3" "$folder/member/snap/db" || exit 1
        [ ! -e "$ROOT/restore" ] || . "$ROOT/restore" ;;
"""
_NO_FILES: Final = """
    "snapshot status "*) printf 'NAME:\\n  snapshot - Manages etcd node snapshots\\n' ;;
    "snapshot restore "*) echo 'Error: unknown flag: --data-dir' >&2; exit 1 ;;
"""
_ASKED: Final = """
    "endpoint status "*) echo '{status}' ;;
    "member list "*) echo '{members}' ;;
    "snapshot save "*) printf 'revision 6\\n' >"$3"; echo "Snapshot saved at $3" ;;
"""


def install(
    shell: Shell,
    version: str,
    runtime: str = "containerd",
    etcdutl: bool = True,
    leader: int = 3319814642761637952,
) -> None:
    """Have the runtime's tool, and etcd of this version behind it; what is executed is kept in ``/calls``.

    What ``/fails`` holds is a pattern of what then fails; what ``/restore`` holds goes on after a restore.
    """
    known = f'"leader":{leader},' if leader else ""
    asked = _ASKED.format(status=STATUS.format(version=version, leader=known), members=MEMBER_LIST)
    minor = int(version.split(".")[1])
    _tool(shell, "etcdctl", asked + (_FILES if minor < 6 else _NO_FILES))
    if etcdutl and minor >= 5:
        _tool(shell, "etcdutl", _FILES)
    labels = ("io.kubernetes.container.name=etcd", "io.kubernetes.pod.namespace=kube-system")
    if runtime == "docker":
        listed = "ps -q " + " ".join(f"--filter label={label}" for label in labels)
    else:
        listed = "ps -q --state running " + " ".join(f"--label {label}" for label in labels)
    shell.file("/containers", "0123abcd\n")
    shell.add_tool(
        "docker" if runtime == "docker" else "crictl",
        f'export ROOT={shell.root}\n[ "$*" = "{listed}" ] && exec cat "$ROOT/containers"\n'
        '[ "$1 $2" = "exec 0123abcd" ] || exit 9\nshift 2\necho "$*" >>"$ROOT/calls"\n'
        '[ -x "$ROOT/image/$1" ] || { echo "exec: \\"$1\\": executable file not found in \\$PATH" >&2; exit 1; }\n'
        'tool=$1; shift; exec "$ROOT/image/$tool" "$@"',
    )


def _tool(shell: Shell, name: str, cases: str) -> None:
    client = "while :; do case $1 in --*) shift ;; *) break ;; esac; done\n"
    fails = '[ ! -e "$ROOT/fails" ] || case "$*" in $(cat "$ROOT/fails")) echo "Error: no luck" >&2; exit 1 ;; esac\n'
    body = f'{client}{fails}case "$*" in\n{cases}    version) echo "{name} version" ;;\n    *) exit 8 ;;\nesac\n'
    shell.file(f"/image/{name}", f"#!/bin/bash\n{body}", 0o755)
