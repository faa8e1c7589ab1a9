"""Lesson 08, training: one step, many steps, and knowing when to stop."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tinytorch import Tensor, nn
from tinytorch.nn import functional as F
from tinytorch.optim import SGD
from tinytorch.optim.lr_scheduler import StepLR
from tinytorch.random import Generator
from tinytorch.training import BestWeights, Callback, EarlyStopping
from tinytorch.training.run import Batch, Run
from tinytorch.workshop.checking import Case
from tinytorch.workshop.curriculum.model import Lesson, Part


def _tensor(values: Any, dtype: Any = np.float32) -> Tensor:
    return Tensor(np.array(values, dtype=dtype))


# With weight 2 the outputs are 2 and 6, the errors 1 and 5, the loss (1 + 25) / 2 = 13
# and the gradient (2 · 1 · 1 + 2 · 5 · 3) / 2 = 16.
PAIR = ([[1.0], [3.0]], [[1.0], [1.0]])
ONE = ([[2.0]], [[1.0]])  # output 4, loss 9, gradient 2 · 3 · 2 = 12


def _batch(pair: tuple[Any, Any]) -> Batch:
    return _tensor(pair[0]), _tensor(pair[1])


class _Slope(nn.Module):
    """y = w x, with w = 2 at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(np.array([2.0], dtype=np.float32))

    def forward(self, input: Tensor) -> Tensor:
        return input * self.w


