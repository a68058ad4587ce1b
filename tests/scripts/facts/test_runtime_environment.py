"""How registries are asked: by what systemd and Docker give to the runtime. The shell runs for real."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from k8s_ha.resources import read_file
from tests.support.mirror_bench import mirror
from tests.support.shell_bench import Shell

LOADED = "LoadState=loaded\n"
"""What systemctl tells of a unit that is installed; of another one it tells no drop-in."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    systemctl(shell)
    return shell


def systemctl(shell: Shell, unit: str = "LoadState=not-found\nEnvironment=\n") -> None:
    shell.add_tool("systemctl", f'[ "$1" = show ] && cat {shell.file("/shown", unit)}')


def environment(shell: Shell) -> dict[str, str]:
    """What systemd runs the unit with, besides what it gives to every unit."""
    lines = shell.lines(f"{read_file('facts/runtime-environment.sh')}unit_environment docker\n")
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("\t"))


def drop_in(shell: Shell, text: str, name: str = "a.conf", tree: str = "/etc/systemd/system") -> None:
    shell.file(f"{tree}/docker.service.d/{name}", text)


SHOWN = {
    "plain": ("HTTP_PROXY=http://x:1 NO_PROXY=a,b", {"HTTP_PROXY": "http://x:1", "NO_PROXY": "a,b"}),
    "a percent sign": ("HTTP_PROXY=http://u:p%40@x", {"HTTP_PROXY": "http://u:p%40@x"}),
    "systemd 219": (r"A=b\x20c B=d\x5ce C=f\"g", {"A": "b c", "B": "d\\e", "C": 'f"g'}),
    "a quote within a word": ('A=b"c d" B=e', {"A": 'b"c', "B": "e"}),
    "systemd 252": (r'"A=b c" "B=d\"e\$f" "NO_PROXY=*.a"', {"A": "b c", "B": 'd"e$f', "NO_PROXY": "*.a"}),
}


@pytest.mark.parametrize("row", SHOWN.values(), ids=SHOWN)
def test_what_systemctl_shows(shell: Shell, row: tuple[str, dict[str, str]]) -> None:
    text, expected = row
    systemctl(shell, f"{LOADED}Environment={text}\n")
    drop_in(shell, "[Service]\nEnvironment=OF=nobody\n")
    assert environment(shell) == expected


WRITTEN = {
    "percent signs": ('Environment="HTTP_PROXY=http://u:p%%40@x"', {"HTTP_PROXY": "http://u:p%40@x"}),
    "several": ("Environment=A=b 'C=d e' F=\"g h\"", {"A": "b", "C": "d e", "F": "g h"}),
    "escapes": (r"Environment=A=b\x20c\\d", {"A": "b c\\d"}),
    "blanks": ("  Environment =  A=b  ", {"A": "b"}),
    "a line that goes on": ("Environment=A=b \\\n  C=d", {"A": "b", "C": "d"}),
    "the last one counts": ("Environment=A=b\nEnvironment=A=c", {"A": "c"}),
    "taken back": ("Environment=A=b\nEnvironment=\nEnvironment=C=d", {"C": "d"}),
    "comments": ("#Environment=A=b\n; Environment=A=c\n", {}),
    "of another section": ("[Unit]\nEnvironment=A=b", {}),
    "of DOS": ("Environment=A=b\r", {"A": "b"}),
    "another key": ("PassEnvironment=A\nExecStart=/x A=b", {}),
}


@pytest.mark.parametrize("row", WRITTEN.values(), ids=WRITTEN)
def test_a_drop_in_of_a_unit_that_is_not_installed(shell: Shell, row: tuple[str, dict[str, str]]) -> None:
    text, expected = row
    drop_in(shell, f"[Service]\n{text}\n")
    assert environment(shell) == expected


