"""Weights in files of the safetensors format: data only, so safe to open.

A file is the header's length (8 bytes, little-endian), the header (JSON: for every
tensor its dtype, shape and place), then all numbers, little-endian, without gaps. See
https://github.com/huggingface/safetensors; files go both ways between that library and
this module.
"""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch import expect
from tinytorch.tensor import Tensor
from tinytorch.utils import files

StrPath = str | os.PathLike[str]
Tensors = Mapping[str, Tensor | np.ndarray]
Metadata = dict[str, str]

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
SIGNED = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1"}
UNSIGNED = {"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}
DTYPES = {name: np.dtype(code) for name, code in (FLOATS | SIGNED | UNSIGNED).items()}
# BF16, the upper half of a float32, is only read: numpy has no such dtype to write.
NAMES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}
LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


def save_file(
    tensors: Tensors, path: StrPath, metadata: Metadata | None = None
) -> None:
    """Write tensors by name. The file is replaced at once, or, on failure, not at all.

    `metadata` maps strings to strings. Raises TypeError for what the format has no
    place for.
    """
    expect.instance(str | os.PathLike, path=path)
    files.replace(path, save(tensors, metadata))


def load_file(path: StrPath) -> dict[str, Tensor]:
    """Read the tensors of a file; raises ValueError, with its name, for a bad one."""
    expect.instance(str | os.PathLike, path=path)
    with _about(path):
        return load(Path(path).read_bytes())


def load_metadata(path: StrPath) -> Metadata:
    """Read the metadata of a file, empty if it has none; errors as `load_file`."""
    expect.instance(str | os.PathLike, path=path)
    with _about(path):
        return _parse(Path(path).read_bytes())[1]


def save(tensors: Tensors, metadata: Metadata | None = None) -> bytes:
    """Return the contents of a file with these tensors."""
    expect.instance(Mapping, tensors=tensors)
    expect.instance(dict | None, metadata=metadata)
    arrays = [(name, _array(name, value)) for name, value in tensors.items()]
    # Widest numbers first: every tensor then begins at a multiple of its item's size.
    arrays.sort(key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": _strings(metadata)} if metadata else {}
    end = 0
    for name, array in arrays:
        begin, end = end, end + array.nbytes
        entry = {"dtype": NAMES[array.dtype], "shape": array.shape}
        header[name] = {**entry, "data_offsets": (begin, end)}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    numbers = [array.tobytes() for _, array in arrays]
    return b"".join([len(text).to_bytes(8, "little"), text, *numbers])


def load(data: bytes) -> dict[str, Tensor]:
    """Return the tensors in the contents of a file; BF16 becomes float32."""
    expect.instance(bytes, data=data)
    return {name: Tensor(array.copy()) for name, array in _parse(data)[0].items()}


def _parse(data: bytes) -> tuple[dict[str, np.ndarray], Metadata]:
    """Check all of it; return the arrays, which share its memory, and the metadata."""
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, LONGEST_HEADER) or data[8:9] != b"{":
        raise ValueError(
            f"expected 8 bytes and a header {{...}} of at most {LONGEST_HEADER:,}, got "
            f"one of {length:,} in {len(data):,}: cut off, or no safetensors file"
        )
    with _about("the header is no usable JSON"):
        header = _json(data[8 : 8 + length].decode())
    metadata = _strings(header.pop("__metadata__", {}))
    numbers = memoryview(data)[8 + length :]
    arrays, places = {}, [(0, 0), (len(numbers), len(numbers))]
    for name, entry in header.items():
        with _about(f"tensor {name!r}"):
            begin, end, dtype, shape = _entry(entry, len(numbers))
            array = np.frombuffer(numbers[begin:end], DTYPES[dtype]).reshape(shape)
        bf16 = dtype == "BF16"
        arrays[name] = (array.astype("<u4") << 16).view("<f4") if bf16 else array
        places.append((begin, end))
    for (_, end), (begin, _) in pairwise(sorted(places)):
        if begin != end:
            what = "tensors overlap" if begin < end else "there is a gap"
            raise ValueError(f"{what}: expected byte {end} to follow, got {begin}")
    return arrays, metadata


def _json(text: str) -> Any:
    """Parse JSON of at most three levels: names, an entry, its lists.

    Parsing many levels would overflow the browser's stack, which ends Python.
    """
    rest = re.sub(r'(?s)"(?:[^"\\]|\\.)*+"?', "", text)
    for _ in range(3):
        rest = re.sub(r"[\[{][^][{}]*[\]}]", "", rest)  # the innermost level
    if re.search(r"[\[{]", rest):
        raise ValueError("it is nested too deep, or a bracket is missing")
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name appears twice")
    return dict(pairs)


def _entry(entry: Any, length: int) -> tuple[int, int, str, list[int]]:
    """Return where a tensor's bytes begin and end, among `length`, dtype and shape."""
    match entry:
        case {"dtype": dtype, "shape": [*shape], "data_offsets": [begin, end]}:
            sizes = [*shape, begin, end]
        case _:
            raise ValueError(f"expected dtype, shape, data_offsets, got {entry!r:.60}")
    expect.one_of(list(DTYPES), dtype=dtype)
    if not all(type(size) is int and 0 <= size < 2**63 for size in sizes):
        raise ValueError(f"expected whole sizes of at least 0, got {entry!r:.200}")
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if not end - begin == size <= length - begin:
        raise ValueError(f"expected {size:,} bytes, got {begin} to {end} of {length}")
    return begin, end, dtype, shape


def _array(name: str, value: Any) -> np.ndarray:
    array = value.data if isinstance(value, Tensor) else np.asarray(value)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype not in NAMES or not isinstance(name, str) or name == "__metadata__":
        dtypes, got = list(NAMES.values()), f"{name!r} of dtype {array.dtype}"
        raise TypeError(f"expected a name and a dtype out of {dtypes}, got {got}")
    return array


def _strings(metadata: Any) -> Metadata:
    pairs = metadata.items() if isinstance(metadata, dict) else [("", None)]
    if not all(isinstance(text, str) for pair in pairs for text in pair):
        raise ValueError(f"metadata expects strings by name, got {metadata!r:.80}")
    return metadata


@contextmanager
def _about(what: object) -> Iterator[None]:
    """Begin the message of a ValueError with what it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
