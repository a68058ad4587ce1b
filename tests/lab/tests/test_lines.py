"""The lab's Kubernetes lines: their names and tables, the settings that follow the lab that is up, the matrix."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from k8s_ha.catalog import compatibility
from tests.lab import settings, state
from tests.lab.build import BuildError, Contents, golang, programs
from tests.lab.build.hosts import FLAVOURS
from tests.lab.build.tables import conformance, containerd, docker, images, kubernetes, lines, modules
from tests.lab.build.tables.lines import LINES, Line
from tests.scenarios import e2e_kubeadm
from tests.scenarios.lines import COLUMNS, MIXED, PAGE, ROWS, main, page, recorded

FROM_MODULES = [line for line in LINES if line.version != lines.DEFAULT]
TAGS_OF_1_34 = {"kube-apiserver": "v1.34.11", "kube-proxy": "v1.34.11", "coredns/coredns": "v1.12.1"} | {
    "pause": "3.10.1",
    "etcd": "3.6.5-0",
}


@pytest.mark.parametrize(
    ("name", "version"),
    [("1.34", "1.34.11"), ("1.34.4", "1.34.4"), ("1.20", "1.20.2"), ("1.20.2", "1.20.2"), ("1.37", "1.37.2")],
)
def test_minor_is_its_newest_patch(name: str, version: str) -> None:
    assert lines.find(name).version == version


@pytest.mark.parametrize("name", ["1.3", "1.38", "1.34.5", "v1.34", "", "34"])
def test_unknown_line_is_one_sentence(name: str) -> None:
    with pytest.raises(BuildError) as caught:
        lines.find(name)
    assert str(caught.value) == (
        f"line {name}: the lab knows 1.20.2, 1.29.15, 1.30.14, 1.31.9, 1.32.13, 1.33.13, 1.34.4, 1.34.11, 1.35.4, "
        "1.36.3, 1.37.2; choose one of these, or 1.34 for the newest 1.34"
    )


def test_lines_are_sorted_by_number_and_asked_for_once() -> None:
    assert [line.version for line in lines.chosen(["1.37", "1.34", "1.34.4", "1.34.11", "1.20"])] == [
        "1.20.2",
        "1.34.4",
        "1.34.11",
        "1.37.2",
    ]
    assert [line.version for line in lines.chosen([])] == ["1.20.2"]
    assert lines.oldest(["1.34.11", "1.34.4"]).version == "1.34.4"


def test_unknown_containerd_is_one_sentence() -> None:
    with pytest.raises(BuildError, match=r"^containerd 3\.0: the lab knows 1\.6, 1\.7, 2\.2; choose one of these$"):
        containerd.check("3.0")


@pytest.mark.parametrize(
    ("names", "only", "served"),
    [
        (["1.20"], None, ("1.6",)),
        (["1.30"], None, ("1.6",)),
        (["1.37"], None, ("2.2",)),
        (["1.30", "1.31"], None, ("1.6", "2.2")),
        (["1.30", "1.31"], "1.7", ("1.7",)),
    ],
)
def test_containerds_that_are_served(names: list[str], only: str | None, served: tuple[str, ...]) -> None:
    assert programs.containerd_versions(lines.chosen(names), only) == served


@pytest.mark.parametrize(
    ("name", "served", "versions"),
    [
        ("1.20", "1.6", ["1.6.20", "2.2.0"]),
        ("1.20", "1.7", ["1.7.24"]),
        ("1.30", "1.6", ["1.6.20"]),
        ("1.37", "1.6", ["1.6.20"]),
    ],
)
def test_empty_containerd_is_beside_1_20_alone(name: str, served: str, versions: list[str]) -> None:
    packages = docker.rhel(8, lines.chosen([name]), [served])
    assert [package.version for package in packages if package.name == "containerd.io"] == versions


def test_releases_are_dockers() -> None:
    packages = docker.rhel(8, lines.chosen(["1.37"]), ["1.6", "1.7", "2.2"])
    found = [f"{package.version}-{package.release}" for package in packages if package.name == "containerd.io"]
    assert found == ["1.6.20-3.1.el8", "1.7.24-3.1.el8", "2.2.9-1.el8"]


@pytest.mark.parametrize("line", FROM_MODULES, ids=lambda line: line.version)
def test_line_has_a_modfile_with_checksums(line: Line) -> None:
    modfile = golang.FOLDER / f"{modules.kubernetes(line).name}.mod"
    text = modfile.read_text()
    assert re.search(rf"^(require|\t)\s*k8s.io/kubernetes v{re.escape(line.version)}$", text, re.MULTILINE)
    staging = f"v0{line.version[1:]}"
    odd = [row.split() for row in re.findall(r"^\t(k8s\.io/\S+ => .*)$", text, re.MULTILINE) if staging not in row]
    assert [row[0] for row in odd] == {"1.31.9": ["k8s.io/cloud-provider"], "1.32.13": ["k8s.io/endpointslice"]}.get(
        line.version, []
    )
    assert f"k8s.io/kubernetes v{line.version} h1:" in modfile.with_suffix(".sum").read_text()


@pytest.mark.parametrize("module", modules.MODULES.values(), ids=lambda module: module.name)
def test_module_has_a_modfile_with_checksums(module: modules.Module) -> None:
    modfile = golang.FOLDER / f"{module.modfile or module.name}.mod"
    assert modfile.exists()
    assert modfile.with_suffix(".sum").exists()


def test_every_modfile_is_used() -> None:
    used = {module.modfile or module.name for module in modules.MODULES.values()}
    used |= {modules.kubernetes(line).name for line in FROM_MODULES} | {"go", conformance.TESTS.modfile}
    assert {path.stem for path in golang.FOLDER.glob("*.mod")} == used


def test_kubernetes_is_told_its_version() -> None:
    stamp = modules.kubernetes(lines.find("1.34.4")).stamp
    assert stamp["k8s.io/component-base/version.gitVersion"] == "v1.34.4"
    assert stamp["k8s.io/client-go/pkg/version.gitMinor"] == "34"


@pytest.mark.parametrize(
    ("reported", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.26rc1 linux/amd64", (1, 26)), ("", ())],
)
def test_gos_version(reported: str, version: tuple[int, ...]) -> None:
    assert golang.go_version(reported) == version


def test_old_go_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BuildError) as caught:
        golang.compiler()
    assert str(caught.value) == (
        f"this machine: {program} is go version go1.19.8 linux/amd64, too old for the lab; put Go 1.26 or newer in PATH"
    )


def test_missing_go_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(golang, "GO_BESIDE_PATH", str(tmp_path / "go"))
    with pytest.raises(BuildError, match="it has no go, which builds the lab's programs; put Go"):
        golang.compiler()


def test_images_are_what_kubeadm_lists() -> None:
    listing = "".join(f"registry.k8s.io/{name}:{tag}\n" for name, tag in TAGS_OF_1_34.items())
    assert images.asked_for(f"I1126 remote version is newer\n{listing}") == TAGS_OF_1_34
    found = {(image.name, image.tag) for image in images.of_line(lines.find("1.34"), TAGS_OF_1_34)}
    assert ("coredns/coredns", "v1.12.1") in found
    assert ("google_containers/coredns", "v1.12.1") in found
    assert len(found) == 2 * len(TAGS_OF_1_34)


@pytest.mark.parametrize(
    ("tag", "source"), [("3.5.24-0", "etcd-3.5"), ("3.6.5-0", "etcd-3.6"), ("3.7.0-0", "etcd-3.7")]
)
def test_etcd_is_of_its_tags_minor(tag: str, source: str) -> None:
    (image, _) = images.of_line(lines.find("1.34"), {"etcd": tag})
    assert sorted(image.files) == [f"usr/local/bin/{name}" for name in ("etcd", "etcdctl", "etcdutl")]
    assert {path.split("/")[0] for path in image.files.values()} == {source}


@pytest.mark.parametrize("name", ["1.20", "1.37"])
def test_kube_proxys_image_knows_protocols_by_name(name: str) -> None:
    tags = {"kube-proxy": "v1", "etcd": "3.7.0-0"}
    found = images.of_line(lines.find(name), tags)
    assert all("etc/protocols" in image.files for image in found if image.name.endswith("kube-proxy"))


def test_conformance_tests_are_of_the_newest_line() -> None:
    for suffix in (".mod", ".sum"):
        own = (golang.FOLDER / f"{conformance.TESTS.modfile}{suffix}").read_text()
        assert f"k8s.io/kubernetes v{conformance.LINE.version}" in own
    line = (golang.FOLDER / f"{modules.kubernetes(conformance.LINE).name}.mod").read_text()
    replaced = re.compile(r"^\tk8s\.io/\S+ => .*$", re.MULTILINE)
    assert replaced.findall((golang.FOLDER / f"{conformance.TESTS.modfile}.mod").read_text()) == replaced.findall(line)


COMMON = {"conformance-base", "conformance-data", "coredns"}


def test_what_conformance_images_are_made_of_is_built() -> None:
    sources = {source for image in conformance.IMAGES for source in (*image.files.values(), image.base) if source}
    assert {source.split("/")[0] for source in sources} == {*COMMON, conformance.PROGRAMS.name}


@pytest.mark.parametrize(("name", "source"), [("1.20", "kubernetes-1.20.2/labdns"), ("1.29", "coredns/coredns")])
def test_1_20_alone_has_a_stand_in_for_coredns(name: str, source: str) -> None:
    found = images.of_line(lines.find(name), {"coredns": "1.7.0", "etcd": "3.4.13-0"})
    assert [image.files for image in found if image.name == "coredns"] == [{"coredns": source}]


def test_packages_of_a_minor() -> None:
    found = {
        (package.name, package.version): package for package in kubernetes.packages(lines.chosen(["1.34.4", "1.34"]))
    }
    assert set(found) == {
        *((name, version) for name in ("kubelet", "kubeadm", "kubectl") for version in ("1.34.4", "1.34.11")),
        ("cri-tools", "1.34.0"),
        ("kubernetes-cni", "1.9.1"),
    }
    assert {package.release for package in found.values()} == {"150500.1.1"}
    assert found["kubelet", "1.34.11"].requires[0] == "kubernetes-cni >= 1.2.0"
    assert found["kubeadm", "1.34.11"].requires == ()


def test_kubeadm_asks_for_cri_tools_up_to_1_31() -> None:
    asking = [line.version for line in FROM_MODULES if line.asks_for_cri_tools]
    assert asking == ["1.29.15", "1.30.14", "1.31.9"]
    (kubeadm,) = (each for each in kubernetes.packages(lines.chosen(["1.31"])) if each.name == "kubeadm")
    assert kubeadm.requires == ("cri-tools >= 1.31.0",)


def lab_of(monkeypatch: pytest.MonkeyPatch, versions: list[str] | None) -> None:
    """Have a lab up with these versions, or none."""
    lab = versions and state.State.__new__(state.State)
    if lab:
        object.__setattr__(lab, "contents", Contents(tuple(versions or ())))
        object.__setattr__(lab, "artifacts", SimpleNamespace(packages=Path("/nonexistent")))
    monkeypatch.setattr(state, "load", lambda: lab)


@pytest.mark.parametrize(
    ("versions", "oldest"), [(None, "1.20.2"), (["1.34.4", "1.34.11"], "1.34.4"), (["1.20.2", "1.37.2"], "1.20.2")]
)
def test_settings_follow_the_lab(monkeypatch: pytest.MonkeyPatch, versions: list[str] | None, oldest: str) -> None:
    lab_of(monkeypatch, versions)
    assert settings.in_lab({})["kubernetes_version"] == oldest


@pytest.mark.parametrize("version", ["1.20.2", "1.29.15", "1.34.4", "1.35.4"])
def test_settings_of_a_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    lab_of(monkeypatch, ["1.20.2", "1.37.2"])
    monkeypatch.setenv(settings.OVERRIDES, json.dumps({"kubernetes_version": version}))
    found: dict[str, Any] = settings.in_lab({"selinux": "keep"})
    assert (found["kubernetes_version"], found["selinux"]) == (version, "keep")
    assert ("kubernetes_baseurl" in found["mirror"]) == (version == "1.20.2")
    assert ("cgroup-v1" in found.get("accepted_risks", [])) == (version == "1.35.4")
    assert ("JoinConfiguration" in found["kubeadm_patches"]) == (version == "1.29.15")


PROVEN = dict.fromkeys(COLUMNS, "x")


def test_the_page_is_made_of_what_was_proven() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(recorded())


def test_only_rows_of_the_matrix_are_proven() -> None:
    assert set(recorded()) <= {row.name for row in ROWS}


def test_a_row_that_was_not_run_is_named() -> None:
    shown = page({row.name: PROVEN for row in ROWS[1:]}).splitlines()
    assert shown[-1] == f"Not run yet: {ROWS[0].name}."
    assert shown.count(f"| {' | '.join('x' * len(COLUMNS))} |") == len(ROWS) - 1
    assert "Not run yet" not in page({row.name: PROVEN for row in ROWS})


def test_every_line_flavour_and_containerd_of_the_lab_has_a_row() -> None:
    assert {lines.find(row.line).version for row in ROWS} == {line.version for line in LINES}
    assert {row.flavour for row in ROWS} == {*FLAVOURS, MIXED}
    assert {row.containerd or lines.find(row.line).containerd for row in ROWS} == set(containerd.CONTAINERDS)


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_each_flavour_has_the_newest_line_that_it_carries(flavour: str) -> None:
    platform = compatibility.Platform(int(flavour.rpartition("-")[2]), kernel=(6, 1), cgroup=1)
    carried = [minor for minor in compatibility.LINES if compatibility.verdict(minor, platform).refused is None]
    assert max(int(row.line.split(".")[1]) for row in ROWS if row.flavour == flavour) == max(carried)


def test_a_row_that_nobody_knows() -> None:
    with pytest.raises(SystemExit, match=r"^1\.99: no such row; choose of 1\.20, 1\.29, "):
        main(["1.99"])


def test_what_ginkgo_reports_of_each_test() -> None:
    """A node of a suite that is no test is left out."""
    rows = [
        (None, "SynchronizedBeforeSuite", "", "passed"),
        (["bootstrap token"], "It", "should exist and be properly configured", "failed"),
        (["networking", "single-stack"], "It", "podSubnet should be properly configured", "passed"),
    ]
    names = ("ContainerHierarchyTexts", "LeafNodeType", "LeafNodeText", "State")
    report = [{"SpecReports": [dict(zip(names, row, strict=True)) for row in rows]}]
    assert e2e_kubeadm.reported(report) == {
        "bootstrap token should exist and be properly configured": "failed",
        "networking single-stack podSubnet should be properly configured": "passed",
    }
