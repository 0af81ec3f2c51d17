"""Keeps one process of the local start alive.

honcho ends everything when one process ends. Here a killed worker must come back, as a container's restart
policy brings it back in production; and nothing may outlive the supervisor, however that one ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


def keep(command: str, supervisor: int) -> int:
    """Run a shell command, again whenever it ends, until SIGTERM, SIGINT or the end of ``supervisor``."""
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        child = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"])
        while child.poll() is None:
            if stopping or not _is_alive(supervisor):
                stopping = True
                _end(child)
            time.sleep(0.2)
        if not stopping:
            print(f"ended with {child.returncode}, starting again", flush=True)
            time.sleep(1)
    return 0


def _end(child: subprocess.Popen[bytes], patience: float = 4) -> None:
    child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(keep(sys.argv[2], int(sys.argv[1])))
