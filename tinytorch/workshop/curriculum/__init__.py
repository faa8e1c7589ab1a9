"""The one registry: lessons, their parts and checks, milestones, chapters, time.

Pages, notebooks, `tito`, progress and the tests read it; there is no second list.
"""

import difflib
import pkgutil
from functools import cache
from importlib import import_module

from tinytorch.workshop import names
from tinytorch.workshop.curriculum.course import CHAPTERS, WEEKS
from tinytorch.workshop.curriculum.model import Lesson, Milestone, Part
from tinytorch.workshop.place import find

MILESTONES: tuple[Milestone, ...] = (
    Milestone(
        name="perceptron",
        title="Perceptron",
        year="1957",
        after=4,
        shows="what a line can do",
        reach="95 % on two clouds and, on XOR, the failure",
        needs=(
            "ops.Linear.forward",
            "nn.init.fans",
            "nn.init.kaiming_std",
            "nn.Module.named_children",
            "nn.Module.named_parameters",
        ),
    ),
    Milestone(
        name="xor",
        title="XOR",
        year="1969 / 1986",
        after=7,
        shows="what a hidden layer and gradients can do, and a line cannot",
        reach="all four right, from 20 seeds out of 20",
        needs=(
            "autograd.Function.apply",
            "autograd.topological_order",
            "autograd.backward",
            "autograd.unbroadcast",
            "ops.MatMul.backward",
            "ops.ReLU.backward",
            "nn.functional.binary_cross_entropy_with_logits",
            "nn.functional.reduce_losses",
            "optim.Optimizer.zero_grad",
            "optim.Optimizer.step",
        ),
    ),
    Milestone(
        name="lenet",
        title="LeNet",
        year="1998",
        after=9,
        shows="what it means to look at neighbours",
        reach="97 % of digits never seen, in under a minute",
        needs=(
            "backends.output_size",
            "backends.pad_image",
            "backends.unfold",
            "backends.LoopsBackend.conv2d",
            "backends.LoopsBackend.max_pool2d",
            "training.accuracy",
            "training.measure",
            "training.accumulate_gradients",
            "training.train_step",
            "training.train_epoch",
        ),
    ),
    Milestone(
        name="cifar10",
        title="The AlexNet moment",
        year="2012",
        after=10,
        shows="what depth, ReLU and more data made of the same data can do",
        reach="75 % of 10,000 photographs never seen",
        needs=(
            "ops.ReLU.backward",
            "ops.Linear.forward",
            "nn.init.kaiming_std",
            "nn.Sequential.forward",
            "nn.functional.smooth",
            "ops.CrossEntropy.forward",
            "optim.Optimizer.step",
            "optim.lr_scheduler.OneCycleLR.rate",
            "autograd.Function.apply",
            "autograd.topological_order",
            "autograd.backward",
            "training.train_step",
            "training.train_epoch",
            "utils.data.BatchSampler.__iter__",
            "utils.data.transforms.Normalize.apply",
            "utils.data.transforms.RandomHorizontalFlip.apply",
            "utils.data.transforms.RandomCrop.apply",
        ),
    ),
)

__all__ = [
    "CHAPTERS",
    "MILESTONES",
    "WEEKS",
    "Lesson",
    "Milestone",
    "Part",
    "lesson",
    "lesson_of",
    "lessons",
    "milestone",
    "part",
    "parts",
]


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return every lesson, in order: one a module here called `lesson_NN`."""
    modules = sorted(m.name for m in pkgutil.iter_modules(__path__))
    numbered = [name for name in modules if name.removeprefix("lesson_").isdigit()]
    return tuple(import_module(f"{__name__}.{name}").LESSON for name in numbered)


def lesson(number: int) -> Lesson:
    """Return a lesson by number. Raises KeyError for one that is not there."""
    for found in lessons():
        if found.number == number:
            return found
    known = ", ".join(str(found.number) for found in lessons())
    raise KeyError(f"there is no lesson {number!r}; there are {known}")


def milestone(name: str) -> Milestone:
    """Return a milestone by name. Raises KeyError for one that is not there."""
    for found in MILESTONES:
        if found.name == name:
            return found
    known = ", ".join(found.name for found in MILESTONES)
    raise KeyError(f"there is no milestone {name!r}; there are {known}")


@cache
def parts() -> dict[str, Part]:
    """Return every part by address, in the order of the lessons."""
    return {p.address: p for found in lessons() for p in found.parts}


def part(address: str) -> Part:
    """Return a part by its name, or by one that it had in an earlier version.

    Raises KeyError, with the right or the likeliest name, for what is no part.
    """
    found = parts().get(names.current(address))
    if found is None:
        raise KeyError(f"there is no part {address!r}{_hint(address)}")
    return found


def _hint(address: str) -> str:
    """Return "; …" with the part whose body has this name, too, or a close name."""
    try:
        function = find(address).function
        same = [name for name in parts() if find(name).function is function]
    except KeyError as error:
        if "inherited" in error.args[0]:
            return f"; {error.args[0]}"
        same = difflib.get_close_matches(names.current(address), parts(), n=1)
    return f"; did you mean {same[0]!r}?" if same else ""


def lesson_of(address: str) -> Lesson:
    """Return the lesson in which a part is built."""
    return next(x for x in lessons() if address in {p.address for p in x.parts})
