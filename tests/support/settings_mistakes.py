"""What load_cluster refuses, for tests."""

from typing import Any

import pytest

from k8s_ha.settings import SettingsError, load_cluster
from tests.support.example_cluster import six_hosts


def mistakes(settings: dict[Any, Any], hosts: list[Any] | None = None) -> list[str]:
    """The lines that these settings and hosts, by default the document's six, are refused with."""
    with pytest.raises(SettingsError) as caught:
        load_cluster(settings, six_hosts() if hosts is None else hosts)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return caught.value.lines
