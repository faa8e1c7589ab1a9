"""A run that was stopped and resumed is the run that never stopped."""

import json
import re

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, optim, saving
from tinytorch.random import Generator
from tinytorch.training import BestWeights, Callback, Checkpoint, EarlyStopping, fit
from tinytorch.utils.data import DataLoader, TensorDataset, make_moons


class StopAt(Callback):
    """Ends the run after a number of steps."""

    def __init__(self, step):
        self.step = step

    def on_step(self, run):
        if run.step == self.step:
            run.stop("as asked")


class Jitter:
    """A data set whose samples differ each time they are asked for."""

    def __init__(self, dataset):
        self.dataset = dataset
        self.generator = Generator(5)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        x, y = self.dataset[i]
        noise = self.generator.numpy.normal(0, 0.1, 2).astype(np.float32)
        return x + noise, y


def setup(optimizer, step=10**6, path=None, resume_from=None, **changes):
    tinytorch.manual_seed(3)
    model = nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2)
    )
    data = Jitter(TensorDataset(*make_moons(50, generator=Generator(1))))
    optimizer = optimizer(model.parameters())
    options = {
        "loader": DataLoader(data, 8, shuffle=True, generator=Generator(2)),
        "loss": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "epochs": 3,
        "val_loader": DataLoader(data, 16),
        "scheduler": optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 21),
        "callbacks": [
            Checkpoint(path or "unused.safetensors"),
            StopAt(step),
            EarlyStopping(patience=9),
            BestWeights(),
        ],
        "resume_from": resume_from,
        **changes,
    }
    if path is None:
        options["callbacks"] = options["callbacks"][1:]
    return model, options


def momentum(params):
    return optim.SGD(params, lr=0.1, momentum=0.9)


@pytest.mark.parametrize("step", [1, 6, 7, 8, 14, 20])
def test_losses_and_weights_are_equal_to_the_bit(step, tmp_path):
    path = tmp_path / "run.safetensors"
    first = tmp_path / "uninterrupted.safetensors"
    model, options = setup(momentum, path=first)
    expected = fit(model, **options)

    model_a, options = setup(momentum, step, path=path)
    assert fit(model_a, **options).stopped == "as asked"
    model_b, options = setup(momentum, path=path, resume_from=path)
    tinytorch.manual_seed(99)  # must not matter
    found = fit(model_b, **options)

    assert found.steps == expected.steps
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "lr"):
        assert found.epochs[name] == expected.epochs[name]
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.data, model_b.state_dict()[name].data)


@pytest.mark.parametrize("optimizer", [momentum, optim.Adam, optim.Adagrad])
def test_it_resumes_in_the_midst_of_an_accumulated_epoch(optimizer, tmp_path):
    path = tmp_path / "run.safetensors"
    model, options = setup(optimizer, path=path, accumulate=3)
    expected = fit(model, **options)
    model, options = setup(optimizer, 2, path=path, accumulate=3)
    fit(model, **options)
    model, options = setup(optimizer, path=path, resume_from=path, accumulate=3)
    assert fit(model, **options).steps == expected.steps


def test_callbacks_that_keep_nothing_may_differ(tmp_path):
    path = tmp_path / "run.safetensors"
    model, options = setup(momentum)
    fit(model, **{**options, "callbacks": [StopAt(5), Checkpoint(path)]})
    model, options = setup(momentum, resume_from=path)
    history = fit(model, **{**options, "callbacks": []})
    assert len(history.steps["loss"]) == 21


def test_a_file_holds_weights_as_tensors_and_the_rest_as_json(tmp_path):
    path = tmp_path / "run.safetensors"
    model, options = setup(momentum, 2, path=path)
    fit(model, **options)
    tensors = saving.load_file(path)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(tensors[f"model.{name}"].data, value.data)
    state = json.loads(saving.load_metadata(path)["tinytorch.run"])
    assert state["position"] == {"epoch": 0, "step": 2, "batch": 2}


def test_it_also_saves_every_few_seconds(tmp_path):
    path = tmp_path / "run.safetensors"
    model, options = setup(momentum)
    options["callbacks"] = [Checkpoint(path, seconds=0), StopAt(3)]
    seen = []
    options["callbacks"][1].on_step = lambda run: seen.append(path.exists())
    fit(model, **{**options, "epochs": 1})
    assert seen[:2] == [False, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accumulate": 2}, "expects accumulate: 1, got 2"),
        ({"scheduler": None}, "expects a scheduler: True, got False"),
        ({"callbacks": []}, "expects callbacks: ['0 EarlyStopping'"),
        ({"loader": [], "val_loader": []}, "expects random generators: 3, got 1"),
    ],
)
def test_a_run_set_up_otherwise_is_refused(changes, message, tmp_path):
    path = tmp_path / "run.safetensors"
    model, options = setup(momentum, 2, path=path)
    fit(model, **options)
    model, options = setup(momentum, path=path, resume_from=path, **changes)
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(model, **options)


def test_a_file_of_weights_is_no_run(tmp_path):
    path = tmp_path / "weights.safetensors"
    model, options = setup(momentum, resume_from=path)
    saving.save_file(model.state_dict(), path)
    with pytest.raises(ValueError, match="holds no training run"):
        fit(model, **options)


def test_a_callback_that_keeps_something_odd_is_told(tmp_path):
    class Odd(Callback):
        def state_dict(self):
            return {"set": {1}}

    model, options = setup(momentum)
    callbacks = [Odd(), Checkpoint(tmp_path / "run.safetensors")]
    with pytest.raises(TypeError, match="expected numbers, strings or arrays, got set"):
        fit(model, **{**options, "callbacks": callbacks})
