"""Reading the supply room."""
