"""A history with something to find in it, on top of the small car maker."""

import numpy as np

from core.months import format_month
from demand.services import EventTerms, add_event
from masterdata.models import Product
from tests.demand.world import MONTH, World, import_sheets
from tests.factories import make_user

SEASON = (1.0, 0.6, 1.0, 1.0, 1.1, 1.0, 0.8, 1.0, 1.1, 1.2, 1.2, 1.3)
CAMPAIGNS = (-31, -23, -16, -9, -4)
PRICE_CUT = -14  # from then on 10 % cheaper: the season apart, E7 sells 20 % more


def tell_story(world: World) -> World:
    """E7 at BJ with a season, five campaigns of +25 %, a price cut; one odd month and one jump in the last month."""
    rng = np.random.default_rng(5)
    lines = ["product,org,month,quantity,revenue"]
    for offset in range(-36, 0):
        units = 1000 * SEASON[(MONTH + offset) % 12] * rng.lognormal(0, 0.02)
        units *= 1.25 if offset in CAMPAIGNS else 1
        units *= 1.2 if offset >= PRICE_CUT else 1
        price = 900 if offset >= PRICE_CUT else 1000
        lines.append(f"E7,BJ,{format_month(MONTH + offset)},{round(units)},{round(units) * price}")
        odd = {-20: 90, -1: 8}.get(offset, 40)
        lines.append(f"S6,GZ,{format_month(MONTH + offset)},{odd},{odd * 500}")
    import_sheets(world.folder / "story", history="\n".join(lines) + "\n")
    lead = make_user("demand_lead")
    e7 = Product.objects.get(code="E7")
    for offset in CAMPAIGNS:
        month = MONTH + offset
        add_event(terms=EventTerms("promotion", month, month, product=e7, uplift_pct=20.0, note="Fair"), actor=lead)
    return world
