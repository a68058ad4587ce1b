"""What the conformance tests' images are made of, and the tests' own programs."""

from pathlib import Path

from . import golang
from .cache import Cache, Step
from .tables.conformance import DATA, GINKGO, MODULE, PROGRAMS, TESTS

SCRIPT = Path(__file__).with_name("conformance.sh")


def sources(cache: Cache) -> dict[str, Path]:
    """Return the folders of PROGRAMS, of what the images serve, and of their bases."""
    return {
        PROGRAMS.name: golang.folder(cache, PROGRAMS),
        "conformance-data": cache.folder("conformance-data", [MODULE, repr(DATA)], lambda step: _copy(cache, step)),
        "conformance-base": cache.folder("conformance-base", [SCRIPT], lambda step: step.run(SCRIPT, step.folder)),
    }


def tests(cache: Cache) -> tuple[Path, Path]:
    """Return ginkgo, and the tests' program that it runs."""
    return golang.folder(cache, GINKGO) / "ginkgo", golang.folder(cache, TESTS) / "e2e.test"


def _copy(cache: Cache, step: Step) -> None:
    """Take what the images serve out of the module where it lies."""
    golang.fetch(cache, step, PROGRAMS)
    for name, folder in DATA.items():
        source = golang.modules(cache) / MODULE / "test/images" / folder
        step.run("cp", "--recursive", "--no-preserve=mode", source, step.folder / name)
