"""Closed lists of the demand room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stream(TextChoices):
    """A named source of demand (R-043). The code is the ``stream`` column of the sheet *inputs*."""

    SALES = "sales", _("Sales forecast")
    MARKETING = "marketing", _("Market activities")
    PRODUCT = "product", _("New products")
    CHANNEL = "channel", _("Dealer orders")
    ORDERS = "orders", _("Orders in hand")
    STOCK_BUILDING = "stock_building", _("Stock-building orders")
    FINANCE_VIEW = "finance_view", _("Finance view")


class OrderKind(TextChoices):
    CUSTOMER = "customer", _("Customer order")
    CHANNEL = "channel", _("Dealer order")
    STOCK = "stock", _("Stock-building order")


class OrderStatus(TextChoices):
    OPEN = "open", _("open")
    CONFIRMED = "confirmed", _("confirmed")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")


class DealerOrders(TextChoices):
    """How dealer orders and the customer orders behind them count as one (R-043)."""

    LARGER = "larger", _("the larger of both sums")
    LINKED = "linked", _("both, less the customer orders that dealer orders name")


class RollKind(TextChoices):
    """What becomes of the forecast of a closed month that nobody ordered."""

    DROP = "drop", _("dropped")
    KEEP = "keep", _("kept in the next month")


class FlexSource(TextChoices):
    """Where an edge of the flex band comes from (R-055)."""

    MEASURED = "measured", _("measured")
    DECLARED = "declared", _("declared")
    STANDARD = "standard", _("standard")


class FlexGap(TextChoices):
    """What is missing to measure a family's flex band."""

    ERROR = "error", _("no forecast error is measured yet")
    PRICE = "price", _("no price or unit cost is known")
    COST = "cost", _("no labour or holding cost is known")


class Granularity(TextChoices):
    """How finely the near zone is shown."""

    MONTH = "month", _("Month")
    WEEK = "week", _("Week")
    DAY = "day", _("Day")


class NoteKind(TextChoices):
    """What a remark at a cell is: beside plain remarks the two soft sources of demand (R-043)."""

    REMARK = "remark", _("Remark")
    MARKET = "market", _("Market trend")
    CUSTOMER = "customer", _("Customer feedback")


class EventKind(TextChoices):
    """What kind of activity moves demand (R-031, R-032)."""

    PROMOTION = "promotion", _("Promotion")
    PRICE = "price", _("Price strategy")
    NPD = "npd", _("New product")
    NEW_CLIENT = "new_client", _("New client")
    PHASE_OUT = "phase_out", _("Phase-out")
    HOLIDAY = "holiday", _("Holiday")
    EXTERNAL = "external", _("External event")
    OTHER = "other", _("Other")


class EffectReason(TextChoices):
    """What the last forecast made of an activity and why; the ``why`` of ``ForecastRun.events``."""

    LEARNT = "learnt", _("learnt from history: it lowered the back-test error")
    DECLARED = "declared", _("as declared: no history to learn from")
    RAMP = "ramp", _("demand runs down to zero")
    PAST = "past", _("over: it only explains the history")
    NO_GAIN = "no_gain", _("left out: it did not lower the back-test error")
    RUNNING = "running", _("left out: the latest sales already show it")
    NOTHING_SAID = "nothing_said", _("left out: no effect is declared and there is no history to learn from")
    NO_SERIES = "no_series", _("left out: nothing is forecast where it acts")


class OverrideReason(TextChoices):
    """Why a planner departs from the proposal. An override without one is refused (R-053)."""

    ASSUMPTION = "assumption", _("Assumption changed")
    CUSTOMER = "customer", _("Customer information")
    ORDER_MOVED = "order_moved", _("Order moved")
    ORDERS = "orders", _("Raised to the orders in hand")
    PROMOTION = "promotion", _("Promotion or market activity")
    PRICE = "price", _("Price change")
    LAUNCH = "launch", _("Launch or phase-out")
    DATA_ERROR = "data_error", _("Error in the data")
    REVIEW = "review", _("Agreed in the demand review")
    RESTORED = "restored", _("Earlier figure restored")


class DeviationCause(TextChoices):
    """Why the closed month came out differently from its forecast (R-040)."""

    MARKET = "market", _("The market moved")
    COMPETITOR = "competitor", _("A rival acted")
    PROMOTION = "promotion", _("Promotion or market activity")
    PRICE = "price", _("Price change")
    TIMING = "timing", _("Order moved to another month")
    STOCK = "stock", _("Dealer stock-building not sold through")
    SUPPLY = "supply", _("Could not be delivered")
    LAUNCH = "launch", _("Launch or phase-out")
    NO_EVIDENCE = "no_evidence", _("Override without evidence")
    MODEL = "model", _("The statistical model missed it")
    DATA_ERROR = "data_error", _("Error in the data")


class AssumptionState(TextChoices):
    ACTIVE = "active", _("holds")
    AT_RISK = "at_risk", _("at risk")
    BROKEN = "broken", _("broken")
    CONFIRMED = "confirmed", _("confirmed")
    EXPIRED = "expired", _("expired")


class TriggerKind(TextChoices):
    """What is measured to see whether an assumption holds: sales of the closed month at its product and region."""

    SHARE_MIN = "share_min", _("sales at least … % of forecast")
    SHARE_MAX = "share_max", _("sales at most … % of forecast")
    UNITS_MIN = "units_min", _("sales at least … units a month")
    UNITS_MAX = "units_max", _("sales at most … units a month")


class OutlierVerdict(TextChoices):
    """What to do with a month of history that looks odd."""

    KEEP = "keep", _("keep: it is real")
    REPLACE = "replace", _("replace: it will not come back")


class RuleKind(TextChoices):
    """How the consensus proposal is made before people override it."""

    BASELINE = "baseline", _("Statistical baseline")
    SALES = "sales", _("Sales forecast where given, else baseline")
    WEIGHTED = "weighted", _("Mean of sales forecast and baseline, weighted by accuracy")
