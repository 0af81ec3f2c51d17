from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig as DjangoStaticFilesConfig


class SopConfig(AppConfig):
    name = "sop"


class StaticFilesConfig(DjangoStaticFilesConfig):
    """Leaves out what no page asks for: source maps and the viewer of the API document that is not used."""

    ignore_patterns = [*DjangoStaticFilesConfig.ignore_patterns, "*.map", "redoc"]
