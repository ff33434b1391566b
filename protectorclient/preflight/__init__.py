"""What the checks are made of: facts, judgements, findings."""
