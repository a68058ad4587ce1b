"""Secrets taken out of what is kept or shown. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

HIDDEN: Final = "***"

_USER_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_IN_QUERY: Final = re.compile(r"(?i)([?&][\w-]{0,64}(?:token|passw|secret|key|signature)[\w-]{0,64}=)[^&\s'\"]+")
_SECRET_NAME: Final = re.compile(r"(?i)token|passw|secret|credential|key")


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without what URLs carry of users and keys, and without each of ``secrets``."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _SECRET_IN_QUERY.sub(rf"\g<1>{HIDDEN}", _USER_IN_URL.sub(f"{HIDDEN}@", text))


def redacted(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Plain data with every text in it ``scrubbed``."""
    if isinstance(value, str):
        return scrubbed(value, secrets)
    if isinstance(value, Mapping):
        return {key: redacted(entry, secrets) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(entry, secrets) for entry in value]
    return value


def without_named_secrets(value: Any) -> Any:
    """Plain data, where what bears a secret's name is hidden: ``{"token": …}`` or ``{"name": "token", "value": …}``.

    Rather too much is hidden than too little: the path of a key file is.
    """
    if isinstance(value, Mapping):
        named = value.get("name")
        named_secret = isinstance(named, str) and _SECRET_NAME.search(named) is not None
        return {
            key: HIDDEN if _is_secret(key) or (key == "value" and named_secret) else without_named_secrets(entry)
            for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_named_secrets(entry) for entry in value]
    return value


def _is_secret(key: object) -> bool:
    return isinstance(key, str) and _SECRET_NAME.search(key) is not None
