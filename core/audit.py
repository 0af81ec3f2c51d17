"""The audit trail: append-only, one hash chain per plan and one for everything else.

``record`` is called last inside the writer's transaction, after the heads of the plan: the chain's counter row
is the widest lock of a write, so it is taken latest and held shortest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.functional import Promise

from core.models import AuditChain, AuditEntry

GENESIS = "0" * 64
SYSTEM = "system"


class _AuditEncoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return force_str(o) if isinstance(o, Promise) else super().default(o)


@dataclass(frozen=True)
class BadEntry:
    """The first row of a chain that does not hold, and why."""

    chain: str
    seq: int
    entry_id: int | None
    problem: str


def record(
    *,
    chain: str,
    actor: AbstractBaseUser | None,
    verb: str,
    obj: models.Model | tuple[str, str],
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry to ``chain``: who did what to which object.

    ``verb`` reads room.noun.past, e.g. ``"cycles.step.opened"``. Raises ``RuntimeError`` outside a transaction,
    because an entry without its effect (or the reverse) would be a lie.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record must run inside the transaction of the change it records")
    object_type, object_id = (
        (obj._meta.label_lower, str(obj.pk)) if isinstance(obj, models.Model) else (obj[0], str(obj[1]))
    )
    seq = _next_seq(chain)
    previous = AuditEntry.objects.filter(chain=chain, seq=seq - 1).values_list("hash", flat=True).first()
    entry = AuditEntry(
        chain=chain,
        seq=seq,
        at=timezone.now(),
        actor_id=actor.pk if actor else None,
        actor_name=str(actor) if actor else "system",
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        detail=json.dumps(detail or {}, cls=_AuditEncoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        prev_hash=previous or GENESIS,
    )
    entry.hash = entry_hash(entry)
    entry.save(force_insert=True)
    return entry


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over the entry's fields and the hash of the entry before it."""
    parts = [
        entry.prev_hash,
        entry.chain,
        entry.seq,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.actor_name,
        entry.verb,
        entry.object_type,
        entry.object_id,
        entry.detail,
    ]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def list_chains() -> list[str]:
    """Names of all chains, in order."""
    return list(AuditChain.objects.order_by("name").values_list("name", flat=True))


def verify_chain(chain: str) -> BadEntry | None:
    """Re-compute a chain; ``None`` when every entry holds, else the first that does not."""
    previous, expected = GENESIS, 1
    for entry in AuditEntry.objects.filter(chain=chain).order_by("seq").iterator(chunk_size=2000):
        if entry.seq != expected:
            return BadEntry(chain, expected, None, f"entry {expected} is missing, {entry.seq} follows")
        if entry.prev_hash != previous:
            return BadEntry(chain, entry.seq, entry.pk, "does not continue the entry before it")
        if entry.hash != entry_hash(entry):
            return BadEntry(chain, entry.seq, entry.pk, "its content was changed")
        previous, expected = entry.hash, expected + 1
    counted = AuditChain.objects.filter(name=chain).values_list("seq", flat=True).first() or 0
    if counted != expected - 1:
        return BadEntry(chain, expected, None, f"the chain ends at {expected - 1} but counted {counted}")
    return None


def _next_seq(chain: str) -> int:
    """The next number of a chain; the row lock makes writers of one chain queue until commit."""
    table = connection.ops.quote_name(AuditChain._meta.db_table)
    with connection.cursor() as cursor:
        for _attempt in range(2):
            cursor.execute(f"UPDATE {table} SET seq = seq + 1 WHERE name = %s RETURNING seq", [chain])
            if row := cursor.fetchone():
                return row[0]
            AuditChain.objects.bulk_create([AuditChain(name=chain)], ignore_conflicts=True)
    raise RuntimeError(f"audit chain {chain!r} has no counter row")
