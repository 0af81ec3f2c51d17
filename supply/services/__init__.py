"""Writing the supply room."""
