"""A control plane whose restore runs by the real scripts, beside a runtime and an etcd image of the test's own."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Final

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

MANIFESTS: Final = "/etc/kubernetes/manifests"
KEPT: Final = "/var/lib/k8s-ha/restore"
DATA: Final = "/var/lib/etcd"
MARK: Final = "backup-master1-20261127T023000Z 20261127T081500Z standing"
ASIDE: Final = f"{DATA}.before-restore-20261127T081500Z"
SNAPSHOT: Final = "revision 6\n"
IMAGE: Final = "registry.k8s.io/etcd:3.6.16-0"
COMPONENTS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
CONTROLLERS: Final = "kube-controller-manager kube-scheduler"
SCRIPTS: Final = {
    "begun": ("restore-begin.sh", {}),
    "tried": ("restore-try.sh", {}),
    "silent": ("restore-stop.sh", {"COMPONENTS": f"kube-apiserver {CONTROLLERS}"}),
    "stopped": ("restore-stop.sh", {"COMPONENTS": "etcd"}),
    "replaced": ("restore-replace.sh", {}),
    "member": ("restore-start.sh", {"COMPONENTS": "etcd", "PEERS": "10.0.11.18 10.0.12.55"}),
    "serving": ("restore-start.sh", {"COMPONENTS": "kube-apiserver", "PEERS": ""}),
    "managed": ("restore-start.sh", {"COMPONENTS": CONTROLLERS, "PEERS": ""}),
}

# What runs follows the manifests at once; a container's ID is its manifest's checksum.
CRICTL = r"""
echo "$*" >>{root}/crictl
case $1 in ps) ;; *) exit 0 ;; esac
[ ! -e {root}/runtime-is-down ] || exit 1
component=$(echo "$*" | sed 's/.*container.name=\([^ ]*\).*/\1/')
if [ -e {root}/lingers ] && [ "$component" = "$(cat {root}/lingers)" ]; then echo 0123abcd; exit 0; fi
manifest={root}/etc/kubernetes/manifests/$component.yaml
[ ! -e "$manifest" ] || cksum <"$manifest" | cut -d ' ' -f 1
"""
CURL = r"""
case $* in
    */status*)
        revision=9
        case $* in *10.0.12.55*) [ ! -e {root}/other-revision ] || revision=$(cat {root}/other-revision) ;; esac
        echo '{{"header":{{"revision":"'$revision'"}},"version":"3.6.16"}}' ;;
    *2379/health[?]exclude=NOSPACE*) [ ! -e {root}/etcd-is-down ] && echo '{{"health":"true"}}' ;;
    *2379/health*) [ ! -e {root}/full ] && [ ! -e {root}/etcd-is-down ] && echo '{{"health":"true"}}' ;;
    */alarm*DEACTIVATE*265*) rm {root}/full ;;
    */alarm*GET*) [ ! -e {root}/full ] || echo '{{"alarms":[{{"memberID":"265","alarm":"NOSPACE"}}]}}' ;;
    */defragment*) echo defragmented >>{root}/etcd ;;
esac
"""
"""The alarm is of a member that is no more."""
# As ctr and docker are called: up to the container's name come the runtime's own words.
CTR = r"""
echo "$*" >>{root}/ctr
case "$*" in
    "-n k8s.io images ls -q name=="*) echo "${{6#name==}}"; exit 0 ;;
    "-n k8s.io run "*) ;;
    *) exit 1 ;;
