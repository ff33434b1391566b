"""The fast shell of ``protector``."""
