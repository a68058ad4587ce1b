"""Pages that list by hand what the package's tables have."""

from __future__ import annotations

import re

import pytest

from k8s_ha.catalog import mirrors, package_sets
from k8s_ha.desired.firewall import NODE_PORTS
from k8s_ha.preflight_checks.limits import CONTROL_PLANE_PORTS, DISK_GIB, DISK_WARNING_GIB
from tests.support.paths import PROJECT


def page(name: str) -> str:
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


PACKAGES = {
    *package_sets.KUBERNETES,
    *package_sets.DOCKER,
    *package_sets.CONTAINER_SELINUX,
    *package_sets.KEEPALIVED,
    *package_sets.load_balancer(stream_built_in=False),
    *package_sets.SELINUX_TOOLS.values(),
    *(name for major in package_sets.SELINUX_TOOLS for name in package_sets.helpers(major)),
}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_that_hosts_need_is_named_to_who_fills_a_mirror(package: str) -> None:
    assert f"`{package}`" in page("mirrors.md")


@pytest.mark.parametrize("setting", [name for name in mirrors.MirrorSettings.model_fields if name.endswith("image")])
def test_an_image_that_pods_need_is_named_there(setting: str) -> None:
    assert f"`{setting}`" in page("mirrors.md")


@pytest.mark.parametrize("port", sorted({entry.number for entry in CONTROL_PLANE_PORTS}))
def test_a_port_of_a_control_plane_is_named(port: int) -> None:
    assert re.search(rf"\b{port}\b", page("security.md"))


def test_the_ports_of_services_are_those_that_a_firewall_opens() -> None:
    assert {entry.partition("/")[0] for entry in NODE_PORTS} == {"30000-32767"}
    assert "30000 to 32767 TCP and UDP" in page("security.md")


def test_the_disk_that_the_quickstart_asks_for_is_what_preflight_does() -> None:
    assert f"{DISK_GIB} GB of free disk, better {DISK_WARNING_GIB};" in page("quickstart.md")
