"""What is to be done to nginx's files: a table of what stands on the host to what becomes of it."""

from __future__ import annotations

import pytest

from k8s_ha.catalog.package_sets import load_balancer
from k8s_ha.desired.nginx import Proxy, invalid, planned
from k8s_ha.observations.nginx import NginxState, Problem
from tests.support.nginx_states import CONFIGURED, LINE, MAIN, MODULES, OWN, OWN_TEXT, SHARED, SHARED_TEXT, state
from tests.support.operation_bench import NGINX_CONFIG

SHARED_LINE = f"include {SHARED};"
STREAM = "stream {\n    server { listen 5432; }\n}\n"
WITH_STREAM = STREAM.replace("{\n", f"{{\n    {SHARED_LINE}\n", 1)
DB = "/etc/nginx/conf.d/tcp.d/db.conf"
HIDDEN = "/srv/nginx/tcp.conf"
SMALL = "pid /run/nginx.pid;\nevents {}\n"
LOADED = "load_module modules/ngx_stream_module.so;\n"


def of(path: str, fixes: bool = False, dropped: tuple[str, ...] = (), **edits: str) -> Proxy:
    """The plan with texts by path; ``nginx`` is nginx.conf, other names have _ for /."""
    texts = {f"/etc/nginx/{name.replace('_', '/')}.conf": text.encode() for name, text in edits.items()}
    return Proxy(path, texts, dropped, fixes)


PLANS = {
    "the package's own nginx.conf": (state(), of(OWN, nginx=CONFIGURED)),
    "done": (state({MAIN: CONFIGURED, OWN: OWN_TEXT}), of(OWN)),
    "a line somewhere behind the modules": (state({MAIN: NGINX_CONFIG + LINE + "\n", OWN: OWN_TEXT}), of(OWN)),
    "another include of that folder": (state({MAIN: NGINX_CONFIG + "include conf.d/tcp.d/*;\n"}), of(OWN)),
    "the line before the modules": (
        state({MAIN: f"{LINE}\n{NGINX_CONFIG}"}, refused=f'unknown directive "stream" in {OWN}:2'),
        of(OWN, fixes=True, nginx=CONFIGURED),
    ),
    "no line about modules, and the module is needed": (
        state({MAIN: SMALL}),
        of(OWN, nginx=SMALL.replace("ev", f"include /usr/share/nginx/modules/mod-stream.conf;\n{LINE}\nev")),
    ),
    "nginx.org's, with the module built in": (
        state({MAIN: SMALL}, build="nginx version: nginx/1.26.1\n--with-stream --with-stream_ssl_module"),
        of(OWN, nginx=SMALL.replace("ev", f"{LINE}\nev")),
    ),
    "modules loaded one by one": (
        state({MAIN: LOADED + SMALL}),
        of(OWN, nginx=f"{LOADED}{LINE}\n{SMALL}"),
    ),
    "modules loaded in a file of the owner's": (
        state({MAIN: "include mods/*.conf; # mine\n" + SMALL, "/etc/nginx/mods/a.conf": LOADED}),
        of(OWN, nginx=f"include mods/*.conf; # mine\n{LINE}\n{SMALL}"),
    ),
    "a stream block of the owner's": (
        state({MAIN: NGINX_CONFIG + STREAM}),
        of(SHARED, nginx=NGINX_CONFIG + WITH_STREAM),
    ),
    "one in a comment, one in a quote": (
        state({MAIN: f"# stream {{\n{NGINX_CONFIG}env 'stream {{';\n"}),
        of(OWN, nginx=f"# stream {{\n{CONFIGURED}env 'stream {{';\n"),
    ),
    "one in a file that is included": (
        state({MAIN: NGINX_CONFIG + "include tcp/*.conf;\n", "/etc/nginx/tcp/a.conf": STREAM}),
        of(SHARED, tcp_a=WITH_STREAM),
    ),
    "one that includes ours already": (
        state({MAIN: NGINX_CONFIG + WITH_STREAM, SHARED: SHARED_TEXT}),
        of(SHARED),
    ),
    "one that includes a folder of the owner's": (
        state({MAIN: NGINX_CONFIG + "stream { include stream.d/*.conf; }\n"}),
        of(SHARED, nginx=f"{NGINX_CONFIG}stream {{\n    {SHARED_LINE}\n include stream.d/*.conf; }}\n"),
    ),
    "one beside ours, as earlier releases left it": (
        state({MAIN: CONFIGURED + STREAM, OWN: OWN_TEXT}, refused=f'"stream" directive is duplicate in {OWN}:2'),
        of(SHARED, fixes=True, dropped=(OWN,), nginx=CONFIGURED + WITH_STREAM),
    ),
    "one behind a file of the owner's in our folder": (
        state({MAIN: CONFIGURED, DB: STREAM}),
        Proxy(SHARED, {DB: WITH_STREAM.encode()}),
    ),
    "one that includes our folder, and our line too": (
        state(
            {MAIN: f"{CONFIGURED}stream {{ include {LINE.split()[1]} }}\n", DB: "server { listen 5432; }\n"},
            refused=f'"server" directive is not allowed here in {DB}:1',
        ),
        of(
            SHARED,
            fixes=True,
            nginx=f"{NGINX_CONFIG}stream {{\n    {SHARED_LINE}\n include {LINE.split()[1]} }}\n",
        ),
    ),
    "one before our line in the same file": (
        state({MAIN: f"{STREAM}{SMALL}{LINE}\ninclude x;\n", DB: "server { listen 5432; }\n"}, refused="x"),
        of(SHARED, nginx=f"{WITH_STREAM}{SMALL}{LINE}\ninclude x;\n"),
    ),
}


