"""Closed lists of the plan store."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class VersionKind(TextChoices):
    ACTUALS = "actuals", _("Actuals")
    WORKING = "working", _("Working plan")
    SCENARIO = "scenario", _("Scenario")
    APPROVED = "approved", _("Approved plan")


class VersionState(TextChoices):
    OPEN = "open", _("open")
    FROZEN = "frozen", _("frozen")
    EXPIRED = "expired", _("expired")


class AxisKind(TextChoices):
    """What the two key columns of an axis are; the second is 0 where there is only one."""

    PRODUCT_ORG = "product_org", _("product × sales organisation")
    PRODUCT_SITE = "product_site", _("product × site")
    RESOURCE = "resource", _("resource")
    MATERIAL = "material", _("material × site")
    PRODUCT_WAY = "product_way", _("product × way")
    PRODUCT_TREE = "product_tree", _("product tree")
    ORG_TREE = "org_tree", _("sales organisation tree")


class Unit(TextChoices):
    QUANTITY = "quantity", _("quantity")
    MONEY = "money", _("money")
    HOURS = "hours", _("hours")


class FreezeKind(TextChoices):
    """The four frozen pictures of a cycle, in their order."""

    DEMAND = "D", _("Demand plan")
    SUPPLY = "S", _("Supply plan")
    PRE_SOP = "P", _("Pre-read")
    APPROVED = "A", _("Approved plan")


class MoveKind(TextChoices):
    COMPACT = "compact", _("compaction")
    PUBLISH = "publish", _("calculation")
    IMPORT = "import", _("import")
    PATCH = "patch", _("bulk edit")
    FREEZE = "freeze", _("freezing")
    REFRESH = "refresh", _("refresh")


FOLDINGS = (MoveKind.COMPACT, MoveKind.FREEZE)  # moves that change no number


class Source(TextChoices):
    """Where a batch came from."""

    GRID = "grid", _("grid")
    PASTE = "paste", _("paste")
    SPREAD = "spread", _("spread")
    IMPORT = "import", _("import")
    API = "api", _("API")
    JOB = "job", _("calculation")
    DECISION = "decision", _("decision")
    MERGE = "merge", _("merge")
    UNDO = "undo", _("undo")
    SYSTEM = "system", _("system")


class SaveMode(TextChoices):
    PARTIAL = "partial", _("partial")
    ALL_OR_NOTHING = "all_or_nothing", _("all or nothing")


class SpreadRule(TextChoices):
    CURRENT = "current", _("as it is split now")
    BASELINE = "baseline", _("as the statistical forecast")
    HISTORY = "history", _("as the last twelve months sold")
    EQUAL = "equal", _("equally")
    TAKE_RATE = "take_rate", _("by take rate")


class PublishPolicy(TextChoices):
    STRICT = "strict", _("stop when somebody edited meanwhile")
    KEEP_NEWER = "keep_newer", _("keep edits made meanwhile")
