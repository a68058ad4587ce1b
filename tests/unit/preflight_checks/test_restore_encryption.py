"""An API server must be able to read what a backup holds encrypted."""

from __future__ import annotations

import pytest

from k8s_ha.preflight_checks.restore_encryption import encryption_keys, lacking_keys

IDENTITY = ("identity",)


def configuration(*providers: str) -> str:
    lines = "".join(f"      - {provider}\n" for provider in providers)
    return f"kind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n    providers:\n{lines}"


def key(name: str, secret: str = "c2VjcmV0") -> str:
    return f"aescbc: {{keys: [{{name: {name}, secret: {secret}}}]}}"


PLAIN = "identity: {}"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (None, {IDENTITY}),
        (configuration(key("one"), PLAIN), {("aescbc", "one", "c2VjcmV0"), IDENTITY}),
        (
            configuration("kms: {name: vault, endpoint: unix:///run/kms.sock}"),
            {("kms", "vault", "unix:///run/kms.sock")},
        ),
    ],
)
def test_what_a_configuration_decrypts(text: str | None, keys: set[tuple[str, ...]]) -> None:
    assert encryption_keys(text) == keys


@pytest.mark.parametrize("text", ["", "nothing", "resources: 7", configuration("aescbc: {keys: [7]}")])
def test_what_is_no_configuration_tells_no_keys(text: str) -> None:
    assert encryption_keys(text) is None


@pytest.mark.parametrize(
    ("backup", "host", "found"),
    [
        (None, None, []),
        (None, configuration(key("one"), PLAIN), []),
        (configuration(key("one"), PLAIN), configuration(key("two"), key("one"), PLAIN), []),
        (None, configuration(key("one")), ["its API server lacks the backup's key for encryption: identity"]),
        (
            configuration(key("one"), PLAIN),
            configuration(key("one", "YW5vdGhlcg=="), PLAIN),
            ["its API server lacks the backup's key for encryption: aescbc one"],
        ),
        (configuration(key("one")), None, ["its API server lacks the backup's key for encryption: aescbc one"]),
        ("no yaml: [", None, ["the backup's encryption configuration cannot be read"]),
    ],
)
def test_an_api_server_has_the_keys_of_the_backups_time(backup: str | None, host: str | None, found: list[str]) -> None:
    told = lacking_keys("master1", encryption_keys(backup), encryption_keys(host))
    assert [finding.found for finding in told] == found
    assert "YW5vdGhlcg" not in str(told)
    assert "c2VjcmV0" not in str(told)
