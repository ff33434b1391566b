"""The Sphinx configuration."""

import importlib.metadata
import pathlib
import sys

# the tables of the tests are printed, too
sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "ext"))

project = "python-protectorclient"
author = "the python-protectorclient developers"
copyright = author
release = importlib.metadata.version("python-protectorclient")
version = release

extensions = ["cliff.sphinxext", "sphinx.ext.autodoc", "tables"]
nitpicky = False

html_theme = "alabaster"
html_theme_options = {
    "description": "Failover between two OpenStack sites",
    "page_width": "60em",
}
html_static_path: list[str] = []

autoprogram_cliff_application = "openstack"
# the same for every command, and told once, above the list of them
autoprogram_cliff_ignored = [
    "--help",
    "--format",
    "--column",
    "--noindent",
    "--prefix",
    "--max-width",
    "--fit-width",
    "--print-empty",
    "--quote",
    "--sort-column",
    "--sort-ascending",
    "--sort-descending",
]
autodoc_member_order = "bysource"
autodoc_typehints = "description"

# options are written with two hyphens, and have to be copied with two
smartquotes = False
