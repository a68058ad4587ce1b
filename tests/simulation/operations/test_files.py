"""Operations on files and services: arguments and facts in, exact commands out, whether preparing or executing."""

from __future__ import annotations

from typing import Any

from k8s_ha.facts.system import Content, Files, Service, ServiceState
from k8s_ha.operations.commands import edited, write
from k8s_ha.operations.files import block_written, service_running
from k8s_ha.operations.files import written as files_written
from tests.support.operation_bench import Command, Noop, Row, command, test_of
from tests.support.services import act, as_written, forget, sha256

FILES = {"/etc/b.conf": "b\n", "/etc/a.conf": "a\n"}
HELD = {path: as_written(text) for path, text in FILES.items()}
WRITE_A = command(write("/etc/a.conf", "a\n"))
WRITE_B = command(write("/etc/b.conf", "b\n"))
BLOCK = b"# BEGIN k8s_ha\n10.0.0.1 a\n# END k8s_ha\n"
FILE_ROWS: dict[str, Row] = {
    "files as wanted": (files_written, {"files": FILES}, {Files: HELD}, [Noop("the files are as wanted")]),
    "no file": (files_written, {"files": FILES}, {Files: {}}, [WRITE_A, WRITE_B]),
    "a file of another text": (
        files_written,
        {"files": FILES},
        {Files: HELD | {"/etc/a.conf": as_written("A\n")}},
        [WRITE_A],
    ),
    "a file of another mode": (
        files_written,
        {"files": FILES},
        {Files: HELD | {"/etc/b.conf": as_written("b\n", mode="600")}},
        [WRITE_B],
    ),
    "a file of another owner": (
        files_written,
        {"files": FILES},
        {Files: HELD | {"/etc/b.conf": as_written("b\n", owner="nobody:nobody")}},
        [WRITE_B],
    ),
    "a secret file": (
        files_written,
        {"files": {"/etc/a.conf": "a\n"}, "mode": "600"},
        {Files: HELD},
        [command(write("/etc/a.conf", "a\n", "600"))],
    ),
    "a block that stands": (
        block_written,
        {"path": "/etc/hosts", "block": "10.0.0.1 a\n"},
        {Content: b"127.0.0.1 localhost\n" + BLOCK},
        [Noop("/etc/hosts holds the block")],
    ),
    "a block for the first time": (
        block_written,
        {"path": "/etc/hosts", "block": "10.0.0.1 a\n"},
        {Content: b"127.0.0.1 localhost\n"},
        [command(edited("/etc/hosts", b"127.0.0.1 localhost\n", b"127.0.0.1 localhost\n" + BLOCK))],
    ),
}

NGINX: dict[str, Any] = {
    "unit": "nginx.service",
    "files": {"/etc/a.conf": "a\n"},
    "on_change": "reload",
    "test": "nginx -q -t",
}
DIGEST = "reload=" + sha256("/etc/a.conf\0a\n")
RUNS = ServiceState(loaded=True, active=True, enabled=True, digest=DIGEST, files=HELD)
FORGET = forget("nginx.service")


def nginx(action: str, test: str = "nginx -q -t", digest: str = DIGEST) -> Command:
    return act("nginx.service", action, digest, test)


def service(**changed: Any) -> dict[type[Service], ServiceState]:
    return {Service: ServiceState(**{**vars(RUNS), **changed})}


SERVICE_ROWS: dict[str, Row] = {
    "a service that runs": (
        service_running,
        NGINX,
        service(),
        [Noop("nginx.service runs with this configuration")],
    ),
    "a service on a clean host": (
        service_running,
        NGINX,
        service(loaded=False, active=False, enabled=False, digest=None, files={}),
        [FORGET, WRITE_A, nginx("start")],
    ),
    "a changed file": (
        service_running,
        NGINX,
        service(files={"/etc/a.conf": as_written("other\n")}),
        [FORGET, WRITE_A, nginx("reload")],
    ),
    "a file written, and the run cut off before the reload": (
        service_running,
        NGINX,
        service(digest=None),
        [nginx("reload")],
    ),
    "a file written anew, and the run cut off, the record being of the old one": (
        service_running,
        NGINX,
        service(digest="reload=" + sha256("old")),
        [nginx("reload")],
    ),
    "a service that restarts on change": (
        service_running,
        {**NGINX, "on_change": "restart"},
        service(digest=None),
        [nginx("restart", digest=DIGEST.replace("reload", "restart"))],
    ),
    "a service that stopped": (
        service_running,
        NGINX,
        service(active=False),
        [nginx("start")],
    ),
    "a service that is not enabled": (service_running, NGINX, service(enabled=False), [nginx("")]),
    "a service without files": (
        service_running,
        {"unit": "nginx.service"},
        service(active=False, digest=None, files={}),
        [nginx("start", "true", "restart=" + sha256(""))],
    ),
}

ROWS = FILE_ROWS | SERVICE_ROWS


test_operations = test_of(ROWS)
