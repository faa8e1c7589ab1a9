# %% [markdown]
# # XOR: what a line cannot do
#
# In 1969 a book put an end to a decade of excitement. It proved that a perceptron, one
# layer of weights, cannot even tell whether *exactly one* of two switches is on. Money
# and people left the field for years.
#
# In 1986 a short paper showed the way out: put a layer **between**, and find its
# weights with gradients. You have built both by now, so you can do it again, on an
# engine of your own.
#
# Run all cells (menu *Run*, *Run All Cells*) and read on while they work.

# %% tags=["parameters"]
seeds = 20  # networks, each from another start
hidden = 16  # units between input and output
steps = 300  # downhill, each on all four points
lr = 0.5
time_budget = 60  # seconds for all networks together
whose = "mine"  # or "reference"

# %%
import time

import numpy as np

import tinytorch as tt
from tinytorch import workshop
from tinytorch.nn import functional as F
from tinytorch.optim import SGD
from tinytorch.utils.data import make_xor
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import line_plot

workshop.milestone("xor", whose)

# %% [markdown]
# ## Four points
#
# | first switch | second switch | exactly one? |
# | --- | --- | --- |
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# Draw them on paper and try to part the ones from the zeros with a single straight
# line. The line would have to leave both corners of one diagonal on one side, and both
# corners of the other diagonal on the other; but the diagonals cross.

# %%
X, answers = make_xor()
targets = answers.to(tt.float32).unsqueeze(1)  # (4, 1)

# %% [markdown]
# ## The network
#
# Without a hidden layer it is $x W + b$: the perceptron of 1957, whose border is a
# line. With one it is $\operatorname{relu}(x W_1 + b_1) W_2 + b_2$. A score above 0
# means *yes*.


# %%
def network(units):
    """Return new parameters: W and b of each layer."""
    sizes = [2, units, 1] if units else [2, 1]
    parameters = []
    for i, o in zip(sizes, sizes[1:], strict=False):
        parameters += [tt.randn(i, o), tt.zeros(o)]
    return [p.requires_grad_() for p in parameters]


def scores(x, parameters):
    *between, weight, bias = parameters
    if between:
        x = (x @ between[0] + between[1]).relu()
    return x @ weight + bias


def train(seed, units):
    """Return trained parameters and the loss of every step."""
    tt.manual_seed(seed)
    parameters, losses = network(units), []
    optimizer = SGD(parameters, lr=lr)
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(scores(X, parameters), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return parameters, losses


@tt.no_grad()
def right(parameters):
    """Return how many of the four points it answers rightly."""
    said = scores(X, parameters).numpy() > 0
    return int((said == targets.numpy().astype(bool)).sum())


# %% [markdown]
# Here is one step of it, as your engine sees it:

# %%
names = ["W1", "b1", "W2", "b2"]
parameters = network(hidden)
loss = F.binary_cross_entropy_with_logits(scores(X, parameters), targets)
tt.draw_graph(loss, dict(zip(names, parameters, strict=True)))

# %% [markdown]
# ## 1969: without a hidden layer
#
# The loss goes to $\log 2$, the loss of someone who always says "fifty-fifty". There is
# nothing better to find: whatever the start, however long it trains.

# %%
line, line_losses = train(0, 0)
print(f"a line: {right(line)} of 4 right, loss {line_losses[-1]:.4f}")
print(f"log 2:                    {np.log(2):.4f}")

# %% [markdown]
# ## 1986: with one

# %%
begin = time.perf_counter()
trained = []
for seed in range(seeds):
    trained.append(train(seed, hidden))
    if time.perf_counter() - begin > time_budget:
        break
solved = sum(right(parameters) == 4 for parameters, _ in trained)
seconds = time.perf_counter() - begin
print(f"{solved} of {len(trained)} networks have all four right")

# %%
line_plot(
    {
        "a line": (range(steps), line_losses),
        "best": (range(steps), min((h for _, h in trained), key=lambda h: h[-1])),
        "slowest": (range(steps), max((h for _, h in trained), key=lambda h: h[-1])),
    },
    "step",
    "loss",
)

# %% [markdown]
# ## What they came to think
#
# Each picture is one network's answer all over the plane, white for *yes*. The four
# points are the corners of the inner square. Every one of them found its own way to
# bend: no two are alike, and at the corners they agree.


# %%
@tt.no_grad()
def picture(parameters, size=48):
    """Return the answer, 0 to 1, over the square from -0.5 to 1.5: (size, size)."""
    across = np.linspace(-0.5, 1.5, size, dtype=np.float32)
    plane = np.stack(np.meshgrid(across, across[::-1]), axis=-1).reshape(-1, 2)
    answer = F.sigmoid(scores(tt.Tensor(plane), parameters)).numpy()
    image = (255 * answer.reshape(size, size)).astype(np.uint8)
    image = np.repeat(image[None], 3, axis=0)  # (3, size, size)
    for x, y in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        column, row = round((x + 0.5) / 2 * size), round((1.5 - y) / 2 * size)
        spot = np.array([46, 158, 91] if x != y else [217, 83, 79], dtype=np.uint8)
        image[:, row - 2 : row + 2, column - 2 : column + 2] = spot[:, None, None]
    return image


image_grid(
    np.stack([picture(line)] + [picture(p) for p, _ in trained]),
    ["a line"] + [f"seed {i}" for i in range(len(trained))],
    columns=7,
    size=80,
)

# %% [markdown]
# ## How many units does it take?
#
# Two are enough on paper. Are they enough when the weights must be *found*? Guess
# before you look: from how many of the starts does a network of two hidden units get
# there?

# %%
for units in [1, 2, 4, 8]:
    tries = min(seeds, 10)
    reached = sum(right(train(seed, units)[0]) == 4 for seed in range(tries))
    bar = "■" * reached + "□" * (tries - reached)
    print(f"hidden units: {units}  {bar} {reached} of {tries}")

# %% [markdown]
# A network that *can* represent the answer need not *find* it. A unit that is cut off
# at all four points has slope 0 and never moves again; with two units, one such
# accident is the end. Spare units make accidents harmless. That is one of the reasons
# why networks are far larger than what they have to represent.
#
# ## The result

# %%
print(
    f"XOR: {solved} of {len(trained)} networks have all four right "
    f"· trained in {seconds:.1f} s"
)
