"""The ways that plans ship along: made when first used."""

from __future__ import annotations

from collections.abc import Collection

from core.db import write_transaction
from masterdata.models import Way
from masterdata.selectors import WayKey, load_way_ids


def ensure_ways(*, keys: Collection[WayKey]) -> dict[WayKey, int]:
    """Way → id of every way there is, after making those that are missing.

    No revision is taken and nothing is audited: a way says nothing about the company, it only names two ends.
    """
    known = load_way_ids()
    absent = sorted(set(keys) - known.keys())
    if not absent:
        return known
    with write_transaction():
        Way.objects.bulk_create(
            (
                Way(site_id=site or None, org_id=org or None, to_site_id=to_site or None, months=months)
                for site, org, to_site, months in absent
            ),
            ignore_conflicts=True,  # another plan was first
        )
    return load_way_ids()
