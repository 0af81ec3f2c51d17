"""An upload's way: staged, checked, mended, committed or discarded; exactly once, all or nothing."""

from decimal import Decimal
from functools import partial

import pytest

from core.choices import JobState
from core.errors import Conflict, Denied, GuardFailed, InvalidInput, Missing
from core.jobs import LeaseLost, fence, run_job_now
from core.models import AuditEntry
from masterdata.choices import ImportState
from masterdata.models import Company, ImportBatch, Price, Product
from masterdata.selectors import Fix, get_batch, list_findings, load_rejected
from masterdata.services import (
    check_batch,
    commit_batch,
    discard_batch,
    recheck_batch,
    save_fixes,
    stage_upload,
)
from masterdata.tasks import enqueue_check, enqueue_commit
from tests.masterdata.conftest import upload

PRICES = "product,from_month,price\nE7,2026-01,100\nE7O,2026-02,110\nB75,2026-01,-5\n"


@pytest.fixture
def coordinator(users):
    return users["coordinator"]


def stage(actor, text=PRICES, name="prices.csv"):
    return check_batch(batch=stage_upload(files=[upload(name, text)], actor=actor))


def test_a_check_stores_findings_counts_and_preview_only(cars, coordinator):
    batch = stage(coordinator)
    assert batch.state == ImportState.CHECKED
    assert [(f.row, f.column, f.code, f.suggestion) for f in list_findings(batch)] == [
        (3, "product", "unknown_code", "E7"),
        (4, "price", "below_minimum", ""),
    ]
    sheet = batch.report["sheets"][0]
    assert (sheet["rows"], sheet["rejected"], sheet["new"]) == (3, 2, 1)
    assert batch.report["preview"]["prices"][0]["cells"]["price"] == ["", "100"]
    assert load_rejected(batch)["prices"].rows == [(3, ["E7O", "2026-02", "110"]), (4, ["B75", "2026-01", "-5"])]
    assert not Price.objects.exists()


def test_errors_block_the_commit_and_nothing_changes(cars, coordinator):
    batch = stage(coordinator)
    with pytest.raises(GuardFailed) as refused:
        commit_batch(batch=batch, actor=coordinator)
    assert refused.value.code == "import_has_errors"
    batch.refresh_from_db()
    assert batch.state == ImportState.CHECKED
    assert not Price.objects.exists()
    assert Company.objects.get().revision == 0


def test_mending_cells_lets_all_rows_in(cars, coordinator):
    batch = stage(coordinator)
    fixes = [Fix("prices", 3, "product", "E7"), Fix("prices", 4, "price", "５")]
    batch = check_batch(batch=save_fixes(batch=batch, fixes=fixes, actor=coordinator))
    assert batch.report["errors"] == 0
    commit_batch(batch=batch, actor=coordinator)
    rows = Price.objects.order_by("product__code", "from_month").values_list("product__code", "price", "revision")
    assert list(rows) == [("B75", Decimal(5), 1), ("E7", Decimal(100), 1), ("E7", Decimal(110), 1)]
    verbs = AuditEntry.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == [
        "masterdata.import.staged",
        "masterdata.import.mended",
        "masterdata.import.committed",
    ]


def test_valid_rows_only_writes_them_and_nothing_else(cars, coordinator):
    batch = stage(coordinator)
    commit_batch(batch=batch, actor=coordinator, valid_rows_only=True)
    assert list(Price.objects.values_list("product__code", "price")) == [("E7", Decimal(100))]


def test_a_change_after_the_preview_stops_the_commit(cars, coordinator):
    Price.objects.create(product=Product.objects.get(code="E7"), from_month=24312, price=90)
    batch = stage(coordinator, "product,from_month,price\nE7,2026-01,100\n")
    Price.objects.update(price=95, revision=7)
    with pytest.raises(Conflict) as refused:
        commit_batch(batch=batch, actor=coordinator)
    assert refused.value.code == "import_outdated"
    assert Price.objects.get().price == 95
    batch = check_batch(batch=recheck_batch(batch=batch, actor=coordinator))
    assert batch.report["sheets"][0]["overwrites"] == 1
    assert batch.report["preview"]["prices"][0]["cells"]["price"] == ["95", "100"]
    commit_batch(batch=batch, actor=coordinator)
    assert Price.objects.get().price == 100


