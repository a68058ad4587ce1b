"""How a balancer's nginx comes to pass on the endpoint's port: what stands, what is wanted, what keeps from it.

Values in, values out. Where the owner has a ``stream`` block, ours goes into it, since nginx takes only one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from k8s_ha.observations.host_status import PROXY_CONFIG, SHARED_PROXY_CONFIG
from k8s_ha.observations.nginx import NGINX_CONFIG, NginxState, Problem, foreign
from k8s_ha.observations.nginx_config import (
    Config,
    ConfigUnreadable,
    Directive,
    Found,
    line_of,
    parse,
    put_before,
    put_behind,
    taken_out,
)
from k8s_ha.untrusted import whole_number

STREAM_MODULE: Final = "/usr/share/nginx/modules/mod-stream.conf"
OWN_FOLDER: Final = f"{PROXY_CONFIG.rpartition('/')[0]}/*.conf"
OWN_FILES: Final = (PROXY_CONFIG, SHARED_PROXY_CONFIG)
_SAFE_PATH: Final = re.compile(r"/etc/nginx/[\w./@+-]+")
_WRITTEN: Final = b"# Written by k8s_ha;"


@dataclass(frozen=True)
class Proxy:
    """How the endpoint's port is to be passed on.

    + path: of this package's file; it decides between a ``stream`` block of its own and the owner's
    + edits: the owner's files with a line of ours put in or taken out, by path
    + dropped: files of this package's that must no longer be read
    + fixes: whether something that may be why nginx refuses its configuration is taken out
    """

    path: str
    edits: Mapping[str, bytes]
    dropped: tuple[str, ...] = ()
    fixes: bool = False


def planned(state: NginxState, port: int) -> Proxy | Problem:
    """What is to be done to nginx's files, or why nothing can be."""
    config = state.config
    if NGINX_CONFIG not in config.files:
        return Problem(f"it has no {NGINX_CONFIG}", "nginx begins there", "restore the package's file")
    if problem := foreign(state):
        return problem
    try:
        found = list(config.walk())
    except ConfigUnreadable as error:
        return _refused(state.words or str(error))
    proxy = _proxy(state, config, found)
    if isinstance(proxy, Proxy):
        return next(_taken(config, found, port), proxy)
    return proxy


def invalid(state: NginxState, proxy: Proxy) -> Problem | None:
    """That nginx refuses what its owner wrote. What may be of this package's making is left to the operation."""
    if state.is_valid is not False or proxy.fixes or any(f"in {path}:" in state.words for path in OWN_FILES):
        return None
    return _refused(state.words)


def _refused(words: str) -> Problem:
    return Problem(
        f"nginx refuses its configuration as it stands: {words}",
        "only a valid one is added to",
        "fix what nginx names; `nginx -t` tests it",
    )


def _proxy(state: NginxState, config: Config, found: Sequence[Found]) -> Proxy | Problem:
    blocks = [
        entry
        for entry in found
        if entry.directive.name == "stream" and not entry.blocks and entry.path not in OWN_FILES
    ]
    if not blocks:
        return _of_its_own(state, config, found)
    return _shared(config, found, blocks[0])


def _of_its_own(state: NginxState, config: Config, found: Sequence[Found]) -> Proxy:
    """With a ``stream`` block in our file, which nginx.conf includes behind the lines that load modules."""
    top = [entry for entry in found if not entry.blocks]
    reads = [number for number, entry in enumerate(top) if _reads(entry.directive, PROXY_CONFIG)]
    loads = [number for number, entry in enumerate(top) if _is_loading(entry)]
    if reads and reads[0] > max(loads, default=-1):
        return Proxy(PROXY_CONFIG, {})
    text = config.text(NGINX_CONFIG)
    for number in reversed(reads):
        if _is_ours(top[number]):
            text = taken_out(text, top[number].directive)
    lines = f"include {OWN_FOLDER};"
    if state.stream == "module" and not any(_is_loading_stream(entry) for entry in top):
        lines = f"include {STREAM_MODULE};\n{lines}"
    edited = _with_lines(replace(config, files={**config.files, NGINX_CONFIG: text.encode("latin-1")}), lines)
    return Proxy(PROXY_CONFIG, {NGINX_CONFIG: edited.encode("latin-1")}, fixes=bool(reads))


def _reads(directive: Directive, path: str) -> bool:
    """Whether it includes the file, or will when that is there."""
    return path in Config(NGINX_CONFIG, {path: b""}).included(directive)


