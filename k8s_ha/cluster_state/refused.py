"""What cannot be, as a reason that a function raises."""

from __future__ import annotations


class Refused(Exception):
    """Its text is a phrase each: what was found, the rule, the way out."""

    def __init__(self, found: str, rule: str, remedy: str) -> None:
        super().__init__(f"{found}; {rule}; {remedy}")
        self.found, self.rule, self.remedy = found, rule, remedy
