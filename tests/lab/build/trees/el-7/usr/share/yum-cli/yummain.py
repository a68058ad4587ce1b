"""What yum 3.4.3 does and says, over dnf's library: its resolution, messages and exit codes, no modules."""

import glob
import logging
import os
import shutil
import sys

import dnf.cli.cli
import dnf.exceptions
import dnf.rpm
import dnf.subject
import libdnf.repo
from arguments import COMMANDS, parse
from explain import broken_dependencies, no_baseurl, no_more_mirrors

CACHE = "/var/cache/yum"
NOTHING = "Nothing to do"


class YumError(Exception):
    """Ends yum with these words and exit code 1."""


class Yum:
    """One run; each command is a method that takes its arguments and returns the exit code."""

    def __init__(self, options):
        self.options = options
        self.base = dnf.cli.cli.BaseCli()
        self._configure(self.base.conf)
        self.base.read_all_repos()
        self._configure_repositories()

    def _configure(self, conf):
        conf.read("/etc/yum.conf", priority=dnf.conf.PRIO_MAINCONFIG)
        conf.releasever = dnf.rpm.detect_releasever("/")
        conf.substitutions.update_from_etc("/", varsdir=["/etc/yum/vars"])
        conf.reposdir = ["/etc/yum.repos.d"]
        conf.cachedir = f"{CACHE}/{conf.basearch}/{conf.releasever}"
        conf.persistdir = "/var/lib/yum"
        conf.logdir = CACHE
        conf.plugins = False
        conf.best = True  # yum 3 takes the newest or fails
        conf.install_weak_deps = False
        conf.clean_requirements_on_remove = False
        conf.metadata_expire = 6 * 3600
        conf.assumeyes = self.options.assumeyes
        conf.assumeno = self.options.assumeno
        conf.disable_excludes = self.options.disableexcludes
        conf.excludepkgs = [*conf.excludepkgs, *self.options.exclude]
        for name, value in self.options.settings:
            if "." not in name and hasattr(conf, name):  # yum 3 takes an unknown name silently
                conf._set_value(name, value)

    def _configure_repositories(self):
        repositories = self.base.repos
        for enable, pattern in self.options.repositories:
            found = repositories.get_matching(pattern)
            if not found:
                raise YumError(f"\n\nError getting repository data for {pattern}, repository not found")
            found.enable() if enable else found.disable()
        for repository in repositories.values():
            repository.module_hotfixes = True  # yum 3 knows no modules, so none of them hides a package
            if self.options.nogpgcheck:
                repository.gpgcheck = repository.repo_gpgcheck = False
        for name, value in self.options.settings:
            repository_id, dot, option = name.rpartition(".")
            for repository in repositories.get_matching(repository_id) if dot else ():
                repository._set_value(option, value)

    def load(self):
        """Read all enabled repositories and the rpm database; the first repository that fails ends yum."""
        for repository in self.base.repos.iter_enabled():
            try:
                repository.load()
            except dnf.exceptions.RepoError as error:
                if repository.skip_if_unavailable:
                    repository.disable()
                    continue
                explain = no_more_mirrors if repository.baseurl else no_baseurl
                raise YumError(explain(repository, self.base.conf.substitutions, error)) from None
        self.base.fill_sack()

    # --- commands

    def install(self, names):
        self.load()
        local = [name for name in names if name.endswith(".rpm")]
        packages = [package for name in local for package in self._open(name)]
        known = bool(packages)
        for name in names:
            if name not in local:
                found = self._candidates(name)
                known = known or found is not None
                packages += found or []
        if not known:
            raise YumError(f"Error: {NOTHING}")
        return self._install(packages)

    localinstall = install

    def _open(self, name):
        """The package in a file or at a URL; none, and a word about it, where there is none."""
        try:
            (package,) = self.base.add_remote_rpms([name])
        except (OSError, dnf.exceptions.Error):
            print(f"Cannot open: {name}. Skipping.")
            return []
        same = self.base.sack.query().installed().filter(name=package.name)
        if same and max(same) >= package:
            print(f"{name}: does not update installed package.")
            return []
        return [package]

    def _candidates(self, name):
        """The newest packages that a name means and that are not installed; None where it means nothing."""
        query = dnf.subject.Subject(name).get_best_query(self.base.sack, with_src=False)
        if not query:
            print(f"No package {name} available.")
            return None
        found = []
        newest = query.available().filter(arch=[self.base.conf.basearch, "noarch"]).latest()
        for package in {str(package): package for package in newest}.values():  # of several repositories, one
            installed = self.base.sack.query().installed().filter(name=package.name)
            if not installed or max(installed) < package:
                found.append(package)
            elif max(installed) > package:
                print(f"Package matching {package} already installed. Checking for update.")
        if not found:
            for package in query.installed():
                print(f"Package {_shown(package)} already installed and latest version")
        return found

    def _install(self, packages):
        for package in packages:
            selector = dnf.selector.Selector(self.base.sack)
            selector.set(pkg=[package])
            self.base.goal.install(select=selector, optional=self.options.skip_broken)
        return self._carry_out(packages, NOTHING)

    def reinstall(self, names):
        self.load()
        known = False
        for name in names:
            try:
                self.base.reinstall(name)
            except dnf.exceptions.PackagesNotInstalledError:
                print(f"No Match for argument: {name}")
            except dnf.exceptions.PackagesNotAvailableError as error:
                for package in error.packages:
                    print(f"Installed package {_shown(package)} not available.")
            else:
                known = True
        if not known:
            raise YumError(f"Error: {NOTHING}")
        return self._carry_out([], NOTHING)

    def update(self, names):
        self.load()
        if not names:
            self.base.upgrade_all()
        for name in names:
            try:
                self.base.upgrade(name)
            except dnf.exceptions.MarkingError:
                print(f"No Match for argument: {name}")
        return self._carry_out(self._updates(names), "No packages marked for update")

    def _updates(self, names=()):
        """The newest packages that would replace installed ones."""
        every = self.base.sack.query().filter(name__glob=list(names)) if names else self.base.sack.query()
        return list(every.upgrades().latest())

    def remove(self, names):
        self.base.fill_sack(load_available_repos=False)
        for name in names:
            try:
                self.base.remove(name)
            except dnf.exceptions.MarkingError:
                print(f"No Match for argument: {name}")
        return self._carry_out([], "No Packages marked for removal", erase=True)

    def _carry_out(self, wanted, nothing, erase=False):
        try:
            changed = self.base.resolve(allow_erasing=erase)
        except dnf.exceptions.DepsolveError as error:
            raise YumError(broken_dependencies(self.base.sack, wanted, error)) from None
        if not changed:
            print(nothing)
            return 0
        self.base.do_transaction()
        print("Complete!")
        return 0

    def check_update(self, names):
        self.load()
        found = self._updates(names)
        _print_table(found)
        return 100 if found else 0

    def list(self, words):
        self.load()
        kind, names = (words[0], words[1:]) if words[:1] and words[0] in _KINDS else ("all", words)
        shown = False
        for title, select in _KINDS[kind]:
            query = self.base.sack.query()
            query = select(query.filter(name__glob=names) if names else query)
            packages = list(query if self.options.showduplicates else query.latest())
            if packages:
                print(title)
                _print_table(packages)
                shown = True
        if not shown:
            raise YumError("Error: No matching Packages to list")
        return 0

    def repolist(self, words):
        self.load()
        rows = [
            (repository.id, repository.name, self.base.sack.query().filter(reponame=repository.id))
            for repository in self.base.repos.iter_enabled()
        ]
        print(f"{'repo id':<40} {'repo name':<40} status")
        for repository_id, name, packages in rows:
            print(f"{repository_id:<40} {name:<40} {len(packages)}")
        print(f"repolist: {sum(len(packages) for _, _, packages in rows)}")
        return 0

    def makecache(self, words):
        for repository in self.base.repos.iter_enabled():
            repository._repo.expire()
        self.load()
        print("Metadata Cache Created")
        return 0

    def clean(self, words):
        print(f"Cleaning repos: {' '.join(repository.id for repository in self.base.repos.iter_enabled())}")
        for word in words:
            if word not in _CLEANERS:
                raise YumError(f"Error: invalid clean argument: {word!r}")
            _CLEANERS[word]()
        return 0


