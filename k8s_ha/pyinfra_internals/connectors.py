"""What a pyinfra connector is made of, the one thing that pyinfra asks packages for before it connects."""

from __future__ import annotations

from pyinfra.connectors.base import BaseConnector

__all__ = ["BaseConnector"]
