"""The lab: lookalike Enterprise Linux hosts in containers, on a network of their own (see README.md)."""


class LabError(Exception):
    """What stops a lab command; the text is one sentence for the person who typed it."""
