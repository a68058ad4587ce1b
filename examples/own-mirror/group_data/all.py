"""A mirror that is laid out as Aliyun's. Its password is read from the environment of whoever runs pyinfra."""

from k8s_ha import check_settings

k8s_ha = {
    "kubernetes_version": "1.34.11",
    "mirror": {
        "base_url": "https://mirror.example",
        "image_repository": "registry.example/k8s",
        "flannel_image": "registry.example/flannel/flannel:v0.28.9",
        "flannel_cni_plugin_image": "registry.example/flannel/flannel-cni-plugin:v1.9.1-flannel3",
        "credentials": {"https://mirror.example": {"username": "ci", "password_env": "MIRROR_PASSWORD"}},
    },
}
check_settings(k8s_ha)
ssh_strict_host_key_checking = "yes"