def _is_ours(entry: Found) -> bool:
    """Whether it is the line that this package puts into nginx.conf."""
    return entry.path == NGINX_CONFIG and not entry.blocks and entry.directive.arguments == (OWN_FOLDER,)


def _is_loading(entry: Found) -> bool:
    """Whether it loads modules; the distribution's includes them, which may be installed only later."""
    return entry.directive.name == "load_module" or _reads(entry.directive, STREAM_MODULE)


def _is_loading_stream(entry: Found) -> bool:
    return _reads(entry.directive, STREAM_MODULE) or (
        entry.directive.name == "load_module" and "ngx_stream_module" in "".join(entry.directive.arguments)
    )


def _with_lines(config: Config, lines: str) -> str:
    """nginx.conf with our lines behind what loads modules, else before the first block."""
    text = config.text(NGINX_CONFIG)
    anchor, own = None, None
    for entry in config.walk():
        if entry.path == NGINX_CONFIG:
            own = entry.directive
        if not entry.blocks and _is_loading(entry):
            anchor = own
    if anchor:
        return put_behind(text, anchor.end, lines)
    blocks = (directive.start for directive in parse(text) if directive.block is not None)
    return put_before(text, next(blocks, len(text)), lines)


def _shared(config: Config, found: Sequence[Found], block: Found) -> Proxy | Problem:
    """With our servers in a file that the owner's ``stream`` block includes."""
    line = f"include {SHARED_PROXY_CONFIG};"
    texts = {block.path: config.text(block.path), NGINX_CONFIG: config.text(NGINX_CONFIG)}
    changes: list[tuple[str, int, Callable[[str], str]]] = []
    if not any(_reads(directive, SHARED_PROXY_CONFIG) for directive in block.directive.block or ()):
        if not _SAFE_PATH.fullmatch(block.path):
            return Problem(
                f"its stream block is in {block.path}",
                "nginx takes one stream block, and only files in /etc/nginx are edited",
                f"add the line '{line}' to that block, or move the block to {NGINX_CONFIG}",
            )
        end = block.directive.end
        changes.append((block.path, end, lambda text: put_behind(text, end, f"    {line}")))
    misplaced = [entry.directive for entry in found if _is_ours(entry) and _is_misplaced(config, found, entry)]
    changes += [(NGINX_CONFIG, entry.start, partial(taken_out, directive=entry)) for entry in misplaced]
    # From the end of a file to its beginning, so that the places before a change stay where they are.
    for path, _, change in sorted(changes, key=lambda entry: entry[1], reverse=True):
        texts[path] = change(texts[path])
    edits = {path: texts[path].encode("latin-1") for path, _, _ in changes}
    dropped = (PROXY_CONFIG,) * config.files.get(PROXY_CONFIG, b"").startswith(_WRITTEN)
    return Proxy(SHARED_PROXY_CONFIG, edits, dropped, fixes=bool(dropped or misplaced))


def _is_misplaced(config: Config, found: Sequence[Found], ours: Found) -> bool:
    """Whether our line at the top level reads files of the owner's that belong into a ``stream`` block."""
    others = {path for path in config.included(ours.directive) if path != PROXY_CONFIG}
    return any(entry.blocks[:1] == ("stream",) and others & set(config.included(entry.directive)) for entry in found)


def _taken(config: Config, found: Sequence[Found], port: int) -> Iterator[Problem]:
    """Servers of the owner's that listen on the endpoint's port."""
    for entry in found:
        directive = entry.directive
        if directive.name != "listen" or entry.path in OWN_FILES or entry.blocks[-1:] != ("server",):
            continue
        if _listens(directive.arguments, port):
            line = line_of(config.text(entry.path), directive.start)
            yield Problem(
                f"{entry.path}:{line} has nginx listen on port {port}",
                "the endpoint's server listens there",
                "move that server to another port, or choose another control_plane_endpoint",
                is_port=True,
            )


def _listens(arguments: Sequence[str], port: int) -> bool:
    if not arguments or {"udp", "quic"} & set(arguments[1:]) or arguments[0].startswith("unix:"):
        return False
    # A name or an address without a port means 80.
    span = re.search(r"(?:^|:)(\d+)(?:-(\d+))?$", arguments[0])
    if span is None or arguments[0].endswith("]"):
        return port == 80
    low, high = whole_number(span[1]), whole_number(span[2] or span[1])
    return low is not None and high is not None and low <= port <= high
