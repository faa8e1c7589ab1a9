# %% [markdown]
# # 06 · Optimizers: walking downhill
#
# You are on a hill in thick fog and want to get down to the valley. You cannot see it.
# But you can feel the slope under your feet; so take a step downhill, feel again, and
# step again. This is how every network you have heard of was trained.
#
# The slope is called the **gradient**. In this lesson somebody hands it to you (you
# work it out on paper), and all the thought goes into the step: how long it should be,
# whether to remember the last one, and what that memory costs. The walkers that you
# build are the ones everyone uses: SGD with momentum, Adam and AdamW, and the schedules
# that slow them down.
#
# **You need:** the derivative of $x^2$. **It takes** about an hour and a quarter.

# %%
import inspect

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim, workshop
from tinytorch.backends.loops import LoopsBackend
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.benchmark import seconds
from tinytorch.nn import functional as F
from tinytorch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR
from tinytorch.utils.landscape import landscape_plot
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(6)

# %% [markdown]
# ## 1 Mathematics
#
# ### A parabola
#
# Let the loss be $w^2$, with its valley at 0. The slope at $w$ is $2w$. One step of
# **gradient descent** is
#
# $$w \leftarrow w - \text{lr} \cdot \text{slope} .$$
#
# From $w = 3$ with a learning rate (lr) of 0.1: the slope is 6, the step $-0.6$, and we
# stand at 2.4. The next slope is 4.8, and we get to 1.92. Each step multiplies $w$ by
# $1 - 2 \cdot 0.1 = 0.8$.
#
# So the learning rate decides everything: with $1 - 2\,\text{lr}$ between $-1$ and 1 we
# get closer with each step, and outside of that we get *further away*, faster and
# faster.


# %%
def walk_parabola(lr, steps=12, w=3.0):
    """Return every place that the walk comes to."""
    places = [w]
    for _ in range(steps):
        w = w - lr * 2 * w
        places.append(w)
    return places


rates = [0.05, 0.4, 0.9, 1.02]
line_plot(
    {f"lr {lr}": (range(13), walk_parabola(lr)) for lr in rates}, "step", "place w"
)

# %% [markdown]
# Small rates creep, 0.4 is there in three steps, 0.9 jumps from side to side and still
# arrives, 1.02 does not.
#
# ### A ravine
#
# With one weight the best rate is easy to find. Trouble starts with two, if one
# direction is much steeper than the other:
#
# $$L(x, y) = \tfrac12 x^2 + \tfrac12\, 25\, y^2
# \qquad\text{with slopes}\qquad (x,\; 25 y) .$$
#
# In $y$, each step multiplies by $1 - 25\,\text{lr}$, so lr must stay below
# $2/25 = 0.08$ or we are thrown out of the ravine. But in $x$, a step then multiplies
# by $1 - 0.08 = 0.92$ at best, and the valley is far. Real losses have millions of
# directions, and their steepness differs by factors of thousands.


# %%
def ravine(x, y):
    return 0.5 * x**2 + 0.5 * 25 * y**2


def ravine_slope(p):
    """The gradient, worked out by hand; p: array (x, y)."""
    return np.array([p[0], 25 * p[1]])


def walk(rule, steps=30, start=(-4.0, 0.9)):
    """Return every place of a walk; rule(place, slope) gives the next place."""
    places = [np.array(start)]
    for _ in range(steps):
        places.append(rule(places[-1], ravine_slope(places[-1])))
    return places


landscape_plot(
    ravine,
    {
        "lr 0.02": walk(lambda p, g: p - 0.02 * g),
        "lr 0.07": walk(lambda p, g: p - 0.07 * g),
    },
    x=(-4.5, 1.5),
    y=(-1.2, 1.2),
)

# %% [markdown]
# Seen from above, dark is low. Thirty steps each: one creeps along the valley's floor,
# the other bounces between the walls, and neither has arrived at (0, 0).
#
# ### Two remedies
#
# **Momentum.** A ball rolling down keeps its speed $v$:
#
# $$v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \text{lr}\; v .$$
#
# Slopes that keep pointing the same way add up (with $\mu = 0.9$ to ten times the
# slope), and slopes that change their sign cancel. With $v = 2$, a slope of 0.5 and lr
# 0.1: $v$ becomes $0.9 \cdot 2 + 0.5 = 2.3$, and the step is $-0.23$. *Nesterov's* form
# looks one step ahead, and uses $g + \mu v$ with the new $v$: here
# $0.5 + 0.9 \cdot 2.3 = 2.57$.
#
# **A rate for each weight.** Keep a running mean $m$ of the slopes and one, $s$, of
# their squares, and step by $m / \sqrt{s}$. Where slopes are large, they are divided by
# something large: steep or flat, each weight moves by about lr. This is **Adam**. As
# both means start at 0, they are too small in the beginning; after $t$ steps dividing
# by $1 - \beta^t$ makes up for it exactly. In the first step, with a slope of 0.5:
# $m = 0.1 \cdot 0.5 = 0.05$, made up for $0.05 / 0.1 = 0.5$; the root of the other is
# $0.5$ as well; the step is $-\text{lr}$.

