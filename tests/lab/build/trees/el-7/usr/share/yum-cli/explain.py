"""Why yum 3 could not: its words for unreachable repositories and for broken dependencies."""

import configparser

NO_MIRRORS = """

 One of the configured repositories failed ({name}),
 and yum doesn't have enough cached data to continue. At this point the only
 safe thing yum can do is fail. To skip it: yum --disablerepo={id} ...
"""
BROKEN_HINT = """ You could try using --skip-broken to work around the problem
 You could try running: rpm -Va --nofiles --nodigest"""


def no_baseurl(repository, variables, error):
    """A mirror list that nobody answers for.

    + variables: yum's, such as releasever
    """
    link = repository.mirrorlist or repository.metalink
    reason = f"Could not retrieve mirrorlist {link} error was\n{error}"
    advice = NO_MIRRORS.format(name="Unknown", id="<repoid>")
    return f"{reason}\n{advice}\nCannot find a valid baseurl for repo: {name(repository, variables)}"


def no_more_mirrors(repository, variables, error):
    """Base URLs that do not answer, or not with a repository; as for no_baseurl."""
    url = repository.baseurl[0].rstrip("/")
    reason = f"failure: repodata/repomd.xml from {repository.id}: [Errno 256] No more mirrors to try."
    return f"{NO_MIRRORS.format(name=repository.name, id=repository.id)}\n{reason}\n{url}/repodata/repomd.xml: {error}"


def name(repository, variables):
    """A repository as yum 3 writes it: with the values of the variables that its own file has in the address."""
    written = configparser.ConfigParser(interpolation=None, strict=False)
    written.read(repository.repofile)
    section = written[repository.id]
    address = section.get("mirrorlist", "") + section.get("baseurl", "")
    return "/".join([repository.id, *(variables[each] for each in ("releasever", "basearch") if f"${each}" in address)])


def broken_dependencies(sack, wanted, error):
    """What the wanted packages need and nothing provides; where that is not the reason, dnf's own words.

    + wanted: the packages that were to be installed
    """
    lines = []
    for package, need in _unprovided(sack, wanted):
        epoch = f"{package.epoch}:" if package.epoch else ""
        nevra = f"{epoch}{package.name}-{package.version}-{package.release}.{package.arch}"
        lines += [f"Error: Package: {nevra} ({package.reponame})", f"           Requires: {need}"]
    if not lines:
        lines = [f"Error: {line.strip()}" for line in str(error).splitlines() if line.strip()]
    return "\n".join([*lines, BROKEN_HINT])


def _unprovided(sack, wanted):
    """(package, requirement) of everything that the packages would bring and that nothing provides."""
    waiting, seen = list(wanted), set(wanted)
    while waiting:
        package = waiting.pop(0)
        for need in package.requires:
            providers = sack.query().filter(provides=need)
            if str(need).startswith("rpmlib(") or providers.installed():
                continue
            newest = list(providers.latest())
            if not newest:
                yield package, need
            fresh = [provider for provider in newest if provider not in seen]
            seen.update(fresh)
            waiting += fresh
