"""Which images a registry has, asked as the container runtime asks it; nothing is pulled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.resources import read_file
from k8s_ha.untrusted import whole_number


class ImagesFact(ParsedFact[dict[str, tuple[str, ...]]]):
    """What was answered of each image, by its name: HTTP statuses or reasons, one for each place that may have it.

    + places: by image ``HOST/NAME:TAG``, the URLs of its registry and of that one's mirrors, such as ``https://HOST``
    + runtime: the container runtime's unit, whose proxies are used
    + logins: whether ``login_lines`` stand on stdin
    """

    def command(self, places: Mapping[str, Sequence[str]], runtime: str, logins: bool = False) -> str:
        self._asked = [(image, url) for image, urls in places.items() for url in urls]
        words = [f"{number}={_repository(image, url)}" for number, (image, url) in enumerate(self._asked)]
        values = {"IMAGES": " ".join(words), "RUNTIME": runtime, "LOGINS": "yes" if logins else ""}
        needed = read_file("yum-options.sh") + read_file("facts/runtime-environment.sh")
        return marked(needed + script("images.sh", **values))

    def parse(self, output: list[str]) -> dict[str, tuple[str, ...]]:
        told: dict[int, str] = {}
        for line in fields(output)["image"]:
            number, _, said = line.partition(" ")
            index = whole_number(number)
            if index is not None:
                told[index] = said
        found: dict[str, list[str]] = {}
        for index, (image, _) in enumerate(self._asked):
            found.setdefault(image, []).append(told.get(index) or "no answer")
        return {image: tuple(answers) for image, answers in found.items()}


def _repository(image: str, url: str) -> str:
    """Where a registry has an image, and its tag, as words of one."""
    name, _, tag = image.partition("/")[2].rpartition(":")
    return f"{url.rstrip('/')}/v2/{name}={tag}"
