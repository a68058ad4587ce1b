"""The command line of yum 3.4.3: its own options and commands, and its words for those that came with dnf."""

import optparse
import sys

ALIASES = {"upgrade": "update", "erase": "remove"}
# What the stand-in does; the smallest number of arguments each takes, and whether it needs root.
COMMANDS = {
    "check-update": (0, False),
    "clean": (1, True),
    "install": (1, True),
    "list": (0, False),
    "localinstall": (1, True),
    "makecache": (0, True),
    "reinstall": (1, True),
    "remove": (1, True),
    "repolist": (0, False),
    "update": (0, True),
}
# What yum 3 has besides; the stand-in says that it has not.
LACKING_COMMANDS = (
    *("autoremove", "check", "deplist", "distribution-synchronization", "distro-sync", "downgrade", "fs", "fssnapshot"),
    *("group", "groupinfo", "groupinstall", "grouplist", "groupremove", "groups", "groupupdate", "help", "history"),
    *("info", "langavailable", "langinstall", "load-transaction", "localupdate", "provides", "repo-pkgs"),
    *("repoinfo", "search", "shell", "swap", "update-minimal", "updateinfo", "version", "whatprovides"),
)
LACKING_FLAGS = (
    *("-t", "--tolerant", "-C", "--cacheonly", "-v", "--verbose", "--version", "--obsoletes", "--noplugins"),
    *("--downloadonly", "--security", "--bugfix"),
)
LACKING_VALUES = (
    *("-c", "--config", "-d", "--debuglevel", "-e", "--errorlevel", "-R", "--randomwait", "--rpmverbosity"),
    *("--installroot", "--disableincludes", "--disableplugin", "--enableplugin", "--color", "--releasever"),
    *("--downloaddir", "--cve", "--advisory"),
)
LACKING_EXIT = 70
"""Exit code where the stand-in, not yum 3, cannot do what it was asked; yum 3 has no such code."""


class Parser(optparse.OptionParser):
    """Says a mistake as yum 3 does."""

    def error(self, msg):
        self.print_usage()
        print(f"\nCommand line error: {msg}", file=sys.stderr)
        raise SystemExit(1)


def _lacking(option, text, value, parser):
    lacking(f"the option {text}")


def lacking(what):
    """End: yum 3 can do it and the stand-in cannot."""
    print(f"The lab's yum lacks {what} of yum 3; add it to the lab, or do without.", file=sys.stderr)
    raise SystemExit(LACKING_EXIT)


def _append_switch(option, text, value, parser):
    """Keep the order of --enablerepo and --disablerepo: the later one wins."""
    parser.values.repositories.extend((text == "--enablerepo", name) for name in value.split(","))


def _append_names(option, text, value, parser):
    getattr(parser.values, option.dest).extend(value.split(","))


def _append_setting(option, text, value, parser):
    name, equals, setting = value.partition("=")
    if not equals:
        raise optparse.OptionValueError(f"setopt argument has no value: {value}")
    parser.values.settings.append((name, setting))


def _parser():
    parser = Parser(usage="yum [options] COMMAND", prog="yum")
    parser.set_defaults(repositories=[], exclude=[], disableexcludes=[], settings=[])
    parser.add_option("-y", "--assumeyes", action="store_true", default=False)
    parser.add_option("--assumeno", action="store_true", default=False)
    parser.add_option("-q", "--quiet", action="store_true", default=False)
    parser.add_option("--nogpgcheck", action="store_true", default=False)
    parser.add_option("--skip-broken", action="store_true", default=False)
    parser.add_option("--showduplicates", "--show-duplicates", action="store_true", default=False)
    for switch in ("--enablerepo", "--disablerepo"):
        parser.add_option(switch, type="string", action="callback", callback=_append_switch)
    for names in (("-x", "--exclude"), ("--disableexcludes",)):
        parser.add_option(*names, dest=names[-1][2:], type="string", action="callback", callback=_append_names)
    parser.add_option("--setopt", type="string", action="callback", callback=_append_setting)
    for name in LACKING_FLAGS:
        parser.add_option(name, action="callback", callback=_lacking)
    for name in LACKING_VALUES:
        parser.add_option(name, type="string", action="callback", callback=_lacking)
    return parser


def parse(arguments):
    """(options, command, its arguments); SystemExit, with yum 3's words and exit code, at a mistake."""
    if "-q" not in arguments and "--quiet" not in arguments:
        print("Loaded plugins: fastestmirror")
    parser = _parser()
    options, words = parser.parse_args(arguments)
    if not words:
        parser.error("You need to give some command")
    command, words = ALIASES.get(words[0], words[0]), words[1:]
    if command in LACKING_COMMANDS:
        lacking(f"the command {command}")
    if command not in COMMANDS:
        print(f"No such command: {command}. Please use /usr/bin/yum --help", file=sys.stderr)
        raise SystemExit(1)
    least, _ = COMMANDS[command]
    if len(words) < least:
        print(f"Error: Need to pass a list of pkgs to {command}", file=sys.stderr)
        raise SystemExit(1)
    return options, command, words
