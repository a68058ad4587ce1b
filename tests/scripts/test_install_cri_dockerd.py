"""cri-dockerd's archive really fetched, checked and installed, from a web server on this machine."""

from __future__ import annotations

import hashlib
import io
import socket
import stat
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from k8s_ha.catalog.credentials import Login, Logins
from k8s_ha.facts.system import Content, Files
from k8s_ha.operations.cri_dockerd import PROGRAM, RECORD
from k8s_ha.operations.cri_dockerd import installed as cri_dockerd_installed
from tests.support.mirror_bench import mirror
from tests.support.operation_bench import Bench, Command, Noop, Step
from tests.support.shell_bench import Shell

INSTALLED = [Noop("cri-dockerd is installed")]


class Archive(NamedTuple):
    """What is served, with its checksum."""

    url: str
    sha256: str


class Server(NamedTuple):
    """A web server with its folder."""

    url: str
    folder: Path

    def archive(self, name: str, program: str, member: str = "cri-dockerd/cri-dockerd") -> Archive:
        """Serve an archive laid out as cri-dockerd's releases are."""
        with tarfile.open(self.folder / name, "w:gz") as archive:
            entry = tarfile.TarInfo(member)
            entry.size = len(program)
            archive.addfile(entry, io.BytesIO(program.encode()))
        return Archive(f"{self.url}/{name}", hashlib.sha256((self.folder / name).read_bytes()).hexdigest())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield Server(f"http://127.0.0.1:{http.server_port}", folder)
        http.shutdown()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "host" / "usr" / "bin").mkdir(parents=True)
    return Shell(tmp_path / "host")


def steps(shell: Shell, bench: Bench, archive: Archive, logins: Logins | None = None) -> list[Step]:
    """What the operation does on the host as it is."""
    facts = {
        Files: Files().process(shell.lines(Files().command(paths=[PROGRAM]))),
        Content: Content().process(shell.lines(Content().command(path=RECORD))),
    }
    return bench.steps(cri_dockerd_installed, facts=facts, url=archive.url, sha256=archive.sha256, logins=logins or {})


def install(shell: Shell, bench: Bench, archive: Archive) -> subprocess.CompletedProcess[str]:
    (step,) = steps(shell, bench, archive)
    assert isinstance(step, Command)
    return shell.run(step.text)


def held(shell: Shell) -> dict[str, str]:
    """What the operation left on the host, by path."""
    roots = [shell.root / "usr", shell.root / "var" / "lib"]
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    return {f"/{path.relative_to(shell.root)}": path.read_text(encoding="utf-8") for path in files}


def as_installed(program: str, archive: Archive) -> dict[str, str]:
    return {PROGRAM: program, RECORD: f"{archive.sha256}\n"}


def test_a_good_archive_is_installed_once(shell: Shell, bench: Bench, server: Server) -> None:
    archive = server.archive("cri-dockerd-0.3.26.amd64.tgz", "program 1")
    done = install(shell, bench, archive)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert held(shell) == as_installed("program 1", archive)
    assert stat.S_IMODE((shell.root / PROGRAM.lstrip("/")).stat().st_mode) == 0o755
    assert steps(shell, bench, archive) == INSTALLED


def test_another_archive_replaces_it(shell: Shell, bench: Bench, server: Server) -> None:
    install(shell, bench, server.archive("one.tgz", "program 1"))
    archive = server.archive("two.tgz", "program 2")
    assert install(shell, bench, archive).returncode == 0
    assert held(shell) == as_installed("program 2", archive)
    assert steps(shell, bench, archive) == INSTALLED


def test_a_program_that_was_removed_is_installed_again(shell: Shell, bench: Bench, server: Server) -> None:
    archive = server.archive("one.tgz", "program 1")
    install(shell, bench, archive)
    (shell.root / PROGRAM.lstrip("/")).unlink()
    assert install(shell, bench, archive).returncode == 0
    assert held(shell) == as_installed("program 1", archive)


