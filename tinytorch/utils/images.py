"""A sheet of small pictures for notebooks, as an HTML grid of PNGs."""

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from tinytorch import expect
from tinytorch.utils.display import Picture


def png(image: np.ndarray) -> bytes:
    """Encode uint8 (H, W, 1) grey or (H, W, 3) RGB as PNG."""
    height, width, channels = image.shape
    colour = 2 if channels == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    rows = np.insert(image.reshape(height, -1), 0, 0, axis=1)  # 0: no filter
    code = b"\x89PNG\r\n\x1a\n"
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows.tobytes()), b"IEND": b""}
    for kind, body in chunks.items():
        check = zlib.crc32(kind + body)
        code += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
    return code


def data_url(image: np.ndarray) -> str:
    """Return a picture (H, W, 1 or 3) as an address that holds it whole."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def image_grid(
    images: ArrayLike, captions: Sequence[str] = (), columns: int = 10, size: int = 64
) -> Picture:
    """Lay out pictures in rows, each with its caption below, `size` pixels wide.

    Pictures are (N, C, H, W), C 1 or 3, or (N, H, W).
    uint8 is shown as it is; other numbers are stretched from their smallest to their
    largest. Raises ValueError for another shape or a wrong number of captions.
    """
    columns, size = expect.count("columns", columns), expect.count("size", size)
    captions = expect.sequence("captions", captions)
    array = np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        raise ValueError(f"expected (N, H, W) or (N, 1 or 3, H, W), got {array.shape}")
    captions = captions or [""] * len(array)
    if len(captions) != len(array):
        raise ValueError(f"expected {len(array)} captions, got {len(captions)}")
    if array.dtype != np.uint8:
        low, high = array.min(initial=np.inf), array.max(initial=-np.inf)
        array = ((array - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    cells = ""
    for image, caption in zip(array.transpose(0, 2, 3, 1), captions, strict=True):
        source = f'alt="{escape(caption)}" src="{data_url(image)}"'
        style = f"width:{size}px;image-rendering:pixelated"
        cells += f'<div><img {source} style="{style}"><br>{escape(caption)}</div>'
    style = f"display:grid;grid-template-columns:repeat({columns},{size}px);gap:8px"
    style += ";font-size:11px;text-align:center"
    return Picture(f'<div style="{style}">{cells}</div>')
