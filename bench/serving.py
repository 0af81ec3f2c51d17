"""Gunicorn on the benchmark's own database, people signed in to it, and what its processes use."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User

TOKEN = "a" * 32  # the double-submit cookie: any value that comes back in the header


@dataclass(frozen=True)
class Server:
    """A running gunicorn: its process and where it answers."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processor_seconds(self) -> float:
        """User and system seconds of the server's processes so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Largest resident size among the server's children."""
        sizes = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            if int(fields.get("PPid", "0")) == self.process.pid and "VmRSS" in fields:
                sizes.append(int(fields["VmRSS"].split()[0]) / 1024)
        return max(sizes, default=float("nan"))


@contextmanager
def served(processes: int, *, database: str | None = None) -> Iterator[Server]:
    """The application on the benchmark's database or another one, as in production but for https.

    It has a state directory of its own, so that static files collected from older code do not get in its way.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connection.close()
    with tempfile.TemporaryDirectory() as state:
        environment = {
            **os.environ, "DATABASE_URL": database or database_url(), "SOP_BIND": f"127.0.0.1:{port}",
            "SOP_WEB_WORKERS": str(processes), "SOP_VAR": state, "SOP_SECRET_KEY": settings.SECRET_KEY,
        }  # fmt: skip
        command = [sys.executable, "-m", "gunicorn", "sop.wsgi"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await(port)
            yield Server(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def database_url() -> str:
    """Where this process's database is, for another process."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    account = config["USER"] + (f":{config['PASSWORD']}" if config["PASSWORD"] else "")
    return f"postgres://{account}@{config['HOST']}:{config['PORT']}/{config['NAME']}"


def sign_in(user: User) -> dict[str, str]:
    """The headers of a signed-in browser."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    return {"Cookie": f"sessionid={session}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}


def ask(address: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> bytes:
    """GET, or POST of JSON, to the last byte. Raises ``RuntimeError`` with the answer when it is not a success."""
    data = None if body is None else json.dumps(body).encode()
    sent = headers if body is None else {**headers, "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data=data, headers=sent), timeout=120) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{address} {body}: {error.code} {error.read()[:300]!r}") from error


def _await(port: int) -> None:
    for _try in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("gunicorn did not start")
