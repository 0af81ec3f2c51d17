"""The sheets of a company as other systems write them: every sheet, every column, rows that fit together."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Mapping
from pathlib import Path

import xlsxwriter

Rows = list[dict[str, str]]

# sheet → columns; required ones with a star. This is what ERP exports are written against: nothing may leave it.
SHEETS = {
    "products": "code* name* parent level uom decimals launch_month end_month predecessor",
    "orgs": "code* name* parent level currency",
    "history": "product* org* month* quantity* revenue",
    "calendar": "month* working_days* start end",
    "sites": "code* name* kind storage_units",
    "lanes": "site* org* unit_cost lead_time_days",
    "resources": "code* name* site* kind* jph shifts_per_day hours_per_shift efficiency max_shifts_per_day "
    "max_overtime_share regular_cost_per_hour overtime_cost_per_hour extra_shift_cost_per_month lead_time_months "
    "headcount hours_per_person_month wage_per_person_month hire_cost layoff_cost overtime_hours_per_person_month",
    "capacity": "resource* month* available_hours lost_hours reason",
    "routings": "product* site* resource* hours_per_unit min_lot max_per_month",
    "materials": "code* name* supplier unit_cost lead_time_days core min_order uom shelf_life_days",
    "suppliers": "code* name* email",
    "bom": "product* component* quantity_per* take_rate",
    "material_supply": "material* month* max_quantity*",
    "open_purchases": "material* arrival_month* quantity* promised_date order",
    "inventory": "item* site* quantity* produced_on requested_by reason",
    "orders": "order* product* org* quantity* due_date* line customer kind priority custom status",
    "prices": "product* from_month* price* org currency",
    "costs": "product* from_month* site material_cost labour_cost overhead_cost outsourcing_cost "
    "holding_rate_per_year shortage_cost production_cost holding_cost_per_month setup_cost",
    "exchange_rates": "currency* month* rate*",
    "targets": "kind* month* product org quantity revenue profit version",
    "policies": "product* site fulfilment service_level safety_stock_days max_stock_days frozen_months slushy_months "
    "flex_capacity_pct flex_material_pct initial_stock end_stock max_stock_units",
    "inputs": "stream* product* org* month* quantity* reason",
    "events": "code* kind* from_month* to_month product org uplift_pct uplift_quantity price_change_pct owner note",
    "actuals": "month* product org site produced delivered delivered_on_time returned purchase_receipts_due "
    "purchase_receipts_on_time",
    "users": "username* role* name email department products orgs language",
}
DEMAND_SHEET = (
    "product* org* month* quantity* kind priority price backorder backorder_cost_per_month shortage_cost "
    "backlog_end_allowed"
)

# One row that fills every column of a sheet; further rows only where the first refers to them.
_TABLES: dict[str, list[str]] = {
    "products": [
        "S6-SPORT | S6 运动版 | S6 | model | unit | 1 | 2024-01 | 2030-12 | S5 | LONG-RANGE",
        "S6 | S6 family | | family | | | | | |",
        "S5 | S5 | S6 | model | unit | 1 | | 2025-12 | | STANDARD",
    ],
    "orgs": ["NORTH | 华北 | CN | region | CNY", "CN | China | | company | CNY"],
    "history": ["S6-SPORT | NORTH | 2026-04 | 1,234.5 | 123,450.25", "S6-SPORT | NORTH | 2026-05 | 1200 | 120000"],
    "calendar": ["2026-06 | 21 | 2026-06-01 | 2026-06-30", "2026-07 | 22.5 | 2026-07-01 | 2026-07-31"],
    "sites": ["PLANT | Plant | plant | 5000", "HUB | Hub | warehouse | 900"],
    "lanes": ["PLANT | NORTH | 600 | 5"],
    "resources": [
        "LINE | Line | PLANT | line | 5 | 2 | 7.5 | 0.8 | 3 | 0.2 | 100 | 150 | 90000 | 2 | | | | | |",
        "TEAM | Team | PLANT | labour | | | | | | | | | | | 40 | 160 | 6000 | 900 | 1200 | 20",
    ],
    "capacity": ["LINE | 2026-06 | 320 | 60 | maintenance"],
    "routings": ["S6-SPORT | PLANT | LINE | 0.2 | 10 | 2000"],
    "materials": ["CELL | Cell | SUP | 20000 | 10 | yes | 50 | set | 180"],
    "suppliers": ["SUP | Supplier | sales@example.com"],
    "bom": ["S6-SPORT | CELL | 1 | 0.9"],
    "material_supply": ["CELL | 2026-06 | 1500"],
    "open_purchases": ["CELL | 2026-06 | 300 | 2026-06-12 | PO-7"],
    "inventory": ["S6-SPORT | PLANT | 120 | 2026-02-11 | Wang Fang | safety for the spring fair"],
    "orders": ["SO-1 | S6-SPORT | NORTH | 30 | 2026-06-20 | 10 | Harbour Cars | customer | 1 | yes | open"],
    "prices": ["S6-SPORT | 2026-01 | 120,000 | NORTH | CNY"],
    "costs": ["S6-SPORT | 2026-01 | PLANT | 80000 | 12000 | 8000 | 95000 | 0.1 | 500 | 101000 | 40 | 3000"],
    "exchange_rates": ["EUR | 2026-06 | 7.85"],
    "targets": ["budget | 2026-06 | S6 | CN | 1300 | 150000000 | -2500000 | v1"],
    "policies": ["S6-SPORT | PLANT | MTS | 0.95 | 12 | 60 | 1 | 3 | 5.6 | 11.1 | 10 | 20 | 400"],
    "inputs": ["sales | S6-SPORT | NORTH | 2026-06 | 1000 | key customers asked"],
    "events": ["EV-1 | promotion | 2026-06 | 2026-07 | S6-SPORT | NORTH | 5 | 40 | -2 | Li Yue | summer fair"],
    "actuals": ["2026-05 | S6-SPORT | NORTH | PLANT | 900 | 880 | 870 | 2 | 12 | 11"],
    "users": ["wang | sales | Wang Fang | wang@example.com | sales | S6 | NORTH | zh-hans"],
}
_EXTRA = {"products": ["attr_powertrain"]}
CHINESE = {
    "product": "产品",
    "org": "区域",
    "month": "月份",
    "quantity": "数量",
    "revenue": "销售额",
    "code": "编码",
    "name": "名称",
    "parent": "上级",
    "level": "层级",
    "site": "工厂",
    "resource": "产线",
    "material": "物料",
    "price": "价格",
    "from_month": "起始月份",
    "working_days": "工作日",
    "supplier": "供应商",
    "lead_time_days": "提前期",
    "due_date": "交货日期",
    "reason": "原因",
}


def columns_of(sheet: str) -> list[str]:
    """Names without stars, attributes included."""
    return [name.rstrip("*") for name in SHEETS[sheet].split()] + _EXTRA.get(sheet, [])


def rows_of(sheet: str) -> Rows:
    """The rows of a sheet by column."""
    names = columns_of(sheet)
    return [dict(zip(names, [cell.strip() for cell in line.split("|")], strict=True)) for line in _TABLES[sheet]]


def write_folder(
    folder: Path, *, encoding: str = "utf-8", seed: int = 0, header: Mapping[str, str] | None = None
) -> Path:
    """All sheets as CSV files, columns in an order of their own, headers by ``header`` where it names them."""
    folder.mkdir(parents=True, exist_ok=True)
    order = random.Random(seed)
    for sheet in SHEETS:
        names = columns_of(sheet)
        order.shuffle(names)
        with (folder / f"{sheet}.csv").open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([(header or {}).get(name, name) for name in names])
            writer.writerows([[row[name] for name in names] for row in rows_of(sheet)])
    return folder


def write_workbook(path: Path) -> Path:
    """The same as one workbook with real dates, numbers and texts."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for sheet in SHEETS:
            page = book.add_worksheet(sheet)
            page.write_row(0, 0, columns_of(sheet))
            for number, row in enumerate(rows_of(sheet), start=1):
                for position, (name, text) in enumerate(row.items()):
                    if text and name.endswith(("month", "_on", "_date")) and "per_" not in name:
                        date = dt.datetime.fromisoformat(text if len(text) > 7 else f"{text}-01")
                        page.write_datetime(number, position, date, day)
                    elif text.replace(",", "").replace(".", "").lstrip("-").isdigit():
                        page.write_number(number, position, float(text.replace(",", "")))
                    elif text:
                        page.write_string(number, position, text)
    return path


def full_width(text: str) -> str:
    """``1,234.5`` as a Chinese keyboard types it."""
    return text.translate({ord(half): chr(ord(half) + 0xFEE0) for half in "0123456789,."})
