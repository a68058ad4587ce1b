"""When a host booted last, and which packages came since."""

from __future__ import annotations

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.last_boot import NEED_A_BOOT, LastBoot
from k8s_ha.untrusted import whole_number


class LastBootFact(ParsedFact[LastBoot]):
    """A host's last boot; None where it could not be read."""

    def command(self) -> str:
        return marked(script("last-boot.sh", SINCE=" ".join(NEED_A_BOOT)))

    def parse(self, output: list[str]) -> LastBoot:
        values = fields(output)
        told = {key: next(iter(values.get(key, ())), "") for key in ("boot", "machine", "booted", "now")}
        booted, now = whole_number(told["booted"]), whole_number(told["now"])
        if booted is None or now is None or not told["boot"]:
            raise ValueError("it does not tell when it booted")
        installed: dict[str, int] = {}
        for line in values.get("installed", ()):
            moment, _, name = line.partition(" ")
            came = whole_number(moment)
            if came is not None and name in NEED_A_BOOT:
                # Several kernels are installed at once: the last that came counts.
                installed[name] = max(came, installed.get(name, 0))
        return LastBoot(told["boot"], booted, now, told["machine"], installed)
