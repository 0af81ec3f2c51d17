"""Roles, departments and scope axes."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    SALES = "sales", _("Sales")
    MARKETING = "marketing", _("Marketing and product")
    DEMAND_LEAD = "demand_lead", _("Demand planning lead")
    PRODUCTION = "production", _("Production")
    PURCHASING = "purchasing", _("Purchasing and supply")
    SUPPLY_LEAD = "supply_lead", _("Supply planning lead")
    FINANCE = "finance", _("Finance")
    QUALITY = "quality", _("Quality")
    COORDINATOR = "coordinator", _("S&OP coordinator")
    EXECUTIVE = "executive", _("Executive")
    SUPPLIER = "supplier", _("Supplier")
    ADMIN = "admin", _("System administrator")
    API_CLIENT = "api_client", _("API client")


class Department(TextChoices):
    SALES = "sales", _("Sales")
    MARKETING = "marketing", _("Marketing")
    PRODUCTION = "production", _("Production")
    SUPPLY = "supply", _("Supply chain")
    FINANCE = "finance", _("Finance")
    QUALITY = "quality", _("Quality")
    MANAGEMENT = "management", _("Management")
    IT = "it", _("IT")
    EXTERNAL = "external", _("External")


class AttendeeLevel(TextChoices):
    """A meeting of clerks only is an anti-pattern (R-018), so the level is kept with the person."""

    CLERK = "clerk", _("Clerk")
    MANAGER = "manager", _("Manager")
    HEAD = "head", _("Head of department")
    EXECUTIVE = "executive", _("Executive")


class ScopeAxis(TextChoices):
    PRODUCT = "product", _("Product")
    ORG = "org", _("Sales organisation")
    SUPPLIER = "supplier", _("Supplier")