def test_trees_of_drop_ins(shell: Shell) -> None:
    """By their names, whatever the tree; of one name the one in /etc hides the others."""
    drop_in(shell, "[Service]\nEnvironment=A=etc B=etc", "20.conf")
    drop_in(shell, "[Service]\nEnvironment=B=run", "30.conf", "/run/systemd/system")
    drop_in(shell, "[Service]\nEnvironment=B=hidden D=hidden", "20.conf", "/run/systemd/system")
    drop_in(shell, "[Service]\nEnvironment=A=lib C=lib", "10.conf", "/usr/lib/systemd/system")
    drop_in(shell, "[Service]\nEnvironment=C=other", "10.txt")
    assert environment(shell) == {"A": "etc", "B": "run", "C": "lib"}


def test_one_drop_in_takes_back_what_another_says(shell: Shell) -> None:
    drop_in(shell, "[Service]\nEnvironment=A=b\nEnvironmentFile=/etc/one", "1.conf")
    drop_in(shell, "[Service]\nEnvironment=\nEnvironmentFile=\nEnvironment=C=d", "2.conf")
    shell.file("/etc/one", "E=f\n")
    assert environment(shell) == {"C": "d"}


FILE = """# comment
; comment
A=b
  C = d e \t
F="g h"
I='j'
K=l\\
m
N="o\\"p"
O=%40
"""


@pytest.mark.parametrize("installed", [True, False])
def test_environment_files_win(shell: Shell, installed: bool) -> None:
    shell.file("/etc/sysconfig/docker-proxy", FILE)
    pattern = shell.moved("/etc/sysconfig/docker-*")
    missing = shell.moved("/etc/missing")
    if installed:
        files = f"EnvironmentFiles={pattern} (ignore_errors=no)\nEnvironmentFiles={missing} (ignore_errors=yes)\n"
        systemctl(shell, f"{LOADED}Environment=A=unit Z=unit\n{files}")
    else:
        text = f"EnvironmentFile={pattern}\nEnvironmentFile=-{missing}\nEnvironment=A=unit Z=unit\n"
        drop_in(shell, f"[Service]\n{text}")
    expected = {"Z": "unit", "A": "b", "C": "d e", "F": "g h", "I": "j", "K": "lm", "N": 'o"p', "O": "%40"}
    assert {name.strip(): value for name, value in environment(shell).items()} == expected


def proxies(shell: Shell, *urls: str, runtime: str = "docker", manager: str = "") -> list[str]:
    """The proxy that each registry is asked through; empty where it is asked directly."""
    script = read_file("yum-options.sh") + read_file("facts/runtime-environment.sh")
    sources = "\n".join(["key http://k", *(f"registry {url}" for url in urls)])
    asking = f"echo {shlex.quote(sources)} | registry_questions {shlex.quote(manager)}\n"
    lines = shell.lines(f"RUNTIME={runtime}\n{script}{asking}")
    found = [line.split("\x1f") for line in lines]
    assert [fields[0] for fields in found] == [f"answer {number} " for number in range(1, len(urls) + 1)]
    assert [fields[2] for fields in found] == list(urls)
    return [fields[3].removeprefix('proxy = "').removesuffix('"') for fields in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "HTTPS_PROXY=http://s HTTP_PROXY=http://h": ("http://s", "http://h"),
        "https_proxy=http://s": ("http://s", ""),
        "HTTP_PROXY=http://h": ("", "http://h"),
        "HTTPS_PROXY=http://s https_proxy=http://other": ("http://s", ""),
        "ALL_PROXY=http://a": ("", ""),
    }.items(),
)
def test_the_proxy_of_a_scheme(shell: Shell, text: str, expected: tuple[str, str]) -> None:
    drop_in(shell, f"[Service]\nEnvironment={text}\n")
    assert tuple(proxies(shell, "https://r.example/v2/", "http://r.example/v2/")) == expected


EXEMPT = {
    "r.example": True,
    "example": True,
    ".example": True,
    "*.example": True,
    "R.Example": True,
    " other , r.example": True,
    "*": True,
    "r.example:5000": True,
    "r.example:443": False,
    "ample": False,
    ".r.example": False,
    "10.0.0.0/8": False,
    "": False,
}


@pytest.mark.parametrize("no_proxy", EXEMPT)
def test_what_go_asks_directly(shell: Shell, no_proxy: str) -> None:
    drop_in(shell, f'[Service]\nEnvironment=HTTPS_PROXY=http://p "NO_PROXY={no_proxy}"\n')
    assert proxies(shell, "https://r.example:5000/v2/") == ["" if EXEMPT[no_proxy] else "http://p"]


