"""What a person sees while operations run."""
