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
    virtual_address: syntax.Address | None = Field(
        default=None,
        description="IPv4 address that keepalived has on one of the load balancers, and takes to another where that "
        "one is gone. There are two of them at least; it is in their network, and nobody else's.",
    )
    virtual_router_id: Annotated[int, Field(strict=True, ge=1, le=255)] | None = Field(
        default=None,
        description="What tells this virtual address from others of its network. None: the address's last number.",
    )
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = Field(
        default=API_PORT,
        description="The port of this package's own balancers; another than 6443 where one is a control plane, too.",
    )
