"""The settings of the source document's cluster: Docker, Aliyun's mirrors, its author's accelerator and pod network."""

from tests.lab.settings import in_lab as _in_lab

k8s_ha = _in_lab(
    {
        "container_runtime": "docker",
        "mirror": "aliyun",
        "base_repositories": "vault",
        "registry_mirrors": {"docker.io": ["https://gvfjy25r.mirror.aliyuncs.com"]},
        "pod_cidr": "192.168.0.0/16",
    }
)
