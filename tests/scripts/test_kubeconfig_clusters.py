"""What the shell reads of a kubeconfig, and what it leaves as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.resources import read_file
from tests.support.shell_bench import Shell

AUTHORITY = "    certificate-authority-data: QQ==\n"
TEXTS: dict[str, tuple[str, list[str]]] = {
    "kubeadm's": (
        f"apiVersion: v1\nclusters:\n- cluster:\n{AUTHORITY}    server: https://a:1\n  name: k\n"
        "contexts:\n- context:\n    cluster: k\n    user: server\n  name: x\nusers:\n- name: server\n  user: {}\n",
        ["https://a:1 QQ=="],
    ),
    "with the server first, and quotes": (
        'clusters:\n  - name: k\n    cluster:\n      server: "https://a:1"\n'
        "      certificate-authority-data: 'QQ=='\n",
        ["https://a:1 QQ=="],
    ),
    "two clusters": (
        "clusters:\n- cluster:\n    server: https://a:1\n- cluster:\n    certificate-authority-data: Qg==\n    server: https://b:2\n",
        ["https://a:1 -", "https://b:2 Qg=="],
    ),
    "line ends of Windows": (
        f"clusters:\n- cluster:\n{AUTHORITY}    server: https://a:1\nkind: Config\n".replace("\n", "\r\n"),
        ["https://a:1 QQ=="],
    ),
    "a server elsewhere": ("users:\n- name: a\n  user:\n    server: https://a:1\nclusters: []\n", []),
    "JSON": ('{"clusters": [{"cluster": {"server": "https://a:1"}}]}\n', []),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_clusters_of_a_kubeconfig(tmp_path: Path, text: str, expected: list[str]) -> None:
    shell = Shell(tmp_path)
    shell.file("/config").write_bytes(text.encode())
    script = read_file("kubeconfig-clusters.sh") + f"clusters <{tmp_path}/config"
    assert shell.lines(script) == expected


def test_no_authority_proves_nothing(tmp_path: Path) -> None:
    """Where a run that goes on has nothing left to change, it knows no authority."""
    text = TEXTS["two clusters"][0]
    shell = Shell(tmp_path)
    shell.file("/config", text)
    moved = f"moved 'https://a:1 https://b:2' https://new:3 '' <{tmp_path}/config >{tmp_path}/moved"
    assert shell.run(read_file("kubeconfig-clusters.sh") + moved).returncode == 0
    assert (tmp_path / "moved").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_another_server_changes_nothing_else(tmp_path: Path, text: str, expected: list[str]) -> None:
    shell = Shell(tmp_path)
    shell.file("/config").write_bytes(text.encode())
    moved = f"moved 'https://z:9 https://a:1' https://new:3 'Wg== QQ==' <{tmp_path}/config >{tmp_path}/moved"
    assert shell.run(read_file("kubeconfig-clusters.sh") + moved).returncode == 0
    wanted = text
    for server in ("https://a:1", '"https://a:1"'):
        if expected == ["https://a:1 QQ=="]:
            wanted = wanted.replace(f"server: {server}", "server: https://new:3")
    assert (tmp_path / "moved").read_bytes() == wanted.encode()
