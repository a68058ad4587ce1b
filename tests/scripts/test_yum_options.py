"""How mirrors are asked: by all of yum's or dnf's configuration; the shell runs for real."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path

import pytest

from k8s_ha.desired.yum import ServedKeys
from k8s_ha.facts.host_repositories import host_repositories
from k8s_ha.facts.lines import fields
from k8s_ha.facts.repository_keys import RepositoryKeys
from k8s_ha.observations.host_repositories import HostRepository, Patterns
from k8s_ha.resources import read_file
from tests.support.mirror_bench import mirror
from tests.support.paths import RECORDED
from tests.support.shell_bench import Shell

URL = "http://mirror.invalid/repodata/repomd.xml"


@pytest.fixture(params=["yum", "dnf"])
def tool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("yum", "exit 1")
    shell.add_tool("rpm", "exit 1")
    shell.add_tool("uname", "echo x86_64")
    return shell


def configured(shell: Shell, tool: str, text: str) -> None:
    """Have a main configuration of yum 3, or of a dnf that is also called yum."""
    if tool == "dnf":
        link = shell.root / "tools" / "yum"
        link.unlink()
        shell.add_tool("dnf-3", "exit 1")
        link.symlink_to("dnf-3")
    shell.file("/etc/yum.conf" if tool == "yum" else "/etc/dnf/dnf.conf", text)


def questions(shell: Shell, *sources: str, own: bool = False) -> list[list[str]]:
    """The fields of each question."""
    asked = "\n".join(sources)
    script = f"echo {shlex.quote(asked)} | yum_questions '{'yes' if own else ''}'\n"
    return [line.split("\x1f") for line in shell.lines(read_file("yum-options.sh") + script)]


def options(shell: Shell, kind: str = "repository") -> list[str]:
    """The lines of curl's configuration by which a source of this package is asked for."""
    ((_, _, _, *found),) = questions(shell, f"{kind} {URL}")
    return found


def answered(shell: Shell, *sources: str, own: bool = False) -> dict[str, list[str]]:
    """The answers by key, all asked at once as preflight does."""
    asked = "\n".join(sources)
    script = (
        f"echo {shlex.quote(asked)} | yum_questions '{'yes' if own else ''}' | "
        '{ while IFS= read -r question; do ask "$question" 20 & done; wait; }\n'
    )
    return fields(shell.lines(read_file("yum-options.sh") + script))


PROXY = ['proxy = "http://p:1"', "proxy-anyauth"]
SAME = {
    "nothing": ("[main]\n", []),
    "a proxy": ("[main]\nproxy = http://p:1\n", PROXY),
    "no blanks": ("[main]\nproxy=http://p:1\n", PROXY),
    "of DOS": ("[main]\r\nproxy=http://p:1\r\n", PROXY),
    "blanks behind it": ("[main]\nproxy\t=\t http://p:1 \t\n", PROXY),
    "the last one counts": ("[main]\nproxy=http://q\nproxy=http://p:1\n", PROXY),
    "commented out": ("[main]\n#proxy=http://p:1\n; proxy=http://p:1\n", []),
    "of another section": ("[other]\nproxy=http://p:1\n[main]\n", []),
    "before a section": ("proxy=http://p:1\n[main]\n", []),
    "a user": (
        '[main]\nproxy=http://p:1\nproxy_username=me\nproxy_password=p@ss:w%ö"rd\\\n',
        ['proxy = "http://p:1"', 'proxy-user = "me:p%40ss%3Aw%25%C3%B6%22rd%5C"', "proxy-anyauth"],
    ),
    "no verification": ("[main]\nsslverify=0\n", ["insecure"]),
    "False": ("[main]\nsslverify=False\n", ["insecure"]),
    "verification": ("[main]\nsslverify=True\nsslcacert=/etc/pki/ca.pem\n", ['cacert = "/etc/pki/ca.pem"']),
    "a client's certificate": (
        "[main]\nsslclientcert=/etc/c.pem\nsslclientkey=/etc/k.pem\n",
        ['cert = "/etc/c.pem"', 'key = "/etc/k.pem"'],
    ),
    "IPv4": ("[main]\nip_resolve=4\n", ["ipv4"]),
    "IPv6": ("[main]\nip_resolve=IPv6\n", ["ipv6"]),
    "a short timeout": ("[main]\ntimeout=2\n", ["connect-timeout = 2"]),
    "a long timeout": ("[main]\ntimeout=60\n", []),
    "a quote": ('[main]\nsslcacert=/a"b\\c\n', ['cacert = "/a\\"b\\\\c"']),
}


