"""The sheets of master data. Importing this package registers them."""

from masterdata.importers.sheets import materials, money, resources, structure, users

__all__ = ["materials", "money", "resources", "structure", "users"]
