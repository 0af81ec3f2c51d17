"""Text on its way into a sheet that a spreadsheet program will open."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """The text, quoted when a spreadsheet would run it as a formula. Numbers stay numbers and do not come here."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
