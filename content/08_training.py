# %% [markdown]
# # 08 · Training: the loop around the gradient
#
# You can compute gradients. Now something has to *use* them: thousands of small steps,
# each on a few samples, watched by someone who knows when the network has learned
# something and when it only remembers. That someone is a loop of twenty lines, and in
# this lesson you write it: the step, the epoch, the honest measurement, the brake for
# steps that are too wild, the decision to stop, and a save file from which a run goes
# on as if it had never been interrupted.
#
# **You need:** what a loss and a gradient are (lessons 05 to 07 help). **It takes**
# about 80 minutes.

# %%
import time
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.benchmark import activation_bytes
from tinytorch.nn import functional as F
from tinytorch.optim import SGD, Adam
from tinytorch.random import Generator
from tinytorch.training import (
    BestWeights,
    Callback,
    Checkpoint,
    EarlyStopping,
    evaluate,
    fit,
)
from tinytorch.utils.data import (
    DataLoader,
    Digits,
    TensorDataset,
    make_spirals,
    transforms,
)
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import bar_plot, line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(8)

# %% [markdown]
# ## 1 Mathematics
#
# ### A step
#
# The loss of a batch is a mean over its samples. Its gradient $g$ says in which
# direction the loss grows, so a step goes the other way:
#
# $$L(w) = \frac{1}{B} \sum_{i=1}^{B} \ell(f_w(x_i), y_i), \qquad
# w \leftarrow w - \eta \, g .$$
#
# By hand: the model is $f_w(x) = w x$ with $w = 2$, the loss is squared, and the batch
# has $x = 1$ and $x = 3$, both with target 1. The outputs are 2 and 6, the errors 1 and
# 5, the loss $(1 + 25) / 2 = 13$. The gradient is
# $(2 \cdot 1 \cdot 1 + 2 \cdot 5 \cdot 3) / 2 = 16$, and with $\eta = 0.1$ the weight
# becomes $2 - 1.6 = 0.4$. You will meet these numbers again in the checks.
#
# ### Several batches as one
#
# If a batch is too large for memory, take it in pieces and let the gradients add up.
# Each piece's loss is a mean over *its own* samples, so it has to be weighted by its
# share: pieces of 2 and 1 samples with gradients 16 and 12 make
# $\tfrac23 \cdot 16 + \tfrac13 \cdot 12 = 44/3$, exactly what a batch of 3 gives.
#
# ### A brake
#
# One bad batch can have a gradient a thousand times as long as usual, and a single step
# along it undoes an hour. **Clipping** keeps the direction and limits the length: with
# all gradients of all parameters as one long vector of length $\lVert g \rVert$,
#
# $$g \leftarrow g \cdot \min\left(1, \frac{c}{\lVert g \rVert}\right) .$$
#
# Gradients 3 and 4 have length 5; with $c = 1$ they become 0.6 and 0.8.
#
# ### Learned, or learned by heart?
#
# The loss on what a network learns from falls and falls. What counts is the loss on
# samples it has never seen: that falls too, and at some point it begins to rise. From
# there on, the network learns the noise of its examples. The best moment to stop is
# the lowest point of the second curve.

# %% [markdown]
# ## 2 Naive implementation
#
# ### How many are right?
#
# The answer of a network with one score for each class is the class with the highest
# score. With a single logit a sample, the answer is 1 where the logit is above 0.
# Everything else, such as targets that are no class numbers, is a `ValueError`: a wrong
# accuracy is worse than none.

# %% part="training.accuracy"

# %% [markdown]
# ### Measuring without learning
#
# A measurement must change nothing. Three things to take care of: layers such as
# dropout behave differently in evaluation; nothing should be recorded for a backward
# pass; and the last batch may be smaller, so a mean of means is not the mean.
#
# At hand are `with evaluating(model):`, which switches the model's mode and back
# again, `with no_grad():`, and the class `Means`: `means.add(values, samples)` takes in
# a dict of means over so many samples.

# %% part="training.measure"

