"""``python -m tests.scenarios.etcd_floors``: upgrades that members of etcd are too old for.

Kubernetes 1.34 and 1.37 bring etcd's next minor, which asks for a patch of the one before. Each cluster is built with
members below that, in the image that its kubeadm names, whatever its tag. The upgrade is refused by what the members
say of themselves, in a dry run and in a run, and no host has changed by its digest. Its table is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.lab.build.tables.lines import find
from tests.lab.client import Lab
from tests.scenarios.rollout import heading, markdown, second_run
from tests.scenarios.upgrade import parts
from tests.support.finding_rows import rows, squeezed

DESCRIPTION = "Have upgrades refused whose etcd is below its floor."
COLUMNS = ("kubernetes", "wanted", "etcd's image", "its members", "refused because of")
IMAGE: Final = "jsonpath={.items[0].spec.containers[0].image}"


@dataclass(frozen=True)
class Bed:
    """A cluster whose upgrade is refused.

    + line, wanted: Kubernetes as it stands, and as it is to be
    + etcd: what the members are of
    + told: what the refusal says
    """

    line: str
    wanted: str
    etcd: str
    told: str


BEDS: Final = (
    Bed("1.33", "1.34", "3.5.16", "it brings etcd 3.6, where members of an older 3.5 come back as learners"),
    Bed("1.36", "1.37", "3.6.8", "it brings etcd 3.7, which begins with members of 3.6.11 at least"),
)


def refused(bed: Bed) -> str:
    """The row of one that was refused; AssertionError where it was not, or a host has changed."""
    wanted = find(bed.wanted).version
    lab = Lab(options=("--line", bed.line, "--line", bed.wanted, "--etcd", bed.etcd))
    lab.up()
    lab.results()
    second_run(lab, bed.line)
    found = parts(lab)
    assert {*found.etcd.values()} == {bed.etcd}, found.etcd
    image = lab.kubectl("-n", "kube-system", "get", "pods", "-l", "component=etcd", "-o", IMAGE)
    before = lab.digest()
    for option in ("--dry", "-y"):
        run = lab.pyinfra(option, kubernetes_version=wanted)
        assert run.returncode == 1, f"{option}: exit code {run.returncode}\n{run.stderr[-4000:]}"
        errors = [squeezed(f"{row.found} {row.wanted}") for row in rows(run.stderr) if row.severity == "error"]
        assert [bed.etcd in error and squeezed(bed.told) in error for error in errors] == [True], run.stderr[-4000:]
        changed = sorted(lab.digest() ^ before)
        assert not changed, f"{option}: refused, and {len(changed)} lines have changed, such as {changed[:3]}"
    return markdown((find(bed.line).version, wanted, image.rpartition("/")[2], bed.etcd, bed.told))


def main(arguments: Sequence[str]) -> None:
    argparse.ArgumentParser(prog="python -m tests.scenarios.etcd_floors", description=DESCRIPTION).parse_args(arguments)
    table = heading(COLUMNS)
    for bed in BEDS:
        table.append(refused(bed))
        print(table[-1], flush=True)
    print(*table, sep="\n", flush=True)
    Lab().run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
