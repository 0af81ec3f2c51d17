"""Reading across rooms for the home page."""
