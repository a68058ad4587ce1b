"""What the conformance tests' images are made of, and the tests' own programs."""

from pathlib import Path

from . import golang
from .cache import Cache, Step
from .tables.conformance import GINKGO, IMAGES, MODULE, PART, PROGRAMS, TESTS
from .tables.images import Image

SCRIPT = Path(__file__).with_name("conformance.sh")


def sources(cache: Cache) -> dict[str, Path]:
    """Return the folders of PROGRAMS and of the images' bases."""
    programs = golang.folder(cache, PROGRAMS, lambda step: _add_data(cache, step))
    base = cache.folder("conformance-base", [SCRIPT], lambda step: step.run(SCRIPT, step.folder))
    return {PROGRAMS.name: programs, "conformance-base": base}


def tests(cache: Cache) -> tuple[Path, Path]:
    """Return ginkgo, and the tests' program that it runs."""
    return golang.folder(cache, GINKGO) / "ginkgo", golang.folder(cache, TESTS) / "e2e.test"


def images() -> dict[str, tuple[Image, ...]]:
    """Return the images, as `images.registry` takes more of them."""
    return {PART: IMAGES}


def _add_data(cache: Cache, step: Step) -> None:
    """Put beside the programs what two of the images serve, out of the module where it lies."""
    for name in ("kitten", "nautilus"):
        source = golang.modules(cache) / MODULE / "test/images" / name / "html"
        step.run("cp", "--recursive", "--no-preserve=mode", source, step.folder / name)
