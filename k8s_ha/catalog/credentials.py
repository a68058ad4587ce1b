"""Credentials of mirrors and registries: by URL, and never in one. Passwords come from the operator's machine."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SECRET_IN_QUERY = re.compile(r"(?i)[?&][\w-]*(?:token|passw|secret|key|signature|credential)[\w-]*=")


def check_no_credentials(url: str) -> str:
    """The URL itself; a ValueError "rule; remedy" where it holds a name, a password or a token."""
    if "@" in url or SECRET_IN_QUERY.search(url):
        raise ValueError(
            "a URL here stands in files, command lines and reports, so it holds no credentials; set mirror.credentials "
            "= {'https://HOST': {'username': …, 'password_env': …}}"
        )
    return url


def masked(text: str) -> str:
    """Words about settings, without what a URL or an image in them may carry of credentials."""
    text = re.sub(r"//[^\s'\"]*@", "//***@", text)
    text = re.sub(r"(?<![\w/])[^\s'\"/@]+:[^\s'\"/@]+@(?!sha256:)", "***@", text)
    return re.sub(SECRET_IN_QUERY.pattern + r"[^\s'\"]*", "?***", text)


def _check_username(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x39\x3b-\x7e]+", value):
        raise ValueError("a username is printable ASCII without blanks and colons; correct it")
    return value


class Credentials(BaseModel):
    """Who logs in at a mirror or a registry, and where the password is; the password itself is no setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: Annotated[str, AfterValidator(_check_username)] = Field(description="The name that logs in.")
    password_env: str | None = Field(
        default=None, min_length=1, description="Environment variable of the operator's that holds the password."
    )
    password_file: str | None = Field(
        default=None, min_length=1, description="File on the operator's machine that holds the password."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Credentials:
        if (self.password_env is None) == (self.password_file is None):
            raise ValueError("a password comes from one place; set password_env or password_file")
        return self


def check_password(value: str) -> str:
    """A password that yum, containerd and curl all take as it is; else a ValueError, which does not tell it."""
    if not re.fullmatch(r"[\x21-\x7e]+", value) or re.search(r"[$][{A-Za-z_]", value):
        raise ValueError(
            "the password is empty, or has blanks, letters beyond ASCII, or a $ that yum would replace; choose another"
        )
    return value


@dataclass(frozen=True)
class Login:
    """A name with its password, which nothing shows."""

    username: str
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The HTTP header's value (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    @property
    def secrets(self) -> set[str]:
        """In what forms the password may turn up."""
        return {self.password, self.authorization.removeprefix("Basic ")}


Logins = Mapping[str, Login]
"""Who logs in, by what the URLs begin with."""


def prefix_of(url: str, prefixes: Iterable[str]) -> str | None:
    """The longest of ``prefixes`` that a URL begins with, in whole parts of its path."""
    found = [prefix for prefix in prefixes if f"{url}/".startswith(f"{prefix.rstrip('/')}/")]
    return max(found, key=len, default=None)


def login_at(url: str, logins: Logins) -> Login | None:
    """Who logs in where a URL leads."""
    prefix = prefix_of(url, logins)
    return None if prefix is None else logins[prefix]


def login_lines(logins: Logins) -> str:
    """Lines "login URL NAME:PASSWORD" as ``yum_questions`` and ``registry_questions`` read them; for stdin alone."""
    ordered = sorted(logins.items(), key=lambda entry: len(entry[0]))
    return "".join(f"login {url.rstrip('/')} {login.username}:{login.password}\n" for url, login in ordered)
