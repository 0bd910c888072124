"""The grayscale standard display function: which luminances are equally far apart to the eye.

DICOM PS3.14, section 7.1: luminance as a function of the index of just noticeable differences (JND), from index 1
(0.05 cd/m²) to 1023 (3993 cd/m²). The inverse is solved from that function. The polynomial that the standard prints for
the inverse strays from it by up to 0.09 of an index, which is 0.5 % of a step between two of eighteen levels; it serves
as the first guess only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.polynomial.polynomial import polyder, polyval
from numpy.typing import ArrayLike, NDArray

from mammoview.core.errors import InputError

#: Coefficients of rising powers of ln j: a, c, e, g, m over 1, b, d, f, h, k of the standard.
_NUMERATOR: Final = (-1.3011877, 8.0242636e-2, 1.3646699e-1, -2.5468404e-2, 1.3635334e-3)
_DENOMINATOR: Final = (1.0, -2.5840191e-2, -1.0320229e-1, 2.8745620e-2, -3.1978977e-3, 1.2992634e-4)
#: Coefficients of rising powers of log10 L: A to I of the standard.
_INVERSE: Final = (
    71.498068,
    94.593053,
    41.912053,
    9.8247004,
    0.28175407,
    -1.1878455,
    -0.18014349,
    0.14710899,
    -0.017046845,
)

LEAST_JND: Final = 1.0
MOST_JND: Final = 1023.0


def _log10_luminance(ln_j: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(polyval(ln_j, _NUMERATOR) / polyval(ln_j, _DENOMINATOR))


#: The luminances of the first and the last index, cd/m².
LEAST_LUMINANCE: Final = float(10.0 ** _log10_luminance(np.log(np.array(LEAST_JND))))
MOST_LUMINANCE: Final = float(10.0 ** _log10_luminance(np.log(np.array(MOST_JND))))


def luminance(index: ArrayLike) -> NDArray[np.float64]:
    """Luminance of a JND index (PS3.14, section 7.1).

    Parameters
    ----------
    index
        Any shape, from 1 to 1023; need not be whole.

    Returns
    -------
    ndarray, same shape, float64
        cd/m².

    Raises
    ------
    InputError
        When an index lies outside the function's range.
    """
    given = np.asarray(index, dtype=np.float64)
    # Written so that NaN complains, too.
    if not np.all((given >= LEAST_JND) & (given <= MOST_JND)):
        raise InputError("The gray scale function knows the indices 1 to 1023 only.", "Take one between these.")
    return np.asarray(10.0 ** _log10_luminance(np.log(given)))


def jnd(luminances: ArrayLike) -> NDArray[np.float64]:
    """JND index of a luminance: the inverse of `luminance`, to within 1e-9.

    Parameters
    ----------
    luminances
        cd/m², any shape, from `LEAST_LUMINANCE` to `MOST_LUMINANCE`, ambient light included. The standard rounds the
        least one to 0.05: what lies between the two counts as the first index.

    Returns
    -------
    ndarray, same shape, float64
        From 1 to 1023.

    Raises
    ------
    InputError
        When a luminance lies outside the function's range.
    """
    given = np.asarray(luminances, dtype=np.float64)
    if not np.all((given >= min(LEAST_LUMINANCE, 0.05)) & (given <= MOST_LUMINANCE)):
        raise InputError(
            f"The gray scale function is defined from 0.05 to {MOST_LUMINANCE:.0f} cd/m² only.",
            "Check the luminance that was entered.",
        )
    wanted = np.log10(given)
    index = np.clip(polyval(wanted, _INVERSE), LEAST_JND, MOST_JND)
    # Newton on log10 L over j: the guess is near and the curve smooth, three steps reach the last digits.
    for _ in range(3):
        ln_j = np.log(index)
        over, under = polyval(ln_j, _NUMERATOR), polyval(ln_j, _DENOMINATOR)
        slope = (polyval(ln_j, polyder(_NUMERATOR)) - over / under * polyval(ln_j, polyder(_DENOMINATOR))) / under
        index = np.clip(index - (over / under - wanted) * index / slope, LEAST_JND, MOST_JND)
    return np.asarray(index)


def curve(darkest: float, brightest: float, *, count: int) -> NDArray[np.float64]:
    """The luminances that a display which follows the standard gives to ``count`` equally spaced P-values.

    Parameters
    ----------
    darkest, brightest
        Luminance of the first and of the last P-value, cd/m², ambient light included.
    count
        How many P-values there are, 2 at least.

    Returns
    -------
    ndarray, shape (count,), float64
        cd/m², equal steps of JND apart.

    Raises
    ------
    InputError
        When the luminances lie outside the function's range, or the brightest is not above the darkest.
    """
    if not brightest > darkest:
        raise InputError("White is not brighter than black.", "Check the two luminances of the monitor.")
    ends = jnd(np.array([darkest, brightest]))
    return luminance(np.linspace(ends[0], ends[1], count))
