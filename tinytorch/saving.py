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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor

Metadata = dict[str, str]

DTYPES: dict[str, np.dtype] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of a float32, which it is read as
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
# BF16 is only read: numpy has no such dtype to write.
NAMES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}
LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


def save_file(
    tensors: Mapping[str, Tensor | np.ndarray],
    path: str | os.PathLike[str],
    metadata: Metadata | None = None,
) -> None:
    """Write tensors by name. The file is replaced at once, or, on failure, not at all.

    `metadata` maps strings to strings. Raises TypeError for what the format has no
    place for.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(save(tensors, metadata))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def load_file(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read the tensors of a file; raises ValueError, with its name, for a bad one."""
    return _named(path, load)


def load_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Read the metadata of a file, empty if it has none; errors as `load_file`."""
    return _named(path, lambda data: _parse(data)[1])


def save(
    tensors: Mapping[str, Tensor | np.ndarray], metadata: Metadata | None = None
) -> bytes:
    """Return the contents of a file with these tensors."""
    arrays = {name: _array(name, value) for name, value in tensors.items()}
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = _strings(metadata)
    parts, end = [], 0
    # Widest numbers first: every tensor then begins at a multiple of its item's size.
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        array = arrays[name]
        begin, end = end, end + array.nbytes
        entry = {"dtype": NAMES[array.dtype], "shape": list(array.shape)}
        header[name] = {**entry, "data_offsets": [begin, end]}
        parts.append(array.tobytes())
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def load(data: bytes) -> dict[str, Tensor]:
    """Return the tensors in the contents of a file; BF16 becomes float32."""
    entries, _, numbers = _parse(data)
    tensors = {}
    for name, (dtype, shape, begin, end) in entries.items():
        raw = np.frombuffer(numbers[begin:end], DTYPES[dtype])
        if dtype == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        try:
            tensors[name] = Tensor(raw.reshape(shape).copy())
        except (ValueError, OverflowError) as error:
            raise ValueError(f"tensor {name!r} has no usable shape: {error}") from None
    return tensors


Entry = tuple[str, list[int], int, int]  # dtype, shape, and where its bytes lie


def _parse(data: bytes) -> tuple[dict[str, Entry], Metadata, memoryview]:
    """Check the header; return its entries, the metadata and the numbers' bytes."""
    if len(data) < 8:
        raise ValueError(f"expected at least 8 bytes, got {len(data)}")
    length = int.from_bytes(data[:8], "little")
    if length > min(LONGEST_HEADER, len(data) - 8):
        raise ValueError(
            f"expected a header of at most {min(LONGEST_HEADER, len(data) - 8):,} "
            f"bytes, got {length:,}: the file is cut off, or no safetensors file"
        )
    header = _json(data[8 : 8 + length])
    metadata = _strings(header.pop("__metadata__", {}))
    numbers = memoryview(data)[8 + length :]
    entries = {name: _entry(name, value) for name, value in header.items()}
    _check_places(entries, len(numbers))
    return entries, metadata, numbers


def _json(content: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError("a name appears twice")
        return dict(pairs)

    try:
        text = content.decode()
        _expect_shallow(text)
        header = json.loads(text, object_pairs_hook=once)
    except ValueError as error:
        raise ValueError(f"the header is no usable JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"expected a header of names, got {type(header).__name__}")
    return header


def _expect_shallow(text: str) -> None:
    """Raise ValueError for more levels than a header has: names, an entry, its lists.

    Parsing many levels would overflow the browser's stack, which ends Python.
    """
    depth = 0
    outside_strings = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    for bracket in re.findall(r"[\[\]{}]", outside_strings):
        depth += 1 if bracket in "[{" else -1
        if depth > 3:
            raise ValueError("it is nested too deep")


def _entry(name: str, value: Any) -> Entry:
    match value:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [begin, end]}:
            sizes = [*shape, begin, end]
        case _:
            raise ValueError(
                f"tensor {name!r} expects dtype, shape and two data_offsets, "
                f"got {value!r:.80}"
            )
    if dtype not in DTYPES:
        raise ValueError(
            f"tensor {name!r} expects a dtype out of {list(DTYPES)}, got {dtype!r}"
        )
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError(
            f"tensor {name!r} expects whole sizes of at least 0, got {shape} at "
            f"{begin} to {end}"
        )
    expected = math.prod(shape) * DTYPES[dtype].itemsize
    if end - begin != expected:
        raise ValueError(
            f"tensor {name!r}, {dtype} of shape {shape}, expects {expected} bytes, "
            f"got {begin} to {end}"
        )
    return dtype, shape, begin, end


def _check_places(entries: dict[str, Entry], size: int) -> None:
    """Raise ValueError unless the tensors cover all bytes, and none twice."""
    reached = 0
    for name, (_, _, begin, end) in sorted(entries.items(), key=lambda e: e[1][2:]):
        if begin != reached:
            what = "overlaps another" if begin < reached else "leaves a gap before it"
            raise ValueError(
                f"tensor {name!r} {what}: expected it at byte {reached}, got {begin}"
            )
        reached = end
    if reached != size:
        raise ValueError(
            f"expected {reached:,} bytes of numbers, got {size:,}: the file is cut "
            "off, or something was added"
        )


def _array(name: str, value: Any) -> np.ndarray:
    array = value.data if isinstance(value, Tensor) else np.asarray(value)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype not in NAMES or not isinstance(name, str) or name == "__metadata__":
        raise TypeError(
            f"expected a name and numbers of a dtype out of {list(NAMES.values())}, "
            f"got {name!r} of dtype {array.dtype}"
        )
    return array


def _strings(metadata: Any) -> Metadata:
    if not isinstance(metadata, dict) or not all(
        isinstance(text, str) for pair in metadata.items() for text in pair
    ):
        raise ValueError(f"metadata expects strings by name, got {metadata!r:.80}")
    return metadata


def _named(path: str | os.PathLike[str], read: Any) -> Any:
    data = Path(path).read_bytes()
    try:
        return read(data)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None
