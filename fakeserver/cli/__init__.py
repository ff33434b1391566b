"""The ``protector-sandbox`` command, and the processes of its sites."""
