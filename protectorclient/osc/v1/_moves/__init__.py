"""What may stand before and behind a move: a sync, probes, a comparison."""
