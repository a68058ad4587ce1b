"""The inventory of whatever lab is up, with the settings of the source document's cluster beside it in group_data."""

from tests.lab.inventory import *  # noqa: F403 (the groups' names depend on the lab)
