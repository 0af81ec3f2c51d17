"""``manage.py export_plan [SNAPSHOT] --format csv|xlsx|parquet PATH``: the frozen plan, whole, and nothing else."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from plans.services import freeze_version, reopen_version

FIELDS = ["measure", "product", "org", "site", "resource", "material", "month", "value", "unit"]


@pytest.fixture
def frozen(world):
    """Consensus 0 … 19 at the twenty leaves, 70 at A1 × n1; the demand plan and then the whole plan frozen."""
    world.publish("proposal", np.arange(20)[:, None])
    world.save(world.edit("consensus", "A1", "n1", 70))
    world.publish("constrained", 3)
    freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    return freeze_version(version_id=world.version.pk, kind="A", actor=world.actor)


def export(*words) -> str:
    out = io.StringIO()
    call_command("export_plan", *map(str, words), stdout=out)
    return out.getvalue()


def test_without_a_snapshot_the_approved_plan_as_csv(world, frozen, tmp_path):
    path = tmp_path / "plan.csv"
    assert frozen in export("--format", "csv", path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == FIELDS
    figures = {(r["measure"], r["product"], r["org"], r["month"]): float(r["value"]) for r in rows}
    assert figures["consensus", "A1", "n1", "2026-07"] == 70
    assert figures["consensus", "A1", "n1", "2026-08"] == 0
    assert figures["consensus", "B2", "s2", "2027-06"] == 19
    constrained = [value for (measure, *_), value in figures.items() if measure == "constrained"]
    assert constrained == [3.0] * 20 * 12
    assert len(figures) == len(rows)


@pytest.mark.parametrize("words", ["{code} --format csv {path}", "--format csv {code} {path}", "{code} {path}"])
def test_a_snapshot_by_its_short_code_wherever_the_option_stands(world, frozen, tmp_path, words):
    whole, path = tmp_path / "whole.csv", tmp_path / "plan.csv"
    export("--format", "csv", whole)
    export(*words.format(code=frozen[:12], path=path).split())
    assert path.read_bytes() == whole.read_bytes()


def test_the_workbook_has_a_sheet_a_measure_with_the_months_across(world, frozen, tmp_path):
    path = tmp_path / "plan.xlsx"
    export("--format", "xlsx", path)
    book = pd.read_excel(path, sheet_name=None, engine="calamine")
    assert {"consensus", "constrained"} <= set(book)
    sheet = book["consensus"].set_index(["product", "org"])
    assert list(sheet.columns) == [
        "unit",
        *(f"2026-{m:02d}" for m in range(7, 13)),
        *(f"2027-0{m}" for m in range(1, 7)),
    ]
    assert sheet.loc[("A1", "n1"), "2026-07"] == 70
    assert sheet["2026-08"].sum() == sum(range(20))


def test_parquet_holds_the_rows_of_the_csv(world, frozen, tmp_path):
    export("--format", "parquet", tmp_path / "plan.parquet")
    export("--format", "csv", tmp_path / "plan.csv")
    columns = pd.read_parquet(tmp_path / "plan.parquet")
    text = pd.read_csv(tmp_path / "plan.csv", keep_default_na=False)
    assert list(columns.columns) == FIELDS
    pd.testing.assert_frame_equal(columns, text, check_dtype=False)


def test_a_draft_is_never_exported(world, tmp_path):
    world.publish("proposal", 5)
    code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    path = tmp_path / "plan.csv"
    with pytest.raises(CommandError, match=f"no frozen “Approved plan” yet.*{code[:12]}"):
        export("--format", "csv", path)
    assert not path.exists()
    export(code, "--format", "csv", path)  # named, a frozen step may be
    assert path.exists()


def test_an_invalidated_approval_is_not_the_latest(world, frozen, tmp_path):
    reopen_version(version_id=world.version.pk, kind="D", actor=world.actor, reason="A market fell away")
    with pytest.raises(CommandError, match="no frozen"):
        export("--format", "csv", tmp_path / "plan.csv")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["0123456789ab", "--format", "csv", "plan.csv"], "no snapshot 0123456789ab"),
        (["plan.docx"], "say which format"),
        (["a", "b", "plan.csv"], "too many words"),
        (["--format", "csv", "no/such/folder/plan.csv"], "cannot be written"),
    ],
)
def test_faults_are_sentences(world, frozen, tmp_path, words, fault):
    with pytest.raises(CommandError, match=fault):
        export(*words[:-1], tmp_path / words[-1])
