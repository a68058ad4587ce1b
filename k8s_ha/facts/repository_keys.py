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

    + urls: asked one after the other, by the proxy and the certificates that yum asks with
    """

    def command(self, urls: Sequence[str]) -> str:
        return marked(read_file("yum-options.sh") + script("repository-keys.sh", KEYS=" ".join(urls)))

    def parse(self, output: list[str]) -> ServedKeys:
        values = fields(output)
        texts = [base64.b64decode(text, validate=True).decode("ascii", "replace") for text in values["key"]]
        reasons = [reason.removeprefix("curl: ") for reason in values["unfetched"]]
        return ServedKeys("\n".join(texts), reason=next(iter(reasons), None))
