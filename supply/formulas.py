"""How the figures of the supply pages are worked out: the help texts of their headings."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FORMULAS: dict[str, str | Promise] = {
    "days": _("Stock walked forward through the demand of the months that follow, each with its calendar days."),
    "days_limit": _("Most days of the product's policy, 90 where none is given."),
    "money_bound": _("Units beyond the limit × cost per unit, in the worst month."),
    "stock_value": _("Units × cost per unit: material, labour and overhead of the month."),
    "short": _("Demand less what is delivered in its month."),
    "margin_lost": _("Units short × (price − cost per unit)."),
    "age": _("Months since production; a month's make is half a month old at its end. The oldest leave first."),
    "value_loss": _("Cost × loss a month × months beyond the age limit, at most all of it."),
    "material_days": _("Stock on hand walked forward through planned use at the outer flex band."),
    "material_short": _("What a month lacks even when every order that can still arrive is placed."),
    "material_excess": _("Stock and open orders beyond the days that count as slow, × cost per unit."),
    "tail": _("Products beyond the ones that bring 80 per cent of the family's volume."),
    "tail_volume": _("Volume of the products in the tail ÷ volume of the family."),
    "units_each": _("Volume ÷ months ÷ active products."),
    "changeovers": _("Products planned on the line in a month less one, on average over the months with work."),
    "units_a_run": _("Units made on the line ÷ runs; a product planned in a month is one run."),
    "peak": _("The month with the highest load ÷ available."),
    "peak_need": _("Load less what is available in the worst month."),
    "units_relieved": _(
        "Units a month that find no capacity now and would find it then: ≤ hours added ÷ hours per unit."
    ),
    "gain_a_month": _("Units a month more × margin per unit − fixed cost a month."),
    "break_even_months": _("Investment ÷ gain a month."),
    "break_even_units": _("Months to break-even × units a month more."),
    "begin_by": _("First month that is overloaded less the lead time."),
    "safety_proposal": _("Forecast error over the time to replenish at the service level ÷ demand a day."),
    "safety_effect": _("Difference in days × demand a day × cost per unit."),
    "option_units": _("Units delivered with the option less units delivered without: the whole plan is solved again."),
    "option_gain": _("Profit with the option less profit without, its cost taken off: the whole plan is solved again."),
    "decide_by": _("First day the option works less its lead time, not before the plan begins."),
    "revenue_lost": _("Units short × price."),
}
