"""Which balance a plan stands on and whether it still holds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.formats import moment, number
from masterdata.models import Material, Org, Product, Resource, Site, label_of
from masterdata.selectors import get_company, get_master_mark
from plans.models import Version
from plans.selectors import get_heads, get_version, has_moved, keep_figures
from supply import measures as m
from supply.choices import RunStatus
from supply.models import BalanceRun
from supply.selectors.adopted import list_adopted
from supply.wording import Names, say_finding


@dataclass(frozen=True)
class Remark:
    """A finding on the inputs in words."""

    severity: str
    code: str
    text: str


@dataclass(frozen=True)
class DataState:
    """The data-currency line of the page: which run is shown and why it may be out of date.

    ``reasons`` is empty while the run is current; without a run it says what is missing.
    """

    run: BalanceRun | None
    reasons: tuple[str, ...]
    remarks: tuple[Remark, ...]

    @property
    def is_current(self) -> bool:
        """Whether the plan shown is the answer to the inputs as they are now."""
        return self.run is not None and not self.reasons

    @property
    def quality(self) -> str:
        """In words how near the best the plan is; empty where nothing was proven."""
        return _quality(self.run) if self.run is not None else ""

    @property
    def status_line(self) -> str:
        """``optimal, 14.2 s, 09:41``."""
        if self.run is None:
            return _("not balanced yet")
        return _("%(status)s, %(seconds)s s, %(when)s") % {
            "status": _("optimal") if self.run.status == RunStatus.OPTIMAL else _within(self.run),
            "seconds": f"{self.run.seconds:.1f}",
            "when": moment(self.run.finished_at),
        }


def _quality(run: BalanceRun) -> str:
    """How far the plan can be trusted to be the best: by a second solver, or by its proven distance."""
    if run.status == RunStatus.NEAR:
        return _("plan within %(share)s %% of the best possible, proven") % {"share": number(100 * run.gap, 2)}
    disagrees = any(finding["code"] == "solvers_disagree" for finding in run.findings)
    if run.status != RunStatus.OPTIMAL or not run.check_name or disagrees:
        return ""
    return _("best plan, confirmed by a second solver")


def _within(run: BalanceRun) -> str:
    return _("within %(share)s %% of the best") % {"share": number(100 * run.gap, 2)}


def get_latest_run(version_id: int) -> BalanceRun | None:
    """The last balance of a plan; a scenario not balanced itself shows its parent's."""
    run = BalanceRun.objects.filter(version_id=version_id).select_related("version").first()
    if run is not None:
        return run
    parent = Version.objects.filter(pk=version_id).values_list("parent_id", flat=True).first()
    return get_latest_run(parent) if parent else None


def get_data_state(version_id: int) -> DataState:
    """Whether demand, master data or adopted options changed since the last balance."""
    run = get_latest_run(version_id)
    if run is None:
        return DataState(None, (_("The plan has not been balanced yet."),), ())
    reasons = []
    if run.status == RunStatus.FIRST:
        reasons.append(_("This is a first plan, %(gap)s. The exact one replaces it.") % {"gap": _within(run)})
    if run.version_id != version_id and list_adopted(get_version(version_id)).exists():
        reasons.append(_("The scenario has not been balanced since it took its options."))
    if _has_demand_moved(run, version_id):
        reasons.append(_("Consensus demand changed."))
    if get_company().revision != run.master_data_revision:
        reasons.append(_("Master data changed."))
    if run.version_id == version_id and _adopted_since(run):
        reasons.append(_("An option was taken into the plan."))
    names = load_names()
    remarks = tuple(
        Remark(f["severity"], f["code"], say_finding(f["code"], names(f["key"]), f["values"])) for f in run.findings
    )
    return DataState(run, tuple(reasons), remarks)


def _has_demand_moved(run: BalanceRun, version_id: int) -> bool:
    """Compares the heads read with those of now; a scenario on its parent's run counts what it changed itself."""
    now = get_heads(version_id=version_id, measures=[m.CONSENSUS])
    if run.version_id == version_id:
        return any(
            has_moved(head_id=read["id"], since_rev=read["rev"], since_epoch=read["epoch"], now=now[code])
            for code, read in run.input_heads.items()
        )
    return any(ref.rev > 0 for ref in now.values())


def _adopted_since(run: BalanceRun) -> bool:
    return list_adopted(run.version).filter(adopted_at__gt=run.finished_at).exists()


def load_names() -> Names:
    """Code → name, in the reader's language, of everything a cause or option may mention."""
    return keep_figures(("names", get_language()), {}, get_names_mark(), make=_read_names)


def get_names_mark() -> Hashable:
    """Changes with the names of anything."""
    return get_master_mark(Org, Site, Product, Material, Resource)


def _read_names() -> Names:
    found: dict[str, str] = {}
    for model in (Org, Site, Product, Material, Resource):
        rows = model.objects.values_list("code", "name", "name_zh")
        found |= {code: label_of(name, name_zh) for code, name, name_zh in rows}
    return Names(found, dict(Resource.objects.values_list("code", "kind")))
