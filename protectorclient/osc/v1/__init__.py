"""One module for each noun, one class for each verb."""
