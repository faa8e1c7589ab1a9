# %% [markdown]
# # 12 · Embeddings: meaning and place
#
# A tokenizer gives every piece of text a number, and the number means nothing. Token
# 300 is not larger than token 7, nor more like token 301. So a network does not compute
# with the number: it looks it up. Each id has a **row of numbers of its own** in a
# table, and the rows are learned like any weights. Ids that are used alike end up with
# rows that are alike; that is all that "meaning" means here.
#
# One thing is still missing. "dog bites man" and "man bites dog" look up the same three
# rows. The network has to be told **where** each token stands, and a place, too, must
# become numbers. You build three ways to do so.
#
# **You need:** what a gradient is (lesson 07 helps). **It takes** about 75 minutes.

# %%
import time
from collections import Counter

import numpy as np

import tinytorch as tt
from tinytorch import nn, ops, text, workshop
from tinytorch.autograd import Function, gradcheck
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.benchmark import seconds
from tinytorch.nn import functional as F
from tinytorch.optim import Adam
from tinytorch.text import split_pieces
from tinytorch.utils.data import novel
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import line_plot
from tinytorch.utils.words import word_map
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(12)

# %% [markdown]
# ## 1 Mathematics
#
# ### A table, and its gradient
#
# Let the table $W$ have $V$ rows, one for each kind of token, of $D$ numbers each. To
# look up the ids 2, 0, 2 is to write down rows 2, 0 and 2:
#
# $$W = \begin{pmatrix} 1 & 2 \\ 3 & 4 \\ 5 & 6 \end{pmatrix}
# \quad\longrightarrow\quad
# \begin{pmatrix} 5 & 6 \\ 1 & 2 \\ 5 & 6 \end{pmatrix} .$$
#
# The same comes out of a matrix product with a 1 in each row at the id's place, and so
# a lookup is a linear layer whose input is nearly all zeros. Nobody multiplies by
# zeros, though.
#
# Backwards, every looked-up row brings a gradient for the row that it was copied from.
# Row 2 was copied twice, so it gets the **sum** of two gradients:
#
# $$\frac{\partial L}{\partial W_v} = \sum_{t:\; \text{id}_t = v} g_t , \qquad
# \begin{pmatrix} 1 & 2 \\ 10 & 20 \\ 100 & 200 \end{pmatrix}
# \longrightarrow
# \begin{pmatrix} 10 & 20 \\ 0 & 0 \\ 101 & 202 \end{pmatrix} .$$
#
# ### Places as turns
#
# Think of a clock. Its hands say when it is, the fast one finely and the slow one
# roughly, and together they never repeat for half a day. A place $t$ is told by several
# such hands: hand $i$ of $D/2$ has turned by the angle
#
# $$\alpha_{t,i} = t \cdot 10000^{-2i/D} .$$
#
# For $D = 4$ there are two, of speeds 1 and 0.01. At place 5 they stand at 5 and 0.05.
# One can **add** the hands' tips (their sines and cosines) to the token's row, or
# **turn** the row itself, two columns at a time, by these angles. The second way has a
# property worth having: if a vector $q$ is turned by $\alpha_m$ and $k$ by $\alpha_n$,
# their product depends on the angle *between* them alone, which is
# $\alpha_m - \alpha_n = \alpha_{m-n}$: on how far apart they stand, not on where.

# %% [markdown]
# ## 2 Naive implementation
#
# ### Look it up
#
# An operation of the library has a `forward` and a `backward`, and `ctx` carries over
# what the second needs to know: save the table's shape, the ids and `padding_idx`, in
# this order, with `ctx.save_for_backward(…)`. (A padding row stands for "nothing here";
# the backward pass will leave it out.)

# %% part="ops.Embedding.forward"

# %%
table = tt.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
ids = tt.tensor([2, 0, 2])
print(F.embedding(ids, table))

# %% [markdown]
# ### Add up what comes back
#
# First the loop: for each row that comes back, add its numbers to the row of the table
# that it belongs to, **in place**. This is called a *scatter-add*.

# %% part="backends.LoopsBackend.scatter_add"

# %% [markdown]
# Then the operation's gradient. The ids may have any axes, (3,) or (8, 64) for a batch
# of sentences, and the gradient has one more; bring them to (R,) and (R, D) first.
# `backends.current.scatter_add(table, ids, rows)` is the kernel of whichever backend is
# in use.

# %% part="ops.Embedding.backward"

