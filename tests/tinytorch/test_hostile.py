"""What no one means, given for each argument in turn: an error says what was expected.

The call may succeed (a label may be any text). If it fails, then not with Python's or
numpy's own words from somewhere inside.
"""

import re
import warnings

import numpy as np
import pytest

from tests.tinytorch.hostile_calls import HOSTILE, calls
from tinytorch import (
    benchmark,
    compression,
    models,
    nn,
    optim,
    quantization,
    saving,
    training,
)
from tinytorch.utils import data

CALLS = calls()
# These go on for ever, as they are told to, or until the memory is full.
ENDLESS = {
    ("fit", "epochs", "huge"),
    ("distill", "epochs", "huge"),
    ("seconds", "at_least", "huge"),
    ("seconds", "at_least", "1.5"),
    ("Timer", "min_sample", "huge"),
}
# An error names what was expected, or where a number stopped being one.
CLEAR = re.compile("expect|it began in", re.IGNORECASE)
# Written by students, in a few lines: what they are given is right, or an exercise.
STUDENTS = (
    *("clip_grad_norm_", "clock_step", "cut_sheet", "channel_statistics"),
    *("default_collate", "dropout", "duration", "measure"),
)


def spoiled(name, argument, hostile):
    """Call with one argument spoiled; return the error, or None."""
    function, arguments = CALLS[name]()
    value = HOSTILE[hostile]
    arguments[argument] = value.copy() if isinstance(value, np.ndarray) else value
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            function(**arguments)
        except Exception as error:
            return error
    return None


ROOMS = (
    *(nn, nn.functional, nn.init, nn.utils, optim, optim.lr_scheduler, training),
    *(data, data.transforms, models, saving, quantization, compression, benchmark),
)
# Not called with what a user made: bases, records that are handed out, and pieces.
LEFT_OUT = """
    Module Optimizer LRScheduler Callback Run History Observer Transform Dataset Sampler
    RandomTransform QuantParams QTensor Quantized FourBit
    Table Timing Comparison Profile
    CIFAR10 Digits names novel MinMaxObserver default_convert
    run_state accumulate_gradients train_epoch train_step
    follow_statistics with_statistics reduce_counted reduce_losses smooth place_angles
    add_positions rotary waves expect_batches Identity
"""


def test_everything_public_is_called() -> None:
    public = {
        name
        for room in ROOMS
        for name, value in vars(room).items()
        if name[0] != "_"
        and callable(value)
        and getattr(value, "__module__", "").startswith(room.__name__)
    }
    called = {name.removesuffix("()").split(".")[0].split(" ")[0] for name in CALLS}
    assert sorted(public - called - set(LEFT_OUT.split())) == []


@pytest.mark.parametrize("name", CALLS)
def test_the_call_itself_is_right(name):
    function, arguments = CALLS[name]()
    with np.errstate(all="ignore"):
        function(**arguments)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in STUDENTS])
def test_an_error_says_what_was_expected(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # "x" may be the name of a file
    _, arguments = CALLS[name]()
    unclear = []
    for argument in arguments:
        for hostile in HOSTILE:
            if (name, argument, hostile) in ENDLESS:
                continue
            error = spoiled(name, argument, hostile)
            if isinstance(error, FileNotFoundError):
                continue  # it names the file
            if error is not None and not CLEAR.search(str(error)):
                unclear.append(f"{argument}={hostile}: {error!r}")
    assert not unclear, "\n".join(unclear)
