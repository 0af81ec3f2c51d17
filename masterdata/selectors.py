"""Reading master data."""

from __future__ import annotations

from django.db.models import QuerySet

from masterdata.models import Company, Org, Product


def get_company() -> Company:
    """The company; before the first import an unsaved one with the defaults."""
    return Company.objects.first() or Company(name="")


def list_leaf_products() -> QuerySet[Product]:
    """Products without children, by code: those carry plan cells."""
    return Product.objects.filter(children=None)


def list_leaf_orgs() -> QuerySet[Org]:
    """Sales organisations without children, by code."""
    return Org.objects.filter(children=None)