@pytest.mark.parametrize("moment", ["curl", "tar", "mv", "sync"])
@pytest.mark.parametrize("wanted", ["program 1", "program 2"])
def test_an_installation_that_was_cut_off_is_done_again(
    shell: Shell, bench: Bench, server: Server, moment: str, wanted: str
) -> None:
    archives = {program: server.archive(f"{program[-1]}.tgz", program) for program in ("program 1", "program 2")}
    install(shell, bench, archives["program 1"])
    shell.add_tool(moment, f'/usr/bin/{moment} "$@"; kill -9 $PPID')  # as a power cut does, right behind it
    assert install(shell, bench, archives["program 2"]).returncode == 1
    (shell.root / "tools" / moment).unlink()
    if steps(shell, bench, archives[wanted]) != INSTALLED:
        assert install(shell, bench, archives[wanted]).returncode == 0
        assert held(shell) == as_installed(wanted, archives[wanted])
    assert (shell.root / PROGRAM.lstrip("/")).read_text(encoding="utf-8") == wanted


Trouble = Callable[[Server], tuple[Archive, str]]
"""An archive that is none, and what is said about it."""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wrong_checksum(server: Server) -> tuple[Archive, str]:
    archive = server.archive("other.tgz", "other")
    return archive._replace(sha256="0e" * 32), (
        f"worker1: {archive.url} has the SHA-256 {archive.sha256} where {'0e' * 32} is wanted; it was not installed; "
        "correct mirror.cri_dockerd_sha256 if that archive is meant.\n"
    )


def unreachable(_: Server) -> tuple[Archive, str]:
    url = f"http://127.0.0.1:{closed_port()}/other.tgz"
    return Archive(url, "0e" * 32), f"worker1 cannot fetch {url} (curl: (7) "


def missing(server: Server) -> tuple[Archive, str]:
    url = f"{server.url}/missing.tgz"
    return Archive(url, "0e" * 32), f"worker1 cannot fetch {url} (curl: (22) "


def without_the_program(server: Server) -> tuple[Archive, str]:
    return server.archive("other.tgz", "other", member="cri-dockerd-0.3.26/cri-dockerd"), "Not found in archive"


@pytest.mark.parametrize("trouble", [wrong_checksum, unreachable, missing, without_the_program])
@pytest.mark.parametrize("before", ["", "program 1"], ids=["clean", "installed"])
def test_what_is_not_the_archive_changes_nothing(
    shell: Shell, bench: Bench, server: Server, trouble: Trouble, before: str
) -> None:
    if before:
        install(shell, bench, server.archive("one.tgz", before))
    as_it_was = held(shell)
    archive, sentence = trouble(server)
    done = install(shell, bench, archive)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert held(shell) == as_it_was


@pytest.mark.parametrize("trouble", [unreachable, missing])
def test_the_way_out_of_an_archive_that_cannot_be_fetched(
    shell: Shell, bench: Bench, server: Server, trouble: Trouble
) -> None:
    archive, _ = trouble(server)
    assert (
        install(shell, bench, archive)
        .stderr.splitlines()[0]
        .endswith("; fix the way to it, or set mirror.cri_dockerd_url and its cri_dockerd_sha256.")
    )


@pytest.mark.parametrize("status", [200, 404])
def test_a_login_goes_to_the_archive_and_stays_nowhere(shell: Shell, bench: Bench, status: int) -> None:
    archive = Archive("", "0" * 64)
    with mirror({"/a.tgz": status if status != 200 else "archive"}) as served:
        archive = Archive(f"{served.url}/a.tgz", "0" * 64)
        kept, install_it = steps(shell, bench, archive, {served.url: Login("ci", 'p"s\\w')})
        assert isinstance(kept, Command) and isinstance(install_it, Command)
        assert 'p"s' not in kept.text + install_it.text
        assert "chmod 600" in kept.text
        assert shell.run(kept.text, kept.stdin).returncode == 0
        assert shell.run(install_it.text).returncode == 1  # it has another sum, or is not there
        assert {request.user for request in served.requests} == {'ci:p"s\\w'}
    assert not [path for path in shell.root.rglob("*") if path.is_file() and b'p"s' in path.read_bytes()]
