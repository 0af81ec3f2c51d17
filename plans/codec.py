"""Bytes of a block: what is hashed and what is stored.

The hash is taken of the numbers (canonical header, mask bits, raw little-endian int64), never of the stored
bytes, so compression may change for ever without changing a snapshot code. Stored are the same bytes with
the eight byte planes of the int64 separated and compressed: small numbers leave seven planes nearly empty.
"""

from __future__ import annotations

import hashlib
import zlib

import numpy as np
import zstandard

from plans.cubes import Bools, Cube, Ints, canonical_json

DEFAULT_CODEC = "shuffle-zstd"
_ZSTD_LEVEL = 1  # higher levels buy nothing here and cost up to ten times the time
_ZLIB_LEVEL = 1


def block_sha(cube: Cube) -> str:
    """The address of a cube's numbers: SHA-256 of canonical header ‖ [mask bits] ‖ raw ``<i8`` bytes."""
    header = {
        "v": 1,
        "axis": cube.axis.sha,
        "first_month": int(cube.first_month),
        "shape": [int(n) for n in cube.values.shape],
        "unit": str(cube.unit),
        "scale": int(cube.scale),
        "nullable": cube.nullable,
        "dtype": "<i8",
    }
    digest = hashlib.sha256(canonical_json(header).encode())
    if cube.present is not None:
        digest.update(np.packbits(cube.present).tobytes())
    digest.update(cube.values.data)
    return digest.hexdigest()


def encode(cube: Cube, codec: str = DEFAULT_CODEC) -> bytes:
    """Stored bytes of a cube's mask and values."""
    planes = cube.values.view(np.uint8).reshape(-1, 8).T.tobytes() if cube.values.size else b""
    mask = np.packbits(cube.present).tobytes() if cube.present is not None else b""
    return _compress(mask + planes, codec)


def decode(data: bytes, *, shape: tuple[int, int], nullable: bool, codec: str) -> tuple[Ints, Bools | None]:
    """Values [rows, months] and mask of stored bytes. Raises ``ValueError`` when the length is wrong."""
    raw = _decompress(bytes(data), codec)
    cells = shape[0] * shape[1]
    mask_bytes = (cells + 7) // 8 if nullable else 0
    if len(raw) != mask_bytes + 8 * cells:
        raise ValueError(f"a block of {cells} cells cannot have {len(raw)} bytes")
    planes = np.frombuffer(raw, np.uint8, offset=mask_bytes).reshape(8, -1)
    values = np.ascontiguousarray(planes.T).view("<i8").reshape(shape)
    if not nullable:
        return values, None
    bits = np.frombuffer(raw, np.uint8, count=mask_bytes)
    return values, np.unpackbits(bits, count=cells).astype(bool).reshape(shape)


def compress_keys(keys: Ints) -> bytes:
    """Stored bytes of an axis."""
    return _compress(np.ascontiguousarray(keys, "<i8").tobytes(), DEFAULT_CODEC)


def expand_keys(data: bytes | memoryview) -> Ints:
    """Key pairs [n, 2] of stored axis bytes."""
    return np.frombuffer(_decompress(bytes(data), DEFAULT_CODEC), "<i8").reshape(-1, 2)


def _compress(raw: bytes, codec: str) -> bytes:
    if codec == "shuffle-zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(raw)
    if codec == "shuffle-zlib":
        return zlib.compress(raw, _ZLIB_LEVEL)
    raise ValueError(f"unknown block codec {codec!r}")


def _decompress(data: bytes, codec: str) -> bytes:
    if codec == "shuffle-zstd":
        return zstandard.ZstdDecompressor().decompress(data)
    if codec == "shuffle-zlib":
        return zlib.decompress(data)
    raise ValueError(f"unknown block codec {codec!r}")
