"""Operations of a user's own, which make a host's way longer."""

from pyinfra import host
from pyinfra.operations import server

from tests.support.fakes.scenario import current


def own_operations(place: str) -> None:
    """As many as the scenario says for the current host; their command ends with ``place``."""
    numbers = {current().inventory_name(name): number for name, number in current().own_operations.items()}
    for turn in range(numbers.get(host.name, 0)):
        server.shell(name=f"Own operation {turn} {place}", commands=[f"own-command {place}"])
