"""The two FlashArrays: the interface that the engine uses, and an
emulation."""
