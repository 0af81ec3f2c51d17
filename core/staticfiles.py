"""Front-end libraries come from Python wheels, and production serves every file under a hashed name.

``VendorFinder`` shows single files of installed wheels under ``/static/vendor/``: nothing is copied into the
repository, nothing else of those packages is published. ``HashedStaticFiles`` adds content hashes at
``collectstatic``; before the first one (tests, a fresh checkout) names stay plain. Scripts import each other
by relative path; the import map of the page (``{% import_map %}``) sends each path to its hashed file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# public name → (package, file inside it)
VENDOR_FILES = {
    "vendor/bootstrap.min.css": (
        "js_lib_bootstrap5",
        "static/js-lib-bootstrap5/css/bootstrap.min.css",
    ),
    "vendor/bootstrap.bundle.min.js": (
        "js_lib_bootstrap5",
        "static/js-lib-bootstrap5/js/bootstrap.bundle.min.js",
    ),
    "vendor/tabulator.min.css": ("js_lib_tabulator", "static/tabulator/css/tabulator.min.css"),
    "vendor/tabulator_esm.min.mjs": ("js_lib_tabulator", "static/tabulator/js/tabulator_esm.min.mjs"),
    "vendor/plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "vendor/htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}


@cache
def vendor_path(name: str) -> Path:
    """Where a vendor file lies on this machine. ``find_spec`` locates the package without importing it."""
    package, inside = VENDOR_FILES[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{name} comes from the package {package}, which is not installed")
    return Path(spec.submodule_search_locations[0]) / inside


class VendorStorage(FileSystemStorage):
    """A read-only view of the vendor files."""

    def path(self, name: str) -> str:
        return str(vendor_path(name.replace("\\", "/")))


class VendorFinder(BaseFinder):
    """Finds the files of ``VENDOR_FILES``."""

    storage = VendorStorage()

    def check(self, **kwargs: Any) -> list:
        return []

    def find(  # type: ignore[override]  # the stubs say None for nothing found; Django adds that to its matches
        self, path: str, find_all: bool = False, **kwargs: Any
    ) -> str | list[str]:
        name = path.replace("\\", "/")
        if name not in VENDOR_FILES:
            return []
        found = str(vendor_path(name))
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in VENDOR_FILES:
            if not matches_patterns(name, [*(ignore_patterns or ())]):
                yield name, self.storage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Hashed, compressed static files. Source maps are not shipped, so their comments are left as they are."""

    patterns = tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in CompressedManifestStaticFilesStorage.patterns
    )

    def stored_name(self, name: str) -> str:
        return super().stored_name(name) if self.hashed_files else name

    def module_names(self) -> dict[str, str]:
        """Plain name → hashed name of every script module; empty before ``collectstatic``."""
        return {
            plain: hashed
            for plain, hashed in sorted(self.hashed_files.items())
            if plain.startswith(("js/", "vendor/")) and plain.endswith((".js", ".mjs"))
        }
