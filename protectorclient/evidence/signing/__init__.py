"""Ed25519 keys in PEM files, and signatures that openssl checks."""
