"""`@kernel`: compiles a function when it is called, for the arguments it is given."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from numbers import Integral, Real
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.compiler import plain
from tinytorch.compiler.check import Parameter, check_kernel
from tinytorch.compiler.emit import REPORT_WORDS, WORD, emit
from tinytorch.compiler.instructions import module
from tinytorch.compiler.machine import HERE, Machine
from tinytorch.compiler.names import Constants
from tinytorch.compiler.source import Source
from tinytorch.compiler.text import module_text
from tinytorch.compiler.tree import Array, Local, Place, Type

#: What tells arguments apart for the compiler: of an array, how many axes it has and
#: whether its rows are packed; of a number, its type.
Kind = tuple[int, bool] | Type


class Kernel:
    """A function of float32 arrays (1 or 2 axes), integers and floats, compiled.

    It returns nothing: it writes into its arrays. In a browser it runs as WebAssembly
    on the arrays' own memory; elsewhere as Python, with the same results.

    on: what runs WebAssembly; None runs Python.
    checked: whether every index is compared with its array's shape. Without, a wrong
    index reads or overwrites other memory of the tab, and no one notices.

    Calling it raises CompileError where the function says what cannot be compiled,
    TypeError and ValueError for other arguments, and IndexError for an index outside
    its array; what was written until then stays written.
    """

    def __init__(
        self,
        function: Callable[..., None],
        checked: bool = True,
        on: Machine | None = HERE,
    ) -> None:
        if not isinstance(function, FunctionType):
            raise TypeError(f"a kernel is a function, got {type(function).__name__}")
        self.function, self.checked = function, checked
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._machine = on
        self._compiled: dict[tuple[Any, ...], Compiled] = {}

    def __call__(self, *arguments: Any) -> None:
        """Run the kernel."""
        self._find(arguments).run(arguments)

    def wasm(self, *arguments: Any) -> bytes:
        """Return the WebAssembly module that such arguments are compiled to."""
        return module(self._find(arguments).bodies)

    def text(self, *arguments: Any) -> str:
        """Return that module as text: instructions below the lines they come from."""
        return module_text(self._find(arguments).bodies)

    def accesses(self, *arguments: Any) -> int:
        """Run as Python, and return how often memory was read or written.

        Four numbers by one `load4` or `store4` count once. What is computed is
        computed; use small arrays.
        """
        return self._find(arguments).count_accesses(arguments)

    def _find(self, arguments: tuple[Any, ...]) -> Compiled:
        """Return the compiled form; made anew when text or constants have changed."""
        code = self.function.__code__
        if code.co_argcount != len(arguments):
            raise TypeError(
                f"{self.__name__} expects {code.co_argcount} arguments, "
                f"got {len(arguments)}"
            )
        kinds = tuple(map(kind, code.co_varnames, arguments))
        found = self._compiled.get((code, kinds))
        if found is None or not found.constants.unchanged():
            found = Compiled(self.function, kinds, self.checked, self._machine)
            self._compiled[code, kinds] = found
        return found

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}, {'' if self.checked else 'un'}checked>"


def kernel(function: Callable[..., None] | None = None, *, checked: bool = True) -> Any:
    """Compile a function: `@kernel`, or `@kernel(checked=False)`; see `Kernel`."""
    if function is None:
        return lambda later: Kernel(later, checked)
    return Kernel(function, checked)


def kind(name: str, value: Any) -> Kind:
    """Return the kind of an argument. Raises TypeError or ValueError."""
    if type(value) is np.ndarray:
        if value.dtype != np.float32 or not 1 <= value.ndim <= 2:
            raise TypeError(
                f"expected {name} as a float32 array with 1 or 2 axes, "
                f"got {value.dtype} of shape {value.shape}"
            )
        return value.ndim, value.strides[-1] == 4 or value.shape[-1] <= 1
    if isinstance(value, Integral) and not isinstance(value, bool):
        if not -(2**31) <= int(value) < 2**31:
            raise ValueError(f"expected {name} in 32 bits, got {value}")
        return Type.INT
    if isinstance(value, Real) and not isinstance(value, bool):
        return Type.FLOAT
    raise TypeError(
        f"expected {name} as a numpy array or a number, got {type(value).__name__}"
    )


class Compiled:
    """A kernel for one kind of each argument."""

    def __init__(
        self,
        function: FunctionType,
        kinds: tuple[Kind, ...],
        checked: bool,
        machine: Machine | None,
    ) -> None:
        self.constants = Constants()
        self._name, self._machine = function.__name__, machine
        source = Source(function)
        self._parameters = parameters(source, kinds)
        self._program = check_kernel(source, self._parameters, self.constants)
        emitted = emit(self._program, checked)
        self.bodies, self._places = emitted.bodies, emitted.places
        names = [p.name for p in self._parameters]
        self._written = [names.index(name) for name in sorted(emitted.written)]
        if machine is None:
            self._python = plain.python_function(self._program)
            return
        self._entry = machine.load(module(self.bodies))
        self._format = "=" + "".join(map(_format, self._parameters))
        size = struct.calcsize(self._format) // WORD
        self._block: Any = machine.room(REPORT_WORDS + size)
        self._at = machine.address(self._block)

    def run(self, arguments: tuple[Any, ...]) -> None:
        """Run with arguments of these kinds."""
        for number in self._written:
            if not arguments[number].flags.writeable:
                name = self._parameters[number].name
                raise ValueError(f"{self._name} writes to {name}, which is read-only")
        if self._machine is None:
            self._run_python(self._python, arguments)
            return
        words: list[Any] = []
        for value in arguments:
            if type(value) is np.ndarray:
                words += (self._machine.address(value), *value.shape, *value.strides)
            else:
                words.append(value)
        struct.pack_into(self._format, self._block, REPORT_WORDS * WORD, *words)
        failed = self._entry(self._at)
        if failed:
            _, axis, index = self._block[:REPORT_WORDS].tolist()
            raise self._outside(self._places[failed - 1], axis, index, arguments)

    def count_accesses(self, arguments: tuple[Any, ...]) -> int:
        """Run as Python, and return how often memory was read or written."""
        count = itertools.count()

        def counted(word: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *given: (next(count), word(*given))[1]

        words = {name: counted(plain.WORDS[name]) for name in plain.ACCESSES}
        self._run_python(plain.python_function(self._program, words), arguments)
        return next(count)

    def _run_python(
        self, function: Callable[..., None], arguments: tuple[Any, ...]
    ) -> None:
        given = [
            np.float32(value)
            if isinstance(p, Local) and p.type is Type.FLOAT
            else value
            for p, value in zip(self._parameters, arguments, strict=True)
        ]
        try:
            with np.errstate(all="ignore"):
                function(*given)
        except plain.Outside as error:
            outside = self._outside(error.place, error.axis, error.index, arguments)
            raise outside from None

    def _outside(
        self, place: Place, axis: int, index: int, arguments: tuple[Any, ...]
    ) -> IndexError:
        names = [p.name for p in self._parameters]
        shape = arguments[names.index(place.array)].shape
        last = axis == len(shape) - 1
        four = " and the three after it" if place.width == 4 and last else ""
        return IndexError(
            f"line {place.line} of {self._name}: {place.text} asks for index {index}"
            f"{four} on axis {axis} of {place.array}, which has shape {shape}"
        )


def parameters(source: Source, kinds: tuple[Kind, ...]) -> list[Parameter]:
    """Return the parameters of a function, given the kind of each argument."""
    given = source.tree.args
    names = [argument.arg for argument in given.args]
    if len(names) != len(kinds) or given.vararg or given.kwonlyargs or given.defaults:
        raise source.error(
            source.tree,
            "a kernel takes plain arguments, without * and without defaults",
        )
    return [
        Local(kind, name) if isinstance(kind, Type) else Array(name, *kind)
        for name, kind in zip(names, kinds, strict=True)
    ]


def _format(parameter: Parameter) -> str:
    if isinstance(parameter, Array):
        return f"I{2 * parameter.axes}i"
    return "f" if parameter.type is Type.FLOAT else "i"