@pytest.mark.parametrize(
    ("host", "direct"),
    {"10.3.0.1:5000": True, "10.4.0.1": False, "192.168.1.9": True, "localhost:5000": True, "127.0.0.9": True}.items(),
)
def test_networks_that_go_asks_directly(shell: Shell, host: str, direct: bool) -> None:
    drop_in(shell, "[Service]\nEnvironment=HTTPS_PROXY=http://p NO_PROXY=10.3.0.0/16,192.168.1.9\n")
    assert proxies(shell, f"https://{host}/v2/") == ["" if direct else "http://p"]


def test_systemds_own_environment_is_the_least(shell: Shell) -> None:
    manager = "LANG=C\nHTTPS_PROXY=http://manager\nNO_PROXY=$'*.corp,a b'\n"
    asked = ("https://r/v2/", "https://x.corp/v2/")
    assert proxies(shell, *asked, manager=manager) == ["http://manager", ""]
    drop_in(shell, "[Service]\nEnvironment=HTTPS_PROXY=http://unit\n")
    assert proxies(shell, *asked, manager=manager) == ["http://unit", ""]


def test_dockers_own_configuration_comes_first(shell: Shell) -> None:
    own = {"https-proxy": 'http://u:p"w@d', "no-proxy": "direct"}
    shell.file("/etc/docker/daemon.json", json.dumps({"proxies": own}, indent=1).replace("/", "\\/"))
    drop_in(shell, "[Service]\nEnvironment=HTTPS_PROXY=http://unit HTTP_PROXY=http://unit NO_PROXY=r\n")
    asked = ("https://r/v2/", "http://r/v2/", "https://direct/v2/")
    assert proxies(shell, *asked) == ['http://u:p\\"w@d', "http://unit", ""]


def test_containerd_does_not_read_dockers_configuration(shell: Shell) -> None:
    shell.file("/etc/docker/daemon.json", '{"proxies": {"https-proxy": "http://d"}}')
    assert proxies(shell, "https://r/v2/", runtime="containerd") == [""]


def test_a_password_with_a_percent_sign_arrives(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was sent as it stands in the unit, with %%, and stood in the arguments of env."""
    monkeypatch.setenv("NO_PROXY", "*")
    shell.add_tool("env", f'echo "$*" >>{shell.root}/arguments; exec /usr/bin/env "$@"')
    shell.add_tool("curl", f'echo "$*" >>{shell.root}/arguments; exec /usr/bin/curl "$@"')
    script = read_file("yum-options.sh") + read_file("facts/runtime-environment.sh")
    with mirror(proxy_user="me:p@ss") as proxy:
        address = proxy.url.removeprefix("http://")
        drop_in(shell, f'[Service]\nEnvironment="HTTP_PROXY=http://me:p%%40ss@{address}"\n')
        reported = shell.lines(
            f"RUNTIME=docker\n{script}echo 'registry http://r.invalid/v2/' | registry_questions '' | "
            'while IFS= read -r question; do ask "$question" 3; done\n'
        )
    assert reported == ["answer 0 status=200"]
    assert proxy.asked == ["http://r.invalid/v2/"]
    assert "ss@" not in (shell.root / "arguments").read_text(encoding="utf-8")


def test_a_registry_is_asked_with_its_login(shell: Shell) -> None:
    script = read_file("yum-options.sh") + read_file("facts/runtime-environment.sh")
    login = 'ci:p"s\\\\w'.replace("\\\\", "\\")
    with mirror() as served:
        sources = f"registry {served.url}/v2/\nregistry {served.url}0/v2/\n\nlogin {served.url} {login}"
        reported = shell.lines(
            f"RUNTIME=containerd\n{script}printf '%s\\n' {shlex.quote(sources)} | registry_questions '' | "
            'while IFS= read -r question; do ask "$question" 3; done\n'
        )
    assert reported[0] == "answer 0 status=200"
    assert [(request.path, request.user) for request in served.requests] == [("/v2/", login)]
