"""Where things lie, and the environment every process of the application gets."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
VAR = Path(os.environ.get("SOP_VAR", ROOT / "var")).resolve()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with the virtual environment first and the fixed cache places."""
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    fixed = {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "SOP_VAR": str(VAR),
        "NUMBA_CACHE_DIR": str(VAR / "numba"),  # fixed, so that kernels compile once, at set-up
        "PYTHONUNBUFFERED": "1",
    }
    return inherited | fixed | changes
