"""Make Neutron's tables in an SQLite file: run by Neutron's own Python.

    python neutron_tables.py URL

Neutron's migrations do not run on SQLite ("No support for ALTER of
constraints"); its models make the same tables.
"""

import sys

import sqlalchemy
from neutron.db.migration.models import head

head.get_metadata().create_all(sqlalchemy.create_engine(sys.argv[1]))
