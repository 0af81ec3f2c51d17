"""Closed lists of the supply room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReleaseState(TextChoices):
    PUBLISHED = "published", _("published")
    PARTLY_ACKNOWLEDGED = "partly_acknowledged", _("partly acknowledged")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    SUPERSEDED = "superseded", _("superseded")


class AckStatus(TextChoices):
    ACCEPTED = "accepted", _("accepted")
    PARTIAL = "partial", _("partly accepted")
    REJECTED = "rejected", _("rejected")


class AnswerKind(TextChoices):
    """What a supplier says to a month that is asked of it."""

    CONFIRMED = "confirmed", _("comes as asked")
    LESS = "less", _("less is possible")
    LATER = "later", _("comes later")
    MORE = "more", _("more is possible")


class RunStatus(TextChoices):
    """How good the plan of a balance is."""

    OPTIMAL = "optimal", _("optimal")
    NEAR = "near", _("near the best")  # too large to be solved exactly
    FIRST = "first", _("first plan")  # shown while the exact one is being computed


class PricingState(TextChoices):
    """How far the options of a balance are."""

    DONE = "done", _("priced")
    PRICING = "pricing", _("being priced")
    STOPPED = "stopped", _("stopped")
    FIRST = "first", _("waiting for the exact plan")


class CauseKind(TextChoices):
    """What can hold supply back."""

    RESOURCE = "resource", _("capacity")
    SUPPLIER = "supplier", _("supplier")
    LEAD_TIME = "lead_time", _("material lead time")
    TRANSIT = "transit", _("transport time")
    FENCE = "fence", _("frozen plan")
    ROUTING_LIMIT = "routing_limit", _("monthly limit")
    STORAGE = "storage", _("storage space")
    NO_ROUTE = "no_route", _("no way to the customer")
    NO_ROUTING = "no_routing", _("cannot be made")
    MARGIN = "margin", _("does not pay")


class OptionKind(TextChoices):
    """Ways out of a bottleneck."""

    OVERTIME = "overtime", _("Overtime")
    EXTRA_SHIFT = "extra_shift", _("One more shift")
    PRE_BUILD = "pre_build", _("Build ahead")
    JPH = "jph", _("Higher jobs per hour (JPH)")
    HIRE = "hire", _("More people")
    NEW_EQUIPMENT = "new_equipment", _("New equipment")
    OUTSOURCE = "outsource", _("Outsource")
    MOVE = "move", _("Move to another site")
    RAISE_SUPPLY = "raise_supply", _("Supplier raises its limit")
    SECOND_SOURCE = "second_source", _("Second supplier")
    EXPEDITE = "expedite", _("Expedite inside the lead time")
    RENT_STORAGE = "rent_storage", _("Rent storage")
    BREAK_FENCE = "break_fence", _("Change the frozen plan")
    DEFER = "defer", _("Deliver one month later")
    ALLOCATE = "allocate", _("Share out evenly between markets")
    WHAT_IF = "what_if", _("Changed settings")
    RUSH_ORDER = "rush_order", _("Rush order")


TRIED = (OptionKind.WHAT_IF, OptionKind.RUSH_ORDER)  # kept trials of people, not ways out the balance found


class DispositionKind(TextChoices):
    """What is done with slow-moving or dead stock (R-131)."""

    KEEP = "keep", _("Keep")
    REWORK = "rework", _("Rework")
    SELL = "sell", _("Sell off")
    RETURN = "return", _("Return to supplier")
    SCRAP = "scrap", _("Scrap")


class InvestmentKind(TextChoices):
    """What adds capacity for good (R-079)."""

    LINE = "line", _("New line")
    PLANT = "plant", _("New plant")
    PEOPLE = "people", _("More people")
    EQUIPMENT = "equipment", _("New equipment")
    SPACE = "space", _("More storage")


class DeviationArea(TextChoices):
    """What fell behind the plan."""

    PRODUCED = "produced", _("production")
    DELIVERED = "delivered", _("delivery")
    RECEIVED = "received", _("material arrivals")


class DeviationCause(TextChoices):
    """Root causes of last cycle's deviations (R-070)."""

    BREAKDOWN = "breakdown", _("Machine breakdown")
    MATERIAL = "material", _("Material missing")
    QUALITY = "quality", _("Quality problem")
    LABOUR = "labour", _("People missing")
    CHANGEOVER = "changeover", _("Changeover took longer")
    DEMAND = "demand", _("Demand changed")
    TRANSPORT = "transport", _("Transport delayed")
    PLANNING = "planning", _("Planning data wrong")
    OTHER = "other", _("Other cause")


class ChainKind(TextChoices):
    """A part of the main chain with a plan of its own (R-012): the first two inside, the others outside."""

    PLANT = "plant", _("Plant")
    WAREHOUSE = "warehouse", _("Warehouse")
    SUPPLIER = "supplier", _("Supplier")
    OUTSOURCING = "outsourcing", _("Outsourcing")
