"""The rows of the supply room, one module a noun."""

from supply.models.balance import AdoptedOption, BalanceRun, Bottleneck, RunBasis, Shortage, SupplyOption
from supply.models.inventory import Deviation, Disposition, PolicyReview
from supply.models.investments import Investment
from supply.models.releases import Release, ReleaseAck, ReleaseDocument
from supply.models.suppliers import AcceptedAnswer, PurchasePromise, SupplierAnswer

__all__ = [
    "AcceptedAnswer",
    "AdoptedOption",
    "BalanceRun",
    "Bottleneck",
    "Deviation",
    "Disposition",
    "Investment",
    "PolicyReview",
    "PurchasePromise",
    "Release",
    "ReleaseAck",
    "ReleaseDocument",
    "RunBasis",
    "Shortage",
    "SupplierAnswer",
    "SupplyOption",
]
