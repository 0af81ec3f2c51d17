"""Uploads and small companies for the import tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from masterdata.models import Company, Org, Product

PRODUCTS = "code,name,parent,level\nALL,All cars,,company\nE7,Sedan E7,ALL,model\nB75,Wagon B75,ALL,model\n"
ORGS = "code,name,parent,level,currency\nGROUP,Group,,company,CNY\nNORTH,North,GROUP,region,\n"


def upload(name: str, text: str | bytes) -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def cars(db) -> Company:
    """A company with two products and one region below the top."""
    top = Product.objects.create(code="ALL", name="All cars", level="company")
    Product.objects.create(code="E7", name="Sedan E7", parent=top, level="model")
    Product.objects.create(code="B75", name="Wagon B75", parent=top, level="model")
    group = Org.objects.create(code="GROUP", name="Group", level="company", currency="CNY")
    Org.objects.create(code="NORTH", name="North", parent=group, level="region")
    return Company.objects.create(name="Group", currency="CNY")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Write sheets as CSV files: ``folder(products="code,name\\n…")``."""

    def write(**sheets: str) -> Path:
        for name, text in sheets.items():
            (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        return tmp_path

    return write