# %% [markdown]
# ### The gradient of a step
#
# A training run is an object that carries everything along: `run.model`, `run.loss`,
# `run.optimizer`, `run.metrics` (functions by name, "loss" among them), `run.max_norm`
# and so on. A step gets a list of batches, most often a list of one.

# %% part="training.accumulate_gradients"

# %% part="nn.utils.clip_grad_norm_"

# %% [markdown]
# ### The step
#
# Now the heart of it. The order matters at three places: gradients are cleared before
# new ones come; they are checked and clipped when they are there, and before the
# weights move; and the callbacks hear of the step when it is counted and the schedule
# has moved on. `stop_if_not_finite(run, batches, loss)` raises an error that names the
# layer where a `nan` began.

# %% part="training.train_step"

# %% part="training.train_epoch"

# %% [markdown]
# That is a training loop. Let us watch it learn something that no straight line can
# separate: two spirals. The picture shows what the network answers for every point of
# the plane, at the beginning and after some epochs.


# %%
def spirals(n, seed):
    """Return n points of two spirals, as a data set."""
    return TensorDataset(*make_spirals(n, 0.03, generator=Generator(seed)))


def mlp(*widths):
    """Return linear layers of these widths with ReLU between them."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def plane(model, data, side=64):
    """Paint the probability of class 1 over the plane, and the samples on top."""
    ticks = np.linspace(-1.2, 1.2, side, dtype=np.float32)
    points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    with tt.no_grad():
        p = F.softmax(model(tt.tensor(points)), 1).data[:, 1].reshape(side, side, 1)
    blue, orange = np.array([59, 130, 246]), np.array([224, 112, 32])
    picture = p * orange + (1 - p) * blue
    picture += (255 - picture) * 0.35
    x, y = (t.data for t in data.tensors)
    columns, rows = np.round((x.T + 1.2) / 2.4 * (side - 1)).astype(int).clip(0, 63)
    picture[rows, columns] = np.where(y[:, None] == 1, orange * 0.6, blue * 0.6)
    return picture.astype(np.uint8).transpose(2, 0, 1)


class Painter(Callback):
    """Keeps a picture of the plane after some epochs."""

    def __init__(self, data, epochs):
        self.data, self.epochs, self.pictures = data, epochs, []

    def on_start(self, run):
        self.on_epoch(run)

    def on_epoch(self, run):
        if run.epoch in self.epochs:
            self.pictures.append(plane(run.model, self.data))


train, held_out = spirals(300, seed=1), spirals(300, seed=2)
shown = (0, 2, 5, 10, 20, 60)
painter = Painter(train, shown)
tt.manual_seed(0)
model = mlp(2, 32, 32, 2)
history = fit(
    model,
    DataLoader(train, 32, shuffle=True),
    nn.CrossEntropyLoss(),
    Adam(model.parameters(), lr=0.01),
    epochs=60,
    val_loader=DataLoader(held_out, 300),
    callbacks=[painter],
)
print(
    f"accuracy on new points of the spirals: {history.epochs['val_accuracy'][-1]:.1%}"
)
image_grid(
    np.stack(painter.pictures), [f"epoch {n}" for n in shown], columns=3, size=160
)

# %%
history.plot("loss")

# %% [markdown]
# The solid line is noisy because each of its points is another batch; the held-out one
# is measured once an epoch, on the same points each time.
#
# ### When to stop
#
# **Early stopping** watches a value of each epoch. `self.improved(run, min_delta)` says
# whether the latest one beats the best so far; you count for how many epochs in a row
# it did not, and end the run with `run.stop(reason)` when patience is over.

# %% part="training.EarlyStopping.on_epoch"

# %% [markdown]
# When it stops, the best epoch is some way back. So someone has to keep its weights.
# Keep, not point at: the optimizer goes on writing into the very same arrays.

# %% part="training.BestWeights.on_epoch"

# %% [markdown]
# Here is a task that tempts a network to learn by heart. Images of pure noise, labelled
# by a rule: 1 if the pixels add up to more than 0. With 200 examples of 64 pixels, it
# is easier to remember the examples than to find the rule.

# %%
noise = Generator(3).numpy


def bright(n):
    """Return n random images and whether their pixels add up to more than 0."""
    x = noise.uniform(-1, 1, (n, 64)).astype(np.float32)
    return TensorDataset(x, (x.sum(axis=1) > 0).astype(np.int64))


few, held_out, never_seen = bright(200), bright(1000), bright(1000)


def learn_rule(callbacks=(), epochs=40):
    """Train on the few images; return model and history."""
    tt.manual_seed(0)
    model = mlp(64, 64, 2)
    history = fit(
        model,
        DataLoader(few, 25, shuffle=True),
        nn.CrossEntropyLoss(),
        Adam(model.parameters(), lr=3e-3),
        epochs,
        val_loader=DataLoader(held_out, 500),
        callbacks=callbacks,
    )
    return model, history


trained_on, on = learn_rule()
stopped, history = learn_rule([EarlyStopping(patience=4), BestWeights()])
print(f"stopped after {len(history.epochs['loss'])} epochs: {history.stopped}")
for name, model in {"all 40 epochs": trained_on, "stopped": stopped}.items():
    chosen_by, fair = (
        evaluate(model, DataLoader(images, 500), F.cross_entropy)
        for images in (held_out, never_seen)
    )
    print(f"{name:<14} loss {chosen_by:.3f} held out, {fair:.3f} on never seen images")
on.plot("loss")

# %% [markdown]
# Why three sets? The held-out images decided *when* to stop, and a set that decided
# something flatters the result: of forty epochs the one was kept that suited just these
# images. Only images that took part in no decision tell what to expect.

# %% [markdown]
# ### To be continued
#
# A tab is closed by accident, a time budget ends, a battery is empty. To go on exactly
# as if nothing had happened, weights are not enough. What else does the next step
# depend on? Think of it before you read the list below: the optimizer's memory, the
# schedule's place, how far the epoch is, what callbacks have seen, and the state of
# every random generator, or else the rest of the run sees other batches.

# %% part="training.run_state"

# %% [markdown]
# The proof: one run of six epochs, and one that ends after three and goes on in a new
# model, from the file. Not nearly the same losses: the same numbers, bit for bit.


# %%
def run(epochs, file=None, resume=None):
    """Train on the spirals; every call begins with the same seeds."""
    tt.manual_seed(5)
    model = nn.Sequential(
        nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2)
    )
    return fit(
        model,
        DataLoader(train, 32, shuffle=True),
        nn.CrossEntropyLoss(),
        SGD(model.parameters(), lr=0.1, momentum=0.9),
        epochs,
        callbacks=[Checkpoint(file)] if file else [],
        resume_from=resume,
    ).steps["loss"]


file = Path("half-way.safetensors")
whole = run(6, file)
run(3, file)
halves = run(6, file, resume=file)
print(f"{file.stat().st_size:,} bytes for a model of 82 weights")
same = sum(a == b for a, b in zip(whole, halves, strict=True))
print(f"{same} of {len(whole)} losses are equal to the last bit")
file.unlink()

# %% [markdown]
# ## 3 Systems analysis
#
# ### How large should a batch be?
#
# Real data: handwritten digits. All runs below see every digit the same number of
# times, with the same learning rate.
#
# **Predict first.** From batches of 4 to batches of 256: how many times as fast is an
# epoch? And which of the batch sizes ends with the lowest loss?

# %% tags=["prediction"]
faster = predict("an epoch in batches of 256, against 4", ..., unit="times as fast")
lowest = predict("the batch size with the lowest loss", ...)

# %%
digits, unseen = Digits(train=True), Digits(train=False)
normal = transforms.Normalize(digits.mean, digits.std)
digits.transform = unseen.transform = normal


def with_batches_of(size, epochs=4):
    """Return (seconds of an epoch, steps of an epoch, held-out losses)."""
    tt.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), mlp(64, 64, 10))
    epochs_ = fit(
        model,
        DataLoader(digits, size, shuffle=True),
        nn.CrossEntropyLoss(),
        SGD(model.parameters(), lr=0.05),
        epochs,
        val_loader=DataLoader(unseen, 500),
    ).epochs
    return min(epochs_["seconds"]), -(-len(digits) // size), epochs_["val_loss"]


sizes = [4, 16, 64, 256]
runs = {size: with_batches_of(size) for size in sizes}
print("batch   steps    s/epoch  µs/sample   loss at the end")
for size, (seconds, steps, losses) in runs.items():
    per_sample = 1e6 * seconds / len(digits)
    print(f"{size:>5} {steps:>7} {seconds:10.3f} {per_sample:10.1f} {losses[-1]:13.3f}")
best = min(sizes, key=lambda size: runs[size][2][-1])
faster.measured(runs[4][0] / runs[256][0])
lowest.measured(best)

# %%
line_plot(
    {
        f"batches of {size}": ([seconds * (i + 1) for i in range(len(losses))], losses)
        for size, (seconds, _, losses) in runs.items()
    },
    "seconds of training (loss on unseen digits)",
    "loss",
)

# %% [markdown]
# Large batches are cheap by the sample: each step has a fixed price, and numpy likes
# large matrices. But they take few steps, and each of them is no longer than that of a
# small batch. The table compares after the same number of *samples*; the plot, after
# the same number of *seconds*, and that is the comparison that you pay for: draw an
# upright line at the time you have, and take the curve that is lowest there. (With
# large batches one also raises the learning rate: a surer direction allows a longer
# step. Try it.)
#
# ### How much of a result is luck?
#
# The seed decides the first weights and the order of the samples. Here is the same
# network five times, with nothing changed but the seed; and beside it a single layer
# with ten outputs, the straight lines of a perceptron trained as the rest is here, by
# gradients of the cross-entropy.


# %%
def trained(seed, *widths, epochs=8):
    """Return a model trained on the digits, and the seconds that it took."""
    tt.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), mlp(*widths))
    start = time.perf_counter()
    fit(
        model,
        DataLoader(digits, 32, shuffle=True),
        nn.CrossEntropyLoss(),
        Adam(model.parameters(), lr=3e-3),
        epochs,
    )
    return model, time.perf_counter() - start


kinds = {"perceptron": (64, 10), "two layers": (64, 128, 10)}
right = {}
for name, widths in kinds.items():
    models = [trained(seed, *widths) for seed in range(5)]
    right[name] = [evaluate(m, DataLoader(unseen, 500)) for m, _ in models]
    mean, spread = np.mean(right[name]), np.std(right[name], ddof=1)
    seconds = np.mean([s for _, s in models])
    print(f"{name}: {mean:.1%} ± {spread:.1%} of unseen digits, {seconds:.1f} s each")
bar_plot(
    [f"{name}, seed {seed}" for name in kinds for seed in range(5)],
    {"wrong answers": [100 * (1 - a) for name in kinds for a in right[name]]},
    "%",
)

# %% [markdown]
# If somebody tells you that their network is half a percent better, ask for the seeds.
#
# ## 4 Optimisation path
#
# What the library offers is your step, and around it what any run needs: held-out
# measurements, callbacks, a time budget, resuming. Its live source:

# %%
import inspect

print(inspect.getsource(fit))

# %% [markdown]
# What does all of that cost? Side by side: the shortest loop one can write by hand, and
# `fit`, on the same batches from the same seed.


# %%
def by_hand(epochs):
    """Train with the bare minimum; return the seconds and the last loss."""
    tt.manual_seed(0)
    model, loss = nn.Sequential(nn.Flatten(), mlp(64, 64, 10)), nn.CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=0.05)
    loader = DataLoader(digits, 32, shuffle=True)
    start = time.perf_counter()
    for _ in range(epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            value = loss(model(inputs), targets)
            value.backward()
            optimizer.step()
    return time.perf_counter() - start, value.item()


def by_fit(epochs):
    """The same with `fit`, metrics and checks included."""
    tt.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), mlp(64, 64, 10))
    optimizer = SGD(model.parameters(), lr=0.05)
    loader = DataLoader(digits, 32, shuffle=True)
    start = time.perf_counter()
    history = fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs)
    return time.perf_counter() - start, history.steps["loss"][-1]


steps = 3 * len(DataLoader(digits, 32))
# In turns, and the fastest of each: other work on this machine hits both alike.
pairs = [(by_hand(3), by_fit(3)) for _ in range(3)]
(bare, last), (full, same) = (min(times) for times in zip(*pairs, strict=True))
print(f"by hand {1e6 * bare / steps:7.0f} µs a step, last loss {last:.6f}")
print(f"fit     {1e6 * full / steps:7.0f} µs a step, last loss {same:.6f}")
print(f"watching costs {full / bare - 1:.0%} here, on a network of two small layers")

# %% [markdown]
# The same losses to the last digit shown, and a price by the step: checking for numbers
# that are not finite, counting right answers, writing the history. The more a step
# computes, the smaller its share.
#
# And gradient accumulation, which you wrote into the step? It trades time for memory:
# the activations of one piece at a time, the gradient of all of them.

# %%
x, y = next(iter(DataLoader(digits, 1024)))
tt.manual_seed(0)
model = nn.Sequential(nn.Flatten(), mlp(64, 64, 10))
F.cross_entropy(model(x), y).backward()
at_once = [p.grad.data.copy() for p in model.parameters()]
model.zero_grad()
for i in range(0, len(x), 256):
    piece = x[i : i + 256], y[i : i + 256]
    (F.cross_entropy(model(piece[0]), piece[1]) * (256 / len(x))).backward()
error = max(
    np.abs(a - p.grad.data).max()
    for a, p in zip(at_once, model.parameters(), strict=True)
)
print(f"largest difference of a gradient: {error:.1e}")
for size in (1024, 256):
    kept = activation_bytes(F.cross_entropy(model(x[:size]), y[:size]))
    print(f"{size:>5} samples at once: the graph keeps {kept:>9,} bytes")

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>What happens without <code>zero_grad()</code>?</summary>
#
# Gradients add up over all steps so far. It is like momentum that never fades: the
# weights run off, further with every step.
# </details>
#
# <details><summary>Two batches of 100 and 20 samples have the mean losses 1.0 and 4.0.
# What is the loss of the epoch?</summary>
#
# (100 · 1.0 + 20 · 4.0) / 120 = 1.5, and not 2.5.
# </details>
#
# <details><summary>Why is the accuracy measured during training lower than on held-out
# data, now and then?</summary>
#
# It is a mean over an epoch in which the network was still learning, and with dropout
# it was measured on a thinned network. The held-out one is of the network at the end.
# </details>
#
# <details><summary>You tried 20 learning rates and kept the one with the best held-out
# accuracy. Is that accuracy an honest result?</summary>
#
# No: it is the best of 20 draws on the same samples. Keep a third set that nothing was
# chosen on, and measure on it once.
# </details>
#
# <details><summary>A run is resumed with its weights and its optimizer's state, but
# with a fresh random generator. What differs?</summary>
#
# The batches that follow: some samples of the interrupted epoch come twice, others not
# at all, and dropout draws other masks. It will train, and it will not repeat.
# </details>

# %% [markdown]
# ## Can I train, stop, save and resume?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# Nearly all digits right, in a few seconds. Is the problem solved? Move the unseen
# digits by a single pixel, and ask again:

# %%
model, _ = trained(0, *kinds["two layers"])
for moved in (False, True):
    steps = [transforms.RandomCrop(8, padding=1)] if moved else []
    unseen.transform = transforms.Compose([*steps, normal])
    answer = evaluate(model, DataLoader(unseen, 500))
    print(f"{'moved by up to a pixel' if moved else 'as they are':<24}{answer:7.1%}")
    shown = digits.data[:10] if not moved else steps[0](digits.data[:10])
image_grid(15 * shown)  # shades from 0 to 16

# %% [markdown]
# You can still read every one of them; the network cannot. To a linear layer, each
# pixel is a quantity of its own, and what it learned about one place it knows nowhere
# else. Something has to look at *patterns* instead of places; that is lesson 09.
