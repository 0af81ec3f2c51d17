"""Frozen pictures: the same code, measure and filter give the same number, whenever and to whomever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Scope
from core.errors import Missing
from plans import codec
from plans.choices import FreezeKind
from plans.cubes import Axis, Cube
from plans.hierarchy import Hierarchy, Tree, load_hierarchy
from plans.measures import get_measure
from plans.models import Block, Snapshot, StoredAxis
from plans.selectors.blocks import Tail, fetch_block, load_axis, load_block
from plans.selectors.rollups import NodePair, NodeTotals, sum_nodes
from plans.selectors.state import State, overlay_states

SHORT_CODE = 12


@dataclass(frozen=True)
class SnapshotFinding:
    """Something in a snapshot that is not as it was frozen."""

    part: str
    problem: str


def get_snapshot(code: str) -> Snapshot:
    """By whole code or by the short form printed under figures. Raises ``Missing``."""
    found = list(Snapshot.objects.select_related("version__cycle", "invalidation").filter(code__startswith=code)[:2])
    if len(code) < SHORT_CODE or len(found) != 1:
        raise unknown_snapshot(code)
    return found[0]


def unknown_snapshot(code: str) -> Missing:
    """The refusal of a code that is not there, or not the reader's to see: the same words for both."""
    return Missing(_("There is no snapshot %(code)s.") % {"code": code}, code="unknown_snapshot")


def list_snapshots(*, version_id: int | None = None, cycle_id: int | None = None) -> list[Snapshot]:
    """Snapshots of a plan or of a cycle, oldest first, invalidated ones among them."""
    found = Snapshot.objects.select_related("invalidation").order_by("at")
    if version_id is not None:
        found = found.filter(version_id=version_id)
    return list(found if cycle_id is None else found.filter(version__cycle_id=cycle_id))


def get_valid_snapshot(*, version_id: int, kind: str) -> Snapshot | None:
    """The snapshot of a kind that still stands for a plan."""
    found = Snapshot.objects.filter(version_id=version_id, kind=FreezeKind(kind), invalidation__isnull=True)
    return found.order_by("-at").first()


def get_latest_snapshot(kind: str) -> Snapshot:
    """The newest snapshot of a kind, of any plan, that still stands. Raises ``Missing``."""
    found = Snapshot.objects.filter(kind=FreezeKind(kind), invalidation__isnull=True).order_by("-at").first()
    if found is None:
        label = FreezeKind(kind).label
        raise Missing(_("There is no frozen “%(kind)s” yet.") % {"kind": label}, code="nothing_frozen")
    return found


def load_manifest(snapshot: Snapshot) -> dict[str, Any]:
    """The manifest as it was hashed."""
    manifest: dict[str, Any] = json.loads(snapshot.manifest)
    return manifest


def load_snapshot_state(snapshot: Snapshot, measure: str) -> State:
    """The frozen numbers of a measure. Raises ``Missing`` when it is not in the snapshot."""
    blocks = load_manifest(snapshot)["measures"]
    stored = get_measure(measure).stored
    absent = [code for code in stored if code not in blocks]
    if absent:
        raise Missing(
            _("Snapshot %(code)s does not hold %(measure)s.")
            % {"code": snapshot.code[:SHORT_CODE], "measure": measure},
            code="not_in_snapshot",
        )
    states = [State(load_block(blocks[code]), Tail.empty(), blocks[code]) for code in stored]
    return states[0] if len(states) == 1 else overlay_states(*states)


def load_snapshot_measure(*, code: str, measure: str, months: range | None = None) -> Cube:
    """The frozen cube of a measure, overlays composed."""
    return load_snapshot_state(get_snapshot(code), measure).cube(months=months)


def load_snapshot_hierarchy(snapshot: Snapshot) -> Hierarchy:
    """The trees of the day, under today's codes; a node's numbers do not move when the node later does."""
    shas, today = load_manifest(snapshot)["hierarchy"], load_hierarchy()
    return Hierarchy(
        Tree.of_axis(load_axis(shas["products"])).named_like(today.products),
        Tree.of_axis(load_axis(shas["orgs"])).named_like(today.orgs),
    )


def load_snapshot_nodes(
    *, code: str, measure: str, nodes: Sequence[NodePair], months: range | None = None, scope: Scope | None = None
) -> NodeTotals:
    """Frozen numbers of tree nodes, by the trees of the day they were frozen."""
    snapshot = get_snapshot(code)
    return sum_nodes(
        load_snapshot_state(snapshot, measure),
        nodes,
        hierarchy=load_snapshot_hierarchy(snapshot),
        months=months,
        scope=scope,
        additive=get_measure(measure).additive,
    )


def verify_snapshot(*, code: str) -> list[SnapshotFinding]:
    """Hash everything again from the stored bytes; an empty list means that it is as it was frozen."""
    snapshot, findings = get_snapshot(code), []
    if hashlib.sha256(snapshot.manifest.encode()).hexdigest() != snapshot.code:
        findings.append(SnapshotFinding("manifest", "does not hash to the snapshot's code"))
    manifest = load_manifest(snapshot)
    axes = set(manifest["hierarchy"].values())
    for measure, sha in manifest["measures"].items():
        axis = Block.objects.filter(pk=sha).values_list("axis_id", flat=True).first()
        if axis is None:
            findings.append(SnapshotFinding(measure, "its block is missing"))
            continue
        axes.add(axis)
        if (problem := _block_problem(sha)) is not None:
            findings.append(SnapshotFinding(measure, problem))
    findings += [
        SnapshotFinding(f"axis {sha[:SHORT_CODE]}", text) for sha in sorted(axes) if (text := _axis_problem(sha))
    ]
    return findings


def _block_problem(sha: str) -> str | None:
    try:
        cube = fetch_block(sha)
    except Exception as error:  # whatever the damaged bytes provoke
        return f"its block cannot be read: {error}"
    return None if codec.block_sha(cube) == sha else "its numbers do not hash to the block's address"


def _axis_problem(sha: str) -> str | None:
    row = StoredAxis.objects.filter(pk=sha).values_list("kind", "data").first()
    if row is None:
        return "is missing"
    try:
        axis = Axis(row[0], codec.expand_keys(row[1]))
    except Exception as error:
        return f"cannot be read: {error}"
    return None if axis.sha == sha else "does not hash to its address"
