"""The versions that a repository has, read from its own index by the real script."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from k8s_ha.facts.available_versions import AvailableVersionsFact
from k8s_ha.observations.available_versions import AvailableVersions
from tests.support.shell_bench import Shell

PACKAGES = ("kubeadm", "kubectl", "kubelet")
Packed = Callable[[bytes], bytes]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def package(name: str, version: str) -> str:
    """As createrepo_c writes it, without what nobody reads here."""
    return (
        f'<package type="rpm">\n  <name>{name}</name>\n  <arch>x86_64</arch>\n'
        f'  <version epoch="0" ver="{version}" rel="150500.1.1"/>\n  <format>\n'
        f'    <rpm:provides>\n      <rpm:entry name="{name}" flags="EQ" epoch="0" ver="9.9.9" rel="1"/>\n'
        "    </rpm:provides>\n  </format>\n</package>\n"
    )


def repository(folder: Path, text: str, suffix: str = ".gz", packed: Packed = gzip.compress, lines: str = "\n") -> str:
    """A repository with this index; its URL."""
    (folder / "repodata").mkdir(parents=True)
    name = f"repodata/0123-primary.xml{suffix}"
    (folder / name).write_bytes(packed(f"<metadata>\n{text}</metadata>".encode()))
    index = [
        '<repomd xmlns="http://linux.duke.edu/metadata/repo">',
        '<data type="filelists">',
        '<location href="repodata/0123-filelists.xml.gz"/>',
        "</data>",
        '<data type="primary">',
        '<checksum type="sha256">0</checksum>',
        f'<location href="{name}"/>',
        "</data>",
        "</repomd>",
    ]
    (folder / "repodata/repomd.xml").write_text(lines.join(index), encoding="utf-8")
    return f"file://{folder}"


def asked(shell: Shell, repositories: dict[int, str]) -> AvailableVersions:
    return AvailableVersionsFact().process(shell.lines(AvailableVersionsFact().command(repositories)))


WHOLE = "".join(package(name, version) for version in ("1.34.4", "1.34.11") for name in PACKAGES)


@pytest.mark.parametrize(
    ("suffix", "packed"),
    [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress), ("", bytes)],
)
@pytest.mark.parametrize("lines", ["\n", ""])
def test_the_versions_of_a_repository(shell: Shell, tmp_path: Path, suffix: str, packed: Packed, lines: str) -> None:
    url = repository(tmp_path / "r", WHOLE.replace("\n", lines), suffix, packed, lines)
    assert asked(shell, {34: url}) == AvailableVersions({34: frozenset({"1.34.4", "1.34.11"})}, {})


def test_the_packages_of_a_container_runtime(shell: Shell, tmp_path: Path) -> None:
    others = [package("containerd.io", "1.7.29"), package("containerd.io", "2.2.1"), package("docker-ce", "28.5.2")]
    text = "".join([*others, package("docker-buildx-plugin", "0.1"), package("containerdxio", "3.1")])
    command = AvailableVersionsFact().command(
        {34: repository(tmp_path / "r", WHOLE)}, runtime=repository(tmp_path / "d", text)
    )
    found = AvailableVersionsFact().process(shell.lines(command))
    runtime = {"containerd.io": frozenset({"1.7.29", "2.2.1"}), "docker-ce": frozenset({"28.5.2"})}
    assert found == AvailableVersions({34: frozenset({"1.34.4", "1.34.11"})}, {}, runtime, "")


def test_a_repository_of_a_runtime_that_is_not_there_is_told(shell: Shell, tmp_path: Path) -> None:
    command = AvailableVersionsFact().command({34: repository(tmp_path / "r", WHOLE)}, runtime="file:///gone")
    found = AvailableVersionsFact().process(shell.lines(command))
    assert (set(found.known), found.unread, found.runtime) == ({34}, {}, None)
    assert found.runtime_unread != "no answer"


def test_a_version_without_all_packages_is_none(shell: Shell, tmp_path: Path) -> None:
    url = repository(tmp_path / "r", WHOLE + package("kubeadm", "1.34.12") + package("kubelet", "1.34.12"))
    assert asked(shell, {34: url}).known == {34: frozenset({"1.34.4", "1.34.11"})}


def test_a_version_of_another_line_is_none(shell: Shell, tmp_path: Path) -> None:
    url = repository(
        tmp_path / "r", "".join(package(name, version) for version in ("1.35.1", "rc") for name in PACKAGES)
    )
    assert asked(shell, {34: url}) == AvailableVersions({}, {34: "its index has no Kubernetes"})


def test_a_repository_that_is_not_there_is_told_beside_one_that_is(shell: Shell, tmp_path: Path) -> None:
    url = repository(tmp_path / "r", WHOLE)
    found = asked(shell, {33: f"file://{tmp_path}/gone", 34: url})
    assert set(found.known) == {34}
    assert set(found.unread) == {33}
    assert "gone" in found.unread[33] or "37" in found.unread[33]


CUT_OFF: dict[str, Packed] = {
    "cut off": lambda text: gzip.compress(text)[:-20],
    "cut off before it was packed": lambda text: gzip.compress(text[:-30]),
    "packed otherwise": lzma.compress,
    "empty": lambda text: b"",
}


@pytest.mark.parametrize("packed", CUT_OFF.values(), ids=CUT_OFF)
def test_packages_that_did_not_come_whole_are_not_all(shell: Shell, tmp_path: Path, packed: Packed) -> None:
    url = repository(tmp_path / "r", WHOLE, packed=packed)
    command = AvailableVersionsFact().command({34: url}, runtime=url)
    found = AvailableVersionsFact().process(shell.lines(command))
    told = "its index of packages did not come whole"
    assert found == AvailableVersions({}, {34: told}, None, told)


def test_an_index_that_is_none(shell: Shell, tmp_path: Path) -> None:
    url = repository(tmp_path / "r", WHOLE)
    (tmp_path / "r/repodata/repomd.xml").write_text("<html/>")
    assert asked(shell, {34: url}) == AvailableVersions({}, {34: "it has no index of packages"})
