"""What fills a synthetic breast: fat, fibroglandular tissue, fibrous strands, vessels and the pectoral muscle.

Parenchyma is power-law noise: the power spectrum of mammographic background falls as 1 / f^β with β about 3 (Burgess
1999, "Mammographic structure: data preparation and spatial statistics analysis"; Heine and Velthuizen 2002). It is
drawn out towards the nipple, as ducts are; threads across it stand for Cooper's ligaments.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.imaging.phantom_anatomy import Anatomy

Field = NDArray[np.float32]
Points = NDArray[np.float64]

FAT = 0.20


def power_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    step: float,
    beta: float,
    longest_mm: float,
    shortest_mm: float = 0.0,
) -> Field:
    """Noise with a power spectrum falling as 1 / f^β between two wavelengths.

    Parameters
    ----------
    shape
        (rows, columns) wanted.
    step
        Millimetres a pixel.
    beta
        Exponent of the power spectrum.
    longest_mm, shortest_mm
        Wavelengths outside of which there is (almost) nothing.

    Returns
    -------
    ndarray, shape (rows, columns), float32, mean 0, standard deviation 1
        Periodic where ``shape`` is a size that OpenCV calls optimal.
    """
    rows, columns = (cv2.getOptimalDFTSize(max(side, 8)) for side in shape)
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    squared = np.fft.fftfreq(rows, step)[:, None] ** 2 + np.fft.rfftfreq(columns, step)[None, :] ** 2
    gain = (squared + longest_mm**-2.0) ** (-beta / 4)
    gain *= 1 - np.exp(-squared * longest_mm**2)
    if shortest_mm:
        gain *= np.exp(-0.5 * squared * shortest_mm**2)
    noise = np.fft.irfft2(spectrum * gain.astype(np.float32), (rows, columns)).astype(np.float32)
    noise = noise[: shape[0], : shape[1]]
    return np.asarray((noise - noise.mean()) / noise.std())


def smoothstep(values: Field, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def render_tissue(
    anatomy: Anatomy, rng: np.random.Generator, *, depth_in: Field, muscle_in: Field, step: float
) -> Field:
    """Brightness of the tissue as if the breast were of one thickness.

    Parameters
    ----------
    rng
        The woman's and the view's random numbers; the same for each of her exams.
    depth_in, muscle_in
        Signed distance into the breast and into the pectoral muscle, mm, float32.
    step
        Millimetres a pixel of these.

    Returns
    -------
    ndarray, same shape, float32, about 0.1 (fat) to 0.9 (dense)
    """
    grid = _Grid(anatomy, depth_in.shape, step)
    gland = _gland(grid, rng, depth_in, muscle_in)
    strands = _strands(grid, rng)
    vessels = _vessels(grid, rng)
    scale = anatomy.scale
    cloud = grid.sample(power_noise(rng, grid.shape, step=step, beta=3.0, longest_mm=60 * scale))
    streaks = grid.sample_fan(power_noise(rng, grid.shape, step=step, beta=2.7, longest_mm=16 * scale), stretch=2.6)
    lobules = grid.sample(
        power_noise(rng, grid.shape, step=step, beta=3.5, longest_mm=22 * scale, shortest_mm=3.0 * scale)
    )
    # Fat lobules show as dark holes in dense tissue.
    gland *= 1 - 0.55 * smoothstep(lobules, 0.7, 1.9)
    value = FAT * (1 + 0.12 * cloud + 0.07 * streaks)
    value += gland * np.clip(0.27 + 0.075 * cloud + 0.050 * streaks, 0.05, None)
    value += strands * (0.13 + 0.09 * gland)
    value += 0.09 * vessels * (1 - 0.6 * gland)
    value += 0.20 * np.exp(-((grid.x - 1.0 * scale) ** 2 + grid.y**2) / (6.0 * scale) ** 2)  # the nipple itself
    return _with_muscle(grid, rng, value.astype(np.float32), muscle_in)


class _Grid:
    """Positions of the coarse pixels relative to the nipple, shared by the parts of the tissue."""

    def __init__(self, anatomy: Anatomy, shape: tuple[int, ...], step: float) -> None:
        self.anatomy, self.step = anatomy, step
        self.shape = (shape[0], shape[1])
        self.row, self.column = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        nipple_y, nipple_x = anatomy.nipple
        self.y = (self.row + 0.5) * step - nipple_y
        self.x = (self.column + 0.5) * step - nipple_x

    def sample(self, field: Field) -> Field:
        """Read a field where the tissue of this exam lies."""
        dy, dx = (shift / self.step for shift in self.anatomy.drift)
        return np.asarray(
            cv2.remap(field, self.column - dx, self.row - dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        )

    def sample_fan(self, field: Field, *, stretch: float) -> Field:
        """Read a field drawn out along the lines that run together at the nipple."""
        scale = self.anatomy.scale
        lead = self.x - 48.0 * scale
        distance = np.hypot(self.y, lead)
        angle = np.arctan2(self.y, -lead)
        along = (distance / stretch / self.step).astype(np.float32)
        across = (angle * (100.0 * scale) / self.step + field.shape[0] / 2).astype(np.float32)
        return np.asarray(cv2.remap(field, along, across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def _gland(grid: _Grid, rng: np.random.Generator, depth_in: Field, muscle_in: Field) -> Field:
    """Where fibroglandular tissue is: behind the nipple, towards the upper outer quadrant, off the skin; 0 to 1."""
    anatomy, scale = grid.anatomy, grid.anatomy.scale
    behind = -grid.x / anatomy.depth
    lateral = -(grid.y / scale) / 62.0 - rng.uniform(0.05, 0.4) * behind
    envelope = 1.0 - ((behind - 0.36) / 0.44) ** 2 - lateral**2
    noise = power_noise(rng, grid.shape, step=grid.step, beta=3.6, longest_mm=60 * scale, shortest_mm=2.0 * scale)
    fan = power_noise(rng, grid.shape, step=grid.step, beta=3.2, longest_mm=30 * scale, shortest_mm=1.8 * scale)
    field = envelope + 0.55 * grid.sample(noise) + 0.36 * grid.sample_fan(fan, stretch=2.0)
    # A layer of fat lies under the skin and before the muscle, thinner where the breast is dense.
    fat_layer = (12.0 - 7.0 * anatomy.gland_fraction) * scale
    at_nipple = np.exp(-(grid.x**2 + grid.y**2) / (15.0 * scale) ** 2)
    field += 2.6 * np.minimum(smoothstep(depth_in, 0.0, 2 * fat_layer) - 1.0, 0.0) * (1 - at_nipple)
    field -= 1.6 * smoothstep(muscle_in, -22.0 * scale, -2.0 * scale)
    inside = field[(depth_in > 0) & (muscle_in < 0)]
    threshold = float(np.quantile(inside[::7], 1.0 - anatomy.gland_fraction))
    return smoothstep(field, threshold - 0.55, threshold + 0.95)


def _strands(grid: _Grid, rng: np.random.Generator) -> Field:
    """Fibrous strands: long, gently bent threads towards the nipple, in three thicknesses; 0 to about 1.5."""
    scale = grid.anatomy.scale
    total = np.zeros(grid.shape, dtype=np.float32)
    for count, length, width, weight in ((1500, 16.0, 0.15, 0.7), (460, 32.0, 0.22, 0.9), (90, 60.0, 0.34, 1.0)):
        laid = _threads(grid, rng, count=count, length=length * scale)
        sigma = max(0.55, width * scale / grid.step)
        soft = cv2.GaussianBlur(laid, (0, 0), sigma) * (sigma * np.sqrt(2 * np.pi))
        total += np.float32(weight) * soft
    patches = power_noise(rng, grid.shape, step=grid.step, beta=3.0, longest_mm=30 * scale, shortest_mm=4 * scale)
    return np.asarray(total * (0.35 + 0.65 * smoothstep(grid.sample(patches), -1.2, 1.6)))


def _threads(grid: _Grid, rng: np.random.Generator, *, count: int, length: float) -> Field:
    """Lay threads of about that length (mm) over the breast: what crosses each pixel, in pixel lengths."""
    anatomy = grid.anatomy
    nipple_y, nipple_x = anatomy.nipple
    steps = max(8, int(length / (0.7 * grid.step)))
    y = nipple_y + rng.uniform(-1.05, 1.05, count) * np.where(rng.random(count) < 0.5, anatomy.above, anatomy.below)
    x = rng.uniform(-0.1, 1.0, count) * anatomy.depth
    heading = np.arctan2(nipple_y - y, nipple_x + 40.0 * anatomy.scale - x) + rng.normal(0.0, 0.5, count)
    # Curvature wanders slowly along a thread: the sum of a sum of small random turns.
    bend = rng.normal(0.0, 0.5 / steps, (count, 1)) + np.cumsum(
        rng.normal(0, 1.5 * steps**-1.5, (count, steps)), axis=1
    )
    headings = heading[:, None] + np.cumsum(bend, axis=1)
    pace = 0.7 * grid.step * rng.uniform(0.5, 1.4, (count, 1))
    rows = (y[:, None] + np.cumsum(pace * np.sin(headings), axis=1) + anatomy.drift[0]) / grid.step - 0.5
    columns = (x[:, None] + np.cumsum(pace * np.cos(headings), axis=1) + anatomy.drift[1]) / grid.step - 0.5
    fade = np.sin(np.linspace(0.0, np.pi, steps)) * rng.uniform(0.25, 1.0, (count, 1))
    return _splat(rows, columns, fade * pace / grid.step, grid.shape)


def _splat(rows: Points, columns: Points, weights: Points, shape: tuple[int, int]) -> Field:
    """Share each point's weight among the four pixels around it; shape as asked, float32."""
    row, column = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down, right = rows - row, columns - column
    inside = (row >= 0) & (row < shape[0] - 1) & (column >= 0) & (column < shape[1] - 1)
    total = np.zeros(shape[0] * shape[1])
    for at, share in (
        (0, (1 - down) * (1 - right)),
        (1, (1 - down) * right),
        (shape[1], down * (1 - right)),
        (shape[1] + 1, down * right),
    ):
        index = (row * shape[1] + column + at)[inside]
        total += np.bincount(index, weights=(weights * share)[inside], minlength=total.size)
    return total.reshape(shape).astype(np.float32)


