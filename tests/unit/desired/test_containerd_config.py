"""What somebody's own configuration of containerd has that is gone once this package's is there."""

from __future__ import annotations

import pytest

from k8s_ha.desired.containerd_config import is_somebodys, lost
from k8s_ha.resources import render

OURS = [render(f"containerd-{major}.toml.j2", pause_image="p").encode() for major in (1, 2)]
CRI = 'plugins."io.containerd.grpc.v1.cri"'
V1 = f"""version = 2
root = "/data/containerd"
state = "/run/containerd"
imports = ["/etc/containerd/conf.d/*.toml"]
[grpc]
  address = "/run/other.sock"
[proxy_plugins.stargz]
  type = "snapshot"
[{CRI}]
  sandbox_image = "x"
[{CRI}.containerd]
  snapshotter = "stargz"
  default_runtime_name = "nvidia"
[{CRI}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[{CRI}.containerd.runtimes.nvidia.options]
  BinaryName = "/usr/bin/nvidia-container-runtime"
[{CRI}.registry.mirrors."docker.io"]
  endpoint = ["https://m"]
[{CRI}.registry.configs."r:5000".auth]
  password = "secret"
"""
V3 = """version = 3
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "/srv/certs.d"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
  runtime_type = "io.containerd.kata.v2"
"""
DEFAULT = f"""version = 2
root = "/var/lib/containerd"
imports = []
[grpc]
  address = "/run/containerd/containerd.sock"
[{CRI}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
[{CRI}.registry]
  config_path = ""
"""


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"# a comment\n", b'# c\ndisabled_plugins = ["cri"]\n#root = "/x"\n', *OURS]
)
def test_files_that_nobody_wrote(content: bytes) -> None:
    assert not is_somebodys(content)


@pytest.mark.parametrize("text", [V1, V3, DEFAULT, "disabled_plugins = []", "[", "[x"])
def test_files_that_somebody_wrote(text: str) -> None:
    assert is_somebodys(text.encode())


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (
            V1,
            [
                "root /data/containerd",
                "grpc.address /run/other.sock",
                "imports",
                "plugin stargz",
                "runtime nvidia",
                "default_runtime_name nvidia",
                "snapshotter stargz",
                "mirrors of docker.io",
                "access to r:5000",
            ],
        ),
        (V3, ["config_path /srv/certs.d", "runtime kata"]),
        (DEFAULT, []),
        ("plugins = 1\nproxy_plugins = []", []),
        ("[plugins.cri.containerd.runtimes.gvisor]", ["runtime gvisor"]),
        ("[", ["what cannot be read as TOML"]),
    ],
)
def test_what_is_lost(text: str, gone: list[str]) -> None:
    assert lost(text.encode()) == gone


def test_bytes_that_are_no_text() -> None:
    assert is_somebodys(b"\xff")
    assert lost(b"\xff") == ["what cannot be read as TOML"]


@pytest.mark.parametrize("content", [b"a = " + b"[" * 5000 + b"]" * 5000, b"a = " + b"[" * 70 + b"]" * 70, b"a = \xff"])
def test_a_file_that_nobody_can_read_to_its_end_is_somebodys(content: bytes) -> None:
    assert is_somebodys(content)
    assert lost(content) == ["what cannot be read as TOML"]
    assert lost(b"root = " + b"9" * 4000) == [f"root {'9' * 99}…"]
