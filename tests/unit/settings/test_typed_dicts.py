"""The settings' types for editors and type checkers are those that the models take."""

from __future__ import annotations

from functools import reduce
from operator import or_
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from k8s_ha.catalog.credentials import Credentials
from k8s_ha.catalog.mirrors import PROFILES, MirrorSettings, ProfileName
from k8s_ha.settings import ClusterSettings, ClusterSettingsDict, HostSettings, HostSettingsDict
from k8s_ha.settings.backup import BackupSettings
from k8s_ha.settings.endpoint import EndpointSettings
from k8s_ha.settings.typed_dicts import BackupSettingsDict, CredentialsDict, EndpointSettingsDict, MirrorSettingsDict
from tests.support.settings_schema import OF_THE_INVENTORY

DICTS: dict[type[BaseModel], Any] = {
    ClusterSettings: ClusterSettingsDict,
    EndpointSettings: EndpointSettingsDict,
    MirrorSettings: MirrorSettingsDict,
    Credentials: CredentialsDict,
    BackupSettings: BackupSettingsDict,
    HostSettings: HostSettingsDict,
}

DEFAULTS_OF_THE_INVENTORY = {"address"}


def settings_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """A model's fields, without those that only the inventory gives."""
    given = OF_THE_INVENTORY if model is HostSettings else set()
    return {name: field for name, field in model.model_fields.items() if name not in given}


def taken(model: type[BaseModel], name: str) -> Any:
    """The type of what a setting may be given as; validators that take more than the field's own type say so."""
    validators = [item for item in model.model_fields[name].metadata if isinstance(item, BeforeValidator)]
    declared = [item.json_schema_input_type for item in validators]
    own = get_type_hints(model)[name]
    return written(next((kind for kind in declared if kind is not PydanticUndefined), own))


def written(kind: Any) -> Any:
    """A type with a plain dict in the place of each model."""
    if kind in DICTS:
        return DICTS[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (None, Literal):
        return kind
    plain = tuple(written(one) for one in inner)
    return reduce(or_, plain) if origin in (Union, UnionType) else origin[plain]


@pytest.mark.parametrize("model", DICTS, ids=lambda model: model.__name__)
def test_names_and_types_are_the_models(model: type[BaseModel]) -> None:
    assert get_type_hints(DICTS[model]) == {name: taken(model, name) for name in settings_of(model)}


@pytest.mark.parametrize("model", DICTS, ids=lambda model: model.__name__)
def test_the_order_is_the_models(model: type[BaseModel]) -> None:
    assert list(get_type_hints(DICTS[model])) == list(settings_of(model))


@pytest.mark.parametrize("model", DICTS, ids=lambda model: model.__name__)
def test_what_must_be_given_is_what_has_no_default(model: type[BaseModel]) -> None:
    required = {name for name, field in settings_of(model).items() if field.is_required()}
    of_inventory = DEFAULTS_OF_THE_INVENTORY if model is HostSettings else set()
    assert DICTS[model].__required_keys__ == required - of_inventory


def test_a_mirrors_names_are_those_of_the_profiles() -> None:
    assert get_args(ProfileName) == tuple(PROFILES)
