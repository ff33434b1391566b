"""Run an operation: steps, commit, rollback, clean-up."""