@pytest.mark.parametrize("row", SAME.values(), ids=SAME)
def test_options_of_both(shell: Shell, tool: str, row: tuple[str, list[str]]) -> None:
    text, expected = row
    configured(shell, tool, text)
    assert options(shell) == expected


OTHER = {
    "none": ("proxy=_none_", ['proxy = ""', "proxy-anyauth"], []),
    "a colon": ("proxy: http://p:1", PROXY, []),
    "a comment behind it": ("proxy=http://p:1 ;mine", PROXY, ['proxy = "http://p:1 ;mine"', "proxy-anyauth"]),
    "capitals": ("Proxy=http://p:1", PROXY, []),
    "how a proxy is logged in at": (
        "proxy=http://p:1\nproxy_auth_method=digest",
        PROXY,
        ['proxy = "http://p:1"', "proxy-digest"],
    ),
    "a user of the environment's proxy": (
        "proxy_username=me\nproxy_password=x",
        [],
        ['proxy-user = "me:x"', "proxy-anyauth"],
    ),
    "a repository's user": ("username=me\npassword=x:%", ['user = "me:x:%"', "anyauth"], ['user = "me:x:%"']),
    "a user without password": ("username=me", [], ['user = "me:"']),
    "a proxy's certificate": (
        "proxy_sslverify=no\nproxy_sslcacert=/c\nproxy_sslclientcert=/d\nproxy_sslclientkey=/k\nuser_agent=a b",
        [],
        ["proxy-insecure", 'proxy-cacert = "/c"', 'proxy-cert = "/d"', 'proxy-key = "/k"', 'user-agent = "a b"'],
    ),
}


@pytest.mark.parametrize("row", OTHER.values(), ids=OTHER)
def test_options_that_differ(shell: Shell, tool: str, row: tuple[str, list[str], list[str]]) -> None:
    text, of_yum, of_dnf = row
    configured(shell, tool, f"[main]\n{text}\n")
    assert options(shell) == (of_yum if tool == "yum" else of_dnf)


