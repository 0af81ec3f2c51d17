"""Compile options shared by every function of the kernel.

Only the entry points are cached on disk (see :mod:`engine.forecasting.kernel`): a cached inner function would
survive a change of a function that it calls.
"""

from numba import njit

# Sums may be reordered and fused, which makes the loops over parameter sets vector code. "No NaN" and "no
# infinity" are not promised: complex smoothing overflows for some parameters and must lose by comparison.
FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "afn"}

kernel = njit(fastmath=FAST_MATH, error_model="numpy")
