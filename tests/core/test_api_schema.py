"""The OpenAPI document: complete, 3.1, and its page asks nobody outside."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return Client().get("/api/v1/schema/").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield path, method, operation


def test_it_is_openapi_3_1_in_json_and_yaml(document):
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "S&OP API"
    yaml = Client().get("/api/v1/schema/", headers={"Accept": "application/yaml"})
    assert yaml.content.startswith(b"openapi: 3.1")


def test_the_generator_has_nothing_to_complain_about(tmp_path):
    call_command("spectacular", "--file", str(tmp_path / "schema.json"), "--fail-on-warn")


def test_every_operation_is_named_once_and_says_how_it_refuses(document):
    found = list(operations(document))
    names = [operation["operationId"] for _path, _method, operation in found]
    assert len(names) == len(set(names)) > 40
    for path, method, operation in found:
        assert {"401", "403", "422", "429"} <= operation["responses"].keys(), (path, method)
        if method == "post":
            refs = [parameter.get("$ref", "") for parameter in operation["parameters"]]
            assert "#/components/parameters/IdempotencyKey" in refs, path


def test_tokens_are_described(document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {"bearer": []} in document["paths"]["/api/v1/cycles/"]["get"]["security"]


def test_the_page_loads_from_here_only_and_without_inline_script():
    page = Client().get("/api/v1/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", html)
    script = Client().get(re.search(r'src="(/api/v1/docs/\?script=[^"]*)"', html)[1])
    assert script.status_code == 200
    assert "/api/v1/schema/" in script.content.decode()
    assert "script-src 'self'" in page["Content-Security-Policy"]
