"""The scenario's hosts, on pyinfra's @fake connector with the simulation behind it."""

from pyinfra.api import Host as _Host
from pyinfra.connectors import fake as _fake

from tests.support.fakes.connector import SimulatedConnector as _SimulatedConnector
from tests.support.fakes.scenario import current as _current

# pyinfra looks the class up by this name when the inventory is read; the connector's own answers cannot depend on what
# ran before, see no stdin, and do not know their host.
_fake.FakeConnector = _SimulatedConnector

_scenario = _current()
_positions = {_scenario.inventory_name(host): position for position, host in enumerate(_scenario.order)}

# pyinfra takes hosts up as a set yields them; small numbers come out of a set in ascending order.
_Host.__hash__ = lambda host: _positions[host.name]
globals().update(
    {group: [_scenario.inventory_host(host) for host in hosts] for group, hosts in _scenario.groups.items()}
)
