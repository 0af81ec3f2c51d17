"""Every route of the application: each room's pages at the root, its REST endpoints under ``/api/v1/``."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularSwaggerSplitView

from sop.openapi import SchemaView

ROOMS = ["core", "accounts", "masterdata", "cycles", "plans", "demand", "supply", "finance", "meetings", "dashboards"]


def _pages_and_api() -> tuple[list[URLResolver], list[URLResolver]]:
    pages, endpoints = [], []
    for room in ROOMS:
        if find_spec(f"{room}.urls") is None:
            continue
        urls = import_module(f"{room}.urls")
        pages.append(path("", include((urls.urlpatterns, room))))
        endpoints.append(path("", include((getattr(urls, "api_urlpatterns", []), f"{room}-api"))))
    return pages, endpoints


handler500 = "core.outage.failed"
_pages, _endpoints = _pages_and_api()
_description: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("jsi18n/", JavaScriptCatalog.as_view(packages=["core"]), name="javascript-catalog"),
    path("api/v1/", include([*_endpoints, *_description])),
    *_pages,
]
