"""Ask both sites at once, and poll operations until they end."""
