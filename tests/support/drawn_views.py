"""What control planes may tell, whatever it is, as hypothesis draws it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, Kubeconfig, NodeView
from tests.support.authorities import authority
from tests.support.example_cluster import six_hosts
from tests.support.node_views import CA_CERTIFICATE, CONTROL_PLANES, ENDPOINT, NODES

artifacts = st.lists(
    st.sampled_from(
        [
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/kubelet.conf",
            "/etc/kubernetes/pki/ca.crt",
            "/var/lib/etcd/member",
        ]
    ),
    unique=True,
).map(tuple)
cluster_nodes = st.lists(
    st.builds(
        ClusterNode,
        name=st.sampled_from([*NODES, "stranger"]),
        ready=st.booleans(),
        version=st.just("v1.30.14"),
        control_plane=st.booleans(),
    ),
    max_size=3,
).map(tuple)
addresses = {host["name"]: host["address"] for host in six_hosts()}
etcd_members = st.lists(
    st.sampled_from(CONTROL_PLANES).map(lambda control_plane: Member("1", control_plane, (addresses[control_plane],))),
    max_size=2,
).map(tuple)


def _as_read(view: NodeView) -> NodeView:
    """The endpoint is read of a kubeconfig, which is an artifact then: one without the other nobody tells."""
    has_kubeconfig = any(path.endswith(".conf") for path in view.artifacts)
    return view if has_kubeconfig else replace(view, api_server_url=None, kubeconfigs=())


views = st.none() | st.builds(
    NodeView,
    artifacts=artifacts,
    api_server_url=st.sampled_from([None, ENDPOINT, "https://other:6443"]),
    ca_certificate=st.sampled_from([None, "", "damaged", CA_CERTIFICATE, authority("other")]),
    ready=st.booleans(),
    nodes=cluster_nodes,
    members=etcd_members,
    busy=st.booleans(),
    init_begun=st.booleans(),
    init_unfinished=st.booleans(),
    kubeconfigs=st.lists(
        st.builds(
            Kubeconfig,
            path=st.sampled_from(["/etc/kubernetes/admin.conf", "/etc/kubernetes/kubelet.conf"]),
            server=st.sampled_from(["", ENDPOINT, "https://other:6443"]),
            has_user=st.booleans(),
            authority=st.sampled_from([None, "", CA_CERTIFICATE, authority("other")]),
        ),
        max_size=2,
    ).map(tuple),
).map(_as_read)
seen_by_control_planes = st.dictionaries(st.sampled_from(CONTROL_PLANES), views)
endpoint_answers = st.sampled_from([None, "", "HTTP status 403", "unclear: no answer within 10 s"])