def _vessels(grid: _Grid, rng: np.random.Generator) -> Field:
    """A few winding vessels from the axilla or the chest wall into the breast; 0 to 1."""
    anatomy = grid.anatomy
    canvas = np.zeros(grid.shape, dtype=np.uint8)
    for _ in range(int(rng.integers(3, 7))):
        y = anatomy.nipple[0] - rng.uniform(-0.7, 1.1) * anatomy.above * 0.8
        x = rng.uniform(0.0, 0.35) * anatomy.depth
        heading = rng.uniform(-0.5, 0.5)
        points = [(y, x)]
        for _ in range(60):
            heading += rng.normal(0, 0.16) - 0.03 * heading
            y, x = y + 1.6 * anatomy.scale * np.sin(heading), x + 1.6 * anatomy.scale * np.cos(heading)
            points.append((y, x))
        path = np.array(points)[:, ::-1] + np.array(anatomy.drift)[::-1]
        width = max(1, round(rng.uniform(0.8, 2.0) * anatomy.scale / grid.step))
        cv2.polylines(canvas, [np.rint(path / grid.step * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.5, 0.45 * anatomy.scale / grid.step))
    return np.asarray(soft.astype(np.float32) / 255.0)


def _with_muscle(grid: _Grid, rng: np.random.Generator, value: Field, muscle_in: Field) -> Field:
    """Lay the pectoral muscle over the breast: brighter, striated along its edge."""
    across, along = grid.anatomy.pectoral
    if not across:
        return value
    scale = grid.anatomy.scale
    waves = power_noise(rng, grid.shape, step=grid.step, beta=2.6, longest_mm=20 * scale, shortest_mm=0.8 * scale)
    # Fibres run along the muscle: read the noise in the muscle's own axes, drawn out eightfold along it.
    length = float(np.hypot(across, along))
    fibre = ((grid.row * along - grid.column * across) / length / 8.0).astype(np.float32)
    over = (muscle_in / grid.step).astype(np.float32)
    fibres = cv2.remap(waves, over, fibre, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    deep = 1 - np.exp(-np.maximum(muscle_in, 0) / (16.0 * scale))
    muscle = 0.40 + 0.24 * deep + 0.012 * fibres + 0.28 * (value - FAT)
    amount = smoothstep(muscle_in, -0.9 * scale, 1.5 * scale)
    return np.asarray(value + amount * (muscle - value), dtype=np.float32)
