"""``protector drill``: rehearsals that clean up after themselves."""
