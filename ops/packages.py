"""The virtual environment, by the hashed locks."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys

from ops.places import PYTHON, ROOT, VENV

NO_VENV = """\
This Python cannot make virtual environments (its ensurepip module is missing). One of these helps:
  - apt install python3-venv          (Debian, Ubuntu; needs root)
  - pip install --user uv             (or any other way to install uv; no root)
Then run the same command again."""


def install(*, dev: bool) -> None:
    """Bring ``.venv`` to the lock; nothing to do when the stamp says it is there already."""
    lock = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f".{lock.stem}.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    uv = _working_uv()
    print(f"Installing the packages of {lock.name} with {'uv' if uv else 'pip'} …", flush=True)
    if not PYTHON.exists():
        _make_venv(uv)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*command, "--require-hashes", "-r", str(lock)]).returncode:
        sys.exit(f"The packages of {lock.name} could not be installed; the lines above say why.")
    stamp.write_text(digest)


def _make_venv(uv: str | None) -> None:
    if uv:
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], check=True)
        return
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(NO_VENV)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def _working_uv() -> str | None:
    """The path of ``uv`` when it is there and runs (a version manager's stub may not)."""
    uv = shutil.which("uv")
    if uv and subprocess.run([uv, "--version"], capture_output=True).returncode == 0:
        return uv
    return None