# %% [markdown]
# ## 2 Naive implementation
#
# ### SGD, one number at a time
#
# `params`, `grads` and `buffers` are lists of numpy arrays, a weight matrix, its
# gradient and its velocity having the same shape. For each parameter, and each index
# `i` in `np.ndindex(*p.shape)`, change `p[i]` **in place** (and the velocity, if there
# is one).
#
# Start with the plain step and run the cell: the checks will lead you on, to momentum,
# dampening, Nesterov and weight decay, one line each. *Weight decay* adds a little of
# the weight itself to its slope, so that weights which do nothing useful shrink.

# %% part="backends.LoopsBackend.sgd_step"

# %% [markdown]
# ### Around it: the optimizer
#
# An `Optimizer` holds **groups** of parameters, each with its own options: a dict with
# the list `group["params"]`, and `group["lr"]` and so on. The gradient of a parameter
# `p` is `p.grad`, or `None` if there is none.
#
# Gradients *add up* until somebody clears them, which is easily forgotten, and the walk
# then goes by the sum of all slopes since the start.

# %% part="optim.Optimizer.zero_grad"

# %% [markdown]
# `step` hands each group's parameters *that have a gradient* to `self._update(params,
# group)`, which calls the kernel. Afterwards `autograd.mark_written(array)` notes that
# the numbers have changed, so that lesson 07 can refuse to use old ones.

# %% part="optim.Optimizer.step"

# %% [markdown]
# A walk with an optimizer always looks like this, with the slope still by hand:


# %%
def walk_with(make, steps=30, start=(-4.0, 0.9), schedule=None):
    """Return every place; make(params) gives an optimizer, on your own loops."""
    p = tt.tensor(start, dtype=tt.float64)
    optimizer = make([p])
    scheduler = schedule(optimizer) if schedule else None
    places = [p.tolist()]
    with tt.backends.use("loops"):
        for _ in range(steps):
            optimizer.zero_grad()
            p.grad = tt.Tensor(ravine_slope(p.numpy()))
            optimizer.step()
            if scheduler:
                scheduler.step()
            places.append(p.tolist())
    return places


walks = {
    "plain": walk_with(lambda ps: optim.SGD(ps, lr=0.07)),
    "momentum": walk_with(lambda ps: optim.SGD(ps, lr=0.03, momentum=0.8)),
    "Nesterov": walk_with(
        lambda ps: optim.SGD(ps, lr=0.03, momentum=0.8, nesterov=True)
    ),
}
landscape_plot(ravine, walks, x=(-4.5, 1.5), y=(-1.2, 1.2))

# %% [markdown]
# ### Adam
#
# Again lists of arrays: `firsts` are the running means of the slopes, `seconds` those
# of their squares, and `betas` says how much of each is kept: `b * old + (1 - b) *
# new`. `step` counts from 1.
#
# Weight decay in Adam has a history. Added to the slope, it is divided by
# $\sqrt{s}$ like the rest, so that weights with large slopes hardly shrink. *AdamW*
# takes it out (`decoupled`): the weight shrinks by $1 - \text{lr} \cdot
# \text{weight\_decay}$, and then Adam's step follows. The first cases have no weight
# decay; add it when they pass.

# %% part="backends.LoopsBackend.adam_step"

# %%
walks["Adam"] = walk_with(lambda ps: optim.Adam(ps, lr=0.4))
landscape_plot(ravine, walks, x=(-4.5, 1.5), y=(-1.2, 1.2))

# %%
line_plot(
    {
        name: (range(len(w)), np.log10([ravine(*p) + 1e-12 for p in w]))
        for name, w in walks.items()
    },
    "step",
    "log₁₀ L",
)

# %% [markdown]
# Adam starts off *diagonally*: it does not care that one slope is 25 times the other.
# Momentum swings, and its swings die down. Neither is better in general. With Adam you
# get somewhere with hardly any tuning; well-tuned SGD with momentum is often ahead in
# the end, and it remembers half as much.
#
# ### Slowing down
#
# Long steps get you near the valley and then over it, again and again; short ones never
# get you there. So begin with long steps and let them shrink. A **schedule** is a
# formula for the rate, given the rate at the start (`base`) and the number of steps
# taken (`t`).
#
# *Steps*: times `self.gamma` after every `self.step_size` steps.

