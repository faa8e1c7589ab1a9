# %% [markdown]
# # 03 · Activations: what bends a line
#
# Lesson 02 ended with a disappointment: however many matrices you multiply, the result
# is one matrix, and all it can draw is a straight line. Between the matrices something
# must **bend**. It need not be clever: the bend that made deep networks work in 2012
# is "below zero, say zero".
#
# In this lesson you write the bends that networks use, from ReLU to softmax, and their
# slopes, which training will need. One trouble runs through all of it: $e^x$ leaves
# the range of a float32 at $x = 89$, and one overflow turns a whole network into `nan`.
# Your versions will still be right at ±1000.
#
# **You need:** arrays and indices (lesson 02 helps). **It takes** about an hour.

# %%
import inspect
import math

import numpy as np

import tinytorch as tt
from tinytorch import benchmark, workshop
from tinytorch.backends.numpy import NumpyBackend
from tinytorch.nn import functional as F
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(3)

# %% [markdown]
# ## 1 Mathematics
#
# ### Bends make curves
#
# **ReLU** (rectified linear unit) is $\max(x, 0)$: $-2$ becomes 0, and 3 stays 3. It is
# two straight pieces with one corner, at 0. Then $\mathrm{relu}(x - 1)$ has its corner
# at 1, and $x - 2\,\mathrm{relu}(x - 1)$ goes up with slope 1 until it reaches 1, and
# from there down with slope $1 - 2 = -1$. Each ReLU that you add is one more change of
# slope.
#
# So *any* curve can be drawn this way, as closely as you like. Here is a sine, drawn
# with 2, 4 and 10 corners: place corners on the curve, and let each ReLU correct the
# slope by what is missing. (One more ReLU gives the first piece its slope.)


# %%
def drawn_with(corners, x):
    """Return a chain of straight lines through the sine, made of ReLUs alone."""
    places = np.linspace(-3, 3, corners + 2)
    slopes = np.diff(np.sin(places)) / np.diff(places)
    changes = np.diff(slopes, prepend=0)
    y = x * 0 + math.sin(-3)
    for place, change in zip(places[:-1].tolist(), changes.tolist(), strict=True):
        y = y + change * (x - place).relu()
    return y


x = tt.linspace(-3, 3, 121)
curves = {"sine": (x.tolist(), x.sin().tolist())}
for corners in (2, 4, 10):
    curves[f"{corners} corners"] = (x.tolist(), drawn_with(corners, x).tolist())
line_plot(curves, "x", "y")

# %% [markdown]
# ### Soft bends
#
# | name | formula | runs | slope |
# | --- | --- | --- | --- |
# | sigmoid | $\sigma(x) = \frac{1}{1 + e^{-x}}$ | from 0 to 1 | $\sigma (1 - \sigma)$ |
# | tanh | $\frac{e^x - e^{-x}}{e^x + e^{-x}}$ | from −1 to 1 | $1 - \tanh^2$ |
# | ReLU | $\max(x, 0)$ | from 0 up | 0 or 1 |
# | GELU | $x \cdot \Phi(x)$ | a dip, then up | $\Phi(x) + x\,\varphi(x)$ |
#
# By hand: $\sigma(\log 2) = \frac{1}{1 + 1/2} = \frac{2}{3}$. Its slope there is
# $\frac{2}{3} \cdot \frac{1}{3} = \frac{2}{9}$. Note that the slope needs no $e^x$ any
# more: the *result* is enough. That saves time and memory, as you will see.
#
# Where do the slopes come from? Each takes one rule and a line or two:
#
# - sigmoid, by the chain rule on $(1 + e^{-x})^{-1}$:
#   $\sigma' = \frac{e^{-x}}{(1 + e^{-x})^2} = \frac{1}{1 + e^{-x}} \cdot
#   \frac{e^{-x}}{1 + e^{-x}} = \sigma\,(1 - \sigma)$
# - tanh, by the quotient rule, with $p = e^x + e^{-x}$ below and $q = e^x - e^{-x}$
#   above, each the other's slope:
#   $\tanh' = \frac{p \cdot p - q \cdot q}{p^2} = 1 - \tanh^2$
# - GELU, by the product rule: $(x\,\Phi)' = \Phi + x\,\varphi$, where $\varphi$ is the
#   bell curve whose area $\Phi$ counts. It runs from −0.13, in the dip, to 1.13.
#
# GELU multiplies $x$ by the chance $\Phi(x)$ that a normal random number is below $x$:
# a ReLU with a soft corner. Networks for language use it, mostly in the form
# $\frac{x}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)$.

