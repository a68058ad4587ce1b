"""The settings of a containerd cluster: all from the official sources, as far as they have the lab's Kubernetes."""

from tests.lab.settings import in_lab as _in_lab

k8s_ha = _in_lab(
    {
        "registry_mirrors": {"docker.io": ["https://docker.m.daocloud.io"]},
        # The document's cluster has both of them out of the way.
        "firewall": "keep",
        "selinux": "keep",
    }
)
