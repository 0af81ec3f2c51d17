"""Named arrays as bytes and back: how results of one job travel to another through the database.

NumPy's own container without pickled objects: reading foreign bytes runs no code.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

_LEVEL = 1  # floats hardly shrink; zeros and NaN do


def pack_arrays(**arrays: NDArray[Any]) -> bytes:
    """Bytes of some arrays; raises ``ValueError`` for arrays of objects."""
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(buffer.getvalue())


def unpack_arrays(data: bytes | memoryview) -> dict[str, NDArray[Any]]:
    """The arrays of :func:`pack_arrays` by name."""
    raw = zstandard.ZstdDecompressor().decompress(bytes(data))
    with np.load(BytesIO(raw), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def pack_text(text: str) -> NDArray[np.uint8]:
    """A text as an array, to travel with the others."""
    return np.frombuffer(text.encode(), np.uint8)


def unpack_text(array: NDArray[np.uint8]) -> str:
    return array.tobytes().decode()
