#!/usr/bin/env python3
"""One door for people and machines: python3 dev.py setup | run | test | check | bench | manage …

Needs Python 3.11 or newer and nothing else: no root, no Node, no Docker. DATABASE_URL and REDIS_URL switch
database and broker everywhere; without them there is a SQLite file and a local Valkey under var/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this file meets whatever Python the machine has
    sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")

from ops import packages, services
from ops.places import BIN, PYTHON, ROOT, VAR, environment

STAMP = VAR / "prepared.json"
PREPARED_FROM = ("*/migrations/*.py", "*/locale/**/*.po", "static/**/*", "engine/forecasting/**/*.py", "*.txt")
DEMO_USERS = (
    "coordinator, sales_north, sales_south, marketing, demand, production, purchasing, supply, finance, "
    "quality, executive, supplier, admin"
)
LOCAL_POSTGRES = "postgres://postgres@127.0.0.1:5432/sop"
LOCAL_REDIS = "redis://127.0.0.1:6379/15"


def main() -> int:
    """Parse the command line and hand over."""
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("setup", help="make the environment and prepare the database")
    serve = commands.add_parser("run", help="set up, load the demo company into an empty database, serve")
    serve.add_argument("--port", type=int, help="port of the web server (default: 8000 or the next free one)")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--language", choices=("en", "zh-hans"), default="en", help="what the demo company's people write in"
    )
    serve.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
    commands.add_parser(
        "test", help="all tests on SQLite, then on PostgreSQL and Redis; options go to pytest", add_help=False
    )
    commands.add_parser("check", help="lint, types, import contracts, migrations, translations, advisories")
    commands.add_parser("bench", help="measure and print the figures; names pick benchmarks", add_help=False)
    commands.add_parser("manage", help="any management command, in the environment", add_help=False)
    options, rest = parser.parse_known_args()
    if rest and options.command in {"setup", "run", "check"}:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    os.chdir(ROOT)
    actions: dict[str, Callable[[], int]] = {
        "setup": setup,
        "run": lambda: run(options.host, options.port, demo=not options.no_demo, language=options.language),
        "test": lambda: test(rest),
        "check": check,
        "bench": lambda: in_environment(["-m", "bench", *rest]),
        "manage": lambda: in_environment(["manage.py", *rest]),
    }
    return actions[options.command]()


def setup(*, demo: bool = False, language: str = "en") -> int:
    """Packages, then ``manage.py prepare``; skipped when nothing it depends on has changed since."""
    packages.install(dev=False)
    now = {"code": _fingerprint(), "demo": demo}
    if "DATABASE_URL" not in os.environ and (VAR / "sop.sqlite3").exists() and _is_prepared(now):
        return 0
    print("Preparing database, translations, static files and kernels …", flush=True)
    command: list[str | Path] = [PYTHON, "manage.py", "prepare", *(["--demo", "--language", language] if demo else [])]
    if code := subprocess.run(command, env=environment()).returncode:
        return code
    STAMP.write_text(json.dumps(now))
    return 0


def _is_prepared(now: dict[str, object]) -> bool:
    done = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    return done.get("code") == now["code"] and bool(done.get("demo") or not now["demo"])


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for glob in PREPARED_FROM for path in ROOT.glob(glob) if path.is_file()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run(host: str, port: int | None, *, demo: bool, language: str) -> int:
    """Serve until Ctrl-C or SIGTERM: web, worker, beat and, without REDIS_URL, a local Valkey."""
    if code := setup(demo=demo, language=language):
        return code
    port = services.free_port(port or 8000) if port is None else port
    address = f"http://{host}:{port}/"
    processes = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    changes = {"SOP_BIND": f"{host}:{port}", "SOP_DEMO": str(int(demo))}
    if "REDIS_URL" not in os.environ:
        command, changes["REDIS_URL"] = services.embedded_valkey()
        processes = {"broker": shlex.join(command), **processes}
    kept = VAR / "Procfile"
    keep = ["exec", sys.executable, str(ROOT / "ops/keep.py"), str(os.getpid())]
    lines = (f"{name}: {shlex.join([*keep, command])}\n" for name, command in processes.items())
    kept.write_text("".join(lines))
    env = environment(**changes)
    supervisor = subprocess.Popen(
        [BIN / "honcho", "start", "--procfile", kept, "--app-root", ROOT, "--env", os.devnull], env=env
    )
    return _watch(supervisor, address, demo=demo)


def _watch(supervisor: subprocess.Popen[bytes], address: str, *, demo: bool) -> int:
    """Say when the page answers, pass signals on, and come back when everything has ended."""
    stopped = False

    def stop(received: int, _frame: object) -> None:
        nonlocal stopped
        if not stopped and received == signal.SIGTERM:
            supervisor.send_signal(received)  # Ctrl-C reaches the supervisor by itself
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while supervisor.poll() is None and not stopped and not _answers(f"{address}healthz"):
        time.sleep(0.2)
    if supervisor.poll() is None and not stopped:
        users = f"\n  Sign in as one of: {DEMO_USERS}; password: demo" if demo else ""
        print(f"\n  Ready: {address}{users}\n  Stop with Ctrl-C.\n", flush=True)
    code = supervisor.wait()
    return 0 if stopped else code


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test(arguments: Sequence[str]) -> int:
    """Every test on SQLite with the embedded broker, and again on PostgreSQL and Redis where there are any."""
    packages.install(dev=True)
    required = os.environ.get("SOP_REQUIRE_SERVICES") == "1"
    command = [PYTHON, "-m", "pytest", *(() if "-n" in arguments else ("-n", "2", "--dist", "loadgroup"))]
    if "messages.py" in {path.name for path in ROOT.glob("*/management/commands/*.py")}:
        subprocess.run([PYTHON, "manage.py", "messages", "--compile"], env=environment(), check=True)
    with ExitStack() as stack:
        print("== Tests on SQLite with the embedded Valkey", flush=True)
        env = environment(REDIS_URL=stack.enter_context(services.running_valkey()))
        env.pop("DATABASE_URL", None)
        code = subprocess.run([*command, *arguments], env=env).returncode
    with ExitStack() as stack:
        database, where = _find_postgres(stack)
        if database is None:
            print(f"== PostgreSQL: {where}; the second round is left out.", flush=True)
            return code or int(required)
        redis, broker = _find_redis(stack)
        print(f"== Tests on PostgreSQL ({where}) with {broker}", flush=True)
        env = environment(DATABASE_URL=database, REDIS_URL=redis)
        # The engine knows neither database nor broker, and the long plays use them as the short ones do.
        rest = arguments or ["--ignore", "tests/engine", "--ignore-glob", "tests/browser/test_*_real.py"]
        return subprocess.run([*command, *rest], env=env).returncode or code


def _find_postgres(stack: ExitStack) -> tuple[str | None, str]:
    """The URL given, a server on this machine, or a private cluster of installed programs; and which."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        return (given, "DATABASE_URL") if services.can_connect(given) else (None, "DATABASE_URL is not reachable")
    ask = f"import psycopg; psycopg.connect({LOCAL_POSTGRES.replace('/sop', '/postgres')!r}, connect_timeout=2)"
    if subprocess.run([PYTHON, "-c", ask], capture_output=True).returncode == 0:
        return LOCAL_POSTGRES, "on this machine"
    if programs := services.find_postgres_programs():
        return stack.enter_context(services.private_cluster(programs)).url, f"private cluster of {programs}"
    return None, "neither reachable nor installed"


