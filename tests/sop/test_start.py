"""What a web process must not load at its start: each costs seconds or tens of megabytes."""

import subprocess
import sys

HEAVY = ("lightgbm", "numba", "pandas", "plotly", "pulp", "pyarrow", "statsmodels")
START = "import sys, sop.wsgi, sop.urls; print(*sorted(set(sys.modules) & set(sys.argv[1:])))"


def test_web_processes_start_without_the_heavy_libraries():
    run = subprocess.run([sys.executable, "-c", START, *HEAVY], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
