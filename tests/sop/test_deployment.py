"""Embedded and production are one application: same commands, valid files, clean deploy check."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def procfile():
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(command) for name, command in (line.split(": ", 1) for line in lines)}


def resolve(value: str, given: dict[str, str]) -> str:
    """Compose's interpolation: ``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}``."""
    pattern = r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}"
    return re.sub(pattern, lambda m: given.get(m[1], m[2] or ""), str(value))


def test_procfile_and_compose_run_the_same_commands(compose):
    services = compose["services"]
    assert procfile() == {name: shlex.split(services[name]["command"]) for name in ("web", "worker", "beat")}


def test_every_process_runs_the_same_image_and_environment(compose):
    services = [compose["services"][name] for name in ("migrate", "web", "worker", "beat")]
    assert len({service["image"] for service in services}) == 1
    assert all(service["environment"] == services[0]["environment"] for service in services)


def test_compose_follows_the_compose_specification():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    run = subprocess.run([*check, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_database_is_recent_and_the_broker_keeps_its_queue(compose):
    image = compose["services"]["database"]["image"]
    assert int(re.fullmatch(r"postgres:(\d+)-alpine", image)[1]) >= 15
    assert "--appendonly yes" in compose["services"]["broker"]["command"]


def test_no_secret_stands_in_the_compose_file(compose):
    environment = compose["services"]["web"]["environment"] | compose["services"]["database"]["environment"]
    for name, value in environment.items():
        if re.search("KEY|PASSWORD|SECRET", name):
            assert re.fullmatch(r"\$\{\w+(:\?[^}]+)?\}", value), name


@pytest.fixture
def production(compose, tmp_path):
    """The environment of the web service as compose would resolve it."""
    given = {
        "SOP_SECRET_KEY": "x9" * 30 + "-unguessable",
        "SOP_ALLOWED_HOSTS": "plan.example.com",
        "POSTGRES_PASSWORD": "unused-by-this-check",
    }
    declared = compose["services"]["web"]["environment"]
    env = {name: resolve(value, given) for name, value in declared.items()}
    return {"PATH": os.environ["PATH"], "SOP_VAR": str(tmp_path)} | env


def manage(*arguments, env):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_the_deploy_check_is_clean_with_the_production_environment(production):
    run = manage("check", "--deploy", "--fail-level", "WARNING", env=production)
    assert run.returncode == 0, run.stderr
    assert "no issues" in run.stdout


def test_production_writes_no_secret_key_to_disk(production, tmp_path):
    manage("check", env=production)
    assert not (tmp_path / "secret_key").exists()


def test_without_a_key_one_is_made_once_and_only_its_owner_reads_it(tmp_path):
    env = {"PATH": os.environ["PATH"], "SOP_VAR": str(tmp_path)}
    manage("check", env=env)
    key = (tmp_path / "secret_key").read_text()
    manage("check", env=env)
    assert len(key) >= 50
    assert (tmp_path / "secret_key").read_text() == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