# %%
x = tt.linspace(-4, 4, 161)
line_plot(
    {
        "relu": (x.tolist(), F.relu(x).tolist()),
        "gelu": (x.tolist(), F.gelu(x).tolist()),
        "sigmoid": (x.tolist(), F.sigmoid(x).tolist()),
        "tanh": (x.tolist(), F.tanh(x).tolist()),
    },
    "x",
    "output",
)

# %% [markdown]
# ### Scores to probabilities
#
# A classifier gives each class a score, any number. **Softmax** turns a row of scores
# into probabilities: take $e$ to each, and divide by the sum.
#
# $$\mathrm{softmax}(x)_j = \frac{e^{x_j}}{\sum_k e^{x_k}}$$
#
# For the scores $(0, \log 2)$ that is $\left(\frac{1}{1 + 2}, \frac{2}{1 + 2}\right) =
# \left(\frac{1}{3}, \frac{2}{3}\right)$. And for $(1000, 1000 + \log 2)$? The same:
# adding a constant $c$ to every score multiplies each $e^{x_j}$ by $e^c$, and that
# cancels. So you may subtract the row's largest score first. Then the largest exponent
# is 0 and nothing can overflow. It is the most useful trick in this lesson.
#
# The logarithm of softmax, which the losses of lesson 05 want, is
# $x_j - \log \sum_k e^{x_k}$, with the same shift.
#
# ### Its slope
#
# Every output depends on every score, because they share a sum. Suppose a number at
# the end of the network grows by $g_j$ for each unit of output $y_j$. Then for each
# unit of score $x_j$ it grows by
#
# $$y_j \left(g_j - \sum_k g_k y_k\right).$$
#
# By hand: $y = (\frac12, \frac12)$ and $g = (1, 0)$. The sum is $\frac12$, and the
# slopes are $\frac12 (1 - \frac12) = \frac14$ and $\frac12 (0 - \frac12) = -\frac14$:
# what one class gains, the other loses.

# %% [markdown]
# ## 2 Naive implementation
#
# ### ReLU, one number at a time
#
# `np.ndindex(*x.shape)` yields every index. Make a new array; leave `x` alone. A `nan`
# must stay `nan`: a network that hides its faults cannot be repaired. Is `nan < 0`?

# %% part="backends.LoopsBackend.relu"

# %% [markdown]
# ### Two halves of an operation
#
# An operation of `tinytorch` is a class with two functions. `forward` computes. Later,
# when the network is trained, `backward` is called: it gets `grad`, how much the number
# at the end grows for each unit of the *output*, and returns how much it grows for each
# unit of the *input*. That is `grad` times the slope.
#
# `ctx` is a small bag that travels from one to the other: what `forward` gives to
# `ctx.save_for_backward(...)`, `backward` finds in `ctx.saved`, as a tuple.
#
# Begin with tanh. By its formula, tanh of 1000 is $\infty/\infty$. Try it:

# %%
with np.errstate(all="ignore"):
    up, down = np.exp(np.float32(1000)), np.exp(np.float32(-1000))
    print(f"({up} - {down}) / ({up} + {down}) = {(up - down) / (up + down)}")
print("np.tanh(1000) =", np.tanh(np.float32(1000)))

# %% [markdown]
# numpy's `np.tanh` knows better; use it. What is yours to decide is what to save: the
# slope of tanh is $1 - \tanh^2$, so the result alone is enough.

# %% part="ops.Tanh.forward"

# %% part="ops.Tanh.backward"

