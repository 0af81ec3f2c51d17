"""Edits at any level, as planners, sheets and other systems send them: judged, split to leaves, saved as one batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core.errors import AppError, Conflict, Denied, InvalidInput
from plans.choices import SaveMode, Source, SpreadRule, VersionKind
from plans.hierarchy import Hierarchy, Node, load_hierarchy
from plans.measures import get_measure
from plans.models import Version
from plans.policies import can_edit_measure, can_edit_node
from plans.selectors.heads import get_version
from plans.services.batches import Note, Origin, find_replay
from plans.services.cells import save_cells
from plans.services.edits import APPLIED, CONFLICT, REFUSED, CellEdit, Outcome, SaveResult, Theirs, Value, check_edits
from plans.services.spreads import SpreadPreview, preview_spread

_RETRIES = 3


@dataclass(frozen=True)
class EditRequest:
    """One figure at a product node and an org node of any level, in smallest units.

    ``base`` is the figure the writer saw there, compared unless ``checked`` is false. ``spread`` names the rule for a
    node above the leaves.
    """

    measure: str
    product: Node
    org: Node
    month: int
    after: Value
    base: Value = None
    checked: bool = True
    spread: str = SpreadRule.CURRENT
    note: Note = field(default_factory=Note)


@dataclass(frozen=True)
class Planned:
    """What a request comes to: cell edits, or the reason why not. ``preview`` is there for a node above the leaves."""

    edits: tuple[CellEdit, ...] = ()
    refusal: Outcome | None = None
    preview: SpreadPreview | None = None


def save_requests(
    *,
    version_id: int,
    requests: Sequence[EditRequest],
    actor: User,
    mode: str = SaveMode.PARTIAL,
    source: str = Source.GRID,
    idem_key: str | None = None,
    fingerprint: str = "",
    refused: Mapping[int, Outcome] | None = None,
) -> SaveResult:
    """Save figures of any level as one batch; an outcome per request.

    Rights, scope, locks, bounds and bases are judged one by one: ``partial`` saves what may be saved,
    ``all_or_nothing`` raises ``Conflict`` with the outcomes when anything may not. Raises ``Denied`` when the actor may
    write none of it, ``Frozen``, and ``InvalidInput`` when the key was used for a request of another ``fingerprint``.
    A leaf that somebody edits while a total is being split makes the split start again. ``refused`` are outcomes the
    caller knows already, by position. Audit verb ``plans.cells.saved``.
    """
    first = find_replay(Origin(actor, source, idem_key))
    if first is not None:
        return _replay(first.pk, json.loads(first.result), fingerprint)
    version, hierarchy = get_version(version_id), load_hierarchy()
    for attempt in range(_RETRIES + 1):
        planned = _Planner(version, hierarchy, actor).plan(requests, refused or {})
        edits = [edit for plan in planned for edit in plan.edits]
        if not edits or (mode == SaveMode.ALL_OR_NOTHING and any(plan.refusal for plan in planned)):
            return _refuse(requests, planned, mode)

        def answer(result: SaveResult, planned: Sequence[Planned] = planned) -> SaveResult:
            return _fold(requests, planned, result)

        try:
            result = save_cells(
                version_id=version_id,
                edits=edits,
                actor=actor,
                mode=mode,
                source=source,
                idem_key=idem_key,
                answer=answer,
                fingerprint=fingerprint,
            )
        except Conflict:
            if attempt == _RETRIES or not any(plan.preview for plan in planned):
                raise
            continue
        if result.batch_id is not None or attempt == _RETRIES or not _is_split_race(planned, result):
            return result
    raise AssertionError("the loop returns or raises")


class _Planner:
    """Turns requests into cell edits. Requests on one node share one split."""

    def __init__(self, version: Version, hierarchy: Hierarchy, actor: User) -> None:
        self.version, self.hierarchy, self.actor = version, hierarchy, actor
        self.scope = get_scope(actor)

    def plan(self, requests: Sequence[EditRequest], refused: Mapping[int, Outcome]) -> list[Planned]:
        planned = {index: Planned(refusal=outcome) for index, outcome in refused.items()}
        above: dict[tuple[str, Node, Node, str], dict[int, EditRequest]] = {}
        for index, request in enumerate(requests):
            if index in planned:
                continue
            try:
                leaf = self._place(request)
            except AppError as error:
                planned[index] = _refusal(error)
                continue
            if leaf is not None:
                planned[index] = leaf
            else:
                node = (request.measure, request.product, request.org, request.spread)
                above.setdefault(node, {})[index] = request
        for group in above.values():
            planned.update(self._split(group))
        return [planned[index] for index in range(len(requests))]

    def _place(self, request: EditRequest) -> Planned | None:
        """A leaf's edit; ``None`` for a node above the leaves. Raises ``AppError`` for what may not be."""
        measure = get_measure(request.measure)
        if measure.editable and not can_edit_measure(self.actor, measure, self.version):
            raise Denied(_("Your role may not edit %(measure)s here.") % {"measure": measure.label})
        product, org = self.hierarchy.products.id_of(request.product), self.hierarchy.orgs.id_of(request.org)
        if not can_edit_node(self.scope, self.hierarchy, product, org):
            raise Denied(_("This is outside of your area."), code="outside_scope")
        is_trial = self.version.kind == VersionKind.SCENARIO
        if measure.needs_reason and not is_trial and request.after is not None and not request.note.reason:
            raise InvalidInput(
                _("%(measure)s takes no figure without a reason; choose one and name the evidence.")
                % {"measure": measure.label},
                code="reason_required",
            )
        edit = CellEdit(request.measure, product or 0, org or 0, request.month, request.after, request.base,
                        request.checked, note=request.note)  # fmt: skip
        check_edits(self.version, [edit])
        return Planned((edit,)) if self.hierarchy.is_leaf(product, org) else None

    def _split(self, group: Mapping[int, EditRequest]) -> dict[int, Planned]:
        """Requests on one node, month by month, from one preview; when that fails, each by itself."""
        request = next(iter(group.values()))
        try:
            preview = preview_spread(
                version_id=self.version.pk,
                measure=request.measure,
                product=request.product,
                org=request.org,
                totals={request.month: request.after for request in group.values()},
                rule=request.spread,
                hierarchy=self.hierarchy,
            )
        except AppError as error:
            if len(group) == 1:
                return dict.fromkeys(group, _refusal(error))
            return {index: self._split({index: single})[index] for index, single in group.items()}
        return {index: _compare(index, single, preview) for index, single in group.items()}


