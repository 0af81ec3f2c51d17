"""What every row of master data shares."""

from typing import Any

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import get_language

MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 4}
QUANTITY: dict[str, Any] = {"max_digits": 18, "decimal_places": 6}


def label_of(name: str, name_zh: str) -> str:
    """Choose between two names by the active language; selectors that read values use it too."""
    return name_zh if name_zh and (get_language() or "").startswith("zh") else name


def or_none(name: str) -> Coalesce:
    """An optional foreign key inside a unique constraint: two empty ones are equal, on every database.

    SQL holds nulls for different from each other; no row ever has the id 0.
    """
    return Coalesce(name, 0)


class Revised(models.Model):
    """A row that knows the master data revision which wrote it last.

    Writers take the next ``Company.revision`` by a conditional update first, so revisions are in commit order:
    "everything after revision n" misses nothing, which ids and timestamps cannot promise.
    """

    revision = models.BigIntegerField(default=0, db_index=True, editable=False)

    class Meta:
        abstract = True


class Company(models.Model):
    """The one company of this database: its currency and the decimals its quantities are kept with."""

    name = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, default="CNY")
    currency_decimals = models.PositiveSmallIntegerField(default=2)
    quantity_decimals = models.PositiveSmallIntegerField(default=0)
    revision = models.BigIntegerField(default=0)  # of the master data; see Revised
    aged_after_months = models.FloatField(default=3)  # unsold for longer: aged stock; a policy may differ
    value_loss_pct_per_month = models.FloatField(default=2)  # of the cost of aged stock, per month beyond
    slow_cover_days = models.PositiveSmallIntegerField(default=180)  # stock that lasts longer is slow-moving

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return label_of(self.name, self.name_zh)


class Coded(Revised):
    """A thing with an external code and a name, optionally also in Chinese. Pages show ``label``."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(Revised.Meta):
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return label_of(self.name, self.name_zh)