# %% [markdown]
# ### Sigmoid, without overflow
#
# numpy has no sigmoid. There are two ways to write it:
#
# $$\frac{1}{1 + e^{-x}} \qquad\text{and}\qquad \frac{e^x}{1 + e^x}$$
#
# The first overflows far to the left, the second far to the right. Use each where it is
# safe. With $e = e^{-|x|}$, which is never above 1, the left side is $e / (1 + e)$ and
# the right side $1 / (1 + e)$. `np.where(condition, a, b)` picks by element.
#
# Why bother, when $1/\infty$ is 0 anyway? Because $\sigma(-95)$ is not 0: it is a
# number that float32 can hold, and its logarithm is $-95$, not $-\infty$.

# %% part="ops.Sigmoid.forward"

# %% part="ops.Sigmoid.backward"

# %% [markdown]
# These two now serve every sigmoid in the library. A slope can be checked by anyone:
# move $x$ a little to both sides and see how far the output moves.

# %%
x = tt.tensor(np.array([-3.0, 0.0, math.log(2)]), requires_grad=True)
x.sigmoid().sum().backward()
step = 1e-6
with tt.no_grad():
    moved = ((x + step).sigmoid() - (x - step).sigmoid()) / (2 * step)
print("slope by backward", x.grad.tolist())
print("moved by a little", moved.tolist())

# %% [markdown]
# ### GELU
#
# A loop again. `GELU_SCALE` is $\sqrt{2/\pi}$ and `GELU_CUBIC` is 0.044715; both, and
# `math.tanh`, are known where your function runs. For $x = 1$ expect 0.8412.

# %% part="backends.LoopsBackend.gelu"

# %% [markdown]
# ### Softmax
#
# `x` may have any number of axes; `np.ndindex(*x.shape[:-1])` yields the index of each
# row, and `x[row]` is that row. For each: find the largest, take `math.exp` of the
# differences, sum, divide. `x[row].tolist()` makes Python numbers, which are quicker
# in a loop. A row may be empty: `max(values, default=0.0)`.

# %% part="backends.LoopsBackend.softmax"

# %% [markdown]
# ### Its logarithm
#
# Tempting: `log(softmax(x))`. For the scores $(1000, 0)$ the second probability is
# $e^{-1000}$, which is 0 in any float, and its logarithm $-\infty$; the right answer is
# $-1000$. So take the logarithm of the *sum*, and subtract.

# %% part="backends.LoopsBackend.log_softmax"

# %% [markdown]
# ### And the slope of softmax
#
# By the formula above; `y` is what your softmax returned.

# %% part="backends.LoopsBackend.softmax_grad"

# %% [markdown]
# All of it at once, on your loops, with the same four scores as a **temperature** makes
# them larger or smaller. Hot is undecided, cold is sure:

# %%
scores = tt.tensor([2.0, 1.0, 0.5, -1.0])
with tt.backends.use("loops"):
    for temperature in (10.0, 1.0, 0.1, 0.001):
        p = (scores / temperature).softmax(0).tolist()
        bars = "  ".join(f"{'█' * round(10 * v):<10} {v:.3f}" for v in p)
        print(f"temperature {temperature:<6g}  {bars}")

# %% [markdown]
# ## 3 Systems analysis
#
# ### Where does it break?
#
# The formula as the textbook prints it, and yours, as the scores grow. Each row should
# add up to 1.


