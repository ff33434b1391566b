"""What tests of several rings use."""
