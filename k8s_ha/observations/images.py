"""What registries answer who asks for an image."""

from __future__ import annotations

from typing import Final

AVAILABLE: Final = "200"
MISSING: Final = "404"
"""HTTP statuses; a registry that answers otherwise tells nothing of the image."""
