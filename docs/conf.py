"""The documentation: Sphinx with MyST, built without warnings, served by the portal under /help/."""

project = "Open ZTF science data system"
author = "The open ZTF science data system developers"
copyright = "2026, the open ZTF science data system developers"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Raw frames in, a searchable archive out", "fixed_sidebar": True}
html_favicon = "../static/portal/icon.svg"
html_static_path = ["_static"]
# The search box would need a script within the page, which the portal's policy forbids.
html_sidebars = {"**": ["about.html", "navigation.html"]}
html_copy_source = False
