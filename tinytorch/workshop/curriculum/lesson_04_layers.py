"""Lesson 04, layers: weights with a sensible start, a home and names."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch import Tensor, backends, nn
from tinytorch.nn import Parameter
from tinytorch.ops.matmul import Linear as LinearOp
from tinytorch.random import Generator
from tinytorch.workshop.checking import REFERENCE, Case, changed
from tinytorch.workshop.curriculum.arrays import array, tensor
from tinytorch.workshop.curriculum.model import Lesson, Part


def _weight(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, dtype=np.float32))


def _row(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def _fans() -> list[Case]:
    table = [
        ((3, 2), (2, 3)),
        ((1, 5), (5, 1)),
        ((4, 3, 2), (6, 8)),
        ((16, 3, 5, 5), (75, 400)),
        ((7, 0), (0, 7)),
    ]
    cases = [Case(f"weight {s}", lambda s=s: (_weight(*s),), want) for s, want in table]
    return cases + [
        Case(f"shape {s}", lambda s=s: (_weight(*s),), raises=ValueError)
        for s in [(), (4,)]
    ]


def _kaiming_std() -> list[Case]:
    relu = "For relu the gain is sqrt(2): half of the numbers are cut to 0."
    table = [
        ((3, 4), 0, "fan_in", "linear", 0.5, ""),
        ((9, 4), 0, "fan_out", "linear", 1 / 3, "fans returns (fan-in, fan-out)."),
        ((2, 8), 0, "fan_in", "relu", 0.5, relu),
        ((2, 2, 2), 1, "fan_in", "leaky_relu", 0.5, "a is the gain's param."),
        ((4, 0), 0, "fan_in", "linear", 1.0, "A fan of 0 counts as 1."),
        ((5, 25), 0, "fan_in", "tanh", 1 / 3, ""),
    ]
    cases = [
        Case(
            f"weight {shape}, {mode}, {name}",
            lambda s=shape, a=a, m=mode, n=name: (_weight(*s), a, m, n),
            want,
            hint=hint,
        )
        for shape, a, mode, name, want, hint in table
    ]
    return [
        *cases,
        Case(
            "an unknown mode",
            lambda: (_weight(2, 2), 0, "fan", "linear"),
            raises=ValueError,
        ),
    ]


def _filled(args: tuple, out: Any) -> dict[str, Any]:
    """Where the numbers lie: they are drawn, so no single one can be expected."""
    values = args[0].data
    return {
        "smallest": float(values.min()),
        "largest": float(values.max()),
        "mean": float(values.mean()),
        "returned the tensor": out is args[0],
    }


def _xavier() -> list[Case]:
    def spread(label: str, shape: tuple[int, ...], gain: float, bound: float) -> Case:
        want = {"smallest": -bound, "largest": bound, "mean": 0.0}
        return Case(
            label,
            lambda: (_weight(*shape), gain),
            {**want, "returned the tensor": True},
            look=_filled,
            may_change=(0,),
            rtol=0,
            atol=0.05 * bound,
        )

    drawn = Case(
        "from a generator, which repeats",
        lambda: (_weight(2, 3), 1.0, Generator(7)),
        look=changed(0),
        may_change=(0,),
        hint="Hand the generator on to uniform_.",
    )
    return [
        spread("100 to 50, gain 1", (50, 100), 1.0, 0.2),
        spread("100 to 50, gain 3", (50, 100), 3.0, 0.6),
        spread("kernels (16, 8, 3, 3)", (16, 8, 3, 3), 1.0, 1 / 6),
        drawn,
        Case("one axis", lambda: (_weight(4), 1.0), raises=ValueError),
    ]


def _linear_args(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None
) -> Callable[[], tuple]:
    rest = () if bias is None else (bias.copy(),)
    return lambda: (LinearOp(), x.copy(), weight.copy(), *rest)


def _returned_and_saved(args: tuple, out: Any) -> dict[str, Any]:
    return {"returned": out, "saved": list(args[0].saved) if out is not None else []}


def _on_loops(function: Callable[..., Any], args: tuple) -> Any:
    with backends.use("loops"):
        return function(*args)


def _linear() -> list[Case]:
    weight = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)  # (O=3, I=2)
    one, bias = np.array([[10, 1]], dtype=np.float32), _row(100, 200, 300)
    by_hand = [
        Case(
            "2 inputs, 3 outputs, no bias",
            _linear_args(one, weight, None),
            {"returned": _array_of([[12, 34, 56]]), "saved": [one, weight]},
            look=_returned_and_saved,
        ),
        Case(
            "with a bias",
            _linear_args(one, weight, bias),
            {"returned": _array_of([[112, 234, 356]]), "saved": [one, weight]},
            look=_returned_and_saved,
        ),
        Case(
            "one example without a batch",
            _linear_args(one[0], weight, bias),
            {"returned": _row(112, 234, 356), "saved": [one[0], weight]},
            look=_returned_and_saved,
        ),
    ]
    by_hand.append(
        Case(
            "one example, on the backend of loops",
            _linear_args(one[0], weight, bias),
            {"returned": _row(112, 234, 356), "saved": [one[0], weight]},
            look=_returned_and_saved,
            call=_on_loops,
            hint="A kernel multiplies matrices: make rows of x, and restore the axes.",
        )
    )
    shapes = [((4, 3), (2, 3)), ((2, 5, 3), (4, 3)), ((2, 1, 2, 3), (1, 3))]
    shapes += [((0, 3), (2, 3))]
    return by_hand + [
        Case(
            f"x {x}, weight {w}",
            _linear_args(array(*x), array(*w, seed=1), array(w[0], seed=2)),
            look=_returned_and_saved,
        )
        for x, w in shapes
    ]


def _array_of(values: list) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def _sequential() -> list[Case]:
    class Times(nn.Module):
        def __init__(self, factor: float, plus: float) -> None:
            super().__init__()
            self.factor, self.plus = factor, plus

        def forward(self, input: Tensor) -> Tensor:
            return input * self.factor + self.plus

        def extra_repr(self) -> str:
            return f"x * {self.factor} + {self.plus}"

    class Loud(Times):
        def __call__(self, input: Tensor) -> Tensor:
            return super().__call__(input) * 100

    def case(label: str, modules: Callable[[], tuple], want: Any, **more: Any) -> Case:
        return Case(
            label, lambda: (nn.Sequential(*modules()), Tensor(_row(1, 2))), want, **more
        )

    order = Tensor(_row(12, 22))
    return [
        case("one module", lambda: (Times(3, 0),), Tensor(_row(3, 6))),
        case("x * 10, then x + 2", lambda: (Times(10, 0), Times(1, 2)), order),
        case("no module", tuple, Tensor(_row(1, 2))),
        case(
            "one inside another",
            lambda: (nn.Sequential(Times(2, 1), Times(1, 1)), Times(10, 0)),
            Tensor(_row(40, 60)),
        ),
        case("five modules", lambda: tuple(Times(2, i) for i in range(5)), REFERENCE),
        case(
            "a module that does more than its forward",
            lambda: (Times(1, 1), Loud(1, 0)),
            Tensor(_row(200, 300)),
            hint="Call the module: module(input) does what watches it asks for, too.",
        ),
    ]


def _kinds(args: tuple, out: Any) -> list[float]:
    return sorted(set(out.detach().tolist()))


def _share(args: tuple, out: Any) -> float:
    return float((out.data == 0).mean())


def _dropout() -> list[Case]:
    def ones(n: int) -> Tensor:
        return Tensor(np.ones(n, dtype=np.float32))

    def twice(function: Callable[..., Any], args: tuple) -> Any:
        return [function(*args), function(*args)]

    def seeded(function: Callable[..., Any], args: tuple) -> Any:
        return [function(*args, generator=Generator(5)) for _ in range(2)]

    def differ(args: tuple, out: Any) -> bool:
        return bool((out[0].data != out[1].data).any())

    def many(function: Callable[..., Any], args: tuple) -> Any:
        return [function(*args) for _ in range(400)]

    def spread(args: tuple, out: Any) -> float:
        return float(np.std([(each.data == 0).sum() for each in out]))

    def whole_rows(args: tuple, out: Any) -> float:
        return float((out.data == 0).all(axis=1).mean())

    scale = "What stays is divided by 1 - p, so that the sum stays about the same."
    quiet = "When not training, return the input."
    return [
        Case(
            "p 0.5: what ones become", lambda: (ones(100), 0.5), [0.0, 2.0], look=_kinds
        ),
        Case(
            "p 0.2: what ones become",
            lambda: (ones(100), 0.2),
            [0.0, 1.25],
            look=_kinds,
            hint=scale,
        ),
        Case(
            "p 0.9: the share of zeros",
            lambda: (ones(10_000), 0.9),
            0.9,
            look=_share,
            rtol=0,
            atol=0.02,
            hint="A number is dropped when a uniform draw is below p.",
        ),
        Case(
            "how far 400 counts of zeros among 16 numbers differ",
            lambda: (ones(16), 0.5),
            2.0,
            look=spread,
            call=many,
            rtol=0,
            atol=0.35,
            hint="Each number is dropped for itself: some calls drop more than half.",
        ),
        Case(
            "rows of two: the share of empty ones",
            lambda: (Tensor(np.ones((4000, 2), np.float32)), 0.5),
            0.25,
            look=whole_rows,
            rtol=0,
            atol=0.05,
            hint="A draw for each number, not for each row.",
        ),
        Case("not training", lambda: (ones(3), 0.5, False), ones(3), hint=quiet),
        Case("p 0", lambda: (ones(3), 0.0), ones(3)),
        Case("p 1", lambda: (ones(3), 1.0), Tensor(_row(0, 0, 0)), hint="Mind 1 / 0."),
        Case(
            "float64 stays, and signs",
            lambda: (Tensor(np.array([-3.0])), 1e-12),
            Tensor(np.array([-3.0])),
        ),
        Case(
            "two calls differ",
            lambda: (ones(100), 0.5),
            True,
            look=differ,
            call=twice,
            hint="Draw at each call.",
        ),
        Case(
            "generators of one seed agree",
            lambda: (ones(100), 0.5),
            False,
            look=differ,
            call=seeded,
            hint="Draw from (generator or random.default_generator).numpy.",
        ),
        Case("p above 1", lambda: (ones(3), 1.5), raises=ValueError),
        Case("p below 0", lambda: (ones(3), -0.5, False), raises=ValueError),
    ]


def _flatten() -> list[Case]:
    def shape(args: tuple, out: Any) -> tuple:
        return out.shape, out.detach().flatten().tolist()

    table = [
        ((2, 3), 0, -1, (6,)),
        ((2, 3, 4), 1, -1, (2, 12)),
        ((2, 3, 4), 0, 1, (6, 4)),
        ((2, 3, 4, 5), 1, 2, (2, 12, 5)),
        ((2, 3), 1, 1, (2, 3)),
        ((2, 3, 4), -2, -1, (2, 12)),
        ((0, 3), 0, 1, (0,)),
        ((2, 0, 3), 1, 2, (2, 0)),
        ((0, 3, 4), 1, -1, (0, 12)),
    ]
    cases = [
        Case(
            f"shape {s}, axes {start} to {end}",
            lambda s=s, a=start, b=end: (tensor(*s), a, b),
            (want, array(*s).ravel().tolist()),
            look=shape,
        )
        for s, start, end, want in table
    ]
    return [
        *cases,
        Case("no axes", lambda: (Tensor(np.float32(7)),), Tensor(_row(7))),
        Case("end before start", lambda: (tensor(2, 3), 1, 0), raises=ValueError),
        Case("no such axis", lambda: (tensor(2, 3), 0, 2), raises=IndexError),
    ]


def _collected(function: Callable[..., Any], args: tuple) -> list:
    return list(function(*args))


def _types(args: tuple, out: Any) -> list:
    return [(name, type(value).__name__) for name, value in out]


def _children() -> list[Case]:
    def mixed() -> nn.Module:
        module = nn.Module()
        module.first = nn.ReLU()
        module.weight = Parameter(array(2))
        module.size = 3
        module.second = nn.Sequential(nn.Tanh())
        return module

    def hidden() -> nn.Module:
        module = nn.Module()
        module.function = abs
        module._inner = nn.ReLU()
        return module

    def case(
        label: str, module: Callable[[], nn.Module], want: list, hint: str = ""
    ) -> Case:
        return Case(
            label, lambda: (module(),), want, look=_types, call=_collected, hint=hint
        )

    two = [("0", "ReLU"), ("1", "Tanh")]
    return [
        case("a layer without layers", nn.ReLU, []),
        case("two in a row", lambda: nn.Sequential(nn.ReLU(), nn.Tanh()), two),
        case("a weight and a number too", mixed, [("first", "ReLU"), ("second", SEQ)]),
        case(
            "functions, and a module whose name begins with _",
            hidden,
            [("_inner", "ReLU")],
            hint="A module is what isinstance(value, Module) says; its name is free.",
        ),
        case(
            "twelve in a row",
            lambda: nn.Sequential(*[nn.ReLU() for _ in range(12)]),
            [(str(i), "ReLU") for i in range(12)],
            hint="In the order in which they were set: 2 comes before 10.",
        ),
        Case(
            "the first one alone",
            lambda: (nn.Sequential(nn.ReLU(), nn.Tanh()),),
            ("0", "ReLU"),
            look=lambda args, out: (out[0], type(out[1]).__name__),
            call=lambda function, args: next(function(*args)),
            hint="An iterator: yield each pair.",
        ),
    ]


SEQ = "Sequential"


def _parameters() -> list[Case]:
    def shapes(args: tuple, out: Any) -> list:
        return [(name, value.shape) for name, value in out]

    def identities(args: tuple, out: Any) -> list[bool]:
        return [value is getattr(args[0], name) for name, value in out]

    def case(
        label: str, module: Callable[[], nn.Module], want: list, **more: Any
    ) -> Case:
        return Case(
            label,
            lambda: (module(),),
            want,
            **{"look": shapes, "call": _collected, **more},
        )

    def linear() -> nn.Module:
        return nn.Linear(2, 3)

    def deep() -> nn.Module:
        return nn.Sequential(
            nn.Sequential(nn.Linear(2, 3, bias=False)), nn.Linear(3, 1)
        )

    def shared() -> nn.Module:
        layer = nn.Linear(2, 2)
        return nn.Sequential(layer, nn.ReLU(), layer)

    def tied() -> nn.Module:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        model[1].weight = model[0].weight
        return model

    def alike() -> nn.Module:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        for parameter in model.parameters():
            parameter.data[...] = 0
        return model

    def frozen() -> nn.Module:
        layer = nn.Linear(2, 3)
        layer.weight.requires_grad = False
        return layer

    own = [("weight", (3, 2)), ("bias", (3,))]
    four = [
        (f"{i}.{n}", s) for i in (0, 1) for n, s in (("weight", (2, 2)), ("bias", (2,)))
    ]
    nested = [("0.0.weight", (3, 2)), ("1.weight", (1, 3)), ("1.bias", (1,))]
    once = [("0.weight", (2, 2)), ("0.bias", (2,))]
    norm = [("weight", (4,)), ("bias", (4,))]
    buffers = "A buffer, such as a running mean, is a Tensor but no Parameter."
    return [
        case("no weights", nn.ReLU, []),
        case("one layer", linear, own),
        case("the very objects", linear, [True, True], look=identities),
        case("layers in layers", deep, nested, hint="self.named_modules() walks down."),
        case("a layer used twice", shared, once),
        case("a weight used twice", tied, [*once, ("1.bias", (2,))]),
        case(
            "equal numbers are not one parameter",
            alike,
            four,
            hint="Once means: the same object, not the same numbers.",
        ),
        case("a frozen weight", frozen, own, hint="It does not learn; it is saved."),
        case("buffers are left out", lambda: nn.BatchNorm2d(4), norm, hint=buffers),
    ]


LESSON = Lesson(
    number=4,
    name="layers",
    title="Layers: weights with a start, a home and a name",
    question="compose weights into a network",
    chapter="4 DNN Architectures",
    minutes=75,
    summary="Initialisation, Linear, Sequential, Dropout, and who finds the weights.",
    parts=(
        Part(
            "ops.Linear.forward",
            4,
            "Make x a matrix of rows, multiply by weight.T, add, restore the axes.",
            _linear,
            equivalent=(
                "1 -> 2 in `rows = x.reshape(-1, because to numpy any negative length "
                "is the unknown one",
            ),
        ),
        Part(
            "nn.init.fans",
            2,
            "shape[1] and shape[0], each times the product of shape[2:].",
            _fans,
            equivalent=("expect.tensors( because every case gives tensors",),
        ),
        Part(
            "nn.init.xavier_uniform_",
            2,
            "Work out the bound from fans(tensor), then return uniform_(...).",
            _xavier,
            equivalent=(
                "expect.finite(gain=gain) because every case gives finite ones",
            ),
        ),
        Part(
            "nn.init.kaiming_std",
            2,
            "Pick one of the two fans, then gain / sqrt(fan).",
            _kaiming_std,
        ),
        Part(
            "nn.Sequential.forward",
            2,
            "A Sequential is a list of modules: go through it, and call each.",
            _sequential,
        ),
        Part(
            "Tensor.flatten",
            2,
            "The lengths before, the product of the joined ones, the lengths after.",
            _flatten,
        ),
        Part(
            "nn.functional.dropout",
            4,
            "Draw a uniform number for each element; keep those at or above p.",
            _dropout,
            equivalent=(
                "dtype=np.float32) > p in `kept because no draw equals p, in practice",
                "source.random(input.shape) in `kept because float64 draws do as well",
                "0.0 -> 0.5 in `scale because with p = 1 nothing is kept to be scaled",
                "0 -> -1 in `if not training because p = 0 keeps all, times 1",
                "expect.tensors( because every case gives tensors",
                "expect.floating( because every case gives floating ones",
                "random.expect_generator( because every case gives one or none",
            ),
        ),
        Part(
            "nn.Module.named_children",
            2,
            "vars(self) holds every attribute; yield those that are a Module.",
            _children,
        ),
        Part(
            "nn.Module.named_parameters",
            4,
            "Go through self.named_modules(), and through vars() of each.",
            _parameters,
        ),
    ),
)
