"""What a recorded graph needs of memory: changes noticed, and nodes freed in turn."""

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray


class Pending(list):
    """Edges of a graph to let go of, one node's after another's.

    Left to itself, each node would free the one before it from within its own
    release, and a deep graph that is dropped unused would overflow a browser's stack.
    """

    busy = False

    def drain(self) -> None:
        """Let go of what is pending, unless that is under way already."""
        if not self.busy:
            self.busy = True
            while self:
                self.pop()  # may append the edges of the nodes it frees
            self.busy = False


unneeded = Pending()


class Writes:
    """When an array was last written in place, so that a stale graph is noticed.

    Saved arrays are compared by the memory they share (views included) and only
    against writes that came after the node was recorded.
    """

    def __init__(self) -> None:
        self.clock = 0
        self._at: dict[int, tuple[weakref.ref[Array], int]] = {}

    def mark(self, array: Array) -> None:
        """Note that `array` has just been written in place."""
        self.clock += 1
        owner = _owner(array)
        key = id(owner)
        ref = weakref.ref(owner, lambda _: self._at.pop(key, None))
        self._at[key] = (ref, self.clock)

    def check(self, node: Any) -> None:
        """Raise RuntimeError if what `node` saved was written since."""
        for array in _arrays(node.saved):
            _, written = self._at.get(id(_owner(array)), (None, 0))
            if written > node.written_at:
                raise RuntimeError(
                    f"{type(node).__name__} saved a tensor of shape {array.shape} "
                    "for its gradient, and it was changed in place before "
                    "backward(); change a copy, or call backward() first"
                )


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _arrays(values: tuple[Any, ...]) -> Iterator[Array]:
    """Yield the arrays among `values`, and in the tuples among them."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, tuple):
            yield from _arrays(value)


writes = Writes()
