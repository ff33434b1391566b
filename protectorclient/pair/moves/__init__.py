"""The actions of a pair: prepared, guarded, sent to the right site."""
