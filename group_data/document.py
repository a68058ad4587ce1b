"""The settings of the document that this package began with: Docker, Aliyun's mirrors, Kubernetes 1.23.

pyinfra reads this file for hosts of a group `document`. To use it, write `from group_data.document import k8s_ha` into
all.py in place of its settings, or name your group so.
"""

k8s_ha = {
    # The last release that speaks to Docker without cri-dockerd.
    "kubernetes_version": "1.23.17",
    "container_runtime": "docker",
    "mirror": "aliyun",
    # CentOS 7's and 8's own mirrors are gone since the document was written.
    "base_repositories": "vault",
    # Your own account's accelerator, as the document has its author's: {"docker.io": ["https://ID.mirror.aliyuncs.com"]}
    "registry_mirrors": {},
    # It must not overlap the network of your hosts or of their users; the document's hosts are in 10.0.0.0/16.
    "pod_cidr": "192.168.0.0/16",
}