def test_a_closed_batch_stays_closed(cars, coordinator):
    batch = stage(coordinator, "product,from_month,price\nE7,2026-01,100\n")
    commit_batch(batch=batch, actor=coordinator)
    for act in (
        lambda: commit_batch(batch=batch, actor=coordinator),
        lambda: save_fixes(batch=batch, fixes=[], actor=coordinator),
        lambda: recheck_batch(batch=batch, actor=coordinator),
    ):
        with pytest.raises(GuardFailed):
            act()
    assert discard_batch(batch=batch, actor=coordinator).state == ImportState.COMMITTED
    assert Price.objects.count() == 1


def test_an_overtaken_check_stores_nothing(cars, coordinator):
    batch = stage_upload(files=[upload("prices.csv", PRICES)], actor=coordinator)
    old = ImportBatch.objects.get(pk=batch.pk)
    recheck_batch(batch=batch, actor=coordinator)
    assert check_batch(batch=old).state == ImportState.UPLOADED


@pytest.mark.parametrize(
    ("name", "code"),
    [("prices.pdf", "unknown_file_type"), ("prices", "unknown_file_type")],
)
def test_other_files_are_refused(cars, coordinator, name, code):
    with pytest.raises(InvalidInput) as refused:
        stage_upload(files=[upload(name, "x")], actor=coordinator)
    assert refused.value.code == code
    assert not ImportBatch.objects.exists()


def test_who_may_not_import_leaves_no_trace(cars, users):
    with pytest.raises(Denied):
        stage_upload(files=[upload("prices.csv", PRICES)], actor=users["sales"])
    assert not ImportBatch.objects.exists()
    assert not AuditEntry.objects.exists()


def test_users_are_imported_by_the_administrator_only(cars, users):
    text = "username,role,name,products\nlin,sales,Lin Mei,E7;B75\n"
    batch = stage(users["coordinator"], text, "users.csv")
    assert [(f.sheet, f.code) for f in list_findings(batch)] == [("users", "sheet_not_allowed")]
    batch = stage(users["admin"], text, "users.csv")
    commit_batch(batch=batch, actor=users["admin"])
    lin = type(users["admin"]).objects.get(username="lin")
    assert (lin.role, lin.display_name, lin.has_usable_password()) == ("sales", "Lin Mei", False)
    assert sorted(lin.scopes.values_list("axis", "code")) == [("product", "B75"), ("product", "E7")]


def test_foreign_batches_look_missing(cars, users):
    batch = stage(users["coordinator"])
    with pytest.raises(Missing):
        get_batch(batch_id=batch.pk, user=users["finance"])


def test_jobs_check_and_commit(cars, coordinator):
    batch = stage_upload(files=[upload("prices.csv", PRICES)], actor=coordinator)
    run_job_now(enqueue_check(batch=batch, actor=coordinator))
    batch.refresh_from_db()
    assert batch.report["errors"] == 2
    job = run_job_now(enqueue_commit(batch=batch, actor=coordinator, valid_rows_only=True))
    assert (job.state, job.result["state"]) == (JobState.DONE, ImportState.COMMITTED)
    assert Price.objects.count() == 1


def test_a_commit_that_lost_its_lease_writes_nothing(cars, coordinator):
    batch = stage(coordinator, "product,from_month,price\nE7,2026-01,100\n")
    job = enqueue_commit(batch=batch, actor=coordinator)  # not claimed, so not ours
    with pytest.raises(LeaseLost):
        commit_batch(batch=batch, actor=coordinator, fence=partial(fence, job))
    batch.refresh_from_db()
    assert batch.state == ImportState.CHECKED
    assert not Price.objects.exists()
