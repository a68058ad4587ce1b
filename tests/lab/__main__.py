"""The lab's command line: `python -m tests.lab --help`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.lab import LabError, access, digest, hosts, lifecycle, machine, mirrors, network, state, topology
from tests.lab.build import BuildError, Contents
from tests.lab.build.tables.containerd import CONTAINERDS
from tests.lab.build.tables.images import OLDER_ETCDS
from tests.lab.build.tables.lines import DEFAULT, chosen

POWER = {"off": hosts.power_off, "kill": hosts.kill, "on": hosts.power_on, "reboot": hosts.reboot}
MIRROR = {"off": mirrors.off, "on": mirrors.on}
MIRROR_OF_PACKAGE = {"break-signature": mirrors.break_signature, "drop": mirrors.drop}
LINK = {"down": network.link_down, "up": network.link_up, "drop": network.link_drop}


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; the exit code is the command's own for exec and operator, else 0 or 1."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (LabError, BuildError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; run down to put everything back", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description="Lookalike EL hosts on a network of their own."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    up = add("up", _up, "boot all hosts and wait until they answer SSH; builds what is missing")
    up.add_argument("--topology", type=Path, default=topology.DEFAULT, metavar="FILE", help="TOML; default %(default)s")
    up.add_argument(
        "--line",
        action="append",
        default=[],
        metavar="VERSION",
        help=f"Kubernetes to have: 1.34 (its newest patch here) or 1.34.4; may be repeated; default {DEFAULT}",
    )
    up.add_argument("--containerd", choices=CONTAINERDS, help="serve this one alone; default: what fits the lines")
    up.add_argument("--etcd", choices=OLDER_ETCDS, help="have this one in the image of its minor; default: the newest")
    up.add_argument("--conformance", action="store_true", help="serve the images of the conformance tests, too")
    add("down", lambda _: lifecycle.down(), "end the lab and put the machine back as it was")
    add("status", lambda _: print("\n".join(lifecycle.status())), "what is running, or left over")
    inside = add("exec", _exec, "run a command inside a host as root, as on its console")
    inside.add_argument("host")
    _add_command(inside)
    _add_command(add("operator", _operator, "run a command where the operator stands in the lab's network"))
    power = add("power", _power, "off and reboot are clean, kill ends the host at once, on boots it")
    power.add_argument("host")
    power.add_argument("action", choices=POWER)
    disk = add("new-disk", _new_disk, "put a blank disk into a host that is off, as if it had been replaced")
    disk.add_argument("host")
    disk.add_argument(
        "--flavour", help="the Enterprise Linux that is installed on it, such as rocky-9; default: the same"
    )
    link = add("link", _link, "down pulls the host's cable, drop swallows its packets silently, up undoes both")
    link.add_argument("host")
    link.add_argument("other", nargs="?", help="drop and up: between the two alone")
    link.add_argument("action", choices=LINK)
    mirror = add("mirror", _mirror, "trouble with the package mirrors; on undoes all of it")
    mirror.add_argument("action", choices=[*MIRROR, *MIRROR_OF_PACKAGE])
    mirror.add_argument("package", nargs="?", help="for break-signature and drop")
    digests = add("digest", _digest, "JSON to compare: each host's files, packages, units, running containers")
    digests.add_argument("--files", action="store_true", help="the lines themselves instead, to diff")
    return parser


def _add_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="with its arguments")


def _command(options: argparse.Namespace) -> list[str]:
    words: list[str] = options.command
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise LabError("no command given; write it after --")
    return words


def _up(options: argparse.Namespace) -> None:
    versions = tuple(line.version for line in chosen(options.line))
    contents = Contents(versions, options.containerd, options.conformance, options.etcd)
    lifecycle.up(topology.load(options.topology), contents)


def _exec(options: argparse.Namespace) -> None:
    command = hosts.inside(state.current().topology.host(options.host), _command(options))
    os.execvp(command[0], command)


def _operator(options: argparse.Namespace) -> None:
    command, environment = access.at_operator(_command(options), state.current())
    os.execvpe(command[0], command, environment)


def _power(options: argparse.Namespace) -> None:
    machine.check()
    with state.locked():
        POWER[options.action](state.current().topology.host(options.host))


def _new_disk(options: argparse.Namespace) -> None:
    lifecycle.new_disk(options.host, options.flavour)


def _link(options: argparse.Namespace) -> None:
    machine.check()
    with state.locked():
        lab = state.current()
        nft = ["chroot", str(lab.artifacts.base), "/usr/sbin/nft"]  # Debian does not install it by default
        host = lab.topology.host(options.host)
        if options.other is None:
            LINK[options.action](host, nft)
        elif options.action == "down":
            raise LabError("link: a cable leads from one host, so that two have none to pull; write drop")
        else:
            network.link_between(host, lab.topology.host(options.other), options.action, nft)


def _mirror(options: argparse.Namespace) -> None:
    machine.check()
    with state.locked():
        lab = state.current()
        if options.action in MIRROR_OF_PACKAGE:
            if not options.package:
                raise LabError(f"mirror {options.action}: no package given; name one, such as kubeadm")
            MIRROR_OF_PACKAGE[options.action](lab, options.package)
        else:
            MIRROR[options.action](lab)


def _digest(options: argparse.Namespace) -> None:
    all_hosts = state.current().topology.hosts
    if options.files:
        sys.stdout.writelines(f"{line}\n" for line in digest.lines(all_hosts))
    else:
        print(json.dumps(digest.digests(all_hosts), indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
