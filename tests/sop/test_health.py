"""/healthz touches nothing, /readyz asks database and migrations, neither asks the broker."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from sop.health import HealthMiddleware


def test_healthz_asks_no_database_and_any_host(client):
    # No database fixture: a query would raise here.
    answer = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_healthz_is_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
class TestReadyz:
    @pytest.fixture(autouse=True)
    def keep_connection(self, monkeypatch):
        """The middleware gives its connection back; inside a test's transaction it must stay."""
        monkeypatch.setattr(connection, "close", lambda: None)

    def test_ready_with_database_and_migrations_while_the_broker_is_down(self, client, settings):
        settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        assert client.get("/readyz").status_code == 200

    def test_not_ready_with_a_migration_missing(self, client):
        MigrationRecorder.Migration.objects.filter(app="core").order_by("-id").first().delete()
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reason"] == "migrations missing; run manage.py prepare"

    def test_not_ready_while_the_database_is_away(self, rf, monkeypatch):
        def refuse():
            raise OperationalError("connection refused: password=hunter2")

        monkeypatch.setattr(connection, "cursor", refuse)
        answer = HealthMiddleware(lambda request: None)(rf.get("/readyz"))
        assert answer.status_code == 503
        assert b"hunter2" not in answer.content
