"""Values that Python's own functions stumble over, each refused in one sentence."""

from typing import Any

import pytest

from tests.support.settings_mistakes import mistakes

SHARE = "it is a number from 1 to 10000, or a share from '1%' to '100%'; write one such as '10%'"
HUGE = "1" + "0" * 400
AT_MOST_A_DAY = "it is at most 86400; choose a smaller number"
FOLDER = "it is a folder of its own, since git ignores all in it; write one such as 'reports'"
MASK = "node-cidr-mask-size"

MISTAKES: list[tuple[dict[Any, Any], str]] = [
    *(
        ({setting: given}, f"{setting}: {given!r}; {FOLDER}")
        for setting in ("kubeconfig_dir", "report_dir")
        for given in ("", " ", ".", "./", "..", "/", "//", "a/..", "a/../..", "~", "~/", "~/..")
    ),
    ({"report_dir": "a\0b"}, "report_dir: 'a\\x00b'; a path has no NUL in it; correct it"),
    (
        {"report_dir": "~root/reports"},
        "report_dir: '~root/reports'; only ~/ stands for a home folder, yours; write the whole path",
    ),
    ({"verify_timeout_seconds": 10**400}, f"verify_timeout_seconds: {HUGE[:99]}…; {AT_MOST_A_DAY}"),
    ({"verify_timeout_seconds": 10**5000}, f"verify_timeout_seconds: int, too large to show; {AT_MOST_A_DAY}"),
    ({"kubernetes_version": 10**5000}, "kubernetes_version: int, too large to show; it is text; write it in quotes"),
    (
        {"workers_max_unavailable": "9" * 5000},
        f"workers_max_unavailable: '{'9' * 98}…; {SHARE}",
    ),
    (
        {"kubernetes_version": "v1.30"},
        "kubernetes_version: 'v1.30'; a Kubernetes version is written x.y.z; name the patch release, such as 1.30.0",
    ),
    (
        {"registry_mirrors": {"docker.io:²": []}},
        "registry_mirrors.docker.io:²: 'docker.io:²'; a registry is HOST[:PORT] in lower case; write one such as "
        "docker.io",
    ),
    *(
        (
            {"mirror": {"base_url": f"https://mirror.example/{given}"}},
            f"mirror.base_url: 'https://mirror.example/{given}'; a URL has no {given[0]!r} in it; take it out, or "
            "write it as %XX",
        )
        for given in ("{foo}", "{", "}", "{minor}", "{0}", '"')
    ),
    (
        {"mirror": {"base_url": "https://mirror.example/\x1b]52;c;eA==\x07"}},
        "mirror.base_url: 'https://mirror.example/\\x1b]52;c;eA==\\x07'; a URL has no '\\x1b' in it; take it out, or "
        "write it as %XX",
    ),
    *(
        (
            {"registry_mirrors": {"docker.io": [f"https://mirror.example:{port}"]}},
            f"registry_mirrors.docker.io.0: 'https://mirror.example:{port}'; a URL is http://HOST/… or https://HOST/…; "
            "correct it",
        )
        for port in ("²", "0", "99999", "9" * 40)
    ),
    *(
        (
            {"mirror": {"kubernetes_baseurl": f"https://mirror.example/{given}", "kubernetes_gpgkey": "https://m/k"}},
            f"mirror.kubernetes_baseurl: 'https://mirror.example/{given}'; a repository URL has no other placeholders "
            "than {minor}, {el}, {arch}, {distribution}; correct it",
        )
        for given in ("{foo}", "{", "}", "{{minor}}", "{minor!r}", "{minor.__class__}", "{}")
    ),
    (
        {"cert_extra_sans": ["fe80::1%eth0"]},
        "cert_extra_sans.0: 'fe80::1%eth0'; a certificate names DNS names in lower case and IP addresses; correct it",
    ),
    *(
        (
            {"kubeadm_patches": {"KubeProxyConfiguration": {"healthzBindAddress": given}}},
            f"kubeadm_patches.KubeProxyConfiguration.healthzBindAddress: {given!r}; it is ADDRESS:PORT, the port a "
            "number from 0 to 65535; correct it",
        )
        for given in ("0.0.0.0:²", "0.0.0.0:65536", "0.0.0.0:", 10256, f"[::]:{'1' * 30}")
    ),
    *(
        (
            {"kubeadm_patches": {"KubeletConfiguration": {"healthzPort": given}}},
            f"kubeadm_patches.KubeletConfiguration.healthzPort: {given!r}; it is a number from 0 to 65535; correct it",
        )
        for given in ("²", 65536, -1, "", 1.5, True)
    ),
    *(
        (
            {"kubeadm_patches": {"ClusterConfiguration": {"controllerManager": {"extraArgs": {MASK: given}}}}},
            f"kubeadm_patches.ClusterConfiguration.controllerManager.extraArgs.{MASK}: {given!r}; it is a number from "
            "1 to 32; correct it",
        )
        for given in ("²", "33", 0, "9" * 30)
    ),
    *(
        (
            {"kubeadm_patches": {"KubeletConfiguration": {"maxPods": given}}},
            f"kubeadm_patches.KubeletConfiguration.maxPods: {said}; a patch is plain data with text as keys; "
            "correct it",
        )
        for given, said in (
            (float("inf"), "inf"),
            (float("nan"), "nan"),
            (2**63, str(2**63)),
            (10**5000, "int, too large to show"),
            ("\ud800", "'\\ud800'"),
        )
    ),
]


@pytest.mark.parametrize(("settings", "line"), MISTAKES)
def test_a_hostile_value(settings: dict[Any, Any], line: str) -> None:
    assert mistakes(settings) == [line]
