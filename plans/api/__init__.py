"""REST of the plans."""
