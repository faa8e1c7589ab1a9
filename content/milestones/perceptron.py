# %% [markdown]
# # Perceptron: what a line can do
#
# In 1957 Frank Rosenblatt had a machine built that nobody programmed. It had 400
# photocells for an eye, and weights that motors turned. Shown a card, it said *left* or
# *right*; told that it was wrong, it turned its weights a little. After some fifty
# cards it was right. A newspaper expected it to walk, talk and be conscious.
#
# It is one linear layer, like the one you built in lesson 04, and a rule for better
# weights that needs neither a loss nor a gradient. Here you run it, and see how far a
# line goes, and where it ends.
#
# Run all cells (menu *Run*, *Run All Cells*) and read on while they work.

# %% tags=["parameters"]
seed = 0
points = 200  # to learn from; ten times as many new ones to be tested on
noise = 0.8  # how far the points scatter around their centres, which are 4 apart
passes = 20  # over the points
lr = 0.1  # how far a mistake turns the weights
time_budget = 30  # seconds for each training
whose = "mine"  # or "reference"

# %%
import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.utils.data import make_blobs, make_xor
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import line_plot

workshop.milestone("perceptron", whose)

# %% [markdown]
# ## Two clouds
#
# Points in the plane, of two kinds. 0 lies to the right, 1 to the left, and where they
# meet they mix.

# %%
tt.manual_seed(seed)
X, answers = make_blobs(points, noise)
new_X, new_answers = make_blobs(10 * points, noise)
print(f"{len(X)} points to learn from, {len(new_X)} that it will not see")

# %% [markdown]
# ## The rule
#
# The layer gives each point a score, $s = w \cdot x + b$. It says 1 if the score is
# above 0, else 0. The points with score 0 form a straight line: the **border**.
#
# If it was right, do nothing. If it said 0 and should have said 1, the score was too
# low: add a little of $x$ to the weights, and the same point scores higher next time,
# by $\lvert x \rvert^2$ times that little. If it said 1 wrongly, subtract. In one line:
#
# $$w \leftarrow w + \mathrm{lr} \cdot (\text{answer} - \text{said}) \cdot x, \qquad
# b \leftarrow b + \mathrm{lr} \cdot (\text{answer} - \text{said}).$$
#
# By hand: $w = (1, 0)$, $b = 0$, the point $x = (2, 1)$, whose answer is 0. The score
# is 2, so it says 1. With a rate of 0.1: $w = (1, 0) - 0.1 \cdot (2, 1) = (0.8, -0.1)$
# and $b = -0.1$. Now the score is $1.6 - 0.1 - 0.1 = 1.4$: still wrong, but less so.


# %%
def said(layer, X):
    """Return 1 where the score is above 0, else 0: (n,)."""
    return (layer(X)[:, 0] > 0).to(tt.int64)


def accuracy(layer, X, answers):
    """Return the share of right answers."""
    return (said(layer, X) == answers).float().mean().item()


def correct(layer, x, error, lr):
    """Turn the weights by the rule; error is answer - said, so -1, 0 or 1."""
    for name, value in layer.named_parameters():
        value.copy_(value + lr * error * (x if name == "weight" else 1))


@tt.no_grad()
def learn(layer, X, answers, lr):
    """Show every point in turn, `passes` times; return mistakes and weights by pass."""
    mistakes, history = [], [snapshot(layer)]
    begin = time.perf_counter()
    for _ in range(passes):
        mistakes.append(0)
        for i in range(len(X)):
            error = (answers[i] - said(layer, X[i : i + 1])[0]).item()
            if error:
                correct(layer, X[i], error, lr)
                mistakes[-1] += 1
        history.append(snapshot(layer))
        if not mistakes[-1] or time.perf_counter() - begin > time_budget:
            break
    return mistakes, history


def snapshot(layer):
    """Return the numbers w1, w2 and b, as a copy."""
    return [*layer.weight.detach().flatten().tolist(), layer.bias.item()]


# %%
begin = time.perf_counter()
layer = nn.Linear(2, 1)
before = accuracy(layer, new_X, new_answers)
mistakes, history = learn(layer, X, answers, lr)
blobs = accuracy(layer, new_X, new_answers)
seconds = time.perf_counter() - begin
print(f"mistakes by pass: {mistakes}")
print(f"new points: {before:.1%} right before, {blobs:.1%} after {seconds:.1f} s")