# %%
with tt.backends.use("loops"):
    rows = F.embedding(ids, table)
    (rows * tt.tensor([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])).sum().backward()
print(table.grad)

# %% [markdown]
# ### The angles of places
#
# A column of places times a row of speeds.

# %% part="nn.functional.place_angles"

# %% [markdown]
# ### Waves
#
# The tips of the hands: sine and cosine of each angle, side by side.

# %% part="nn.functional.waves"

# %%
positions = nn.sinusoidal_positions(48, 32)
image_grid(positions.data.T[None], ["a column a place, a row a wave"], size=430)

# %% [markdown]
# Above the fast hands, below the slow ones. No two columns are equal.
#
# ### A row for each place
#
# Instead of waves, one can learn a row for each place, as for each token. Either way
# there is a table of places, and its rows are added. Mind its end: a slice of a table
# that is too short stops by itself, without a word, and a single row even broadcasts.

# %% part="nn.functional.add_positions"

# %% [markdown]
# ### Turn the row
#
# The third way. Columns 0 and 1 are a pair, 2 and 3 the next (`x[..., 0::2]` are all
# first ones). Each pair $(a, b)$ is turned by the angle of its place:
#
# $$(a \cos\alpha - b \sin\alpha, \;\; a \sin\alpha + b \cos\alpha) .$$
#
# Compute with tensors, so that gradients flow. `place_angles` gives numbers in float64;
# the result should have the dtype of the input.

# %% part="nn.functional.rotary"

# %% [markdown]
# Does the product depend on the distance alone? Move both, and look.

# %%
tt.manual_seed(0)
q, k = tt.randn(1, 32), tt.randn(1, 32)
print("  place of q   place of k   product")
for m, n in [(3, 0), (13, 10), (503, 500), (4, 0), (104, 100)]:
    product = (F.rotary(q, m) @ F.rotary(k, n).T).item()
    print(f"{m:>12}{n:>13}{product:>10.3f}")

# %%
distances = range(0, 64)
products = {
    f"k at {n}": [(F.rotary(q, n + d) @ F.rotary(q, n).T).item() for d in distances]
    for n in (0, 200)
}
line_plot({name: (distances, p) for name, p in products.items()}, "distance", "product")

# %% [markdown]
# The two curves lie on each other. A model that learns "look at the token before" at
# one place knows it at all of them.

# %% [markdown]
# ### Neighbours
#
# To see what a table has learned, ask which rows are most like a given one: by the
# cosine of the angle between them, since the length of a row says more about how
# frequent a word is. `F.cosine_similarity(a, b)` compares row by row, and broadcasts.

# %% part="text.nearest_rows"

# %% [markdown]
# ## 3 Systems analysis
#
# ### What does a table learn?
#
# An experiment: guess a word from the two words before and the two after it. The guess
# is made from the mean of their four rows, by one linear layer. Nobody tells the
# network anything about words. For once the tokens are whole words, the 599 commonest,
# so that you can read the result; id 0 is any other word.

# %%
pieces = [piece.strip().lower() for piece in split_pieces(novel())]
pieces = [piece for piece in pieces if piece.isalpha()]
words = ["?"] + [word for word, _ in Counter(pieces).most_common(599)]
number = {word: i for i, word in enumerate(words)}
stream = np.array([number.get(piece, 0) for piece in pieces])
places = np.flatnonzero(stream[2:-2]) + 2  # where a known word stands
AROUND = np.array([-2, -1, 1, 2])


def lookup(table, ids):
    """Look up rows as `nn.Embedding` does."""
    return ops.Embedding.apply(table, ids=ids, padding_idx=None)


def train(lookup, steps, seed=0):
    """Return a table before and after, and the loss of each step."""
    tt.manual_seed(seed)
    rng = np.random.default_rng(seed)
    embedding, head = nn.Embedding(len(words), 32), nn.Linear(32, len(words))
    before = embedding.weight.data.copy()
    loss, losses = nn.CrossEntropyLoss(), []
    optimizer = Adam([*embedding.parameters(), *head.parameters()], lr=0.01)
    for _ in range(steps):
        chosen = rng.choice(places, 512)
        rows = lookup(embedding.weight, stream[chosen[:, None] + AROUND])
        value = loss(head(rows.mean(1)), tt.tensor(stream[chosen]))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return before, embedding.weight.detach(), losses


