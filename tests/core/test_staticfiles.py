"""Front-end libraries come from wheels; production names are hashed and scripts find each other."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template import Context, Template

from core.staticfiles import VENDOR_FILES, HashedStaticFiles, VendorFinder, vendor_path


@pytest.mark.parametrize("name", VENDOR_FILES)
def test_every_vendor_file_is_in_an_installed_wheel(name):
    assert vendor_path(name).stat().st_size > 1000
    assert finders.find(name) == str(vendor_path(name))


def test_nothing_else_of_the_wheels_is_published():
    listed = [path for path, _storage in VendorFinder().list(None)]
    assert listed == list(VENDOR_FILES)
    assert not any(path.endswith(".map") for path in listed)
    assert finders.find("vendor/../package_data/datasets/tips.csv.gz") is None
    assert finders.find("vendor/bootstrap.css") is None


def test_the_storage_opens_what_the_finder_lists():
    for path, storage in VendorFinder().list(["*.mjs"]):
        assert not path.endswith(".mjs")
        with storage.open(path) as file:
            assert file.read(1)


def test_names_stay_plain_before_collectstatic():
    storage = HashedStaticFiles()
    storage.hashed_files = {}
    assert storage.url("js/app.js") == "/static/js/app.js"


def test_pages_under_test_ask_for_plain_names_whatever_was_collected():
    """A checkout newer than its collected files would else find no entry for what was added since."""
    assert staticfiles_storage.url("css/added-since.css") == "/static/css/added-since.css"


def _render(nonce: str = "n0nce") -> str:
    return Template("{% load ui %}{% import_map %}").render(Context({"CSP_NONCE": nonce}))


@pytest.fixture
def rename() -> Iterator[Callable[[dict[str, str]], None]]:
    """Sets the storage's hashed names; what it had before comes back after the test."""
    before = staticfiles_storage.hashed_files
    yield lambda names: setattr(staticfiles_storage, "hashed_files", names)
    staticfiles_storage.hashed_files = before


def test_without_hashed_names_there_is_no_import_map(rename):
    rename({})
    assert _render() == ""


def test_the_import_map_sends_relative_imports_to_hashed_files(rename):
    hashed = {
        "js/app.js": "js/app.0123456789ab.js",
        "js/grid/model.js": "js/grid/model.ba9876543210.js",
        "vendor/tabulator_esm.min.mjs": "vendor/tabulator_esm.min.aa.mjs",
        "css/app.css": "css/app.00.css",
        "admin/js/core.js": "admin/js/core.11.js",
    }
    rename(hashed)
    html = _render()
    assert html.startswith('<script type="importmap" nonce="n0nce">')
    found = json.loads(re.search(r">(.*)</script>", html)[1])["imports"]
    assert found == {
        "/static/js/app.js": "/static/js/app.0123456789ab.js",
        "/static/js/grid/model.js": "/static/js/grid/model.ba9876543210.js",
        "/static/vendor/tabulator_esm.min.mjs": "/static/vendor/tabulator_esm.min.aa.mjs",
    }


def test_scripts_import_by_relative_path_only(settings):
    """An absolute or bare import would by-pass the import map."""
    pattern = re.compile(r"""^\s*(?:import|export)[^"';]*from\s+["']([^"']+)["']""", re.MULTILINE)
    for path in (settings.BASE_DIR / "static/js").rglob("*.js"):
        for source in pattern.findall(path.read_text(encoding="utf-8")):
            assert source.startswith(("./", "../")), f"{path}: {source}"


def test_pages_ask_for_nothing_outside(settings):
    """No template and no script names a foreign host."""
    allowed = ("http://www.w3.org/",)
    for folder, suffixes in (("templates", {".html"}), ("static", {".js", ".css"})):
        for path in (settings.BASE_DIR / folder).rglob("*"):
            if path.suffix not in suffixes:
                continue
            for url in re.findall(r"https?://[^\s\"'`)<]+", path.read_text(encoding="utf-8")):
                assert url.startswith(allowed), f"{path}: {url}"


def test_templates_hold_no_inline_script_and_no_handlers(settings):
    """The content security policy would block them."""
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in tag or "application/json" in tag or "nonce=" in tag, f"{path}: {tag}"
        assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", text), path
