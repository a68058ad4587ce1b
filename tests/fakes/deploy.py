"""A user's own operations, more on one host and fewer on another, before and behind the cluster's."""

from pyinfra import host
from pyinfra.operations import server

from k8s_ha import cluster
from tests.fakes.scenario import current

scenario = current()
number = next(
    (number for name, number in scenario.own_operations.items() if scenario.inventory_name(name) == host.name), 0
)

for turn in range(number):
    server.shell(name=f"Own operation {turn}", commands=[f"own-command {turn}"])
cluster()
