"""Evidence: what a drill, a move or a plan has done, as files that last."""
