"""Each setting has its row: what becomes of a change on a standing cluster."""

from __future__ import annotations

import pytest

from k8s_ha.catalog.setting_changes import HOST_SETTINGS, PATCHES, SETTINGS, Change, Effect
from k8s_ha.settings import ClusterSettings, HostSettings
from k8s_ha.settings.kubeadm_patches import OWNED

ROWS = [*SETTINGS.values(), *HOST_SETTINGS.values(), *PATCHES.values()]


def test_every_setting_has_a_row_and_no_row_is_of_no_setting() -> None:
    assert list(SETTINGS) == list(ClusterSettings.model_fields)
    assert list(HOST_SETTINGS) == list(HostSettings.model_fields)
    assert sorted(PATCHES) == sorted(OWNED)


@pytest.mark.parametrize("change", [row for row in ROWS if row.is_refused], ids=str)
def test_what_is_refused_has_a_reason_and_a_way_out(change: Change) -> None:
    assert change.reason or change.effect is Effect.NEW_CLUSTER
    assert change.remedy
    assert not change.reason.endswith(".")
