"""How far the forecast errors of a plan's series move together."""

from __future__ import annotations

from demand.models import ForecastRun


def load_error_correlation(version_id: int) -> float:
    """From the back-test of the plan's last forecast; 0, independent, before there was one."""
    run = ForecastRun.objects.filter(version__cycle__versions=version_id).only("accuracy").first()
    return run.accuracy.get("error_correlation", 0.0) if run else 0.0
