"""Credentials of mirrors and registries: who gets them, and that nothing shows them."""

from __future__ import annotations

import base64

import pytest

from k8s_ha.catalog.credentials import Login, check_password, login_at, login_lines, masked

ROOT, DEEP = Login("ci", "root-pass"), Login("deep", "deep-pass")
LOGINS = {"https://m.example": ROOT, "https://m.example/deep/": DEEP}


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://m.example", ROOT),
        ("https://m.example/", ROOT),
        ("https://m.example/a/repodata/repomd.xml", ROOT),
        ("https://m.example/deep", DEEP),
        ("https://m.example/deep/a", DEEP),
        ("https://m.example/deeper", ROOT),
        ("https://m.example.evil/a", None),
        ("https://m.example:8443/a", None),
        ("http://m.example/a", None),
        ("https://other.example/https://m.example/a", None),
    ],
)
def test_the_longest_beginning_of_whole_parts_counts(url: str, login: Login | None) -> None:
    assert login_at(url, LOGINS) == login


def test_a_login_shows_no_password() -> None:
    assert "root-pass" not in f"{ROOT!r} {ROOT} {LOGINS}"
    assert base64.b64decode(ROOT.authorization.removeprefix("Basic ")) == b"ci:root-pass"
    assert ROOT.secrets == {"root-pass", base64.b64encode(b"ci:root-pass").decode()}


def test_lines_for_a_script_have_the_longest_beginning_last() -> None:
    assert login_lines(LOGINS) == "login https://m.example ci:root-pass\nlogin https://m.example/deep deep:deep-pass\n"


@pytest.mark.parametrize("password", ["", "a b", "a\nb", "a\tb", "pä", "a$releasever", "${HOME}", "a\0b"])
def test_a_password_that_a_tool_would_change_is_refused_and_not_told(password: str) -> None:
    with pytest.raises(ValueError, match="the password is empty, or has blanks") as refused:
        check_password(password)
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize("password", ["a", 'a"b\\c', "p@ss:w/rd#;%&=?", "$1'`!"])
def test_other_passwords_are_taken(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize(
    "text",
    [
        "'https://user:s3cret@m.example/x'",
        "https://user:s3cret@x@m.example",
        "https://user:a/s3cret@m.example",
        "registry_mirrors.https://s3cret@m.example: …",
        "'user:s3cret@registry.example/k8s'",
        "https://m.example/a?access_token=s3cret",
        "https://m.example/a?x=1&X-Amz-Signature=s3cret'",
    ],
)
def test_what_is_said_of_a_setting_has_no_credentials(text: str) -> None:
    assert "s3cret" not in masked(text)


@pytest.mark.parametrize(
    "text", ["a URL is http://HOST/… or https://HOST/…", "r.example:5000/a:1@sha256:0f", "10.0.0.1:6443", "a: 'b'"]
)
def test_all_else_of_it_stays(text: str) -> None:
    assert masked(text) == text