@pytest.mark.parametrize(("given", "wanted"), PLANS.values(), ids=PLANS)
def test_plans(given: NginxState, wanted: Proxy) -> None:
    found = planned(given, 6443)
    assert isinstance(found, Proxy)
    assert found == wanted
    assert invalid(given, found) is None or given.words == "x"


def test_a_file_is_edited_byte_for_byte() -> None:
    text = NGINX_CONFIG.encode() + b"# \xb3\xbb\r\nstream { }\n"
    found = planned(NginxState(answer=b"# configuration file " + MAIN.encode() + b":\n" + text + b"\n"), 6443)
    assert isinstance(found, Proxy)
    edited = found.edits[MAIN]
    assert edited.replace(f"\n    {SHARED_LINE}\n".encode(), b"") == text


def http(listen: str) -> NginxState:
    return state({MAIN: NGINX_CONFIG, "/etc/nginx/conf.d/web.conf": f"server {{\n  listen {listen};\n}}\n"})


@pytest.mark.parametrize(
    "listen", ["6443", "6443 ssl", "*:6443", "10.0.1.157:6443", "[::]:6443", "6440-6450", "localhost:6443"]
)
def test_a_server_of_the_owners_on_the_endpoints_port(listen: str) -> None:
    assert planned(http(listen), 6443) == Problem(
        "/etc/nginx/conf.d/web.conf:2 has nginx listen on port 6443",
        "the endpoint's server listens there",
        "move that server to another port, or choose another control_plane_endpoint",
        is_port=True,
    )


@pytest.mark.parametrize("listen", ["80", "16443", "6443 udp", "8443 quic", "unix:/run/6443", "[::1]", "[fe80::6443]"])
def test_servers_elsewhere(listen: str) -> None:
    assert isinstance(planned(http(listen), 6443), Proxy)


def test_a_listen_without_a_port_is_80() -> None:
    assert isinstance(planned(http("10.0.1.157"), 80), Problem)