# %% part="optim.lr_scheduler.StepLR.rate"

# %% [markdown]
# *Cosine*: half a wave from `base` down to `self.eta_min`, in `self.T_max` steps. It
# leaves gently and arrives gently. The share of the way that is still ahead is
# $\frac12 (1 + \cos(\pi\, t / T_\text{max}))$: 1 at the start, ½ in the middle, 0 at
# the end.

# %% part="optim.lr_scheduler.CosineAnnealingLR.rate"

# %% [markdown]
# *One cycle*: first up, then down. In the beginning nothing is known, and long steps in
# random directions do harm; so warm up. Then the highest rate the network can bear,
# and then far down. It is what will train your image network in lesson 10.
#
# Example, 10 steps with 0.4 of them up: the top is at $t = 0.4 \cdot 10 - 1 = 3$, the
# end at $t = 9$.

# %% part="optim.lr_scheduler.OneCycleLR.rate"


# %%
def rates_of(schedule, steps=60):
    optimizer = optim.SGD([tt.zeros(1)], lr=1.0)
    scheduler, rates = schedule(optimizer), []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.step()
    return range(steps), rates


line_plot(
    {
        "StepLR": rates_of(lambda o: StepLR(o, 20, 0.4)),
        "cosine": rates_of(lambda o: CosineAnnealingLR(o, 60)),
        "OneCycleLR": rates_of(lambda o: OneCycleLR(o, 1.0, 60)),
    },
    "step",
    "rate",
)

# %% [markdown]
# ## 3 Systems analysis
#
# ### When does it blow up?
#
# **Predict first.** On the parabola $w^2$ a step multiplies $w$ by $1 - 2\,\text{lr}$.
# What is the largest rate that still leads to the valley? And on a parabola ten times
# as steep, $10\,w^2$? Write down the second:

# %% tags=["prediction"]
guess = predict("the largest rate for 10 w²", ...)


# %%
def arrives(lr, steepness, steps=400):
    """Whether a walk by SGD on steepness · w² gets to the valley."""
    w = tt.tensor([1.0], dtype=tt.float64)
    optimizer = optim.SGD([w], lr=lr)
    for _ in range(steps):
        w.grad = tt.Tensor(2 * steepness * w.numpy())
        optimizer.step()
        if abs(w.item()) > 1e6:
            return False
    return abs(w.item()) < 1e-2


for steepness in (1, 10):
    tried = np.geomspace(0.01, 2, 60)
    good = [lr for lr in tried if arrives(lr, steepness)]
    print(f"{steepness:>2} w²: arrives with rates from {good[0]:.3f} to {good[-1]:.3f}")
guess.measured(good[-1])

# %% [markdown]
# The largest rate is 2 over the *curvature* (which is 2, and 20): 1 for the first
# parabola and 0.1 for the second. What is printed is the largest of the sixty rates
# that were tried; the next one, a tenth larger, is beyond the limit. The steepest of
# all directions sets the limit for every other one: that is what the ravine was about,
# and why a rate that works for one network blows up another.
#
# ### What does memory of the past cost?
#
# SGD remembers nothing. How many bytes does each optimizer keep for each weight of 4
# bytes? Count what is really there, after one step.

# %%
makers = {
    "SGD": lambda ps: optim.SGD(ps, lr=0.1),
    "SGD, momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9),
    "Adam": lambda ps: optim.Adam(ps),
    "AdamW": lambda ps: optim.AdamW(ps),
}


def with_gradient(count):
    p = tt.randn(count)
    p.grad = tt.randn(count)
    return p


count = 100_000
per_weight = {}
for name, make in makers.items():
    p = with_gradient(count)
    optimizer = make([p])
    optimizer.step()
    kept = sum(
        value.nbytes
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, np.ndarray)
    )
    per_weight[name] = kept / count
    print(f"{name:<14} {kept:>9,} bytes kept, {kept / count:.0f} for each weight")

# %%
weights = 7_000_000_000  # a language model of a common size
for name, state in per_weight.items():
    total = weights * (4 + 4 + state) / 1e9
    print(f"{name:<14} weights, gradients and state: {total:6.0f} GB")

# %% [markdown]
# An optimizer's state can be larger than the model. It must lie in the accelerator's
# memory all through training, and it is why a model that fits easily may not be
# *trainable* there. The batch's activations come on top; you will weigh those in lesson
# 07.

# %% [markdown]
# ## 4 Optimisation path
#
# This is the kernel that the library uses by default. It takes all parameters at once,
# and writes into the arrays that it was given, so that a step asks for little memory:

