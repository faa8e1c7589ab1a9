"""Sheets of pictures."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tinytorch import Tensor
from tinytorch.utils.images import image_grid


def shown(*arguments):
    """Return the pictures in a sheet, decoded by another library."""
    html = image_grid(*arguments)._repr_html_()
    codes = re.findall(r"data:image/png;base64,([\w+/=]+)", html)
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(code)))) for code in codes
    ]


def test_bytes_are_shown_as_they_are():
    colours = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), np.uint8)
    assert np.array_equal(shown(colours), colours.transpose(0, 2, 3, 1))
    assert np.array_equal(shown(colours[:, :1]), colours[:, 0])
    assert np.array_equal(shown(Tensor(colours[:, 0])), colours[:, 0])


def test_other_numbers_are_stretched():
    (picture,) = shown(np.array([[[-1.0, 0.0, 1.0]]]))
    assert picture.tolist() == [[0, 127, 255]]


def test_captions_stand_below():
    html = image_grid(np.zeros((2, 4, 4)), ["a & b", "c"])._repr_html_()
    assert html.count("<br>a &amp; b</div>") == html.count("<br>c</div>") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 4)),), r"got \(4, 4\)"),
        ((np.zeros((1, 2, 4, 4)),), r"1 or 3, H, W\), got \(1, 2, 4, 4\)"),
        ((np.zeros((2, 4, 4)), ["a"]), "expected 2 captions, got 1"),
    ],
)
def test_what_is_no_sheet_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        image_grid(*arguments)
