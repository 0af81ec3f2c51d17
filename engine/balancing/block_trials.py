"""Causes and options of a plan too large for trials: tried inside the blocks that lose most.

A block is solved again and asked as a small company is: its leading causes are relaxed, the local levers of its
bottlenecks priced. What an option brings there it brings to the whole at least, because the other blocks may stay as
they are; levers of one bottleneck in several blocks add up. The other blocks' causes stay ranked by prices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.balancing.blocks import Block
from engine.balancing.contracts import SolveOptions
from engine.balancing.explain import CONFIRMED_SHARE, Bottleneck, Confirmation, Shortage, confirm_causes, list_shortages
from engine.balancing.options import Option, list_ways, price_rung
from engine.balancing.placing import Change
from engine.balancing.solve import Session
from engine.balancing.trials import Trials

MOST_BLOCKS = 12
_MOST_CAUSES = 3  # relaxed in a block
_MOST_BOTTLENECKS = 2  # whose levers are priced in a block


@dataclass(frozen=True)
class Explained:
    """Shortages of the blocks that were asked (places of the whole), what relaxing freed, and useful options."""

    shortages: list[Shortage]
    confirmations: list[Confirmation]
    options: list[Option]


def margin_lost(shortages: Iterable[Shortage]) -> dict[str, float]:
    """Product code → margin that its shortages lose."""
    lost: dict[str, float] = defaultdict(float)
    for shortage in shortages:
        lost[shortage.product] += shortage.margin
    return dict(lost)


def leading_blocks(blocks: Sequence[Block], lost: Mapping[str, float], *, most: int = MOST_BLOCKS) -> list[int]:
    """Numbers of the blocks whose products (code → margin lost) lose most, dearest first."""
    weight = [sum(lost.get(code, 0.0) for code in _asked(block)) for block in blocks]
    order = sorted(range(len(blocks)), key=lambda number: (-weight[number], number))
    return [number for number in order if weight[number] > 0][:most]


def _asked(block: Block) -> set[str]:
    return {block.problem.products[k] for k in block.problem.demand.product.tolist()}


def explain_blocks(
    blocks: Sequence[Block],
    options: SolveOptions,
    asked: float,
    progress: Callable[[int], None] = lambda _done: None,
) -> Explained:
    """Ask every given block; ``progress`` hears how many are done.

    ``options`` are those the blocks were solved with, ``asked`` is the demand of the whole in units.
    """
    shortages: list[Shortage] = []
    confirmations: list[Confirmation] = []
    priced: list[Option] = []
    for number, block in enumerate(blocks):
        progress(number)
        found = _explain(block, options)
        shortages += [replace(one, demand=int(block.demand[one.demand])) for one in found.shortages]
        confirmations += found.confirmations
        share = float(block.problem.demand.quantity.sum()) / max(asked, 1.0)
        priced += [_in_whole(option, block, share) for option in found.options]
    return Explained(shortages, _add_confirmations(confirmations), add_options(priced))


def with_causes(shortages: Iterable[Shortage], tried: Iterable[Shortage]) -> list[Shortage]:
    """Shortages with the causes of those of them that were tried."""
    causes = {(one.demand, one.month): one.causes for one in tried}
    return [replace(one, causes=causes.get((one.demand, one.month), one.causes)) for one in shortages]


def _explain(block: Block, options: SolveOptions) -> Explained:
    session = Session(block.problem, options)
    trials = Trials(session, session.solve())
    shortages, confirmations = confirm_causes(trials, list_shortages(session, trials.base), most=_MOST_CAUSES)
    ways = list_ways(session, shortages, most_bottlenecks=_MOST_BOTTLENECKS)
    priced = [price_rung(trials, bottleneck, rung) for bottleneck, rung in ways if rung.is_local]
    return Explained(shortages, confirmations, [option for option in priced if option.is_useful])


def _in_whole(option: Option, block: Block, share: float) -> Option:
    """The option with the places of the whole; ``share`` of all demand is the block's."""
    changes = tuple(
        replace(change, cells=tuple((int(block.demand[cls]), month, units) for cls, month, units in change.cells))
        for change in option.changes
    )
    return replace(option, changes=changes, service=option.service * share)


def _add_confirmations(found: Iterable[Confirmation]) -> list[Confirmation]:
    """One a bottleneck: what it was blamed for and what came back in all blocks."""
    sums: dict[Bottleneck, tuple[float, float]] = {}
    for one in found:
        blamed, removed = sums.get(one.bottleneck, (0.0, 0.0))
        sums[one.bottleneck] = blamed + one.blamed, removed + one.removed
    return [
        Confirmation(bottleneck, blamed, removed, removed >= CONFIRMED_SHARE * blamed)
        for bottleneck, (blamed, removed) in sums.items()
    ]


def add_options(found: Iterable[Option]) -> list[Option]:
    """The same lever of the same bottleneck in several blocks as one, best gain first."""
    joined: dict[tuple[str, Bottleneck, str], Option] = {}
    for option in found:
        key = option.kind, option.bottleneck, option.target
        joined[key] = _add(joined[key], option) if key in joined else option
    return sorted(joined.values(), key=lambda o: (-o.gain, o.kind, o.bottleneck.kind, o.bottleneck.code, o.target))


def _add(one: Option, other: Option) -> Option:
    sums = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("units", "revenue", "gain", "cost", "stock", "service", "amount")
    }
    return replace(
        one,
        **sums,
        changes=_add_changes([*one.changes, *other.changes]),
        start=min(one.start, other.start),
        is_cost_known=one.is_cost_known and other.is_cost_known,
    )


def _add_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Amounts of the same change add up, at the dearer price; cells stand beside each other (a delay stays one)."""
    joined: dict[tuple[object, ...], Change] = {}
    for change in changes:
        key = (change.kind, change.key, change.start, change.end)
        known = joined.get(key)
        if known is not None:
            amount = known.amount if change.cells else known.amount + change.amount
            change = replace(
                known, amount=amount, price=max(known.price, change.price), cells=known.cells + change.cells
            )
        joined[key] = change
    return tuple(joined.values())
