"""The part of the road where hosts wait for each other, for hosts that are otherwise ready."""

from pyinfra import host
from pyinfra.operations import server

import k8s_ha
from tests.fakes.scenario import current

own = {current().inventory_name(name): number for name, number in current().own_operations.items()}

for turn in range(own.get(host.name, 0)):
    server.shell(name=f"Own operation {turn}", commands=["own-command"])
k8s_ha.control_plane()
k8s_ha.workers()
