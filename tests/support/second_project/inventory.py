"""Hosts in groups that this project named."""

from where import GROUPS as _groups

masters, nodes, balancers, people = (
    [(name, data) for name, data in _groups[group]] for group in ("masters", "nodes", "balancers", "people")
)
