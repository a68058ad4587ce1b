"""The keys of repositories, as a host gets them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from k8s_ha.desired.yum import ServedKeys
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.resources import read_file


class RepositoryKeys(ParsedFact[ServedKeys]):
    """What stands at URLs of public keys.

    + logins: whether ``login_lines`` stand on stdin
    + urls: asked one after the other, by the proxy and the certificates that yum asks with
    """

    def command(self, urls: Sequence[str], logins: bool = False) -> str:
        values = {"KEYS": " ".join(urls), "LOGINS": "yes" if logins else ""}
        return marked(read_file("yum-options.sh") + script("repository-keys.sh", **values))

    def parse(self, output: list[str]) -> ServedKeys:
        values = fields(output)
        texts = [base64.b64decode(text, validate=True).decode("ascii", "replace") for text in values["key"]]
        reasons = [reason.removeprefix("curl: ") for reason in values["unfetched"]]
        return ServedKeys("\n".join(texts), reason=next(iter(reasons), None))
