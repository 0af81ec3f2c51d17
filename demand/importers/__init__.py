"""The demand sheets: history, inputs, orders, events. Importing this package registers them."""

from demand.importers import history, rows

__all__ = ["history", "rows"]
