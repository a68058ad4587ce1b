"""The scenario's settings, checked as the example's are."""

from k8s_ha import check_settings
from tests.support.fakes.scenario import current as _current

k8s_ha = _current().settings

if _current().check:
    check_settings(k8s_ha)