def _remove_cache():
    shutil.rmtree(f"{CACHE}/{os.uname().machine}", ignore_errors=True)


def _expire_cache():
    """Have all metadata older than any that could be asked for."""
    for path in glob.glob(f"{CACHE}/*/*/*/repodata/*"):
        os.utime(path, (0, 0))


# The stand-in keeps packages and metadata together.
_CLEANERS = {"all": _remove_cache, "metadata": _remove_cache, "packages": _remove_cache, "expire-cache": _expire_cache}
_AVAILABLE = ("Available Packages", lambda query: query.available())
_INSTALLED = ("Installed Packages", lambda query: query.installed())
_UPDATES = ("Updated Packages", lambda query: query.upgrades())
_KINDS = {
    "all": (_INSTALLED, _AVAILABLE),
    "available": (_AVAILABLE,),
    "installed": (_INSTALLED,),
    "updates": (_UPDATES,),
}


def _shown(package):
    """A package as yum 3 writes it: the epoch before the name."""
    epoch = f"{package.epoch}:" if package.epoch else ""
    return f"{epoch}{package.name}-{package.version}-{package.release}.{package.arch}"


def _print_table(packages):
    for package in sorted(packages):
        print(f"{package.name + '.' + package.arch:<40} {package.evr:<30} {package.reponame}")


def _set_up_output(quiet):
    """The library's messages to stdout, without those that yum 3 has not."""
    sys.stdout.reconfigure(line_buffering=True)
    libdnf.repo.LibrepoLog.addHandler("/dev/null")  # else it writes to stderr
    logger = logging.getLogger("dnf")
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.addHandler(logging.StreamHandler(sys.stdout))
    logger.addFilter(lambda record: not record.getMessage().startswith("Last metadata expiration check"))


def main(arguments):
    """The exit code of one run."""
    options, command, words = parse(arguments)
    if COMMANDS[command][1] and os.geteuid() != 0:
        print("You need to be root to perform this command.", file=sys.stderr)
        return 1
    _set_up_output(options.quiet)
    try:
        return getattr(Yum(options), command.replace("-", "_"))(words)
    except (YumError, dnf.exceptions.Error) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n\nExiting on user cancel", file=sys.stderr)
        return 1
