"""Celery is the doorbell; the Job row is the truth (docs/architecture.md, Jobs)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sop.settings")

app = Celery("sop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
