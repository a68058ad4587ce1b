"""`python -m tests.lab.build`: fill the cache for all flavours and say where everything is."""

import dataclasses
import sys

from . import BuildError, build
from .hosts import FLAVOURS

try:
    for name, place in dataclasses.asdict(build(FLAVOURS)).items():
        print(f"{name}: {place}")
except BuildError as error:
    sys.exit(f"error: {error}")
