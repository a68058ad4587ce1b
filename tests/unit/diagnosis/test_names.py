"""Names in an archive: none leads out of its folder, and no two are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.diagnosis.names import distinct, safe_path


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("hosts", "master1"), "hosts/master1"),
        (("hosts", "@fake/master1"), "hosts/_fake/master1"),
        (("pods/kube-system_etcd-m1_1-2/etcd_0.log.txt",), "pods/kube-system_etcd-m1_1-2/etcd_0.log.txt"),
        (("../../etc/passwd",), "_./_./etc/passwd"),
        (("/etc//passwd",), "etc/passwd"),
        (("..",), "_."),
        ((".ssh", "-rf"), "_ssh/_rf"),
        (("a\nb\x1b\u202e 中\\c",), "a_b_____c"),
        (("",), "_"),
    ],
)
def test_a_path_is_plain(words: tuple[str, ...], path: str) -> None:
    assert safe_path(*words) == path


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_whatever_a_host_calls_it_a_path_stays_in_its_folder(words: list[str]) -> None:
    path = safe_path(*words)
    assert path.isascii() and path.isprintable()
    assert not path.startswith("/")
    assert all(part and not part.startswith((".", "-")) and len(part) <= 200 for part in path.split("/"))


@pytest.mark.parametrize(
    ("path", "taken", "free"),
    [
        ("a.txt", [], "a.txt"),
        ("a.txt", ["a.txt"], "a-2.txt"),
        ("a.txt", ["a.txt", "a-2.txt"], "a-3.txt"),
        ("A.txt", ["a.txt"], "A-2.txt"),
        ("hosts/a", ["hosts/a"], "hosts/a-2"),
        ("x.y/a", ["x.y/a"], "x.y/a-2"),
    ],
)
def test_two_names_that_come_to_the_same_are_two_files(path: str, taken: list[str], free: str) -> None:
    assert distinct(path, taken) == free