esac
while [ "$1" != k8s-ha-restore ]; do image=$1; shift; done
[ "$image" = {image} ] || exit 9
shift
[ -x "{root}/image/$1" ] || {{ echo "ctr: exec: \"$1\": executable file not found in \$PATH" >&2; exit 1; }}
tool=$1; shift; exec "{root}/image/$tool" "$@"
"""
DOCKER = r"""
echo "$*" >>{root}/ctr
case $1 in run) ;; ps) shift; set -- ps "$@" ; exec crictl ps "$@" ;; *) exit 0 ;; esac
while [ "$1" != --entrypoint ]; do shift; done
tool=$2; shift 3; [ -x "{root}/image/$tool" ] || exit 127
exec "{root}/image/$tool" "$@"
"""
ETCD = r"""
[ ! -e {root}/fails ] || case "$*" in $(cat {root}/fails)) echo "Error: no luck" >&2; exit 1 ;; esac
echo "$*" >>{root}/etcd
case "$*" in
    version) printf '{tool} version: %s\nAPI version: 3.5\n' {version} ;;
    "snapshot restore "*) folder=${{4#--data-dir=}}
        [ ! -e "$folder" ] || {{ echo "Error: data-dir $folder not empty" >&2; exit 1; }}
        mkdir -p "$folder/member/snap" && cp "$3" "$folder/member/snap/db" ;;
    "snapshot status "*) echo "{{\"hash\":1,\"revision\":$(sed -n 's/^revision //p' "$3"),\"totalKey\":9}}" ;;
    *) exit 8 ;;
esac
"""


class RestoreBench:
    """A control plane that stands, with the snapshot beside it."""

    def __init__(self, root: Path, version: str = "3.6.16", tool: str = "etcdutl") -> None:
        self.shell = shell = Shell(root)
        for component in COMPONENTS:
            image = IMAGE if component == "etcd" else f"registry.k8s.io/{component}:v1.36.3"
            text = f"spec:\n  containers:\n  - command:\n    - {component}\n    image: {image}\n"
            shell.file(f"{MANIFESTS}/{component}.yaml", text, 0o600)
        for path in ("healthcheck-client.crt", "healthcheck-client.key", "ca.crt"):
            shell.file(f"/etc/kubernetes/pki/etcd/{path}")
        shell.file("/etc/kubernetes/admin.conf")
        shell.file(f"{DATA}/member/snap/db", "revision 40\n")
        shell.file(f"{DATA}/member/wal/0.wal", "old")
        shell.file(f"{KEPT}/snapshot.db", SNAPSHOT, 0o600)
        for name, body in {"crictl": CRICTL, "curl": CURL, "ctr": CTR, "docker": DOCKER}.items():
            shell.add_tool(name, body.format(root=root, image=IMAGE))
        for name in ("systemctl", "sync", "kubectl", "journalctl", "sleep"):
            shell.add_tool(name, ":")
        self.image(tool, version)

    def image(self, tool: str, version: str) -> None:
        """Have a tool in etcd's image."""
        body = ETCD.format(root=self.shell.root, tool=tool, version=version)
        self.shell.file(f"/image/{tool}", f"#!/bin/bash\n{body}", 0o755)

    def at(self, path: str) -> Path:
        return self.shell.root / path.lstrip("/")

    def run(self, stage: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The script of a stage."""
        file, values = SCRIPTS[stage]
        given = {
            "HOST": "master1",
            "ADDRESS": "10.0.11.18",
            "RUNTIME": "containerd",
            "MARK": MARK,
            "MOMENT": "20261127T081500Z",
            "STAGE": stage,
            "LIMIT": "0",
            "ETCD": "3.6",
            "NODE": "master1",
            "PEER": "https://10.0.11.18:2380",
            "MEMBERS": "master1=https://10.0.11.18:2380,master2=https://10.0.12.55:2380",
            "TOKEN": "k8s-ha-restore-1",
            "SHA256": hashlib.sha256(SNAPSHOT.encode()).hexdigest(),
            "REVISION": "6",
        }
        before = ("json-field.sh", "facts/etcd.sh", "copied.sh", "static-pod.sh", "restore-mark.sh")
        text = "".join(map(read_file, (*before, file)))
        return self.shell.run(shell_variables(given | dict(values) | more) + text)

    def reach(self, stage: str) -> None:
        """All stages up to this one."""
        for each in SCRIPTS:
            done = self.run(each)
            assert done.returncode == 0, (each, done.stderr)
            if each == stage:
                return

    @property
    def stage(self) -> str:
        mark = self.at(f"{KEPT}/mark")
        return mark.read_text(encoding="utf-8").split()[-1] if mark.exists() else ""