def test_an_archive_is_not_told_what_opens_repositories(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\nproxy=http://p:1\nusername=me\npassword=x\nsslclientcert=/c\nsslclientkey=/k\n")
    assert options(shell, "archive") == PROXY


def test_a_proxy_with_a_password_is_passed(shell: Shell, tool: str) -> None:
    """Preflight got 407 where yum gets through; the password stands in nobody's arguments and in no output."""
    shell.add_tool("curl", f'echo "$*" >>{shell.root}/arguments; exec /usr/bin/curl "$@"')
    with mirror(proxy_user="me:p@ss word") as proxy:
        configured(
            shell, tool, f"[main]\nproxy = {proxy.url}\nproxy_username = me\nproxy_password = p@ss word\nusername=u\n"
        )
        reported = answered(shell, f"repository {URL}", "archive http://archive.invalid/a.tgz")
    assert sorted(reported["answer"]) == ["0 status=200", "1 status=200"]
    assert sorted(request[:3] for request in proxy.requests) == [
        ("GET", URL, "me:p@ss word"),
        ("HEAD", "http://archive.invalid/a.tgz", "me:p@ss word"),
    ]
    arguments = (shell.root / "arguments").read_text(encoding="utf-8")
    assert "ss word" not in arguments
    assert "-K -" in arguments


def test_the_environments_proxy_is_yums(shell: Shell, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """libcurl takes it where the configuration names none; only yum's _none_ takes it away."""
    with mirror() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        configured(shell, tool, "[main]\n")
        assert answered(shell, f"key {URL}")["answer"] == ["0 status=200"]
        configured_none = "/etc/yum.conf" if tool == "yum" else "/etc/dnf/dnf.conf"
        shell.file(configured_none, "[main]\nproxy=_none_\n")
        (answer,) = answered(shell, f"key {URL}")["answer"]
    assert answer.startswith("0 status=000 curl: (6) " if tool == "yum" else "0 status=200")


def test_roots_own_curl_configuration_is_none_of_yums(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.file("/home/.curlrc", "proxy = http://127.0.0.1:1\n")
    monkeypatch.setenv("HOME", str(shell.root / "home"))
    with mirror() as server:
        assert answered(shell, f"key {server.url}/k")["answer"] == ["0 status=200"]


REPOSITORIES = """[plain]
name = Plain
baseurl = {url}/plain/
[moved]
baseurl=http://127.0.0.1:1/a
    {url}/b/
[off]
enabled = 0
baseurl=http://127.0.0.1:1/
[gone]
baseurl={url}/gone
[skipped]
baseurl={url}/gone/
skip_if_unavailable=true
[list]
mirrorlist={url}/list?arch=$basearch&secret=1
[empty]
mirrorlist={url}/nothing
[meta]
metalink={url}/meta
[no-meta]
mirrorlist={url}/metalink
[secret]
baseurl=http://me:pw@127.0.0.1:1/$basearch/?token=abc
exclude=nginx*
    docker-ce
[unknown]
baseurl={url}/$releasever/$nobody/
[local]
baseurl=file:///nowhere/
[bare]
name=Bare
"""


NAMES = ("plain", "moved", "gone", "skipped", "list", "empty", "meta", "no-meta", "secret", "unknown", "local", "bare")


def test_the_hosts_own_repositories(shell: Shell, tool: str) -> None:
    answers = {"/gone/repodata/repomd.xml": 404, "/list?arch=x86_64&secret=1": "# none\nhttp://m/\n"}
    with mirror(
        {**answers, "/nothing": "Bad arch", "/metalink": "http://m/", "/meta": '<metalink><url protocol="http">x</url>'}
    ) as server:
        configured(shell, tool, "[main]\nexclude = kube*, foo\n")
        shell.file("/etc/yum.repos.d/a b.repo", REPOSITORIES.format(url=server.url))
        shell.file("/etc/yum.repos.d/k8s-ha.repo", "[k8s-ha-docker]\nbaseurl=http://127.0.0.1:1/\n")
        shell.file("/etc/yum.repos.d/a.repo.rpmsave", "[old]\nbaseurl=http://127.0.0.1:1/\n")
        reported = answered(shell, own=True)
    found = host_repositories(reported)
    file = "/etc/yum.repos.d/a b.repo"
    by_id = {repository.id: repository for repository in found.enabled}
    assert found.read
    assert sorted(by_id) == sorted(NAMES)
    assert {name for name, repository in by_id.items() if repository.answers} == {"plain", "moved", "list", "meta"}
    assert by_id["gone"] == HostRepository("gone", file, f"{server.url}/gone", 404)
    assert by_id["skipped"] == HostRepository("skipped", file, f"{server.url}/gone/", 404, flags=frozenset({"skip"}))
    assert by_id["empty"] == HostRepository("empty", file, f"{server.url}/nothing", 200, "it names no mirror")
    assert by_id["no-meta"] == HostRepository("no-meta", file, f"{server.url}/metalink", 200, "it names no mirror")
    assert by_id["list"].url == f"{server.url}/list?..."
    assert by_id["secret"].url == "http://127.0.0.1:1/x86_64/?..."
    assert by_id["secret"].reason.startswith("(7) ")
    assert by_id["unknown"].unasked == "its URL has $releasever, of unknown value"
    assert by_id["local"].reason.startswith("(37) ")
    assert by_id["bare"].unasked == "it has no URL"
    assert found.excluded == (
        Patterns("main", "/etc/yum.conf" if tool == "yum" else "/etc/dnf/dnf.conf", ("kube*", "foo")),
        Patterns("secret", file, ("nginx*", "docker-ce")),
    )
    assert "pw" not in str(reported)
    assert "abc" not in str(reported)


def test_a_repositorys_own_options_come_first(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\nproxy=http://127.0.0.1:1\nskip_if_unavailable=1\nsslverify=1\n")
    with mirror() as server:
        text = f"[a]\nbaseurl=http://a.invalid/\nproxy={server.url}\nsslverify=0\nskip_if_unavailable=0\n"
        shell.file("/etc/yum.repos.d/a.repo", text)
        (found,) = host_repositories(answered(shell, own=True)).enabled
        shell.file("/etc/yum.repos.d/a.repo", text.replace(server.url, "_none_"))
        (asked,) = [question for question in questions(shell, own=True) if question[0].startswith("repository ")]
    assert found == HostRepository("a", "/etc/yum.repos.d/a.repo", "http://a.invalid/", 200)
    assert asked[3:] == (['proxy = ""', "proxy-anyauth", "insecure"] if tool == "yum" else ["insecure"])


def test_variables(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    shell.file("/etc/yum/vars/infra", "stock\nx\n")
    shell.file("/etc/dnf/vars/content_dir", "pub/rocky")
    shell.add_tool(
        "rpm", 'case "$*" in *"(releasever)"*) printf "system-release 8.10\\nsystem-release(releasever) 8\\n" ;; esac'
    )
    shell.file("/etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://a/$content_dir/${releasever}/$basearch/$arch/$infra\n")
    (asked,) = [question for question in questions(shell, own=True) if question[0].startswith("repository ")]
    assert asked[2] == "http://a/pub/rocky/8/x86_64/x86_64/stock/repodata/repomd.xml"


def test_folders_of_repositories(shell: Shell, tool: str) -> None:
    places = {"/etc/yum/repos.d": "a", "/etc/yum.repos.d": "b", "/etc/distro.repos.d": "c", "/etc/mine": "d"}
    for folder, name in places.items():
        shell.file(f"{folder}/x.repo", f"[{name}]\nbaseurl=file:///x\n")
    configured(shell, tool, "[main]\n[e]\nbaseurl=file:///x\n")

    def found() -> set[str]:
        return {question[0].split("\t")[0].removeprefix("repository ") for question in questions(shell, own=True)[1:]}

    assert found() == ({"a", "b", "e"} if tool == "yum" else {"a", "b", "c", "e"})
    configured_file = "/etc/yum.conf" if tool == "yum" else "/etc/dnf/dnf.conf"
    shell.file(configured_file, shell.moved("[main]\nreposdir = /etc/mine/\n"))
    assert found() == {"d"}


FLAGS = {
    "a mirror of CentOS, which the vault has": (
        "CentOS-Base",
        "mirrorlist=file:///x\n#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/",
        "vault",
    ),
    "one that it has not": ("CentOS-SCLo", "baseurl=http://mirror.centos.org/centos/7/sclo/x/", ""),
    "somebody else's": ("mine", "baseurl=http://mirror.centos.org/centos/$releasever/os/", ""),
    "Red Hat's": ("redhat", "baseurl=file:///x", "managed"),
    "a CD": ("media", "mediaid=1.2\nbaseurl=file:///x", "media"),
    "many": ("many", "baseurl=file:///a file:///b,file:///c\n  file:///d", "more"),
}


@pytest.mark.parametrize("row", FLAGS.values(), ids=FLAGS)
def test_flags(shell: Shell, row: tuple[str, str, str]) -> None:
    name, text, flags = row
    configured(shell, "dnf", "[main]\n")
    shell.file("/etc/yum/vars/releasever", "7")
    shell.file(f"/etc/yum.repos.d/{name}.repo", f"[x]\n{text}\n")
    assert questions(shell, own=True)[1][0].split("\t")[2] == flags


def test_yum_goes_on_with_what_it_has(shell: Shell, tool: str) -> None:
    configured(shell, tool, shell.moved("[main]\ncachedir=/var/cache/yum/$basearch\n"))
    shell.file("/var/cache/yum/x86_64/a/repomd.xml", "<repomd/>")
    shell.file("/etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://a/\n")
    assert questions(shell, own=True)[1][0].split("\t")[2] == ("cached" if tool == "yum" else "")


def test_no_more_than_thirty_are_asked(shell: Shell) -> None:
    text = "".join(f"[r{number}]\nbaseurl=file:///{number}\n" for number in range(33))
    shell.file("/etc/yum.repos.d/a.repo", text)
    kinds = [question[1] for question in questions(shell, own=True)[1:]]
    assert (kinds.count("repository"), kinds.count("unasked")) == (30, 3)


def test_answers_may_come_in_any_order() -> None:
    lines = {
        "repository": ["a\tf\t\tu\tstatus=200", "b\tf\t\tu\tstatus=404"],
        "excluded": ["main\tf\tkube*", "secret\tf\tnginx"],
        "included": ["a\tf\tx", "b\tf\ty"],
    }
    found = host_repositories(lines)
    assert [repository.id for repository in found.enabled] == ["a", "b"]
    assert host_repositories({key: texts[::-1] for key, texts in lines.items()}) == found


ODD = ["", "x", "x\ty", "x\ty\tz\tu", "x\ty\tz\tu\tstatus=", "x\ty\tz\tu\tunasked"]


def test_odd_lines_are_passed_over() -> None:
    found = host_repositories({"repository": ODD, "excluded": ODD[:3], "included": ODD[:3]})
    assert [repository.id for repository in found.enabled] == ["x", "x"]
    assert not any(repository.answers for repository in found.enabled)
    assert (found.excluded, found.included) == ((), ())


KEY = (RECORDED / "keys/one.asc").read_text(encoding="utf-8")


def test_a_key_is_told_with_its_answer(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    with mirror({"/key": KEY, "/gone": 404}) as served:
        found = answered(shell, f"key {served.url}/key", f"key {served.url}/gone", f"archive {served.url}/key")
    assert sorted(found["answer"]) == ["0 status=200", "1 status=404", "2 status=200"]
    assert [(line[0], base64.b64decode(line[2:]).decode()) for line in found["key"]] == [("0", KEY)]


def keys(shell: Shell, *urls: str) -> ServedKeys:
    return RepositoryKeys().process(shell.lines(RepositoryKeys().command(urls=urls)))


def test_keys_are_fetched_as_yum_would(shell: Shell, tool: str) -> None:
    with mirror({"http://a.invalid/one": KEY, "http://a.invalid/two": "<html>"}, proxy_user="me:secret") as proxy:
        configured(shell, tool, f"[main]\nproxy={proxy.url}\nproxy_username=me\nproxy_password=secret\n")
        assert keys(shell, "http://a.invalid/one", "http://a.invalid/two") == ServedKeys(f"{KEY}\n<html>\n")


def test_keys_that_cannot_be_fetched_are_told(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    with mirror({"/one": KEY, "/gone": 404}) as served:
        found = keys(shell, f"{served.url}/one", f"{served.url}/gone", f"{served.url}/one")
    assert found.text == KEY
    assert found.reason is not None
    assert found.reason.startswith("(22) The requested URL returned error: 404")


LOGIN = 'ci:p"s\\w$1'


@pytest.mark.parametrize("kind", ["repository", "key", "archive"])
@pytest.mark.parametrize(("begins", "user"), [("", LOGIN), ("/a", LOGIN), ("/a/b", LOGIN), ("/aa", ""), ("/a/b/c", "")])
def test_a_login_goes_where_its_url_leads(shell: Shell, tool: str, kind: str, begins: str, user: str) -> None:
    configured(shell, tool, "[main]\n")
    with mirror() as served:
        answers = answered(shell, f"{kind} {served.url}/a/b", f"login {served.url}{begins} {LOGIN}")
    assert answers["answer"] == ["0 status=200"]
    assert [request.user for request in served.requests] == [user]


def test_of_two_logins_the_longest_beginning_counts(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    with mirror() as served:
        answered(shell, f"repository {served.url}/a/b", f"login {served.url} one:1", f"login {served.url}/a two:2")
        assert [request.user for request in served.requests] == ["two:2"]


def test_keys_behind_a_login(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    with mirror({"/one": KEY}) as served:
        done = shell.run(
            RepositoryKeys().command(urls=[f"{served.url}/one"], logins=True), f"login {served.url} {LOGIN}\n"
        )
        assert RepositoryKeys().process(done.stdout.splitlines()) == ServedKeys(f"{KEY}")
        assert [request.user for request in served.requests] == [LOGIN]


def test_no_argument_of_a_program_holds_a_password(shell: Shell, tool: str) -> None:
    configured(shell, tool, "[main]\n")
    told = shell.file("/arguments")
    for program in ("curl", "awk", "sed", "cat", "base64"):
        shell.add_tool(program, f'echo "$@" >>{told}; env >>{told}; exec /usr/bin/{program} "$@"')
    with mirror({"/one": KEY}) as served:
        command = RepositoryKeys().command(urls=[f"{served.url}/one"], logins=True)
        assert shell.run(command, f"login {served.url} {LOGIN}\n").returncode == 0
        assert [request.user for request in served.requests] == [LOGIN]
    assert 'p"s' not in told.read_text(encoding="utf-8")
