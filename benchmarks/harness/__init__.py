"""How figures are measured, kept and shown."""
