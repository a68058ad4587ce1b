"""`python -m tests.lab.build [LINE…]`: fill the cache for all flavours and these lines, and say where everything is."""

import dataclasses
import sys

from . import BuildError, Contents, build
from .hosts import FLAVOURS

try:
    for name, place in dataclasses.asdict(build(FLAVOURS, Contents(tuple(sys.argv[1:])))).items():
        print(f"{name}: {place}")
except BuildError as error:
    sys.exit(f"error: {error}")
