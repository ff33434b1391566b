"""The ``protector-sandbox`` command, and the process of one site."""
