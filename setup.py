"""Everything about the package stands in setup.cfg."""

import setuptools

setuptools.setup()
