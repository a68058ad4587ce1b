"""etcd made a cluster of one: when its flag is known to be gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.resources import read_file
from tests.support.shell_bench import Shell


@pytest.mark.parametrize(
    ("words", "pid", "code"),
    [
        ("etcd --name=master1", "1", 0),
        ("etcd --force-new-cluster --name=master1", "1", 1),
        ("etcd --name=master1", "", 1),  # nothing tells which process it is, which may still be the one with the flag
        ("etcd --name=master1", "2", 1),  # it ended meanwhile
    ],
)
def test_an_etcd_that_cannot_be_looked_at_is_not_one_without_the_flag(
    tmp_path: Path, words: str, pid: str, code: int
) -> None:
    shell = Shell(tmp_path)
    shell.file("/proc/1/cmdline", words.replace(" ", "\0") + "\0")
    shell.add_tool("pidof", f"echo {pid}; [ -n '{pid}' ]")
    script = read_file("recover-quorum.sh")
    restored = script[script.index("restored() {") : script.index("wait_until restored")]
    done = shell.run(f"alone() {{ :; }}\n{restored.replace('/proc/', f'{tmp_path}/proc/')}restored")
    assert done.returncode == code
