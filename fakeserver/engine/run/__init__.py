"""An operation while it runs: steps, rollback, commit, clean-up."""