# %%
print(inspect.getsource(NumpyBackend.adam_step))


# %%
sizes = [100, 1_000, 10_000, 100_000]
lines = {}
for backend in [n for n in tt.backends.available() if n != "compiled"]:
    shown = sizes[:2] if backend == "loops" else sizes
    times = []
    with tt.backends.use(backend):
        for n in shown:
            optimizer = optim.Adam([with_gradient(n)])
            times.append(seconds(optimizer.step))
    lines[backend] = (np.log10(shown), np.log10(np.array(shown) / times))
    print(f"{backend:<6} {shown[-1] / times[-1] / 1e6:8.2f} million weights a second")
line_plot(lines, "log₁₀ of weights", "log₁₀ n/s")

# %% [markdown]
# The arithmetic of a step is nothing: a few operations for each weight. What it costs
# is *moving* weights, gradients and state through memory, 28 bytes for each weight of
# Adam: three arrays are read and written, one is read. So production kernels read each
# number once, do everything to it, and write it back ("fused"), and they take all
# parameters of a network in one call.
#
# ### A network, at last
#
# Lesson 05 ended with nine weights and two hundred random tries. Now we can walk. For
# softmax and cross-entropy, the slope of the loss to a row of scores is on paper
# *probabilities minus target*. For the weights of one linear layer that is enough:

# %%
tt.manual_seed(0)
points, labels = tt.randn(60, 2), tt.tensor(np.arange(60) % 3)
points = points + tt.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])[labels]
target = np.eye(3, dtype=np.float32)[labels.numpy()]


@tt.no_grad()
def train_by_hand(make, steps=60):
    """Return the loss of every step; all slopes are worked out on paper."""
    tt.manual_seed(1)
    layer, losses = nn.Linear(2, 3), []
    optimizer = make(layer.parameters())
    for _ in range(steps):
        scores = layer(points)
        losses.append(F.cross_entropy(scores, labels).item())
        to_scores = (F.softmax(scores, 1).numpy() - target) / len(target)
        optimizer.zero_grad()
        layer.weight.grad = tt.Tensor(to_scores.T @ points.numpy())
        layer.bias.grad = tt.Tensor(to_scores.sum(axis=0))
        optimizer.step()
    return losses


runs = {
    "SGD": train_by_hand(lambda ps: optim.SGD(ps, lr=0.3)),
    "momentum": train_by_hand(lambda ps: optim.SGD(ps, lr=0.3, momentum=0.9)),
    "Adam": train_by_hand(lambda ps: optim.Adam(ps, lr=0.1)),
}
for name, losses in runs.items():
    print(f"{name:<9} loss {losses[0]:.3f} → {losses[-1]:.3f}")
line_plot({n: (range(len(v)), v) for n, v in runs.items()}, "step", "loss")

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>With momentum 0.9 and a slope that is always 1, how fast does the
# walk become?</summary>
#
# v = 0.9 v + 1 settles at v = 10: ten times the plain step. Momentum 0.99 would make it
# a hundred, so raise momentum and lower the rate together.
# </details>
#
# <details><summary>All slopes become a thousand times smaller. What does SGD do, and
# what Adam?</summary>
#
# SGD makes steps a thousand times shorter. Adam divides by the size of the slopes and
# walks on as before (as long as they are large against eps).
# </details>
#
# <details><summary>Why does Adam divide by 1 − β^t? What would the first step be
# without it?</summary>
#
# After one step the means hold only (1 − β) of the slope: 0.1 g and 0.001 g². Their
# ratio 0.1 g / √(0.001 g²) is about 3.2: the very first step, in a direction of which
# nothing is known yet, would be three times as long as meant.
# </details>
#
# <details><summary>You load a saved model and go on training with a new Adam. The loss
# jumps up. Why?</summary>
#
# Its running means are gone and start at 0, and so does t. Whoever wants to go on
# exactly must save the optimizer's state as well: lesson 08 does.
# </details>
#
# <details><summary>zero_grad sets gradients to None, not to 0. Where does that make a
# difference?</summary>
#
# A parameter with gradient 0 is still moved, by momentum and by weight decay. One with
# None is left alone.
# </details>

# %% [markdown]
# ## Can I walk downhill, given gradients?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# *Given gradients* is the catch. For one layer, two lines of paper were enough. Put a
# hidden layer between, and the slope to its weights goes through the next layer's
# weights and through the bend; add another, and it goes through all of that. Each
# change of the network means working it out afresh, and a wrong sign is not reported by
# anyone: it just learns badly.
#
# Yet every step of it is dull: multiply by the slope of one small operation, and hand
# on. What is dull can be done by a program, and in lesson 07 you write it.
