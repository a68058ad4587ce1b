"""Settings for hosts behind China's mirrors: Docker, Aliyun's mirrors, Kubernetes 1.23.

pyinfra reads this file for hosts of a group `document`. To use it, write `from group_data.document import k8s_ha` into
all.py in place of its settings, or name your group so.
"""

k8s_ha = {
    # The last release that speaks to Docker without cri-dockerd.
    "kubernetes_version": "1.23.17",
    "container_runtime": "docker",
    "mirror": "aliyun",
    # CentOS 7's and 8's own mirrors are gone.
    "base_repositories": "vault",
    # Your own account's accelerator: {"docker.io": ["https://ID.mirror.aliyuncs.com"]}
    "registry_mirrors": {},
    # It must not overlap the network of your hosts or of their users.
    "pod_cidr": "192.168.0.0/16",
}
