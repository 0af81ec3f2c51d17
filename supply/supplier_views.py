"""The supplier's portal and purchasing's page of all suppliers. Each also takes its own forms."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_actor
from core.errors import InvalidInput, Missing
from core.numbers import parse_quantity
from masterdata.reports import download
from masterdata.selectors import get_company
from supply.answer_sheet import asked_csv, asked_workbook, read_answers
from supply.api.suppliers import read_scenario
from supply.boards.suppliers import load_portal_board, load_suppliers_board
from supply.planning_views import read_date, read_month, run_command
from supply.selectors.supplier_plan import get_supplier_plan
from supply.services.accepting import accept_answer, try_answer
from supply.services.answers import CellWord, DateWord, answer_cells, confirm_open, promise_purchases

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST = 10**17


class SupplierForms(LoginRequiredMixin, View):
    """A page whose forms run commands."""

    def apply(self, command: Callable[[User], str], *, right: str) -> HttpResponse:
        return run_command(self.request, command, right=right)


class PortalPage(SupplierForms):
    """What is asked of me, what changed, until when must I answer, what did I say?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, query = get_actor(request), request.GET
        require(user, "material.edit")
        try:
            board = load_portal_board(
                user=user,
                supplier=query.get("supplier", ""),
                material=query.get("material", ""),
                wanted=query.get("q", "")[:60],
            )
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        return render(request, "supply/portal.html", {"board": board})

    def post(self, request: HttpRequest) -> HttpResponse:
        commands: dict[str, Callable[[User], str]] = {
            "confirm": self._confirm,
            "promise": self._promise,
            "upload": self._upload,
        }
        return self.apply(commands.get(request.POST.get("do", ""), self._answer), right="material.edit")

    def _answer(self, user: User) -> str:
        """One form a material: a row of fields for each month, those without an answer are left as they are."""
        form = self.request.POST
        names = ("month", "kind", "quantity", "date", "note")
        rows = zip(*(form.getlist(name) for name in names), strict=False)
        words = [
            CellWord(
                material=form.get("material", ""),
                month=read_month(month),
                kind=kind,
                quantity=_units(quantity),
                date=read_date(day) if day.strip() else None,
                note=note,
            )
            for month, kind, quantity, day, note in rows
            if kind
        ]
        if not words:
            raise InvalidInput(_("Choose an answer for at least one month."), code="no_answers")
        return _say_kept(len(answer_cells(release=_release(form), words=words, actor=user)))

    def _confirm(self, user: User) -> str:
        form = self.request.POST
        return _say_kept(len(confirm_open(release=_release(form), materials=form.getlist("material"), actor=user)))

    def _promise(self, user: User) -> str:
        form = self.request.POST
        number = form.get("purchase", "")
        if not number.isdecimal() or len(number) > 15:
            raise Missing(_("There is no such purchase on its way."), code="unknown_purchase")
        word = DateWord(int(number), read_date(form.get("date", "")), form.get("note", ""))
        moved = promise_purchases(words=[word], actor=user)
        return _("The new date is kept; the next balance expects it then.") if moved else _("It has that date already.")

    def _upload(self, user: User) -> str:
        upload = self.request.FILES.get("file")
        if upload is None:
            raise InvalidInput(_("Choose the sheet to bring back."), code="no_file")
        release, words = read_answers(upload)
        return _say_kept(len(answer_cells(release=release, words=words, actor=user)))


class PortalFile(LoginRequiredMixin, View):
    """What is asked as a workbook or CSV, to be filled in and brought back."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = get_actor(request)
        require(user, "material.edit")
        try:
            plan = get_supplier_plan(user=user, supplier=request.GET.get("supplier", ""))
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        name = f"answers_release_{plan.release.number}"
        if request.GET.get("format") == "csv":
            return download(asked_csv(plan), f"{name}.csv", "text/csv; charset=utf-8")
        return download(asked_workbook(plan), f"{name}.xlsx", _XLSX)


class SuppliersPage(SupplierForms):
    """What were suppliers asked, what did they answer, who is short, what goes into the plan?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = get_actor(request)
        require(user, "plan.read")
        board = load_suppliers_board(user=user, supplier=request.GET.get("supplier", ""))
        return render(request, "supply/suppliers.html", {"board": board})

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.apply(self._accept, right="supplier.accept")

    def _accept(self, user: User) -> str:
        form = self.request.POST
        number, wanted = form.get("answer", ""), form.get("scenario", "")
        answer = int(number) if number.isdecimal() and len(number) < 16 else 0
        if not wanted:
            accept_answer(answer_id=answer, actor=user)
            return _("The answer is the supplier's limit now; the next balance counts with it.")
        scenario, _job, _limit = try_answer(answer_id=answer, actor=user, scenario_id=read_scenario(wanted))
        return _("The scenario “%(name)s” counts with it; it is being balanced.") % {"name": scenario.name}


def _release(form: Any) -> int:
    text = form.get("release", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _units(text: str) -> Decimal | None:
    if not text.strip():
        return None
    decimals = get_company().quantity_decimals
    return Decimal(parse_quantity(text, decimals=decimals, maximum=_LARGEST)).scaleb(-decimals)


def _say_kept(count: int) -> str:
    return ngettext("%(n)s answer is kept.", "%(n)s answers are kept.", count) % {"n": count}