# %%
def by_the_book(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


for size in (1, 10, 80, 90, 1000):
    row = np.array([size, 0, -size], dtype=np.float32)
    with np.errstate(all="ignore"):
        book = by_the_book(row)
    with tt.backends.use("loops"):
        yours = tt.tensor(row).softmax(0)
    print(f"±{size:<5} by the book {book.sum():<5} yours {yours.sum().item()}")
limit = math.log(np.finfo(np.float32).max)
print(f"\nthe largest float32 is e^{limit:.2f}; the largest float64", end=" ")
print(f"is e^{math.log(np.finfo(np.float64).max):.2f}")

# %% [markdown]
# ### What does an $e^x$ cost?
#
# **Predict first.** ReLU compares each number with 0. Sigmoid and its relatives need an
# exponential of each. On a million numbers, how many times as long does an exponential
# take as a comparison, each as one call of numpy?

# %% tags=["prediction"]
guess = predict("exp of a million, against max(x, 0)", ..., unit="times as long")


# %%
timer = benchmark.Timer(repeats=9, min_sample=0.005, time_budget=0.2)


def seconds(function):
    """Return the shortest time of one call: what disturbs it can only add."""
    return timer.measure(function).percentile(0)


activations = {
    "x > 0 ?": lambda x: np.maximum(x.data, 0),
    "exp": lambda x: np.exp(x.data),
    "relu": F.relu,
    "tanh": F.tanh,
    "sigmoid": F.sigmoid,
    "gelu": lambda x: F.gelu(x, "tanh"),
}
million = tt.randn(1_000_000)
times = {name: seconds(lambda f=f: f(million)) for name, f in activations.items()}
for name, t in times.items():
    print(f"{name:<8}{t * 1e3:8.2f} ms   {t / 1e-9 / million.numel():6.2f} ns a number")
guess.measured(times["exp"] / times["x > 0 ?"])

# %% [markdown]
# A processor compares or adds several numbers with one instruction. No instruction
# computes $e^x$: it is a small program of a dozen multiplications, for each number.
# (One that came out much cheaper than the others was computed on several numbers at
# once: tanh by some builds of numpy, GELU by the C kernels of a browser. Sigmoid costs
# more than its $e^{-|x|}$: it is put together from several numpy calls, one of which
# chooses between two formulas. Section 4 comes back to this.)
#
# A million numbers at a time is one thing, a few are another. Here is the time *for
# each number*, in nanoseconds, as the array grows:

# %%
powers = range(4, 21, 2)
lines = {}
for name, f in activations.items():
    each = []
    for power in powers:
        values = tt.randn(2**power)
        each.append(seconds(lambda f=f, v=values: f(v)) / 2**power * 1e9)
    lines[name] = (list(powers), np.log10(each).tolist())
line_plot(lines, "log₂ of how many numbers", "log₁₀ ns")

# %% [markdown]
# On the left you pay for *calling* the function, whatever it computes: that is why
# libraries work on whole arrays, and why networks are trained on many examples at once.
# On the right the curves part: there you pay for arithmetic and for memory.
#
# ### What must be remembered?
#
# Training keeps what `backward` will need, for every layer, until the end. So it
# matters what `forward` saves. Look into the bag: how many bytes does a result keep
# alive for its slope, next to the bytes of the input?

# %%
x = tt.randn(1000, requires_grad=True)
results = {
    "relu": x.relu(),
    "tanh, yours": x.tanh(),
    "tanh, by its formula": (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
    "sigmoid, yours": x.sigmoid(),
    "sigmoid, 1 / (1 + exp(-x))": 1 / (1 + (-x).exp()),
    "gelu, one operation": F.gelu(x, "tanh"),
    "gelu, put together": F.gelu(x),
}
print(f"{'input':<28}{x.nbytes:>7,} bytes\n")
for name, result in results.items():
    kept = benchmark.activation_bytes(result)
    print(f"{name:<28}{kept:>7,} bytes = {kept / x.nbytes:.0f} times the input")

# %% [markdown]
# The same numbers come out, and some keep several times the memory, because each small
# operation saves for itself. When a network does not fit into a graphics card, this is
# often why. One operation with its own `backward`, as you wrote, keeps one array.
#
# ### A slope that vanishes
#
# Multiply ten slopes, as ten layers will. Where sigmoid is steepest its slope is ¼:

# %%
x = np.linspace(-6, 6, 121)
s, t = 1 / (1 + np.exp(-x)), np.tanh(x)
print(f"ten sigmoids, at best: {0.25**10:.1e}   ten tanhs, at best: {1.0**10}")
line_plot(
    {
        "sigmoid": (x, s * (1 - s)),
        "tanh": (x, 1 - t * t),
        "relu": (x, (x > 0).astype(float)),
    },
    "x",
    "slope",
)

# %% [markdown]
# Far from 0, sigmoid and tanh are flat: a layer that ends up there stops learning. ReLU
# passes the slope on, unchanged, for every positive number. That, and its price, made
# it the default.

# %% [markdown]
# ## 4 Optimisation path
#
# This is the softmax that runs by default outside a browser, read from its live source.
# Find your steps in it: the largest, the differences, the sum.

# %%
print(inspect.getsource(NumpyBackend.softmax))

# %%
rows = tt.randn(64, 64)
rates = {}
for name in [n for n in tt.backends.available() if n != "compiled"]:
    with tt.backends.use(name):
        rates[name] = rows.numel() / seconds(lambda: rows.softmax(1)) / 1e6
for name, rate in rates.items():
    print(f"{name:<6} {rate:9.2f} million numbers/s  = {rate / rates['loops']:6.0f} ×")

# %% [markdown]
# ### One pass instead of nine
#
# Now GELU. Every `*`, `+` and `tanh` below is a walk through the whole array, which
# writes a new array of the same size:

# %%
print(inspect.getsource(NumpyBackend.gelu))

# %% [markdown]
# If the array is larger than the processor's cache, each walk fetches it from memory
# again. The cure is to do *all* steps on a piece that fits, then go on to the next: the
# same arithmetic and the same results, in another order.


# %%
def in_pieces(x, size):
    """Return gelu of a flat array, computed `size` numbers at a time."""
    y = np.empty_like(x)
    for start in range(0, len(x), size):
        y[start : start + size] = whole.gelu(x[start : start + size])
    return y


whole = NumpyBackend()
values = np.random.default_rng(0).standard_normal(2**20).astype(np.float32)
at_once = seconds(lambda: whole.gelu(values))
print(f"all at once        {at_once * 1e3:7.2f} ms")
gains = {}
for size in (2**8, 2**12, 2**14, 2**16):
    t = seconds(lambda size=size: in_pieces(values, size))
    gains[size] = at_once / t
    print(f"pieces of {size:>6,}   {t * 1e3:7.2f} ms   {gains[size]:5.2f} × as fast")
best = max(gains, key=gains.get)
if gains[best] > 1.1:
    print(f"pieces of {best:,} win here: the walks through memory were worth saving")
else:
    print("no size wins here: tanh itself takes so long that memory is not waited for")
print("the same numbers:", np.allclose(whole.gelu(values), in_pieces(values, 2**12)))

# %% [markdown]
# Pieces that are too small pay for calls again; pieces that are too large leave the
# cache. Whether anything between them wins depends on what takes longer on this
# machine, computing tanh or fetching arrays; the last line but one says it. A **fused
# kernel**, such as the C one that `tinytorch` uses in a browser, takes this to its end:
# a piece is four numbers, kept in a register through all the steps.
# Lesson 15 is about that.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>What is softmax of (7, 7, 7, 7)?</summary>
#
# A quarter each. Only differences between scores matter, and there are none.
# </details>
#
# <details><summary>Why may softmax subtract the largest score, but not divide by
# it?</summary>
#
# Subtracting c divides every e<sup>x</sup> by the same e<sup>c</sup>, which cancels.
# Dividing the scores changes their differences: that is a temperature, and another
# result.
# </details>
#
# <details><summary>ReLU saves its output for backward. Would its input do as
# well?</summary>
#
# Yes: either tells which numbers were positive. But the next layer keeps the output
# anyway, so saving it costs nothing, while saving the input would keep one more array
# alive.
# </details>
#
# <details><summary>Two matrices with a ReLU between them, and every number that reaches
# the ReLU is positive. What can the network draw?</summary>
#
# A straight line: where all inputs are positive, ReLU does nothing. It is the numbers
# that cross 0 that make bends.
# </details>

# %% [markdown]
# ## Can I bend a line, without overflow?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# You can multiply, and you can bend. To draw the sine above, somebody had to choose
# where the corners lie and how much each one turns: those numbers are **weights**. A
# real network has millions. They need a home that keeps them together, a sensible
# start, and a way to be handed on as a whole. That is a *layer*, in lesson 04.
