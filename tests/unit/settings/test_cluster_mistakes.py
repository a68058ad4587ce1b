"""One line for every mistake in a setting."""

from typing import Any

import pytest

from k8s_ha.settings import load_cluster
from k8s_ha.settings.kubeadm_patches import OWNED
from tests.support.example_cluster import OWN_KUBERNETES, six_hosts
from tests.support.settings_mistakes import mistakes

LOGIN = {"username": "ci", "password_env": "ANY"}
NO_CREDENTIALS = (
    "a URL here stands in files, command lines and reports, so it holds no credentials; set mirror.credentials = "
    "{'https://HOST': {'username': …, 'password_env': …}}"
)
FORGED = (
    "packages and their key both come over plain http, where anybody on the way can forge them; use https, set "
    "mirror.gpgkey_fingerprints ="
)
ACCEPT_HTTP = "or accept it with accepted_risks = ['plain-http']"

SHARE = "it is a number from 1 to 10000, or a share from '1%' to '100%'; write one such as '10%'"
MISTAKES: list[tuple[dict[Any, Any], str]] = [
    (
        {"waive": ["ports", "root", "ports"]},
        "waive: 'root'; this check cannot be waived: nothing can be done on a host without root; remove it",
    ),
    (
        {"pod_cdir": "10.244.0.0/16"},
        "pod_cdir: unknown setting; settings are spelt as in ClusterSettings; did you mean pod_cidr?",
    ),
    (
        {"mirror": {"docker_url": "https://x.example"}},
        "mirror.docker_url: unknown setting; settings are spelt as in MirrorSettings; did you mean docker_baseurl?",
    ),
    ({7: "x"}, "7: 7; Keys should be strings; correct it"),
    (
        {"kubernetes_version": "1.20"},
        "kubernetes_version: '1.20'; a Kubernetes version is written x.y.z; name the patch release, such as 1.20.0",
    ),
    (
        {"kubernetes_version": "v1.30.1"},
        "kubernetes_version: 'v1.30.1'; a Kubernetes version is written x.y.z; write 1.30.1",
    ),
    (
        {"kubernetes_version": "stable"},
        "kubernetes_version: 'stable'; a Kubernetes version is written x.y.z; write one such as 1.30.14",
    ),
    ({"kubernetes_version": 1.30}, "kubernetes_version: 1.3; it is text; write it in quotes"),
    (
        {"kubernetes_version": "1.19.16"},
        "kubernetes_version: '1.19.16'; Kubernetes 1.20 to 1.37 are known; choose a version of these lines",
    ),
    (
        {"kubernetes_version": "1.23.17"},
        "kubernetes_version: '1.23.17' from the mirror official; it carries Kubernetes 1.24 and newer; choose such a "
        "version or set mirror.kubernetes_baseurl and mirror.kubernetes_gpgkey to a repository that has it",
    ),
    (
        {"control_plane_endpoint": "10.0.1.157"},
        "control_plane_endpoint: '10.0.1.157'; the endpoint is written HOST:PORT with a name or an IPv4 address; "
        "write ADDRESS:6443",
    ),
    (
        {"control_plane_endpoint": "10.0.1.157:65536"},
        "control_plane_endpoint: '10.0.1.157:65536'; a port is a number from 1 to 65535; write HOST:6443",
    ),
    (
        {"control_plane_endpoint": "10.9.9.9:6443"},
        "control_plane_endpoint: '10.9.9.9:6443'; it is the address or hostname of a load balancer, or of the only "
        "control plane; write 10.0.1.157:6443",
    ),
    (
        {"control_plane_endpoint": "master1:6443"},
        "control_plane_endpoint: 'master1:6443'; it is the address or hostname of a load balancer, or of the only "
        "control plane; write 10.0.1.157:6443",
    ),
    (
        {"pod_cidr": "10.244.0.0"},
        "pod_cidr: '10.244.0.0'; a network is written ADDRESS/PREFIX; write one such as 10.244.0.0/16",
    ),
    (
        {"pod_cidr": "10.244.0.0/33"},
        "pod_cidr: '10.244.0.0/33'; a network is written ADDRESS/PREFIX; write one such as 10.244.0.0/16",
    ),
    (
        {"pod_cidr": "10.244.1.0/16"},
        "pod_cidr: '10.244.1.0/16'; a network is written ADDRESS/PREFIX without host bits; write 10.244.0.0/16",
    ),
    ({"pod_cidr": "fd00::/48"}, "pod_cidr: 'fd00::/48'; IPv6 is not supported; give an IPv4 network"),
    (
        {"pod_cidr": "10.0.0.0/12"},
        "pod_cidr: 10.0.0.0/12 holds the addresses of master1 (10.0.11.18), master2 (10.0.12.55), master3 "
        "(10.0.13.22), worker1 (10.0.12.16), worker2 (10.0.13.37), master-lb (10.0.1.157); hosts, pods and Services "
        "have networks of their own; choose another pod_cidr",
    ),
    (
        {"service_cidr": "10.0.1.0/24"},
        "service_cidr: 10.0.1.0/24 holds the addresses of master-lb (10.0.1.157); hosts, pods and Services have "
        "networks of their own; choose another service_cidr",
    ),
    (
        {"pod_cidr": "10.96.0.0/16"},
        "pod_cidr: 10.96.0.0/16 overlaps service_cidr 10.96.0.0/12; the two are apart; change one of them",
    ),
    (
        {"pod_cidr": "10.244.0.0/25"},
        "pod_cidr: 10.244.0.0/25; each node takes a /24 of it and there are at most 65536; choose a prefix from /8 "
        "to /24",
    ),
    (
        {"pod_cidr": "32.0.0.0/7"},
        "pod_cidr: 32.0.0.0/7; each node takes a /24 of it and there are at most 65536; choose a prefix from /8 to /24",
    ),
    (
        {"pod_cidr": "10.244.0.0/22"},
        "pod_cidr: 10.244.0.0/22 for 5 nodes; each node takes a /24 of it; choose a wider network",
    ),
    (
        {"service_cidr": "10.96.0.0/29"},
        "service_cidr: 10.96.0.0/29; kubeadm takes prefixes from /12 to /28; choose one of these",
    ),
    (
        {"service_cidr": "11.0.0.0/8"},
        "service_cidr: 11.0.0.0/8; kubeadm takes prefixes from /12 to /28; choose one of these",
    ),
    (
        {"dns_domain": "Cluster.local"},
        "dns_domain: 'Cluster.local'; a DNS domain is RFC 1123 labels in lower case joined by '.'; write one such as "
        "cluster.local",
    ),
    (
        {"container_runtime": "podman"},
        "container_runtime: 'podman'; it is one of 'containerd' or 'docker'; choose one of them",
    ),
    (
        {"container_runtime": "docker", "registry_mirrors": {"quay.io": ["https://q"], "docker.io": ["https://d"]}},
        "registry_mirrors: quay.io with container_runtime 'docker'; dockerd knows mirrors of docker.io only; set "
        "image_repository and mirror.flannel_image to where those images are, or use containerd",
    ),
    (
        {"accepted_risks": ["everything"]},
        "accepted_risks.0: 'everything'; it is one of 'SystemVerification', 'cgroup-v1', 'plain-http', 'bare-pods', "
        "'local-data' or 'unproven-upgrade'; choose one of them",
    ),
    (
        {"kubernetes_version": "1.23.17"},
        "kubernetes_version: '1.23.17' from the mirror official; it carries Kubernetes 1.24 and newer; choose such a "
        "version or set mirror.kubernetes_baseurl and mirror.kubernetes_gpgkey to a repository that has it",
    ),
    (
        {"kubernetes_version": "1.27.7", "mirror": "aliyun"},
        "kubernetes_version: '1.27.7' from the mirror aliyun; it was frozen and ends with 1.27.6 there; choose that "
        "version or set mirror.kubernetes_baseurl and mirror.kubernetes_gpgkey to a repository that has it",
    ),
    (
        {"mirror": {"base": "official", "base_url": "https://mirror.example"}},
        "mirror.base: 'official' beside mirror.base_url; an own mirror is laid out as Aliyun's and takes the profile's "
        "place; remove mirror.base",
    ),
    (
        {"mirror": {"cri_dockerd_url": "https://mirror.example/cri-dockerd.tgz"}},
        "mirror.cri_dockerd_url: given without cri_dockerd_sha256; nothing is installed unverified; set "
        "mirror.cri_dockerd_sha256",
    ),
    (
        {"mirror": {"cri_dockerd_sha256": "abc"}},
        "mirror.cri_dockerd_sha256: 'abc'; a SHA-256 is 64 hexadecimal digits in lower case; correct it",
    ),
    (
        {"remove_conflicting_packages": "yes"},
        "remove_conflicting_packages: 'yes'; it is True or False; write one of them",
    ),
    (
        {"kubernetes_version": "1.30.14", "kube_proxy_mode": "nftables"},
        "kube_proxy_mode: 'nftables' with Kubernetes 1.30.14; it works from 1.31 on; choose 'iptables'",
    ),
    (
        {"mirror": "tsinghua"},
        "mirror.base: 'tsinghua'; mirror profiles are official, aliyun; name one of them or give a MirrorSettings",
    ),
    ({"mirror": 3}, "mirror: 3; it is a map of settings; write {name: value}"),
    (
        {"mirror": {"docker_baseurl": "https://mirror.example/docker"}},
        "mirror.docker_baseurl: given without docker_gpgkey; nothing is installed unverified; set mirror.docker_gpgkey",
    ),
    (
        {"mirror": OWN_KUBERNETES | {"kubernetes_baseurl": "https://mirror.example/$releasever"}},
        'mirror.kubernetes_baseurl: \'https://mirror.example/$releasever\'; $releasever is "7Server" or "8.4" on some '
        "hosts; write {el} for the major version",
    ),
    (
        {"mirror": OWN_KUBERNETES | {"kubernetes_baseurl": "https://mirror.example/{major}"}},
        "mirror.kubernetes_baseurl: 'https://mirror.example/{major}'; a repository URL has no other placeholders than "
        "{minor}, {el}, {arch}, {distribution}; correct it",
    ),
    (
        {"mirror": OWN_KUBERNETES | {"kubernetes_gpgkey": "file:///key"}},
        "mirror.kubernetes_gpgkey: 'file:///key'; a URL is http://HOST/… or https://HOST/…; correct it",
    ),
    (
        {"mirror": {"base_url": "http://mirror.example"}},
        f"mirror.base_url: 'http://mirror.example'; {FORGED} {{'kubernetes': […], 'docker': […], 'epel': […], "
        f"'vault': […]}}, {ACCEPT_HTTP}",
    ),
    (
        {"mirror": {"docker_baseurl": "http://mirror.example/d", "docker_gpgkey": "http://mirror.example/k"}},
        f"mirror.docker_baseurl: 'http://mirror.example/d'; {FORGED} {{'docker': […]}}, {ACCEPT_HTTP}",
    ),
    (
        {"mirror": {"gpgkey_fingerprints": {"docker": ["0x621E9F35"]}}},
        "mirror.gpgkey_fingerprints.docker.0: '0x621E9F35'; a fingerprint is 40 hexadecimal digits, as `gpg "
        "--show-keys` prints them; correct it",
    ),
    *(
        (settings, f"{where}; {NO_CREDENTIALS}")
        for settings, where in [
            ({"mirror": {"base_url": "https://u:s3cret@m.example"}}, "mirror.base_url: 'https://***@m.example'"),
            ({"mirror": {"base_url": "https://token@m.example"}}, "mirror.base_url: 'https://***@m.example'"),
            ({"mirror": {"base_url": "https://u:s3/cret@m.example"}}, "mirror.base_url: 'https://***@m.example'"),
            (
                {"mirror": {"cri_dockerd_url": "https://m/a?sig_token=s3cret"}},
                "mirror.cri_dockerd_url: 'https://m/a?***'",
            ),
            (
                {"mirror": OWN_KUBERNETES | {"kubernetes_gpgkey": "https://u:s3cret@m.example/k"}},
                "mirror.kubernetes_gpgkey: 'https://***@m.example/k'",
            ),
            (
                {"registry_mirrors": {"docker.io": ["https://u:s3cret@m.example"]}},
                "registry_mirrors.docker.io.0: 'https://***@m.example'",
            ),
        ]
    ),
    (
        {"image_repository": "u:s3cret@registry.example"},
        "image_repository: '***@registry.example'; an image repository is HOST[:PORT][/PATH] in lower case, no scheme "
        "and no tag; correct it",
    ),
    (
        {"mirror": {"credentials": {"https://download.docker.com": {"username": "ci"}}}},
        "mirror.credentials.https://download.docker.com: not shown here; a password comes from one place; set "
        "password_env or password_file",
    ),
    (
        {"mirror": {"credentials": {"https://download.docker.com": {"username": "ci", "password": "s3cret"}}}},
        "mirror.credentials.https://download.docker.com.password: unknown setting; settings are spelt as in "
        "Credentials; did you mean password_env?",
    ),
    (
        {"mirror": {"credentials": {"https://download.docker.com": {**LOGIN, "username": "a:b"}}}},
        "mirror.credentials.https://download.docker.com.username: not shown here; a username is printable ASCII "
        "without blanks and colons; correct it",
    ),
    (
        {"mirror": {"credentials": {"https://download.docker.com": "ci:s3cret"}}},
        "mirror.credentials.https://download.docker.com: not shown here; it is a map of settings; write {name: value}",
    ),
    (
        {"mirror": {"credentials": "ci:s3cret"}},
        "mirror.credentials: not shown here; it is a map; write {name: value}",
    ),
    (
        {"mirror": {"credentials": {"http://download.docker.com": LOGIN}}},
        "mirror.credentials.http://download.docker.com: over plain http anybody on the way reads the password; use "
        "https, or accept it with accepted_risks = ['plain-http']",
    ),
    (
        {"mirror": {"vault_baseurl": "https://mirror.example/{el}", "vault_gpgkey": "https://mirror.example/key"}},
        "mirror.vault_baseurl: 'https://mirror.example/{el}'; a URL has no '{' in it; take it out, or write it as %XX",
    ),
    (
        {"mirror": {"credentials": {"https://vault.centos.org": LOGIN}}, "base_repositories": "vault"},
        "mirror.credentials: of the vault; CentOS's own repository files, which everybody may read, would hold the "
        "password; set mirror.vault_baseurl to one without, or base_repositories = 'keep'",
    ),
    *(
        (
            settings | {"container_runtime": "docker"},
            f"mirror.credentials: for {url} with container_runtime 'docker'; Docker takes none for mirrors of "
            "registries (moby#30880), and none of this package's; use containerd, or a registry without",
        )
        for url, settings in [
            (
                "https://hub.example",
                {
                    "registry_mirrors": {"docker.io": ["https://hub.example"]},
                    "mirror": {"credentials": {"https://hub.example": LOGIN}},
                },
            ),
            ("https://registry.k8s.io", {"mirror": {"credentials": {"https://registry.k8s.io": LOGIN}}}),
        ]
    ),
    (
        {"mirror": {"flannel_image": "ghcr.io/flannel-io/flannel"}},
        "mirror.flannel_image: 'ghcr.io/flannel-io/flannel'; an image is HOST[:PORT]/PATH:TAG, pinned by its tag; "
        "correct it",
    ),
    (
        {"image_repository": "https://registry.example"},
        "image_repository: 'https://registry.example'; an image repository is HOST[:PORT][/PATH] in lower case, no "
        "scheme and no tag; correct it",
    ),
    (
        {"registry_mirrors": {"docker.io": ["mirror.example"]}},
        "registry_mirrors.docker.io.0: 'mirror.example'; a URL is http://HOST/… or https://HOST/…; correct it",
    ),
    (
        {"registry_mirrors": {"https://docker.io": []}},
        "registry_mirrors.https://docker.io: 'https://docker.io'; a registry is HOST[:PORT] in lower case; write one "
        "such as docker.io",
    ),
    (
        {"registry_mirrors": {"docker.io": "https://x"}},
        "registry_mirrors.docker.io: 'https://x'; it is a list; write [...]",
    ),
    ({"registry_mirrors": []}, "registry_mirrors: []; it is a map; write {name: value}"),
    (
        {"cert_extra_sans": ["API.example"]},
        "cert_extra_sans.0: 'API.example'; a certificate names DNS names in lower case and IP addresses; correct it",
    ),
    (
        {"cert_extra_sans": ["10.0.0.256"]},
        "cert_extra_sans.0: '10.0.0.256'; a certificate names DNS names in lower case and IP addresses; correct it",
    ),
    ({"verify_timeout_seconds": 0}, "verify_timeout_seconds: 0; it is at least 1; choose a larger number"),
    *(
        ({"workers_max_unavailable": given}, f"workers_max_unavailable: {given!r}; {SHARE}")
        for given in (0, "0%", "101%", "ten", "", True, 2.5, 10_001, "²%", "²", "٣%", "1%%")
    ),
    (
        {"workers_max_unavailable": "3"},
        "workers_max_unavailable: '3'; a number is written without quotes; remove them",
    ),
    (
        {"verify_timeout_seconds": "300"},
        "verify_timeout_seconds: '300'; it is a whole number; write one without quotes",
    ),
    (
        {"kubeadm_patches": {"ResetConfiguration": {}}},
        "kubeadm_patches.ResetConfiguration: unknown kind; the kinds are InitConfiguration, ClusterConfiguration, "
        "JoinConfiguration, KubeletConfiguration, KubeProxyConfiguration; use one of these",
    ),
    (
        {"kubeadm_patches": {"ClusterConfiguration": {"networking": {"podSubnet": "10.1.0.0/16"}}}},
        "kubeadm_patches.ClusterConfiguration.networking.podSubnet: patched; the package decides this field; set "
        "pod_cidr",
    ),
    (
        {"kubeadm_patches": {"ClusterConfiguration": {"networking": None}}},
        "kubeadm_patches.ClusterConfiguration.networking: patched; the package decides this field; write a map, "
        "which is "
        "merged",
    ),
    (
        {
            "kubernetes_version": "1.31.0",
            "kubeadm_patches": {
                "JoinConfiguration": {
                    "nodeRegistration": {"kubeletExtraArgs": [{"name": "node-ip", "value": "10.1.1.1"}]}
                }
            },
        },
        "kubeadm_patches.JoinConfiguration.nodeRegistration.kubeletExtraArgs.node-ip: patched; the package decides "
        "this "
        "field; set the host's address",
    ),
    (
        {
            "kubernetes_version": "1.30.14",
            "kubeadm_patches": {"ClusterConfiguration": {"scheduler": {"extraArgs": [{"name": "v", "value": "4"}]}}},
        },
        "kubeadm_patches.ClusterConfiguration.scheduler.extraArgs: [{'name': 'v', 'value': '4'}]; extra arguments "
        "are a map "
        "of name: value; write it as a map",
    ),
    (
        {"kubeadm_patches": {"KubeletConfiguration": {"maxPods": {1, 2}}}},
        "kubeadm_patches.KubeletConfiguration.maxPods: {1, 2}; a patch is plain data with text as keys; correct it",
    ),
    (
        {"kubeadm_patches": {"KubeletConfiguration": {"evictionHard": {7: "1"}}}},
        "kubeadm_patches.KubeletConfiguration.evictionHard.7: 7; a patch is plain data with text as keys; correct it",
    ),
]


