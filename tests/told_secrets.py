"""pyinfra's CLI, with the join secrets of its run told to a test, so that the test can look for them.

``python -m tests.told_secrets FILE INVENTORY DEPLOY [OPTIONS]`` runs the CLI unchanged; FILE gets a line a secret.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from pyinfra_cli.main import main

from k8s_ha.run import JoinSecrets

if __name__ == "__main__":
    path = sys.argv.pop(1)
    mint = JoinSecrets.mint

    def told() -> Any:
        secrets = mint()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(f"{secrets.token}\n{secrets.token_secret}\n{secrets.certificate_key}\n")
        return secrets

    JoinSecrets.mint = staticmethod(told)
    main()
