"""How the pages become a site: ``make docs``."""

from typing import Any

from sphinx.application import Sphinx

project = "k8s_ha"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = "k8s_ha"
html_show_copyright = False
html_show_sphinx = False
smartquotes = False  # {'external': …} is to be copied
myst_heading_anchors = 4
# A model's signature would be all of its fields.
autodoc_class_signature = "separated"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
exclude_patterns = ["_build"]


def setup(app: Sphinx) -> None:
    """Have a model shown with its fields and what they mean."""
    app.connect("autodoc-process-docstring", _fields)


def _fields(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    fields = thing.model_fields if hasattr(thing, "model_fields") else {}
    lines += [f"+ ``{field}``: {row.description}" for field, row in fields.items()]