start = time.perf_counter()
before, after, losses = train(lookup, 1000)
print(
    f"loss {losses[0]:.2f} at first, {np.mean(losses[-50:]):.2f} in the end,", end=" "
)
print(f"after {time.perf_counter() - start:.1f} s")

# %%
asked = ["whale", "ship", "he", "two", "ahab", "was", "sea", "before"]
centred = after - after[1:].mean(0)
for word in asked:
    untrained = text.nearest_rows(tt.tensor(before[:400]), number[word], 4)
    trained = text.nearest_rows(centred[:400], number[word], 4)
    print(f"{word:<8} before: {' '.join(words[i] for i in untrained)}")
    print(f"{'':<9} after: {' '.join(words[i] for i in trained)}")

# %% [markdown]
# It is a small network, trained for seconds on one book, and some neighbours are odd.
# But compare before and after: numbers, names and verbs tend to find each other. A map
# in two dimensions, the two in which the rows differ most (by a singular value
# decomposition); first as the table began, then as it is now.

# %%
shown = [
    *("two", "three", "four", "five"),
    *("he", "she", "they", "i"),
    *("was", "is", "had", "has", "were"),
    *("whale", "ship", "boat", "sea"),
    *("ahab", "stubb", "starbuck", "queequeg"),
    *("man", "men", "captain"),
    *("in", "on", "upon", "from", "this", "that"),
]
chosen = [number[word] for word in shown if word in number]


def plane(table):
    """Return the two main directions of some rows."""
    rows = np.asarray(table)[chosen]
    rows = rows - rows.mean(0)
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    return left[:, :2] * sizes[:2]


word_map([words[i] for i in chosen], plane(before))

# %%
word_map([words[i] for i in chosen], plane(after.data))

# %% [markdown]
# ### What does a table weigh?
#
# **Predict first.** GPT-2's smallest model has 124 million weights; its table has
# 50,257 rows of 768. Which share of all weights is the table?

# %% tags=["prediction"]
share_guess = predict("Share of the table in GPT-2 small?", ..., unit="%")

# %%
weights = 50_257 * 768
print(f"{weights:,} weights, {4 * weights / 1e6:.0f} MB in float32")
share_guess.measured(100 * weights / 124e6)

# %% [markdown]
# ### A gradient full of zeros
#
# **Predict first.** One step of the experiment reads 4 · 512 = 2,048 rows. With a table
# of 50,257 rows instead of 600, at most how many per cent of the gradient's rows can be
# different from 0?

# %% tags=["prediction"]
touched_guess = predict("Rows with a gradient, at most?", ..., unit="%")

# %%
touched_guess.measured(100 * 2048 / 50_257)
batch = stream[places[:512, None] + AROUND]
print(
    f"in a batch of the novel, {len(np.unique(batch))} different words of {batch.size}"
)

# %%
sizes = [1_000, 4_000, 16_000, 64_000]
some = np.random.default_rng(0).integers(0, 1_000, 2048)
times = {"look up": [], "gradient": []}
for size in sizes:
    big = nn.Parameter(tt.zeros(size, 32))
    rows = lookup(big, some)
    times["look up"].append(1e3 * seconds(lambda big=big: lookup(big, some)))
    ones = tt.ones(*rows.shape)
    times["gradient"].append(
        1e3 * seconds(lambda big=big, ones=ones: lookup(big, some).backward(ones))
    )
for i, size in enumerate(sizes):
    print(f"{size:>7,} rows", *(f"{k} {t[i]:7.3f} ms  " for k, t in times.items()))
line_plot(
    {name: (np.log2(sizes), t) for name, t in times.items()}, "log₂ of the rows", "ms"
)

# %% [markdown]
# Looking up reads the rows that are asked for, however many others there are. The
# gradient, as this library stores it, is a whole table of zeros with a few rows filled
# in; it must be made, and the optimizer visits all of it at each step.
#
# ## 4 Optimisation path
#
# ### From the loop to the library
#
# The default is one call:

# %%
import inspect

print(inspect.getsource(NumpyBackend.scatter_add))

# %%
few = np.random.default_rng(0).integers(0, 600, 512)
grads = np.ones((512, 32), dtype=np.float32)
one_hot = np.eye(600, dtype=np.float32)[few]
ways = {"product with ones and zeros": lambda: one_hot.T @ grads}
for name in tt.backends.available():
    kernel = tt.backends.get(name).scatter_add
    sums = np.zeros((600, 32), dtype=np.float32)
    ways[name] = lambda kernel=kernel, sums=sums: kernel(sums, few, grads)
