"""Records of the engine as bytes and back, so that a part of a plan is solved in another process.

Any dataclass of numbers, texts, arrays, other dataclasses and tuples, lists or dictionaries of them; its annotations
say how to read it. What comes back is equal to what went in, to the bit.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from core.packing import pack_arrays, pack_text, unpack_arrays, unpack_text

Record = TypeVar("Record")
_PLAIN = "plain"


def pack(record: Any) -> bytes:
    """The bytes of a dataclass."""
    arrays: dict[str, np.ndarray] = {}
    plain = json.dumps(_strip(record, arrays))
    return pack_arrays(**{_PLAIN: pack_text(plain)}, **arrays)


def unpack(kind: type[Record], data: bytes | memoryview) -> Record:
    """The dataclass of :func:`pack`."""
    arrays = unpack_arrays(data)
    found: Record = _build(kind, json.loads(unpack_text(arrays.pop(_PLAIN))), arrays)
    return found


def _strip(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value without its arrays, which get numbers as names."""
    if is_dataclass(value):
        return [_strip(getattr(value, f.name), arrays) for f in fields(value)]
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        arrays[name] = value
        return name
    if isinstance(value, dict):
        return {key: _strip(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strip(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _build(hint: Any, value: Any, arrays: dict[str, np.ndarray]) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):  # of one type and None
        return None if value is None else _build(next(t for t in inner if t is not type(None)), value, arrays)
    if isinstance(hint, type) and is_dataclass(hint):
        return hint(*(_build(t, item, arrays) for t, item in zip(_types(hint), value, strict=True)))
    if hint is bytes:
        return arrays[value].tobytes()
    if origin is np.ndarray or hint is np.ndarray:
        return arrays[value]
    if origin is tuple and inner[-1] is not Ellipsis:
        return tuple(_build(t, item, arrays) for t, item in zip(inner, value, strict=True))
    if origin in (tuple, list):
        return origin(_build(inner[0], item, arrays) for item in value)
    if origin is dict:
        return {key: _build(inner[1], item, arrays) for key, item in value.items()}
    return value


@cache
def _types(kind: Any) -> list[Any]:
    hints = get_type_hints(kind)
    return [hints[f.name] for f in fields(kind)]
