"""A sheet of small pictures for notebooks, as an HTML grid of PNGs."""

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape

import numpy as np

from tinytorch.tensor import Tensor


def png(image: np.ndarray) -> bytes:
    """Encode uint8 (H, W) grey or (H, W, 3) RGB as PNG."""
    height, width = image.shape[:2]
    rows = image.reshape(height, -1)
    raw = np.insert(rows, 0, 0, axis=1).tobytes()  # each row begins with filter 0

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    colour = 2 if image.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


class ImageGrid:
    """What a notebook shows: pictures in rows, each with a caption below."""

    def __init__(
        self, images: np.ndarray, captions: Sequence[str], columns: int, size: int
    ) -> None:
        self.images, self.captions = images, captions
        self.columns, self.size = columns, size

    def __repr__(self) -> str:
        return f"ImageGrid({', '.join(self.captions) or len(self.images)})"

    def _repr_html_(self) -> str:
        cells = "".join(
            self._cell(image, self.captions[i] if self.captions else "")
            for i, image in enumerate(self.images)
        )
        return (
            f'<div style="display:grid;gap:8px;font-size:11px;text-align:center;'
            f'grid-template-columns:repeat({self.columns},{self.size}px)">{cells}</div>'
        )

    def _cell(self, image: np.ndarray, caption: str) -> str:
        code = base64.b64encode(png(image)).decode()
        return (
            f'<div><img alt="{escape(caption)}" src="data:image/png;base64,{code}" '
            f'style="width:{self.size}px;image-rendering:pixelated"/>'
            f"<br>{escape(caption)}</div>"
        )


def image_grid(
    images: np.ndarray | Tensor,
    captions: Sequence[str] = (),
    columns: int = 10,
    size: int = 64,
) -> ImageGrid:
    """Lay out pictures (N, C, H, W) or (N, H, W), C 1 or 3, each `size` pixels wide.

    uint8 is shown as it is; other numbers are stretched from their smallest to their
    largest. Raises ValueError for another shape or a wrong number of captions.
    """
    array = images.data if isinstance(images, Tensor) else np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        raise ValueError(f"expected (N, H, W) or (N, 1 or 3, H, W), got {array.shape}")
    if captions and len(captions) != len(array):
        raise ValueError(f"expected {len(array)} captions, got {len(captions)}")
    if array.dtype != np.uint8:
        low, high = array.min(initial=np.inf), array.max(initial=-np.inf)
        array = ((array - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    pictures = array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)
    return ImageGrid(pictures, list(captions), columns, size)
