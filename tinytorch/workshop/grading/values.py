"""Values as JSON and back: numbers, arrays, tensors and what holds them, as data."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor

_NAMES = [np.dtype(code).name for code in "?bBhHiIqQefdFD"]
DTYPES = {name: np.dtype(name) for name in _NAMES}
DEEPEST = 20  # levels; deeper than any check looks


@dataclass(frozen=True)
class Other:
    """Stands for a value that is no data: all that is kept of it is its type."""

    type: str


def encode(value: Any, depth: int = DEEPEST) -> Any:
    """Return JSON's own types for a value; what is no data becomes its type's name."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth == 0:
        return {"is": "other", "type": "nested deeper than any check looks"}
    if isinstance(value, Tensor):
        return {"is": "tensor", "of": encode(value.data)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.name in DTYPES:
        array = np.ascontiguousarray(value)
        return {
            "is": "array" if isinstance(value, np.ndarray) else "scalar",
            "dtype": array.dtype.name,
            "shape": np.shape(value),
            "bytes": base64.b64encode(array.tobytes()).decode(),
        }
    if isinstance(value, list | tuple):
        items = [encode(item, depth - 1) for item in value]
        return {"is": "tuple" if isinstance(value, tuple) else "list", "of": items}
    if isinstance(value, dict):
        pairs = [[encode(k, depth - 1), encode(v, depth - 1)] for k, v in value.items()]
        return {"is": "dict", "of": pairs}
    kind = value if isinstance(value, type) else type(value)
    return {"is": "other", "type": f"{kind.__module__}.{kind.__qualname__}"}


def decode(coded: Any) -> Any:
    """Return the value again. Raises ValueError for what `encode` never writes."""
    match coded:
        case None | bool() | int() | float() | str():
            return coded
        case {"is": "tensor", "of": {"is": "array"} as array}:
            return Tensor(_array(array))
        case {"is": "array"}:
            return _array(coded)
        case {"is": "scalar"}:
            return _array(coded)[()]
        case {"is": "list", "of": [*items]}:
            return [decode(item) for item in items]
        case {"is": "tuple", "of": [*items]}:
            return tuple(decode(item) for item in items)
        case {"is": "dict", "of": [*pairs]}:
            return _dict(pairs)
        case {"is": "other", "type": str(name)}:
            return Other(name)
    raise ValueError(f"expected a value as `encode` writes it, got {coded!r:.80}")


def _array(coded: dict[str, Any]) -> np.ndarray:
    match coded:
        case {"dtype": str(name), "shape": [*shape], "bytes": str(text)} if (
            name in DTYPES and all(type(size) is int for size in shape)
        ):
            raw = base64.b64decode(text, validate=True)
            return np.frombuffer(raw, DTYPES[name]).reshape(shape)
    raise ValueError(f"expected an array as `encode` writes it, got {coded!r:.80}")


def _dict(pairs: list[Any]) -> dict[Any, Any]:
    try:
        return {decode(key): decode(value) for key, value in pairs}
    except TypeError as error:
        raise ValueError(f"expected pairs with plain keys, got {error}") from error
