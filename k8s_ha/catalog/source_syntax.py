"""The syntax of URLs, images and checksums: a check returns the value itself or raises ValueError("rule; remedy")."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from k8s_ha.catalog.credentials import check_no_credentials

PLACEHOLDERS = ("minor", "el", "arch", "distribution")
_PLACEHOLDER = re.compile(r"\{(?:minor|el|arch|distribution)\}")


_NOT_IN_URLS = re.compile(r"[^!-~]|[\"'<>\\^`{|}]")
"""What RFC 3986 has no place for, and what would end a word or a line of the files that URLs stand in."""


def check_url(url: str) -> str:
    """The URL itself when it is http or https with a host and nothing secret; else a ValueError "rule; remedy"."""
    check_no_credentials(url)
    try:
        parts = urlsplit(url)
        # Asking for the port raises where it is none.
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("a URL is http://HOST/… or https://HOST/…; correct it")
    if found := _NOT_IN_URLS.search(url):
        raise ValueError(f"a URL has no {found[0]!a} in it; take it out, or write it as %XX")
    return url


def _check_repository_url(url: str) -> str:
    bare = _PLACEHOLDER.sub("", url)
    if re.search(r"[{}]", bare):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"a repository URL has no other placeholders than {known}; correct it")
    check_url(bare)
    if "$releasever" in url:
        raise ValueError('$releasever is "7Server" or "8.4" on some hosts; write {el} for the major version')
    return url


_IMAGE_PATH = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE_REPOSITORY = re.compile(rf"[a-zA-Z0-9.-]+(?::[0-9]+)?(?:/{_IMAGE_PATH})*")
_IMAGE = re.compile(_IMAGE_REPOSITORY.pattern + r":[\w][\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?", re.ASCII)


def _check_image_repository(value: str) -> str:
    if not _IMAGE_REPOSITORY.fullmatch(value):
        raise ValueError("an image repository is HOST[:PORT][/PATH] in lower case, no scheme and no tag; correct it")
    return value


def _check_image(value: str) -> str:
    if not _IMAGE.fullmatch(value):
        raise ValueError("an image is HOST[:PORT]/PATH:TAG, pinned by its tag; correct it")
    return value


Url = Annotated[str, AfterValidator(check_url)]
RepositoryUrl = Annotated[str, AfterValidator(_check_repository_url)]
ImageRepository = Annotated[str, AfterValidator(_check_image_repository)]
Image = Annotated[str, AfterValidator(_check_image)]


def _check_sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("a SHA-256 is 64 hexadecimal digits in lower case; correct it")
    return value


Sha256 = Annotated[str, AfterValidator(_check_sha256)]


def _check_fingerprint(value: str) -> str:
    plain = re.sub(r"\s", "", value).upper()
    if not re.fullmatch(r"[0-9A-F]{40}", plain):
        raise ValueError("a fingerprint is 40 hexadecimal digits, as `gpg --show-keys` prints them; correct it")
    return plain


Fingerprint = Annotated[str, AfterValidator(_check_fingerprint)]
