"""REST: rows of master data and imports."""
