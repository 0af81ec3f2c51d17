"""The lines of a release as a document: text in, compressed bytes and their hash out, and back."""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal


@dataclass(frozen=True, order=True)
class ReleaseLine:
    """Make ``quantity`` of a product at a site in a month. The order of fields is the order of lines."""

    product: str
    site: str
    month: str
    quantity: Decimal
    unit: str

    def as_json(self, number: int) -> dict[str, object]:
        """The line as the API shows it; whole quantities as integers."""
        whole = self.quantity == self.quantity.to_integral_value()
        return {"line": number, **asdict(self), "quantity": int(self.quantity) if whole else float(self.quantity)}


@dataclass(frozen=True)
class DeltaLine:
    """One line that differs between two releases; ``None`` where a release has no such line."""

    product: str
    site: str
    month: str
    before: Decimal | None
    after: Decimal | None


def encode_lines(lines: Iterable[ReleaseLine]) -> tuple[bytes, str, int]:
    """Compressed CSV of the sorted lines, SHA-256 of the CSV, number of lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    count = 0
    for line in sorted(lines):
        writer.writerow([line.product, line.site, line.month, f"{line.quantity:f}", line.unit])
        count += 1
    raw = text.getvalue().encode()
    return zlib.compress(raw, 6), hashlib.sha256(raw).hexdigest(), count


def decode_lines(body: bytes) -> Iterator[ReleaseLine]:
    """The lines of ``encode_lines``."""
    for product, site, month, quantity, unit in csv.reader(io.StringIO(zlib.decompress(body).decode())):
        yield ReleaseLine(product, site, month, Decimal(quantity), unit)


def diff_lines(before: Iterable[ReleaseLine], after: Iterable[ReleaseLine]) -> list[DeltaLine]:
    """What must change in ``before`` to become ``after``, in line order."""
    old, new = ({(line.product, line.site, line.month): line.quantity for line in lines} for lines in (before, after))
    return [
        DeltaLine(*key, before=old.get(key), after=new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
