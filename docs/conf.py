"""How the pages become a site: ``make docs``."""

project = "k8s_ha"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "k8s_ha"
html_show_copyright = False
html_show_sphinx = False
myst_heading_anchors = 4
exclude_patterns = ["_build"]