class _Counting(_Slope):
    """Counts how often it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, input: Tensor) -> Tensor:
        self.runs += 1
        return super().forward(input)


class _Diary(Callback):
    """Writes down the step and the learning rate whenever it is told of a step."""

    def __init__(self, stop_at: int = 0) -> None:
        self.lines: list[tuple[int, float]] = []
        self.stop_at = stop_at

    def on_step(self, run: Run) -> None:
        self.lines.append((run.step, run.optimizer.param_groups[0]["lr"]))
        if run.step == self.stop_at:
            run.stop("told to")


def _make_run(
    batches: Iterable[Batch] = (),
    max_norm: float | None = None,
    schedule: Any = None,
    stop_at: int = 0,
    metrics: dict[str, Any] | None = None,
) -> Run:
    model = _Slope()
    optimizer = SGD(model.parameters(), lr=0.1)
    return Run(
        model=model,
        loader=list(batches),
        loss=F.mse_loss,
        optimizer=optimizer,
        epochs=2,
        metrics={"loss": F.mse_loss, **(metrics or {})},
        scheduler=StepLR(optimizer, 1, gamma=0.5) if schedule else None,
        schedule=schedule or "step",
        callbacks=[_Diary(stop_at)],
        max_norm=max_norm,
    )


def _accuracy() -> list[Case]:
    scores = [[0.1, 0.9], [2.0, -1.0], [0.3, 0.4]]
    table: list[tuple[str, Any, Any, float]] = [
        ("two of three right", scores, [1, 0, 0], 2 / 3),
        ("four classes", [[0, 1, 5, 2], [9, 1, 5, 2]], [2, 1], 0.5),
        ("equal scores: the first counts", [[1, 1], [1, 1]], [0, 1], 0.5),
        ("pixels of an image (N, C, W)", [[[1, 5], [2, 3]]], [[1, 1]], 0.5),
    ]
    classes = [
        Case(name, lambda s=s, t=t: (_tensor(s), _tensor(t, np.int64)), want)
        for name, s, t, want in table
    ]
    hint = "With one logit a sample, above 0 means class 1."
    below = Case(
        "logits below 0",
        lambda: (_tensor([[-3.0], [-2.0]]), _tensor([[0], [1]])),
        0.5,
        hint=hint,
    )
    logits = Case(
        "logits and targets of 0 and 1",
        lambda: (_tensor([[0.2], [0.5], [0], [-1]]), _tensor([[1], [1], [0], [1]])),
        0.75,
        hint=hint,
    )
    shapes: list[tuple[str, Any, Any, Any]] = [
        ("fewer targets than samples", scores, [1, 0], np.int64),
        ("targets that are no class numbers", scores, [1.0, 0.0, 0.0], np.float32),
        ("one shape, but not 0 and 1", [[0.5], [2]], [[2], [1]], np.float32),
        ("targets between 0 and 1", [[0.5], [2]], [[0.5], [1]], np.float32),
        ("a target of -1", [[0.5], [2]], [[-1], [1]], np.int64),
    ]
    bad = [
        Case(name, lambda s=s, t=t, d=d: (_tensor(s), _tensor(t, d)), raises=ValueError)
        for name, s, t, d in shapes
    ]
    return [*classes, below, logits, *bad]


def _recorded(outputs: Tensor, targets: Tensor) -> float:
    return float(outputs.requires_grad)


def _measure() -> list[Case]:
    metrics = {"loss": F.mse_loss, "recorded": _recorded}

    def look(args: tuple[Any, ...], means: Any) -> dict[str, Any]:
        return {
            "means": means.as_dict(),
            "samples": means.samples,
            "model.training": args[0].training,
        }

    def case(
        label: str, loader: list[Batch], loss: float, count: int, hint: str
    ) -> Case:
        found = {"loss": loss, "recorded": 0.0}
        want = {"means": found, "samples": count, "model.training": True}
        return Case(label, lambda: (_Slope(), loader, metrics), want, look, hint=hint)

    def dropping() -> tuple[Any, ...]:
        frozen = nn.Dropout(0.5).eval()
        model = nn.Sequential(_Slope(), nn.Dropout(0.5), frozen)
        return model, [_batch(PAIR)] * 3, metrics

    def modes(args: tuple[Any, ...], means: Any) -> dict[str, Any]:
        now = [module.training for module in args[0].modules()]
        return {"means": means.as_dict(), "training, by module": now}

    return [
        case(
            "one batch of two",
            [_batch(PAIR)],
            13.0,
            2,
            "Nothing is to be learned here: run the model inside no_grad().",
        ),
        case(
            "batches of two and of one",
            [_batch(PAIR), _batch(ONE)],
            35 / 3,
            3,
            "(2 · 13 + 1 · 9) / 3: a batch counts by its samples.",
        ),
        Case(
            "a model with dropout, one layer of it frozen",
            dropping,
            look=modes,
            hint="`with evaluating(model)` switches modes, and puts each back after.",
        ),
        Case(
            "how often the model runs in two batches",
            lambda: (_Counting(), [_batch(PAIR), _batch(ONE)], metrics),
            2,
            look=lambda args, means: args[0].runs,
            hint="One pass: all metrics of a batch share the model's outputs.",
        ),
        Case("no batch at all", lambda: (_Slope(), [], metrics), raises=ValueError),
    ]


def _gradients() -> list[Case]:
    def double(outputs: Tensor, targets: Tensor) -> Tensor:
        return 2 * outputs.mean()

    def args(*pairs: Any, before: float | None = None) -> tuple[Any, ...]:
        run = _make_run(metrics={"double": double})
        if before is not None:
            run.model.w.grad = _tensor([before])
        return run, [_batch(pair) for pair in pairs]

    def look(given: tuple[Any, ...], means: Any) -> dict[str, Any]:
        return {"gradient": given[0].model.w.grad, "means": means.as_dict()}

    def want(gradient: float, loss: float, twice: float) -> dict[str, Any]:
        means = {"loss": float(loss), "double": float(twice)}
        return {"gradient": _tensor([gradient]), "means": means}

    share = "A batch of n samples out of `total` counts n / total, in both sums."
    return [
        Case(
            "one batch of two",
            lambda: args(PAIR),
            want(16, 13, 8),
            look,
            hint="outputs = run.model(inputs); from them the loss, for backward(), and "
            "the other metrics.",
        ),
        Case(
            "batches of two and of one, as if they were one batch",
            lambda: args(PAIR, ONE),
            want(44 / 3, 35 / 3, 8),
            look,
            hint=f"{share} (2 · 16 + 1 · 12) / 3 = 44 / 3.",
        ),
        Case(
            "batches of one and of two",
            lambda: args(ONE, PAIR),
            want(44 / 3, 35 / 3, 8),
            look,
            hint=share,
        ),
        Case(
            "a gradient that is there already",
            lambda: args(PAIR, before=100.0),
            want(116, 13, 8),
            look,
            hint="Clearing old gradients is the caller's business.",
        ),
    ]


def _clip() -> list[Case]:
    kept: list[nn.Parameter] = []  # a generator is empty when it is looked at

    def args(grads: list[Any], most: float, check: bool = False) -> tuple[Any, ...]:
        parameters = []
        kept.clear()
        for grad in grads:
            shape = (1,) if grad is None else np.shape(grad)
            parameter = nn.Parameter(np.zeros(shape, dtype=np.float32))
            parameter.grad = None if grad is None else _tensor(grad)
            parameters.append(parameter)
        kept.extend(parameters)
        return parameters, most, check

    def look(given: tuple[Any, ...], norm: Tensor) -> dict[str, Any]:
        grads = [p.grad for p in kept if p.grad is not None]
        return {"returned": float(norm), "gradients": grads}

    def want(norm: float, *grads: Any) -> dict[str, Any]:
        return {"returned": float(norm), "gradients": [_tensor(g) for g in grads]}

    def case(label: str, given: Any, expected: Any, hint: str = "") -> Case:
        return Case(label, given, expected, look, hint=hint, atol=1e-5)

    hint = "One norm for all of them together: sqrt(3² + 4²) = 5, so all shrink to 1/5."
    return [
        case("3 and 4", lambda: args([[3, 4]], 1.0), want(5, [0.6, 0.8]), hint),
        case(
            "3 and 4, in two parameters",
            lambda: args([[3], [4]], 1.0),
            want(5, [0.6], [0.8]),
            hint,
        ),
        case(
            "below the limit already",
            lambda: args([[3, 4]], 10.0),
            want(5, [3, 4]),
            "Only long gradients are shortened; short ones are never stretched.",
        ),
        case(
            "a parameter without a gradient",
            lambda: args([[[3, 0], [0, 4]], None], 2.5),
            want(5, [[1.5, 0], [0, 2]]),
            "_grads(parameters) leaves those out.",
        ),
        case("gradients of 0", lambda: args([[0, 0]], 1.0), want(0, [0, 0])),
        Case(
            "not a number, and error_if_nonfinite",
            lambda: args([[np.inf]], 1.0, True),
            raises=RuntimeError,
        ),
        case(
            "finite, and error_if_nonfinite",
            lambda: args([[3, 4]], 1.0, True),
            want(5, [0.6, 0.8]),
        ),
    ]


def _state_after(args: tuple[Any, ...], result: Any) -> dict[str, Any]:
    run = args[0]
    return {
        "returned": result,
        "weight": run.model.w.item(),
        "training": run.model.training,
        "losses": run.history.steps.get("loss", []),
        "learning rates": run.history.steps.get("lr", []),
        "callback told at (step, lr)": run.callbacks[0].lines,
    }


def _step() -> list[Case]:
    def args(before: float | None = None, **options: Any) -> tuple[Any, ...]:
        run = _make_run(**options)
        if before is not None:
            run.model.w.grad = _tensor([before])
        return run, [_batch(PAIR)]

    def want(weight: float, lr: float = 0.1) -> dict[str, Any]:
        return {
            "returned": None,
            "weight": weight,
            "training": True,
            "losses": [13.0],
            "learning rates": [0.1],
            "callback told at (step, lr)": [(1, lr)],
        }

    def case(label: str, given: Any, expected: Any, hint: str) -> Case:
        return Case(label, given, expected, _state_after, hint=hint)

    def not_finite() -> tuple[Any, ...]:
        return _make_run(), [_batch(([[np.inf]], [[1.0]]))]

    return [
        case(
            "w = 2, gradient 16, learning rate 0.1",
            args,
            want(0.4),
            "accumulate_gradients, optimizer.step, run.end_step(means), run.notify.",
        ),
        Case(
            "two batches, one step",
            lambda: (_make_run(), [_batch(PAIR), _batch(ONE)]),
            look=_state_after,
            hint="One step for all the batches together: accumulate_gradients takes "
            "the list.",
        ),
        case(
            "an old gradient is still there",
            lambda: args(before=100.0),
            want(0.4),
            "optimizer.zero_grad() first: gradients add up until they are cleared.",
        ),
        case(
            "max_norm = 1",
            lambda: args(max_norm=1.0),
            want(1.9),
            "Clip after the gradients are there and before the optimizer's step.",
        ),
        case(
            "max_norm = 0: the weights stay",
            lambda: args(max_norm=0.0),
            want(2.0),
            "0 is a limit too; only None means no limit.",
        ),
        case(
            "a scheduler that halves the rate at each step",
            lambda: args(schedule="step"),
            want(0.4, lr=0.05),
            "run.scheduler.step() after end_step, and before the callbacks are told.",
        ),
        case(
            "a scheduler for epochs",
            lambda: args(schedule="epoch"),
            want(0.4),
            "The scheduler moves here only if run.schedule is 'step'.",
        ),
        Case("an input is infinite", not_finite, raises=FloatingPointError),
    ]


class _Counted:
    """A loader that knows how many batches were drawn from it."""

    def __init__(self, batches: list[Batch]) -> None:
        self.batches, self.drawn = batches, 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.batches:
            self.drawn += 1
            yield batch


def _epoch() -> list[Case]:
    def case(label: str, stop_at: int, hint: str) -> Case:
        def args() -> tuple[Any, ...]:
            run = _make_run([_batch(PAIR), _batch(ONE), _batch(PAIR)], stop_at=stop_at)
            run.model.eval()
            return (run,)

        return Case(label, args, look=_state_after, hint=hint)

    def drawn() -> tuple[Any, ...]:
        run = _make_run([], stop_at=1)
        run.loader = _Counted([_batch(PAIR)] * 5)
        return (run,)

    return [
        Case(
            "batches drawn before a stop at the first step",
            drawn,
            2,
            look=lambda args, out: args[0].loader.drawn,
            hint="Take a step with each group as it comes: an epoch may not fit into "
            "memory.",
        ),
        case("three batches", 0, "Training mode, a train_step for each, and True."),
        case(
            "stopped at the first step",
            1,
            "Before each step, ask run.stopped; if it is set, return False.",
        ),
        case(
            "stopped at the last step",
            3,
            "There was nothing left to do: the epoch did come to its end.",
        ),
    ]


def _each_epoch(values: list[float]) -> Callable[..., Any]:
    """Call the part once an epoch, as `fit` does, each with another value."""

    def call(function: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
        watcher, run = args
        seen = []
        for number, value in enumerate(values):
            run.history.epochs.setdefault("val_loss", []).append(value)
            run.model.w.data[...] = number
            function(watcher, run)
            seen.append(getattr(watcher, "waited", None))
        return [*seen, bool(run.stopped)]

    return call


def _stopping() -> list[Case]:
    def case(
        label: str,
        values: list[float],
        patience: int,
        want: list[Any],
        more: str = "",
        **options: Any,
    ) -> Case:
        return Case(
            label,
            lambda: (EarlyStopping(patience=patience, **options), _make_run()),
            {"waited after each epoch": want[:-1], "stopped": want[-1]},
            look=lambda args, out: {
                "waited after each epoch": out[:-1],
                "stopped": out[-1],
            },
            call=_each_epoch(values),
            hint=more or "A better value sets self.waited back to 0.",
        )

    return [
        case("val_loss 3, 2, 1", [3, 2, 1], 2, [0, 0, 0, False]),
        case("val_loss 3, 4, patience 2", [3, 4], 2, [0, 1, False]),
        case(
            "val_loss 3, 4, 3, patience 2",
            [3, 4, 3],
            2,
            [0, 1, 2, True],
            "At self.patience epochs of waiting: run.stop(reason).",
        ),
        case("val_loss 3, 4, 2, 5", [3, 4, 2, 5], 2, [0, 1, 0, 1, False]),
        case(
            "gains of less than min_delta = 0.5",
            [3, 2.9, 2.8],
            2,
            [0, 1, 2, True],
            "self.improved(run, self.min_delta) knows how much counts as a gain.",
            min_delta=0.5,
        ),
    ]


def _best() -> list[Case]:
    def case(label: str, values: list[float], want: float) -> Case:
        return Case(
            label,
            lambda: (BestWeights(), _make_run()),
            {"w": np.array([want], dtype=np.float32)},
            look=lambda args, out: args[0].weights,
            call=_each_epoch(values),
            hint="Keep value.data.copy(): training goes on writing into value.data.",
        )

    return [
        case("val_loss 3: w is 0", [3], 0),
        case("val_loss 3, 2: w is 0, then 1", [3, 2], 1),
        case("val_loss 3, 1, 2: the best was the second", [3, 1, 2], 1),
    ]


def _run_state() -> list[Case]:
    def args(steps: int, end: bool = False, schedule: Any = None) -> tuple[Any, ...]:
        run = _make_run([_batch(PAIR)] * 3, schedule=schedule)
        run.callbacks.append(EarlyStopping("loss"))
        run.generators = [Generator(1)]
        batches = run.steps()
        for _ in range(steps):
            run.generators[0].numpy.random(3)
            next(batches)
            run.optimizer.step()
            means = type(run.means)()
            means.add({"loss": 4.0}, 2)
            run.end_step(means)
        if end:
            run.end_epoch(None)
            run.history.epochs["seconds"] = [1.5]  # not what the clock said
        return (run,)

    hint = "Copy the list of the docstring, one entry after the other."
    return [
        Case("before the first step", lambda: args(0), hint=hint),
        Case(
            "after two steps of three",
            lambda: args(2),
            hint="In the middle of an epoch, its beginning is in run.epoch_states.",
        ),
        Case(
            "after an epoch",
            lambda: args(3, end=True),
            hint="Between epochs (run.batch is 0) both random entries are the same.",
        ),
        Case("with a scheduler", lambda: args(1, schedule="step"), hint=hint),
    ]


LESSON = Lesson(
    number=8,
    name="training",
    title="Training: the loop around the gradient",
    question="train, stop, save and resume",
    chapter="8 AI Training",
    minutes=80,
    summary="The step, the epoch, held-out accuracy, clipping, stopping and resuming.",
    parts=(
        Part(
            "training.accuracy",
            3,
            "argmax over axis 1 gives the answers; compare, and take the mean.",
            _accuracy,
            equivalent=("refuse_misread( because no case could be misread",),
        ),
        Part(
            "training.measure",
            4,
            "means = Means(); for each batch means.add(values, len(targets)).",
            _measure,
        ),
        Part(
            "training.accumulate_gradients",
            4,
            "Scale each batch's loss by its share of the samples, then backward().",
            _gradients,
            equivalent=("(total or 1) because some target always counts",),
        ),
        Part(
            "nn.utils.clip_grad_norm_",
            3,
            "One norm over all gradients; if it is too long, multiply each in place.",
            _clip,
            equivalent=(
                "norm + 1e-06 -> norm - 1e-06 because it only guards a norm of 0",
                "scale < 1 -> scale <= 1 because multiplying by 1 changes nothing",
                "expect.at_least(0, max_norm=max_norm) because no case is below 0",
            ),
        ),
        Part(
            "training.train_step",
            5,
            "Clear, gradients, check, clip, step, count, schedule, tell.",
            _step,
        ),
        Part(
            "training.train_epoch",
            2,
            "Training mode, then a train_step for each list of batches.",
            _epoch,
        ),
        Part(
            "training.EarlyStopping.on_epoch",
            2,
            "self.improved(...) says whether this epoch was a gain.",
            _stopping,
        ),
        Part(
            "training.BestWeights.on_epoch",
            2,
            "run.model.state_dict() holds the tensors by name; copy their arrays.",
            _best,
        ),
        Part(
            "training.run_state",
            4,
            "Everything in the docstring's list, under exactly these names.",
            _run_state,
        ),
    ),
)
