"""nginx's configuration as text: what is read out of it, and how a line is put into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.observations.nginx_config import (
    Config,
    ConfigUnreadable,
    Directive,
    copies,
    dumped,
    line_of,
    parse,
    put_before,
    put_behind,
    taken_out,
)
from tests.support.operation_bench import NGINX_CONFIG

MAIN = "/etc/nginx/nginx.conf"


def config(**files: str) -> Config:
    """A configuration of files below /etc/nginx, their names with _ for / and without .conf; ``nginx`` is the first."""
    return Config(MAIN, {f"/etc/nginx/{name.replace('_', '/')}.conf": text.encode() for name, text in files.items()})


def names(directives: tuple[Directive, ...]) -> list[object]:
    return [
        [entry.name, *entry.arguments] + ([] if entry.block is None else [names(entry.block)]) for entry in directives
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("# stream {\n", []),
        ("a;", [["a"]]),
        ("a b 'c;d' \"{\";", [["a", "b", "c;d", "{"]]),
        ("stream{server{listen 1;}}", [["stream", [["server", [["listen", "1"]]]]]]),
        ("a b#c; # d;\n e;", [["a", "b#c"], ["e"]]),
        ("a # b;\n c;", [["a", "c"]]),
        ("set $a ${b}c{ }", [["set", "$a", "${b}c", []]]),
        ('log "say \\"hi\\"" it\\;s;', [["log", 'say "hi"', "it\\;s"]]),
        ("content_by_lua_block { if x then y = '}' .. \"{\" end }\na;", [["content_by_lua_block", []], ["a"]]),
        ("map $a $b { default 0; ~^x{ } }", [["map", "$a", "$b", [["default", "0"], ["~^x", []]]]]),
    ],
)
def test_directives(text: str, read: list[object]) -> None:
    assert names(parse(text)) == read


@pytest.mark.parametrize("text", ["a", "a {", "}", "a; }", ";", "{ }", 'a "b;', "a { b }", "x_by_lua_block { { }"])
def test_what_is_no_configuration(text: str) -> None:
    with pytest.raises(ConfigUnreadable):
        parse(text)


def test_the_packages_own_file_is_read() -> None:
    assert [entry.name for entry in parse(NGINX_CONFIG)][-3:] == ["include", "events", "http"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("stream.d/*.conf", ["stream.d/a.conf", "stream.d/b.conf"]),
        ("/etc/nginx/stream.d/b.conf", ["stream.d/b.conf"]),
        ("*/*.conf", ["stream.d/a.conf", "stream.d/b.conf"]),
        ("*.conf", ["nginx.conf"]),
        ("stream.d/[!a].conf", ["stream.d/b.conf"]),
        ("stream.d/.*.conf", ["stream.d/.hidden.conf"]),
        ("other/*", []),
    ],
)
def test_includes_begin_in_the_folder_of_the_first_file(pattern: str, found: list[str]) -> None:
    files = dict.fromkeys(
        (
            f"/etc/nginx/{name}"
            for name in ("nginx.conf", "stream.d/b.conf", "stream.d/a.conf", "stream.d/.hidden.conf")
        ),
        b"",
    )
    (include,) = parse(f"include {pattern};")
    assert Config(MAIN, files).included(include) == [f"/etc/nginx/{name}" for name in found]


def test_includes_stand_for_what_they_include() -> None:
    read = config(nginx="stream { include tcp/*.conf; }\nb;", tcp_x="include y.conf;", y="server { listen 1; }")
    assert [(entry.path[11:], entry.directive.name, entry.blocks) for entry in read.walk()] == [
        ("nginx.conf", "stream", ()),
        ("nginx.conf", "include", ("stream",)),
        ("tcp/x.conf", "include", ("stream",)),
        ("y.conf", "server", ("stream",)),
        ("y.conf", "listen", ("stream", "server")),
        ("nginx.conf", "b", ()),
    ]


def test_files_that_cannot_be_read_are_named() -> None:
    with pytest.raises(ConfigUnreadable, match=r"/etc/nginx/a\.conf: "):
        list(config(nginx="include a.conf;", a="b {").walk())
    with pytest.raises(ConfigUnreadable, match="without an end"):
        list(config(nginx="include nginx.conf;").walk())


def test_the_dump_is_read_byte_for_byte() -> None:
    first, second = b"# \xb3\xbb\r\ninclude a;\n\n", b"no newline"
    dump = b"# configuration file /a:\n" + first + b"\n# configuration file /b c:\n" + second + b"\n"
    assert dumped(dump) == {"/a": first, "/b c": second}
    assert dumped(b"") == {}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a;\nb;\n", "a;\nX;\nb;\n"),
        ("a; # c\nb;\n", "a; # c\nX;\nb;\n"),
        ("a;\r\nb;\r\n", "a;\r\nX;\nb;\r\n"),
        ("a;", "a;\nX;\n"),
        ("a; b;\n", "a;\nX;\n b;\n"),
    ],
)
def test_a_line_behind(text: str, wanted: str) -> None:
    assert put_behind(text, 2, "X;") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"), [("a;\n  b {}\n", "a;\nX;\n  b {}\n"), ("a; b {}", "a; \nX;\nb {}"), ("b {}", "X;\nb {}")]
)
def test_a_line_before(text: str, wanted: str) -> None:
    assert put_before(text, text.index("b"), "X;") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"), [("a;\n  b c;  \nd;", "a;\nd;"), ("b c;", ""), ("b c; d;", " d;"), ("b c; # why\n", " # why\n")]
)
def test_a_directive_taken_out(text: str, wanted: str) -> None:
    (gone,) = (entry for entry in parse(text) if entry.name == "b")
    assert taken_out(text, gone) == wanted


@given(st.lists(st.sampled_from(["a;", "b { c; }", "# d", "'e';", "\n", " ", "\r\n", "f 'x\n';"])))
def test_a_line_put_in_changes_nothing_else(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        before = parse(text)
    except ConfigUnreadable:
        return
    for entry in before:
        for put, position in ((put_behind, entry.end), (put_before, entry.start)):
            edited = put(text, position, "NEW;")
            (new,) = (found for found in _all(parse(edited)) if found.name == "NEW")
            assert [found.name for found in _all(parse(taken_out(edited, new)))] == [x.name for x in _all(before)]
            assert "".join(edited.replace("NEW;", "").split()) == "".join(text.split())


def _all(directives: tuple[Directive, ...]) -> list[Directive]:
    return [found for entry in directives for found in (entry, *_all(entry.block or ()))]


def test_lines_are_counted_as_nginx_does() -> None:
    assert [line_of("a;\nb;\n", position) for position in (0, 3, 6)] == [1, 2, 3]


COPIED = config(
    nginx="include tcp/*.conf; # tcp\nhttp { include web/*.conf; }\n",
    tcp_a="stream {\n  include\n    deep/*.conf;\n}\n",
    tcp_b="b;",
    deep_x="x;",
    web_w="w;",
)
FOLDER = "/etc/nginx/.new"


def copied(**changed: str | None) -> dict[str, tuple[str, str]]:
    contents = {
        f"/etc/nginx/{name.replace('_', '/')}.conf": None if text is None else text.encode()
        for name, text in changed.items()
    }
    return copies(COPIED, contents, FOLDER, ".new")


def test_a_changed_file_is_read_through_copies_of_all_that_lead_to_it() -> None:
    assert copied(deep_x="y;") == {
        f"{FOLDER}/0.copy": ("/etc/nginx/deep/x.conf", "y;"),
        "/etc/nginx/nginx.conf.new": (
            MAIN,
            f'include "{FOLDER}/2.copy"; include "/etc/nginx/tcp/b.conf"; # tcp\nhttp {{ include web/*.conf; }}\n',
        ),
        f"{FOLDER}/2.copy": ("/etc/nginx/tcp/a.conf", f'stream {{\n  include "{FOLDER}/0.copy";\n\n}}\n'),
    }


def test_a_new_file_and_one_that_will_be_gone() -> None:
    found = copied(tcp_c="c;", tcp_b=None)
    (_, text) = found["/etc/nginx/nginx.conf.new"]
    assert text.startswith(f'include "/etc/nginx/tcp/a.conf"; include "{FOLDER}/1.copy"; # tcp')
    assert found[f"{FOLDER}/1.copy"] == ("/etc/nginx/tcp/c.conf", "c;")


def test_nothing_changed_is_tested_as_it_stands() -> None:
    assert copied() == {}


def test_the_copy_of_the_first_file_alone() -> None:
    assert copied(nginx="events {}") == {"/etc/nginx/nginx.conf.new": (MAIN, "events {}")}


@pytest.mark.parametrize("levels", [31, 5000])
def test_blocks_that_nobody_nests_so_deep_are_not_read(levels: int) -> None:
    assert len(parse("a {" * 30 + "}" * 30)) == 1
    with pytest.raises(ConfigUnreadable, match="nested too deep"):
        parse("a {" * levels + "}" * levels)
