"""From the typed tree to WebAssembly's instructions.

WebAssembly is a stack machine: `local.get` puts a variable on the stack, `f32.add`
takes two numbers from it and puts their sum back. So an expression becomes its
operands' instructions, one after the other, and then its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinytorch.compiler import tree
from tinytorch.compiler.instructions import Body, Instruction
from tinytorch.compiler.tree import Array, Constant, Expression, Local, Place, Type

VALUE = {Type.INT: "i32", Type.TRUTH: "i32", Type.FLOAT: "f32", Type.FOUR: "v128"}
PREFIX = {Type.INT: "i32", Type.FLOAT: "f32", Type.FOUR: "f32x4", Type.TRUTH: "i32"}
#: The block in memory that a kernel is called with: three words to say which access
#: failed, on which axis and with which index; then the arguments, word by word.
REPORT_WORDS = 3
WORD = 4


@dataclass
class Emitted:
    """The functions of a module, the kernel first, and what is known of its arrays."""

    bodies: list[Body]
    places: list[Place]  # where an array is read or written
    written: set[str]  # the arrays that are


def emit(program: tree.Program, checked: bool) -> Emitted:
    """Return the instructions of a kernel.

    It takes the address of its block and returns 0, or 1 + the number of the place at
    which an index was outside its array. checked: whether it looks.
    """
    emitted = Emitted([], [], set())
    for function in (program.kernel, *program.helpers):
        lines = program.lines[function.name]
        emitted.bodies.append(Emitter(function, lines, checked, emitted).emit())
    return emitted


def words(parameter: Array | Local) -> list[str]:
    """Return the names of the variables in which a parameter is passed."""
    if isinstance(parameter, Local):
        return [parameter.name]
    axes = range(parameter.axes)
    shape = [f"{parameter.name}.shape.{axis}" for axis in axes]
    strides = [f"{parameter.name}.stride.{axis}" for axis in axes]
    return [f"{parameter.name}.address", *shape, *strides]


class Emitter:
    """Writes the instructions of one function."""

    def __init__(
        self,
        function: tree.Function,
        lines: dict[int, str],
        checked: bool,
        whole: Emitted,
    ) -> None:
        self._function, self._lines = function, lines
        self._checked, self._whole = checked, whole
        self._body = Body(function.name, {".block": "i32"}, "i32")
        if function.result is not None:
            given = [p for p in function.parameters if isinstance(p, Local)]
            self._body.parameters = {p.name: VALUE[p.type] for p in given}
            self._body.result = VALUE[function.result]

    def emit(self) -> Body:
        """Return the function."""
        if self._function.result is None:
            self._receive()
        self._block(self._function.body)
        if self._function.result is None:
            self._add("i32.const", 0)
        return self._body

    def _add(self, *instruction: str | int | float) -> None:
        self._body.code.append(instruction)

    def _local(self, name: str, type_: str) -> str:
        if name not in self._body.parameters:
            self._body.locals[name] = type_
        return name

    def _fresh(self, type_: str) -> str:
        return self._local(f".{len(self._body.locals)}", type_)

    def _receive(self) -> None:
        """Fetch the arguments from the block into variables."""
        place = REPORT_WORDS * WORD
        for parameter in self._function.parameters:
            type_ = VALUE[parameter.type] if isinstance(parameter, Local) else "i32"
            for name in words(parameter):
                self._add("local.get", ".block")
                self._add(f"{type_}.load", place)
                self._add("local.set", self._local(name, type_))
                place += WORD

    # Statements

    def _block(self, statements: Sequence[tree.Statement]) -> None:
        for statement in statements:
            line = self._lines[statement.line].strip()
            self._add("comment", f"{statement.line}: {line}")
            self._statement(statement)

    def _statement(self, statement: tree.Statement) -> None:
        match statement:
            case tree.Set(target, value):
                self._expression(value)
                self._add("local.set", self._local(target.name, VALUE[target.type]))
            case tree.Write():
                self._whole.written.add(statement.array.name)
                kind = VALUE[statement.value.type]
                kept = self._fresh(kind)  # Python, too, looks at the value first
                self._expression(statement.value)
                self._add("local.set", kept)
                self._address(statement.array, statement.indices, statement.place)
                self._add("local.get", kept)
                self._add(f"{kind}.store", 0)
            case tree.If(test, then, otherwise):
                self._expression(test)
                self._add("if")
                self._block(then)
                if otherwise:
                    self._add("else")
                    self._block(otherwise)
                self._add("end")
            case tree.For():
                self._for(statement)
            case tree.Return(value):
                self._expression(value)

    def _for(self, loop: tree.For) -> None:
        counter = self._local(loop.variable.name, "i32")
        stop = self._local(f"{counter}.stop", "i32")
        self._expression(loop.start)
        self._expression(loop.stop)
        self._add("local.set", stop)
        self._add("local.tee", counter)
        self._add("local.get", stop)
        self._add("i32.lt_s")
        self._add("if")
        self._add("loop")
        self._block(loop.body)
        # Not counter + step < stop: that sum can pass the largest integer, and begin
        # again at the smallest.
        self._add("local.get", stop)
        self._add("local.get", counter)
        self._add("i32.sub")
        self._add("local.get", counter)
        self._add("i32.const", loop.step)
        self._add("i32.add")
        self._add("local.set", counter)
        self._add("i32.const", loop.step)
        self._add("i32.gt_u")
        self._add("br_if", 0)
        self._add("end")
        self._add("end")

    # Expressions

    def _expression(self, value: Expression) -> None:
        match value:
            case Constant(type_, number):
                kind = int if type_ is Type.INT else float
                self._add(f"{PREFIX[type_]}.const", kind(number))
            case Local(_, name):
                self._add("local.get", name)
            case tree.Size(array, axis):
                self._add("local.get", f"{array.name}.shape.{axis}")
            case tree.Read(type_, array, indices, place):
                self._address(array, indices, place)
                self._add(f"{VALUE[type_]}.load", 0)
            case tree.Lane(four, number):
                self._expression(four)
                self._add("f32x4.extract_lane", number)
            case tree.Call(_, name, operands):
                self._all(operands)
                self._add("call", name)
            case tree.Logic(name, left, right):
                self._expression(left)
                self._add("if", "i32")
                if name == "and":
                    self._expression(right)
                    self._add("else")
                    self._add("i32.const", 0)
                else:
                    self._add("i32.const", 1)
                    self._add("else")
                    self._expression(right)
                self._add("end")
            case tree.Operation():
                self._operation(value)

    def _all(self, values: Sequence[Expression]) -> None:
        for value in values:
            self._expression(value)

    def _operation(self, value: tree.Operation) -> None:
        name, operands = value.name, value.operands
        type_ = operands[0].type
        prefix = PREFIX[type_]
        if name in ("min", "max"):
            self._choice(name, type_, operands)
        elif name in ("floordiv", "mod"):
            self._division(name, *operands)
        elif name == "neg" and type_ is Type.INT:
            self._all((Constant(Type.INT, 0), operands[0]))
            self._add("i32.sub")
        elif name == "splat":
            self._all(operands)
            self._add("f32x4.splat")
        elif name == "power2":
            self._all(operands)
            self._power2(type_)
        elif name == "abs" and type_ is Type.INT:
            negative = tree.Operation(type_, "neg", operands)
            self._choice("max", type_, (operands[0], negative))
        else:
            special = {"not": "i32.eqz", "float": "f32.convert_i32_s"}
            signed = type_ is Type.INT and name in ("lt", "le", "gt", "ge")
            self._all(operands)
            self._add(special.get(name, f"{prefix}.{name}{'_s' * signed}"))

    def _choice(self, name: str, type_: Type, operands: Sequence[Expression]) -> None:
        """min and max as Python has them: the second only if it is less, or more."""
        self._all(operands)
        if type_ is Type.FOUR:
            self._add(f"f32x4.p{name}")
            return
        kind = VALUE[type_]
        left, right = self._fresh(kind), self._fresh(kind)
        self._add("local.set", right)
        self._add("local.set", left)
        for side in (right, left, right, left):
            self._add("local.get", side)
        compare = "lt" if name == "min" else "gt"
        self._add(f"{kind}.{compare}{'_s' * (kind == 'i32')}")
        self._add("select")

    def _division(self, name: str, value: Expression, by: Expression) -> None:
        """Round down, as Python does; the machine rounds towards 0."""
        assert isinstance(by, Constant)
        left = self._fresh("i32")
        divisor: Instruction = ("i32.const", int(by.value))
        self._expression(value)
        self._add("local.tee", left)
        self._body.code.append(divisor)
        if name == "mod":
            self._body.code += [("i32.rem_s",), divisor, ("i32.add",), divisor]
            self._add("i32.rem_s")
            return
        self._body.code += [("i32.div_s",), ("local.get", left), divisor]
        self._body.code += [("i32.rem_s",), ("i32.const", 0), ("i32.lt_s",)]
        self._add("i32.sub")

    def _power2(self, type_: Type) -> None:
        """Put a whole number, with 127 added, where the exponent of a float stands."""
        if type_ is Type.FLOAT:
            self._body.code += [
                ("i32.trunc_sat_f32_s",),
                ("i32.const", 127),
                ("i32.add",),
                ("i32.const", 23),
                ("i32.shl",),
                ("f32.reinterpret_i32",),
            ]
            return
        self._body.code += [
            ("i32x4.trunc_sat_f32x4_s",),
            ("i32.const", 127),
            ("i32x4.splat",),
            ("i32x4.add",),
            ("i32.const", 23),
            ("i32x4.shl",),
        ]

    # Arrays

    def _address(
        self, array: Array, indices: Sequence[Expression], place: Place
    ) -> None:
        """Leave the address of an element: where the array begins, and its steps."""
        variables = []
        for axis, index in enumerate(indices):
            self._expression(index)
            variables.append(self._fresh("i32"))
            self._add("local.set", variables[-1])
            if self._checked:
                width = place.width if axis == array.axes - 1 else 1
                self._check(array, axis, variables[-1], width, place)
        self._add("local.get", f"{array.name}.address")
        for axis, variable in enumerate(variables):
            self._add("local.get", variable)
            if axis == array.axes - 1 and array.packed:
                self._add("i32.const", 2)
                self._add("i32.shl")
            else:
                self._add("local.get", f"{array.name}.stride.{axis}")
                self._add("i32.mul")
            self._add("i32.add")

    def _check(
        self, array: Array, axis: int, index: str, width: int, place: Place
    ) -> None:
        """Leave the kernel if an index, and the next width - 1, are not in an axis."""
        # Unsigned, a negative index is larger than every length.
        size = f"{array.name}.shape.{axis}"
        self._add("local.get", index)
        if width > 1:
            self._add("i32.const", width - 1)
            self._add("i32.add")
        self._add("local.get", size)
        self._add("i32.ge_u")
        if width > 1:
            self._add("local.get", index)
            self._add("local.get", size)
            self._add("i32.ge_u")
            self._add("i32.or")
        self._add("if")
        self._fail(axis, index, place)
        self._add("end")

    def _fail(self, axis: int, index: str, place: Place) -> None:
        places = self._whole.places
        if place not in places:
            places.append(place)
        number = 1 + places.index(place)
        said: list[Instruction] = [
            ("i32.const", number),
            ("i32.const", axis),
            ("local.get", index),
        ]
        for word, value in enumerate(said):
            self._body.code += [("local.get", ".block"), value]
            self._add("i32.store", word * WORD)
        self._body.code += [said[0], ("return",)]
