"""The supply meeting: where it is tight, what is short in units and money, which lever until when, material risk."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from core import formats
from cycles.models import Cycle
from supply.board import SupplyBoard, load_supply_board
from supply.capability import LineCapability, list_capability
from supply.selectors.dimensions import Answer, AnswerRow, get_supply_answer
from supply.selectors.options import OptionRow, list_options

SHOWN_MONTHS = 6
MOST_LEVERS = 7
MOST_NODES = 8


@dataclass(frozen=True)
class AnswerLine:
    """A node of a tree: asked, delivered, short, and what is short in the next months."""

    row: AnswerRow
    months: tuple[int, ...]


@dataclass(frozen=True)
class SupplyReviewBoard:
    """``supply`` is the workbench's board of the same plan, so that both show the same figures."""

    supply: SupplyBoard
    months: list[str]
    products: list[AnswerLine]
    orgs: list[AnswerLine]
    levers: list[OptionRow]
    levers_total: int
    capability: list[LineCapability]
    due: int

    @property
    def trees(self) -> list[tuple[str, list[AnswerLine]]]:
        """Both trees with what they are called."""
        return [(_("Product"), self.products), (_("Region or dealer"), self.orgs)]


def load_supply_review(cycle: Cycle, user: User, wanted: str | None = None) -> SupplyReviewBoard:
    """Everything the supply meeting looks at. Levers stand in the order in which they must be decided."""
    board = load_supply_board(cycle, user=user, wanted=wanted, code=None)
    answer = get_supply_answer(board.version.pk, user=user)
    ways = [row for row in list_options(board.version.pk) if not row.in_plan and row.gain > 0]
    ways.sort(key=lambda row: (row.decide_by, -row.gain))
    return SupplyReviewBoard(
        supply=board,
        months=formats.month_heads(list(answer.months[:SHOWN_MONTHS])),
        products=_lines(answer, answer.products),
        orgs=_lines(answer, answer.orgs),
        levers=ways[:MOST_LEVERS],
        levers_total=len(ways),
        capability=list_capability(cycle),
        due=sum(row.is_due for row in ways),
    )


def _lines(answer: Answer, rows: tuple[AnswerRow, ...]) -> list[AnswerLine]:
    return [AnswerLine(row, row.by_month[:SHOWN_MONTHS]) for row in rows[:MOST_NODES]]