# %% [markdown]
# ## The border moves
#
# The plane as the layer sees it, after more and more passes: white is where it says 1.
# The points have the colour of the right answer.


# %%
def picture(weights, X, answers, low, high, dot=2, pixels=72):
    """Return what the layer says over the square from low to high, with the points."""
    across = np.linspace(low, high, pixels)
    w1, w2, b = weights
    score = w1 * across[None, :] + w2 * across[::-1, None] + b
    image = np.repeat(np.where(score > 0, 235, 60)[None], 3, axis=0).astype(np.uint8)
    places = (X.numpy() - low) / (high - low) * (pixels - 1)
    for (x, y), answer in zip(
        places.round().astype(int), answers.tolist(), strict=True
    ):
        column, row = max(x, 0), max(pixels - 1 - y, 0)  # a far one is cut off
        colour = np.array([46, 158, 91] if answer else [217, 83, 79], dtype=np.uint8)
        image[:, row : row + dot, column : column + dot] = colour[:, None, None]
    return image


shown = sorted({0, 1, 2, 4, len(history) - 1} & set(range(len(history))))
image_grid(
    np.stack([picture(history[i], X, answers, -4.5, 4.5) for i in shown]),
    [f"after pass {i}" if i else "at random" for i in shown],
    columns=5,
    size=120,
)

# %% [markdown]
# If some line parts the points without a mistake, the rule finds one: Novikoff proved
# it in 1962. Each mistake turns the weights a little more towards such a line than
# away, so their number is limited, whatever the order of the points. Where clouds
# overlap, no such line exists, and it never stops correcting; but it stays near a good
# one.
#
# ## XOR
#
# Now four points. The answer is 1 if *exactly one* of the two numbers is 1. The weights
# start at 0, and the rate is 1, so that they stay whole numbers which you can follow.

# %%
corners, exactly_one = make_xor()
line = nn.Linear(2, 1)
with tt.no_grad():
    for _, value in line.named_parameters():
        value.zero_()
xor_mistakes, xor_history = learn(line, corners, exactly_one, lr=1)
for i, weights in enumerate(xor_history[:7]):
    w1, w2, b = (int(v) for v in weights)
    wrong = f"{xor_mistakes[i - 1]} mistakes, then" if i else "start with"
    print(f"pass {i}: {wrong} w = ({w1:+d}, {w2:+d}), b = {b:+d}")

# %% [markdown]
# The weights return to where they were, and so it will go round for ever. It is not the
# rule's fault. Let us try very many lines, at random, and keep the best:

# %%
generator = np.random.default_rng(seed)
tries = 200_000
lines = generator.standard_normal((tries, 3)).astype(np.float32)
scores = lines[:, :2] @ corners.numpy().T + lines[:, 2:]
right = ((scores > 0) == exactly_one.numpy().astype(bool)).sum(axis=1)
xor_best = int(right.max())
best = np.flatnonzero(right == xor_best)[:6]
for count in range(5):
    share = np.mean(right == count)
    print(f"{count} of 4 right: {share:6.1%} {'■' * round(40 * share)}")

# %%
image_grid(
    np.stack([picture(lines[i], corners, exactly_one, -0.5, 1.5, 5) for i in best]),
    [f"{right[i]} of 4" for i in best],
    columns=6,
    size=96,
)

# %%
line_plot(
    {
        "two clouds, share": (range(len(mistakes)), [m / len(X) for m in mistakes]),
        "XOR, share": (range(len(xor_mistakes)), [m / 4 for m in xor_mistakes]),
    },
    "pass",
    "mistakes",
)

# %% [markdown]
# No line gets all four. One diagonal must lie on one side and the other on the other,
# and the diagonals cross. In 1969 Marvin Minsky and Seymour Papert wrote a book about
# it, and for years hardly anyone would pay for research on such machines.
#
# The way out is a layer **between**, and then the rule above is of no use: if the
# answer is wrong, which of the hidden weights is to blame? For that you need slopes
# that travel backwards through the layers. You build them in lesson 07, and then you
# come back for these four points.
#
# ## The result

# %%
print(
    f"Perceptron: {blobs * 100:.1f} % of {len(new_X):,} new points of two clouds "
    f"· {xor_best} of 4 on XOR, by the best of {tries:,} lines"
)
