"""Real programs of today, built from Go modules that are required by name and checksum.

Nothing of theirs is copied: `go` fetches each module, checks it against the modfile's checksums, and builds it where
it lies.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .cache import BuildError, Cache, Step
from .tables.modules import Module

FOLDER = Path(__file__).with_name("modules")
GO_AT_LEAST = (1, 26)
OPTIONS = ("-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false")
LINKED = "-s -w"
LINKED_BY_C = "-linkmode external -extldflags -static"
GO_BESIDE_PATH = "/usr/local/go/bin/go"


def compiler() -> str:
    """The path of Go; BuildError where it is missing or too old."""
    wanted = ".".join(map(str, GO_AT_LEAST))
    remedy = f"put Go {wanted} or newer in PATH"
    program = shutil.which("go") or shutil.which(GO_BESIDE_PATH)
    if program is None:
        raise BuildError(f"this machine: it has no go, which builds the lab's programs; {remedy}")
    reported = subprocess.run([program, "version"], check=False, capture_output=True, text=True, cwd=FOLDER).stdout
    if go_version(reported) < GO_AT_LEAST:
        raise BuildError(f"this machine: {program} is {reported.strip() or 'no Go'}, too old for the lab; {remedy}")
    return program


def go_version(reported: str) -> tuple[int, ...]:
    """Major and minor out of what `go version` says; empty where it says none.

    >>> go_version("go version go1.26.8 linux/amd64")
    (1, 26)
    """
    found = re.search(r"\bgo(\d+)\.(\d+)", reported)
    return tuple(map(int, found.groups())) if found else ()


def folder(cache: Cache, module: Module, then: Callable[[Step], None] = lambda _: None) -> Path:
    """Return the folder with the module's programs; `then` may add to it."""
    modfile = _modfile(module)
    own = [FOLDER / package for package in module.packages if package.startswith("./")]

    def make(step: Step) -> None:
        _build(cache, step, module)
        then(step)

    flags = [*OPTIONS, LINKED, LINKED_BY_C]
    return cache.folder(module.name, [modfile, modfile.with_suffix(".sum"), *own, repr(module), *flags], make)


def modules(cache: Cache) -> Path:
    """The folder where modules lie, each below its path with its version."""
    return cache.work / "go/modules"


def fetch(cache: Cache, step: Step, module: Module) -> None:
    """Have all of its modules in their folder, as their checksums say."""
    step.run(compiler(), "mod", "download", f"-modfile={_modfile(module)}", cwd=FOLDER, env=_environment(cache))


def _modfile(module: Module) -> Path:
    return FOLDER / f"{module.modfile or module.name}.mod"


def _environment(cache: Cache) -> dict[str, str]:
    return {
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(cache.work / "go/build"),
        "GOMODCACHE": str(modules(cache)),
    }


def _build(cache: Cache, step: Step, module: Module) -> None:
    link = [LINKED, *(f"-X {name}={value}" for name, value in module.stamp.items())]
    if module.cgo:
        link.append(LINKED_BY_C)
    fetch(cache, step, module)
    output = ["-o", f"{step.folder}/", "-ldflags", " ".join(link)]
    options = [f"-modfile={_modfile(module)}", "-p", "2", *OPTIONS]
    verb = ["test", "-c"] if module.test else ["build"]
    environment = {**_environment(cache), "CGO_ENABLED": str(int(module.cgo))}
    go = ["nice", "-n", "19", compiler()]
    step.run(*go, *verb, *options, *output, *module.packages, cwd=FOLDER, env=environment)
