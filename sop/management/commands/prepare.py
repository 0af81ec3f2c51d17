"""``manage.py prepare``: everything between installed packages and a running application."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command, get_commands

from masterdata.models import Product


class Command(BaseCommand):
    help = (
        "Migrate the database, compile translations and kernels, collect static files. "
        "Safe to repeat; run it at every start and after every update."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo company into an empty database")
        parser.add_argument("--language", choices=dict(settings.LANGUAGES), default="en", help="of the demo company")

    def handle(self, *args: Any, demo: bool, language: str, verbosity: int, **options: Any) -> None:
        # Compiled now into NUMBA_CACHE_DIR, beside the rest, what would cost the first forecast up to half a minute.
        kernels = subprocess.Popen([sys.executable, "-c", "from engine import forecasting as f; f.warm_up()"])
        call_command("migrate", interactive=False, verbosity=0)
        if "messages" in get_commands():
            call_command("messages", "--compile", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if kernels.wait():
            raise CommandError("The forecast kernels could not be compiled; the lines above say why.")
        if demo and not Product.objects.exists() and "load_demo" in get_commands():
            self.stdout.write("Loading the demo company …")
            call_command("load_demo", language=language, verbosity=verbosity)