START = "{{ path=x ; argv[]={} ; ignore_errors=no ; }}"
PROBLEMS = {
    "no nginx.conf": (state({}), "it has no /etc/nginx/nginx.conf"),
    "openresty": (
        state(build="nginx version: openresty/1.21.4.1\n--with-stream"),
        "its nginx is another build (openresty/1.21.4.1)",
    ),
    "tengine": (
        state(build="Tengine version: Tengine/2.3.3\nnginx version: nginx/1.18.0"),
        "its nginx is another build (Tengine/2.3.3)",
    ),
    "no stream module": (
        state(build="nginx version: nginx/1.20.1\n--with-stream_ssl_module"),
        "its /usr/sbin/nginx is built without the stream module",
    ),
    "a masked unit": (state(unit={"LoadState": "masked"}), "nginx.service is masked"),
    "an nginx made by hand": (
        state(unit={"ExecStart": START.format("/usr/local/nginx/sbin/nginx")}),
        "nginx.service starts /usr/local/nginx/sbin/nginx",
    ),
    "another file by the unit": (
        state(unit={"ExecStart": START.format("/usr/sbin/nginx -c /srv/nginx.conf")}),
        "its nginx begins with /srv/nginx.conf",
    ),
    "another file by the build": (
        state(build="nginx version: nginx/1.20.1\n--conf-path=/opt/nginx.conf --with-stream"),
        "its nginx begins with /opt/nginx.conf",
    ),
    "a stream block elsewhere": (
        state({MAIN: f"{NGINX_CONFIG}include {HIDDEN};\n", HIDDEN: STREAM}),
        f"its stream block is in {HIDDEN}",
    ),
    "a brace too few": (
        state({MAIN: "http {"}, refused='unexpected end of file, expecting "}" in /etc/nginx/nginx.conf:1'),
        'nginx refuses its configuration as it stands: unexpected end of file, expecting "}" in '
        "/etc/nginx/nginx.conf:1",
    ),
}


@pytest.mark.parametrize(("given", "found"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(given: NginxState, found: str) -> None:
    problem = planned(given, 6443)
    assert isinstance(problem, Problem)
    assert problem.found == found


@pytest.mark.parametrize(
    "unit", [{"ExecStart": ""}, {"ExecStart": START.format("/sbin/nginx -c /etc/nginx/nginx.conf")}]
)
def test_units_that_start_the_packages_nginx(unit: dict[str, str]) -> None:
    assert isinstance(planned(state(unit=unit), 6443), Proxy)


def test_the_way_out_of_a_block_elsewhere_is_the_line_to_add() -> None:
    problem = planned(state({MAIN: f"{NGINX_CONFIG}include {HIDDEN};\n", HIDDEN: STREAM}), 6443)
    assert isinstance(problem, Problem)
    assert f"'{SHARED_LINE}'" in problem.remedy
    done = state({MAIN: f"{NGINX_CONFIG}include {HIDDEN};\n", HIDDEN: WITH_STREAM})
    assert planned(done, 6443) == Proxy(SHARED, {})


def test_what_the_owner_wrote_wrong_is_the_owners() -> None:
    broken = state(refused='unknown directive "lisen" in /etc/nginx/conf.d/a.conf:1')
    proxy = planned(broken, 6443)
    assert isinstance(proxy, Proxy)
    assert invalid(broken, proxy) == Problem(
        'nginx refuses its configuration as it stands: unknown directive "lisen" in /etc/nginx/conf.d/a.conf:1',
        "only a valid one is added to",
        "fix what nginx names; `nginx -t` tests it",
    )


def test_an_nginx_that_was_not_asked_is_not_called_invalid() -> None:
    stopped = state(answer=None, walked={MAIN: NGINX_CONFIG.encode()})
    assert invalid(stopped, Proxy(OWN, {})) is None


def test_nothing_else_is_installed_beside_an_nginx_that_has_streams() -> None:
    assert load_balancer(stream_built_in=True) == {"nginx": "*"}
    assert load_balancer(stream_built_in=False) == {"nginx": "*", "nginx-mod-stream": "*"}


@pytest.mark.parametrize("modules", [MODULES, "include modules.d/*.conf;"])
def test_the_line_is_put_in_once(modules: str) -> None:
    first = planned(state({MAIN: f"{modules}\n{SMALL}", "/etc/nginx/modules.d/a.conf": LOADED}), 6443)
    assert isinstance(first, Proxy)
    again = {MAIN: first.edits[MAIN].decode(), OWN: OWN_TEXT, "/etc/nginx/modules.d/a.conf": LOADED}
    assert planned(state(again), 6443) == Proxy(OWN, {})
