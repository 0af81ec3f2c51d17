"""Medians without the generic machinery of numpy, which costs seconds to compile."""

import numpy as np

from engine.forecasting.jit import kernel


@kernel
def median_in_place(values, count):
    """Median of ``values[:count]``, count ≥ 1; leaves them sorted."""
    for i in range(1, count):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value
    return _middle(values, count)


@kernel
def _middle(ordered, count):
    if count % 2:
        return ordered[count // 2]
    return 0.5 * (ordered[count // 2 - 1] + ordered[count // 2])


@kernel
def _select(values, place):
    """Value at ``place`` of the sorted order (Hoare's selection); values before it end up no larger."""
    low, high = 0, values.shape[0] - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return values[place]


@kernel
def median(values):
    """Median of all values, at least one; reorders them."""
    middle = values.shape[0] // 2
    upper = _select(values, middle)
    if values.shape[0] % 2:
        return upper
    lower = values[0]
    for i in range(1, middle):
        lower = max(lower, values[i])
    return 0.5 * (lower + upper)


@kernel
def running_median(x, half, out):
    """Median of the 2·half + 1 values around each point, fewer at the ends.

    The window is kept sorted: one insertion and one removal a step.
    """
    n = x.shape[0]
    window = np.empty(2 * half + 2)
    count = 0
    entered = 0
    for i in range(n):
        while entered < min(n, i + half + 1):
            value = x[entered]
            j = count - 1
            while j >= 0 and window[j] > value:
                window[j + 1] = window[j]
                j -= 1
            window[j + 1] = value
            count += 1
            entered += 1
        if i - half - 1 >= 0:
            j = 0
            while window[j] < x[i - half - 1]:
                j += 1
            while j < count - 1:
                window[j] = window[j + 1]
                j += 1
            count -= 1
        out[i] = _middle(window, count)