def _compare(index: int, request: EditRequest, preview: SpreadPreview) -> Planned:
    """The leaves' edits of one total, provided the node still reads what the writer saw."""
    now = preview.base_total(request.month)
    if request.checked and request.base != now:
        return Planned(refusal=Outcome(CONFLICT, now, "conflict", Theirs(now)), preview=preview)
    return Planned(tuple(preview.edits(note=request.note, group=index, months=[request.month])), preview=preview)


def _is_split_race(planned: Sequence[Planned], result: SaveResult) -> bool:
    """Whether a leaf was edited between the split of a total and its saving."""
    return any(
        plan.preview is not None and plan.refusal is None and outcome.status == CONFLICT
        for plan, outcome in zip(planned, result.outcomes, strict=True)
    )


def _refusal(error: AppError) -> Planned:
    return Planned(refusal=Outcome(REFUSED, None, error.code, message=str(error.message)))


def _refuse(requests: Sequence[EditRequest], planned: Sequence[Planned], mode: str) -> SaveResult:
    """Nothing is saved: the outcomes, as an answer or as the error the caller's mode asks for."""
    result = _fold(requests, planned, SaveResult(None, 0, tuple(_untouched(planned))))
    codes = {outcome.code for outcome in result.outcomes if outcome.status == REFUSED}
    if codes and codes <= {"denied", "outside_scope"} and len(codes) and not result.applied and not result.conflicts:
        raise Denied(_("You may not edit any of these cells."), details=result.as_json())
    if mode == SaveMode.PARTIAL:
        return result
    raise Conflict(_("Some cells cannot be saved. Nothing was changed."), details=result.as_json())


def _untouched(planned: Sequence[Planned]) -> list[Outcome]:
    return [Outcome(REFUSED, edit.base, "not_saved") for plan in planned for edit in plan.edits]


def _fold(requests: Sequence[EditRequest], planned: Sequence[Planned], result: SaveResult) -> SaveResult:
    """One outcome per request out of one per cell."""
    cells = iter(result.outcomes)
    outcomes = []
    for request, plan in zip(requests, planned, strict=True):
        own = [next(cells) for _edit in plan.edits]
        if plan.refusal is not None:
            outcomes.append(plan.refusal)
        elif plan.preview is None:
            outcomes.append(own[0])
        else:
            outcomes.append(_of_leaves(request, plan, own))
    return replace(result, outcomes=tuple(outcomes))


def _of_leaves(request: EditRequest, plan: Planned, leaves: Sequence[Outcome]) -> Outcome:
    """A total is applied when all its leaves are; else it fails as the first leaf that did on its own account."""
    failed = [leaf for leaf in leaves if leaf.status != APPLIED and leaf.code != "group_refused"]
    if not failed:
        total = request.after if request.after is not None else sum(leaf.value or 0 for leaf in leaves) or None
        return Outcome(APPLIED, total)
    now = plan.preview.base_total(request.month) if plan.preview else None
    first = failed[0]
    if first.status == CONFLICT and first.theirs is not None:
        moved = sum((leaf.value or 0) - (edit.base or 0) for leaf, edit in zip(leaves, plan.edits, strict=True)
                    if leaf.status == CONFLICT)  # fmt: skip
        return Outcome(CONFLICT, (now or 0) + moved, "conflict", replace(first.theirs, value=(now or 0) + moved))
    return Outcome(first.status, now, first.code, message=first.message)


def _replay(batch_id: int, stored: Mapping[str, Any], fingerprint: str) -> SaveResult:
    if fingerprint and stored.get("fingerprint", fingerprint) != fingerprint:
        raise InvalidInput(
            _("This Idempotency-Key was used for another request. Take a new key for a new request."),
            code="idempotency_key_reused",
        )
    return SaveResult.of_json(batch_id, stored)