def _find_redis(stack: ExitStack) -> tuple[str, str]:
    given = os.environ.get("REDIS_URL", LOCAL_REDIS)
    if services.can_connect(given):
        return given, "the Redis of this machine" if given == LOCAL_REDIS else "REDIS_URL"
    if program := shutil.which("redis-server") or shutil.which("valkey-server"):
        return stack.enter_context(services.running_valkey(program)), f"a private {program}"
    return stack.enter_context(services.running_valkey()), "the embedded Valkey (no Redis is reachable)"


def check() -> int:
    """What a change must pass besides its tests. Everything is run; the exit code says whether all passed."""
    packages.install(dev=True)
    manage: list[str | Path] = [PYTHON, "manage.py"]
    steps: dict[str, list[str | Path]] = {
        "lint": [BIN / "ruff", "check", "."],
        "format": [BIN / "ruff", "format", "--check", "."],
        "types": [BIN / "mypy"],
        "import contracts": [BIN / "lint-imports"],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "translations": [*manage, "messages", "--check"],
    }
    failed = [name for name, command in steps.items() if not _passes(name, command)]
    if not _has_no_advisories():
        failed.append("advisories")
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.", flush=True)
    return int(bool(failed))


def _passes(name: str, command: Sequence[str | Path]) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.run(command, env=environment()).returncode == 0


def _has_no_advisories() -> bool:
    """Known vulnerabilities of the locked packages; left out, and said so, without the network."""
    print("== advisories", flush=True)
    locked = ["--requirement", "requirements.txt", "--require-hashes", "--disable-pip"]
    audit = [str(BIN / "pip-audit"), *locked, "--format", "json", "--progress-spinner", "off"]
    try:
        answer = subprocess.run(audit, capture_output=True, timeout=120)
        found = json.loads(answer.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("Left out: the advisory database cannot be reached.")
        return True
    vulnerable = [package for package in found if package.get("vulns")]
    for package in vulnerable:
        print(f"{package['name']} {package['version']}: {', '.join(v['id'] for v in package['vulns'])}")
    return not vulnerable


def in_environment(arguments: Sequence[str]) -> int:
    """Run the environment's Python with ``arguments``."""
    packages.install(dev=False)
    return subprocess.run([PYTHON, *arguments], env=environment()).returncode


if __name__ == "__main__":
    sys.exit(main())
