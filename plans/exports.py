"""Lines of a plan as files: CSV always, Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from core.spreadsheets import safe_cell

Line = dict[str, Any]
_NOT_KEYS = {"unit", "values"}


def has_parquet() -> bool:
    """Whether Parquet can be written here: pyarrow is an extra, it costs a web process 37 MB."""
    return find_spec("pyarrow") is not None


def write_csv(lines: Iterable[Line], months: Sequence[str]) -> Iterator[str]:
    """One row per line and month; empty cells are left out."""
    buffer, header = io.StringIO(), None
    writer = csv.writer(buffer)
    for line in lines:
        names = [name for name in line if name not in _NOT_KEYS]
        if header is None:
            header = [*names, "month", "value", "unit"]
            writer.writerow(header)
        keys = [safe_cell(line[name] or "") for name in names]
        for month, value in zip(months, line["values"], strict=True):
            if value is not None:
                writer.writerow([*keys, month, value, line["unit"]])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def write_parquet(lines: Iterable[Line], months: Sequence[str]) -> bytes:
    """The same rows as a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    rows = [
        {**{name: line[name] for name in line if name not in _NOT_KEYS}, "month": month, "value": value}
        | {"unit": line["unit"]}
        for line in lines
        for month, value in zip(months, line["values"], strict=True)
        if value is not None
    ]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
