"""How the documentation is built."""

import importlib.metadata

project = "python-protectorclient"
author = "the python-protectorclient developers"
copyright = author
release = importlib.metadata.version("python-protectorclient")
version = release

extensions = ["cliff.sphinxext", "sphinx.ext.autodoc"]
nitpicky = False

html_theme = "alabaster"
html_theme_options = {
    "description": "Failover between two OpenStack sites",
    "page_width": "60em",
}
html_static_path: list[str] = []

autoprogram_cliff_application = "openstack"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
