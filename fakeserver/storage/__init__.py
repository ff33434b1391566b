"""The two FlashArrays: the interface the engine speaks, and an emulation."""
