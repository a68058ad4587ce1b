"""pyinfra's CLI, with the join secrets of its run told to a test, so that the test can look for them.

``TOLD_SECRETS=FILE python -m tests.support.told_secrets INVENTORY DEPLOY [OPTIONS]`` runs the CLI unchanged; FILE gets
a line a secret.
"""

from __future__ import annotations

import os
from typing import Any

from k8s_ha.run import JoinSecrets

VARIABLE = "TOLD_SECRETS"


def tell() -> None:
    """Have the secrets that this process makes written to the file that ``TOLD_SECRETS`` names, where it does."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    create = JoinSecrets.create

    def reported() -> Any:
        secrets = create()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(f"{secrets.token}\n{secrets.token_secret}\n{secrets.certificate_key}\n")
        return secrets

    JoinSecrets.create = staticmethod(reported)


if __name__ == "__main__":
    from pyinfra_cli.main import main  # it patches the standard library, which whoever imports this module may not want

    tell()
    main()