@pytest.mark.parametrize(("settings", "line"), MISTAKES)
def test_mistake_in_a_setting(settings: dict[Any, Any], line: str) -> None:
    assert mistakes(settings) == [line]


@pytest.mark.parametrize("kind", OWNED)
def test_every_owned_field_is_refused(kind: str) -> None:
    for field, remedy in OWNED[kind].items():
        patch: Any = "x"
        for part in reversed(field.split(".")):
            patch = {part: patch}
        assert mistakes({"kubeadm_patches": {kind: patch}}) == [
            f"kubeadm_patches.{kind}.{field}: patched; the package decides this field; {remedy}"
        ]


SPACED = "060A 61C5 1B55 8A7F 742B  77AA C52F EB6B 621E 9F35"
DOCKER_HTTP = {"docker_baseurl": "http://mirror.example/d", "docker_gpgkey": "http://mirror.example/k"}


@pytest.mark.parametrize(
    "settings",
    [
        {"mirror": {"base_url": "http://mirror.example"}, "accepted_risks": ["plain-http"]},
        {"mirror": DOCKER_HTTP | {"gpgkey_fingerprints": {"docker": [SPACED]}}},
        {"mirror": DOCKER_HTTP | {"docker_gpgkey": "https://mirror.example/k"}},
        {"mirror": DOCKER_HTTP | {"docker_baseurl": "https://mirror.example/d"}},
        {"mirror": {"cri_dockerd_url": "http://mirror.example/a.tgz", "cri_dockerd_sha256": "0" * 64}},
    ],
)
def test_plain_http_is_taken_where_something_else_vouches_for_the_packages(settings: dict[str, Any]) -> None:
    load_cluster(settings, six_hosts())


def test_credentials_that_log_in_nowhere_are_told() -> None:
    credentials = {"https://download.docker.com/linux": LOGIN, "https://pkgs.k8s.oi": LOGIN}
    assert load_cluster({"mirror": {"credentials": credentials}}, six_hosts()).warnings == (
        "mirror.credentials.https://pkgs.k8s.oi: no package and no image comes from there, so it logs in nowhere",
    )
