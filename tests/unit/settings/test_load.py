"""Settings and hosts: what they default to, what they mean, and that every mistake is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha import check, run
from k8s_ha.settings import ClusterSettings, HostSettings, MirrorSettings, SettingsError, load_cluster
from k8s_ha.settings.kubeadm_patches import OWNED
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster, six_hosts
from tests.support.settings_mistakes import mistakes


def test_every_setting_has_a_default() -> None:
    cluster = six_host_cluster()
    assert cluster.settings == ClusterSettings(kubernetes_version="1.30.14")
    assert ClusterSettings().kubernetes_version is None
    assert cluster.endpoint == "10.0.1.157:6443"
    assert (cluster.endpoint_host, cluster.endpoint_port, cluster.api_port) == ("10.0.1.157", 6443, 6443)
    assert cluster.image_repository == "registry.k8s.io"
    assert cluster.pause_image == "registry.k8s.io/pause:3.9"
    assert cluster.warnings == ()


def test_topology_is_in_declared_order() -> None:
    cluster = load_cluster({}, six_hosts()[::-1])
    assert [host.name for host in cluster.control_planes] == ["master3", "master2", "master1"]
    assert [host.name for host in cluster.nodes] == ["master3", "master2", "master1", "worker2", "worker1"]
    assert [host.name for host in cluster.load_balancers] == ["master-lb"]
    assert cluster.hostnames[0] == "master-lb"
    assert cluster.host("worker1").address == "10.0.12.16"
    with pytest.raises(KeyError):
        cluster.host("worker3")


def test_hostname_can_differ_from_the_inventory_name() -> None:
    hosts = [{"name": "10.0.0.5", "hostname": "node-1.example", "address": "10.0.0.5", "role": "control_plane"}]
    assert load_cluster({}, hosts).hostnames == ("node-1.example",)


def test_a_single_control_plane_needs_no_load_balancer() -> None:
    assert load_cluster({}, six_hosts()[:1]).endpoint == "10.0.11.18:6443"


def test_a_load_balancer_may_share_a_control_plane() -> None:
    hosts = six_hosts()[:3]
    hosts[0]["role"] = ["load_balancer", "control_plane"]
    cluster = load_cluster({"control_plane_endpoint": "master1:8443"}, hosts)
    assert cluster.host("master1").role == ("control_plane", "load_balancer")
    assert cluster.endpoint_port == 8443


def test_settings_are_frozen_and_described() -> None:
    for model in (ClusterSettings, HostSettings, MirrorSettings):
        assert model.model_config["frozen"]
        assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize("mirror", ["official", {"base": "official"}, MirrorSettings()])
def test_a_mirror_is_a_name_a_map_or_settings(mirror: object) -> None:
    assert six_host_cluster(mirror=mirror) == six_host_cluster()


def test_image_repository_comes_from_the_setting_then_the_mirror() -> None:
    mirror = {"image_repository": "registry.example:5000/k8s"}
    assert six_host_cluster(mirror=mirror).image_repository == "registry.example:5000/k8s"
    assert six_host_cluster(mirror=mirror, image_repository="other.example").image_repository == "other.example"


def test_all_mistakes_come_at_once() -> None:
    hosts = six_hosts()
    hosts[0]["hostname"] = "MASTER"
    hosts[4]["address"] = hosts[3]["address"]
    lines = mistakes({"kubernetes_version": "1.20", "pod_cidr": "10.0.0.0/12", "x": 1}, hosts)
    assert [line.partition(":")[0] for line in lines] == [
        "kubernetes_version",
        "x",
        "master1",
        "worker1, worker2",
        "pod_cidr",
    ]


def test_a_wrong_setting_hides_no_other_mistake_and_makes_none() -> None:
    assert len(mistakes({"pod_cidr": "10.0.0.0", "service_cidr": "11.0.0.0/8"})) == 2


def test_defaults_in_place_of_wrong_values_make_no_mistakes() -> None:
    hosts = six_hosts()
    hosts[3]["address"] = "10.244.0.5"
    assert len(mistakes({"pod_cidr": "x"}, hosts)) == 1
    hosts[4]["address"] = "y"
    assert len(mistakes({"pod_cidr": "x"}, hosts)) == 2
    hosts[3]["address"] = "y"
    assert len(mistakes({}, hosts)) == 2
    nameless = [{"address": f"10.0.0.{number}", "role": "worker"} for number in (1, 2)]
    assert len(mistakes({}, hosts[:1] + nameless)) == 2


def test_a_mistake_is_one_line() -> None:
    assert mistakes({}, [*six_hosts(), {"name": "a\nb", "hostname": "ab", "address": "x", "role": "worker"}]) == [
        "a b: address 'x'; a host's address is an IPv4 address; set k8s_ha_host = {'address': …} to the one "
        "that the other nodes reach it by"
    ]


def test_the_node_mask_may_be_patched() -> None:
    patch = {"ClusterConfiguration": {"controllerManager": {"extraArgs": {"node-cidr-mask-size": 26}}}}
    assert six_host_cluster(pod_cidr="10.244.0.0/23", kubeadm_patches=patch)
    assert "each node takes a /26" in mistakes({"pod_cidr": "10.244.0.0/24", "kubeadm_patches": patch})[0]


def test_an_own_repository_may_carry_old_versions() -> None:
    assert six_host_cluster(kubernetes_version="1.20.2", mirror=OWN_KUBERNETES).pause_image.endswith("pause:3.2")


def test_warnings() -> None:
    hosts = six_hosts()
    del hosts[2]
    hosts.append({"name": "lb2", "address": "10.0.1.158", "role": "load_balancer"})
    settings = {"pod_cidr": "192.168.0.0/16", "service_cidr": "10.0.128.0/20"}
    assert load_cluster(settings, hosts).warnings == (
        "hosts: 2 control planes; etcd needs a majority, so 2 survive no more losses than 1 would; an odd number is "
        "better",
        "hosts: 2 load balancers; nodes reach the API only at 10.0.1.157:6443, nothing moves that address to "
        "another one",
        "pod_cidr: 192.168.0.0/16 is in the range of many office and home networks; machines there with such an "
        "address "
        "cannot be reached from the nodes",
        "service_cidr: 10.0.128.0/20 begins like the addresses of master1, master2, worker1, worker2, master-lb, "
        "lb2; make "
        "sure that their network is narrower than /16",
    )


def test_a_setting_by_its_former_name_is_taken_with_a_warning() -> None:
    cluster = load_cluster({"accept": ["cgroup-v1"]}, six_hosts())
    assert cluster.settings.accepted_risks == ["cgroup-v1"]
    assert cluster.warnings == ("accept: it is now accepted_risks, and the next version knows that name only",)
    assert cluster.settings == load_cluster({"accepted_risks": ["cgroup-v1"]}, six_hosts()).settings
    assert mistakes({"accept": ["x"]})[0].startswith("accepted_risks.0: 'x'; it is one of")


def test_a_setting_by_both_its_names_is_one_mistake() -> None:
    assert mistakes({"accept": ["cgroup-v1"], "accepted_risks": []}) == [
        "accept: given beside accepted_risks; they are one setting; remove accept"
    ]


def test_check_settings_by_its_former_name_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(run, "check_settings", lambda *arguments: given.append(arguments))
    with pytest.warns(FutureWarning, match=r"k8s_ha\.check: .* use k8s_ha\.check_settings"):
        check({"pod_cidr": "10.0.0.0/8"}, {"admin": "people"})
    assert given == [({"pod_cidr": "10.0.0.0/8"}, {"admin": "people"})]


_TEXT = st.text(max_size=20) | st.sampled_from(
    ["10.0.0.0/8", "10.0.0.5", "1.30.1", "official", "worker", "a:1", "a=b:NoSchedule"]
)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT | st.integers(), inner, max_size=3),
    max_leaves=6,
)
_PATCHES = st.dictionaries(st.sampled_from([*OWNED, "X"]), st.dictionaries(_TEXT, _PLAIN, max_size=3), max_size=3)


def _mapping_of(model: type[ClusterSettings] | type[HostSettings]) -> st.SearchStrategy[dict[Any, Any]]:
    return st.dictionaries(st.sampled_from([*model.model_fields]) | _TEXT | st.integers(), _PLAIN, max_size=6)


@given(
    settings=_mapping_of(ClusterSettings),
    patches=_PATCHES,
    hosts=st.lists(_mapping_of(HostSettings) | _PLAIN, max_size=3),
)
def test_whatever_is_given_ends_in_a_cluster_or_in_sentences(settings: Any, patches: Any, hosts: Any) -> None:
    try:
        load_cluster({"kubeadm_patches": patches} | settings, six_hosts() + hosts)
    except SettingsError as error:
        assert error.lines
        assert all(line and "\n" not in line for line in error.lines)
