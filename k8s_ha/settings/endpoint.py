"""Where nodes and users reach the API: at this package's own balancers, or at one that somebody else runs."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from k8s_ha.catalog.control_plane import API_PORT
from k8s_ha.settings import syntax


class EndpointSettings(BaseModel):
    """The form of the control-plane endpoint; without ``external`` it is this package's own nginx."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    external: syntax.Endpoint | None = Field(
        default=None,
        description="HOST:PORT of a TCP load balancer that somebody else runs, an address or a DNS name. Nothing is "
        "built there, and the inventory has no load balancer.",
    )
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = Field(
        default=API_PORT,
        description="The port of this package's own balancers; another than 6443 where one is a control plane, too.",
    )
