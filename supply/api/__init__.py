"""REST of the supply room."""