for name, way in ways.items():
    print(f"{name:<28}{1e3 * seconds(way):9.3f} ms")

# %% [markdown]
# ### Only the rows that were touched
#
# With plain gradient descent, a row without a gradient stays as it is. So it is enough
# to visit the rows that were read, and the result is the same:

# %%
whole = np.ones((64_000, 32), dtype=np.float32)
part = whole.copy()
gradient = np.zeros_like(whole)
np.add.at(gradient, few, grads)
read = np.unique(few)
everywhere = seconds(lambda: np.subtract(whole, 0.1 * gradient))
there = seconds(lambda: part[read] - 0.1 * gradient[read])
whole -= 0.1 * gradient
part[read] -= 0.1 * gradient[read]
print("the same table:", np.array_equal(whole, part))
print(f"all rows {1e3 * everywhere:.2f} ms, {len(read)} rows {1e3 * there:.2f} ms")

# %% [markdown]
# Large systems store such gradients as pairs of ids and rows for this reason. Momentum
# and Adam change rows without a gradient too, so there it is a different method.

# %% [markdown]
# ## Bug hunt
#
# A colleague has written the lookup as an operation of their own. It runs, the loss
# falls. But it stays above yours, for one seed after the other.


# %%
class TheirLookup(Function):
    """Rows of a table, and a gradient for them."""

    @staticmethod
    def forward(ctx, table, *, ids):
        ctx.save_for_backward(ids, table)
        return np.take(table, ids, axis=0)

    @staticmethod
    def backward(ctx, grad):
        ids, table = ctx.saved
        whole = np.zeros_like(table)
        whole[ids] += grad
        return whole


def their_lookup(table, ids):
    """Look up rows the colleague's way."""
    return TheirLookup.apply(table, ids=ids)


for seed in (0, 1):
    for name, way in {"ours": lookup, "theirs": their_lookup}.items():
        last = np.mean(train(way, 250, seed)[2][-50:])
        print(f"seed {seed}, {name:<8} loss of the last 50 steps {last:.3f}")

# %% [markdown]
# You have `gradcheck`, which compares a gradient with finite differences. Try it with
# ids of your choice before you unfold the answer.

# %%
small = tt.tensor(np.random.default_rng(0).standard_normal((3, 2)))
small.requires_grad_()
for tried in ([0, 1, 2], [2, 0, 1]):
    fine = gradcheck(lambda t, tried=tried: their_lookup(t, np.array(tried)), (small,))
    print(tried, "the gradient is right" if fine else "the gradient is wrong")

# %% [markdown]
# <details><summary>What is wrong, and how to see it</summary>
#
# Ids that all differ show nothing; <code>[2, 0, 2]</code> does. numpy reads
# <code>whole[ids] += grad</code> as <code>whole[ids] = whole[ids] + grad</code>: of an
# id that occurs twice, only the last gradient is kept. Frequent words, which occur many
# times in each batch, learn from one of their places. <code>np.add.at(whole, ids,
# grad)</code> adds them all. Test with the case that your data is full of.
# </details>

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>A batch of 8 sentences with 64 tokens each, and a table (1024, 128):
# which shape comes out, and which shape has the table's gradient?</summary>
#
# (8, 64, 128), and (1024, 128).
# </details>
#
# <details><summary>Why not feed the id itself, divided by the number of
# kinds?</summary>
#
# It would say that token 300 lies between 299 and 301. Ids have no order.
# </details>
#
# <details><summary>A model with a learned table of 64 places meets a sentence of 65
# tokens. What happens with waves, and with turns?</summary>
#
# The learned table has no row 64: an error. Waves and turns can be computed for any
# place; whether the network understands places that it never saw is another matter.
# </details>
#
# <details><summary>q stands at place 7 and k at place 5. Both move by 100. What happens
# to the product of the turned rows?</summary>
#
# Nothing: the distance is still 2.
# </details>

# %%
predictions()

# %% [markdown]
# ## Can I give ids meaning and position?

# %%
workshop.progress()

# %% [markdown]
# ## What comes next
#
# Every token has a row now, and every place. But "bank" has the same row beside a river
# and beside money, and the mean of four neighbours treats them all alike. A word needs
# its **context**, and has to choose what to look at. That is attention, lesson 13.
