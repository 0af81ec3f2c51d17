"""Launches: when they begin."""

from __future__ import annotations

from masterdata.models import Product


def find_launch_month(product: Product) -> int | None:
    """The product's own launch month, else the first of its nearest descendants that have one."""
    if product.launch_month is not None:
        return product.launch_month
    below = list(Product.objects.filter(parent=product))
    while below:
        months = [child.launch_month for child in below if child.launch_month is not None]
        if months:
            return min(months)
        below = list(Product.objects.filter(parent__in=below))
    return None
