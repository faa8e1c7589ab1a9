# %% [markdown]
# # 07 · Autograd: the chain rule as a walk
#
# To walk downhill you need the slope of the loss to every single weight. For one line
# through some points you can work out two slopes on paper. A network for handwritten
# digits has a few thousand weights, a language model some billions. Nobody works those
# out by hand, and nobody changes a layer if it means another evening of calculus.
#
# The way out is fifty years old and fits on two pages of Python: let every operation
# know **its own** slope, let the computation **leave a trail**, and walk the trail
# backwards. In this lesson you write that engine. When you are done, `tinytorch`
# differentiates any network that you can write down.
#
# **You need:** Python, matrices, and the derivative of $x^2$. **It takes** about an
# hour and a half.

# %%
import inspect

import numpy as np

import tinytorch as tt
from tinytorch import autograd, ops, workshop
from tinytorch.benchmark import seconds
from tinytorch.nn import functional as F
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(7)

# %% [markdown]
# ## 1 Mathematics
#
# ### One number, there and back
#
# Take the smallest network there is, one weight, one bias, one bend, and its squared
# output as the loss:
#
# $$y = \operatorname{relu}(w x + b)^2 \qquad\text{with } x = 2,\; w = 3,\; b = 1 .$$
#
# Going **forward**, every step gives a number, and every step has a slope of its own
# that needs nothing but its own inputs:
#
# | step | value | its own slope |
# | --- | --- | --- |
# | $p = w x$ | 6 | to $w$: $x = 2$; to $x$: $w = 3$ |
# | $s = p + b$ | 7 | to $p$: 1; to $b$: 1 |
# | $r = \operatorname{relu}(s)$ | 7 | 1, as $s > 0$ |
# | $y = r \cdot r$ | 49 | to each $r$: the other, 7 |
#
# Going **backward**, ask of each value: *if it grew by a little, how much would $y$
# grow?* Begin at $y$ itself, with 1, and multiply by one slope at a time:
#
# - $r$ enters the product twice, by $7$ each time. **What comes along several ways adds
#   up**: $7 + 7 = 14$.
# - $s$: $14 \cdot 1 = 14$. So for $p$ and for $b$: $14$ each.
# - $w$: $14 \cdot 2 = 28$, and $x$: $14 \cdot 3 = 42$.
#
# That is the chain rule. One walk back has given the slope to *every* input, and each
# step needed only what it remembered from the way forward. Try it: make $w$ a little
# larger, and see whether $y$ grows 28 times as much.


# %%
def y_of(w, x=2.0, b=1.0):
    return max(w * x + b, 0.0) ** 2


step = 1e-6
print("slope to w, tried out:", (y_of(3 + step) - y_of(3 - step)) / (2 * step))

# %% [markdown]
# ### Matrices are no different
#
# For $C = A B$ with one number $L$ computed from $C$, let $G$ be the matrix of slopes
# of $L$ to each element of $C$ (so it has $C$'s shape). Element $A_{ik}$ enters every
# $C_{ij}$ of its row, with the factor $B_{kj}$; add up all ways:
#
# $$\frac{\partial L}{\partial A_{ik}} = \sum_j G_{ij} B_{kj}
# \quad\text{, which is}\quad G B^\top ,
# \qquad\text{and likewise}\quad \frac{\partial L}{\partial B} = A^\top G .$$
#
# You need not remember which goes where: **a gradient has the shape of what it belongs
# to**, and only one order of these matrices fits.

# %% [markdown]
# ## 2 Naive implementation
#
# ### An operation knows its own slope
#
# In `tinytorch` an operation is a class with two functions on plain arrays. `forward`
# computes, and keeps in `ctx` what the way back will need. `backward` gets `grad`, the
# slope of the final number to this operation's *result*, and returns the slopes to each
# *input*. Here is the simplest, addition, and the first half of multiplication:

# %%
print(inspect.getsource(ops.Add))
print(inspect.getsource(ops.Mul.forward))

# %% [markdown]
# Both halves of a sum get the same slope. Now write the other half of `Mul`. What
# `forward` kept is in `ctx.saved`. `ctx.needs_input_grad` says for each input whether
# anyone wants its gradient: the pixels of a photograph do not learn, so half of the
# work can be left out.

# %% part="ops.Mul.backward"

# %% [markdown]
# ReLU kept its *output* (`ctx.saved` is a tuple of one). Where that is 0, the input was
# cut off, and moving it a little changes nothing.

# %% part="ops.ReLU.backward"

# %% [markdown]
# For `MatMul`, the formulas from above. There may be batch axes on the left, so swap
# the last two axes only: `b.swapaxes(-1, -2)`. `backends.current.matmul(a, b)`
# multiplies with whatever backend is in use; plain `@` is right as well.

# %% part="ops.MatMul.backward"

# %% [markdown]
# In a sum, every element counts once: each gets the whole slope of the sum it went
# into. `ctx.saved` holds the input's shape and the options `dim` (`None`, a number or a
# tuple) and `keepdim`. The helper `_restore(grad, dim, keepdim)` puts the summed axes
# back with length 1; what is left is to stretch.

# %% part="ops.Sum.backward"

# %% [markdown]
# ### Undoing a stretch
#
# Adding a bias of shape `(3,)` to a batch of shape `(2, 3)` uses each bias number
# twice. Two ways, so two slopes to add up: the gradient arrives with shape `(2, 3)` and
# must be **summed** back to `(3,)`.
#
# | | | | |
# | --- | --- | --- | --- |
# | arrives | 1 | 2 | 3 |
# |         | 4 | 5 | 6 |
# | belongs to the bias | 5 | 7 | 9 |
#
# No operation wants to think of this, so the engine does it, once, for all of them.
# Axes that were *added* on the left disappear; axes of length 1 that were *stretched*
# get their length 1 back.

# %% part="autograd.unbroadcast"

# %% [markdown]
# ### Leaving a trail
#
# Every operation in the library runs through one function, `Function.apply`: `a * b` is
# `Mul.apply(a, b)`. It unpacks the tensors, calls `forward`, wraps the result, and,
# **if any input needs a gradient**, leaves a *node* behind: the object `ctx` itself,
# which knows what it saved and, in `edges`, where its inputs came from.
#
# - The input of an operation was either computed, and then has a node, its `grad_fn`;
#   or it was put in by you (a *leaf*: a weight), and then the edge leads to the tensor
#   itself.
# - An input that needs no gradient gets `None`: no one will go there.
# - While `_Mode.recording` is off, nothing needs a gradient. That one flag is all of
#   `no_grad`.
#
# `inputs[0]._wrap(array)` makes a tensor without a history, and the number
# `writes.clock` tells later whether somebody has changed a saved array in the
# meantime.

# %% part="autograd.Function.apply"

# %% [markdown]
# Here is the trail of the example above. Boxes with blue edges are leaves; time goes
# from top to bottom, and the walk back will go up.

# %%
w = tt.tensor([3.0], requires_grad=True)
x = tt.tensor([2.0], requires_grad=True)
b = tt.tensor([1.0], requires_grad=True)
r = (w * x + b).relu()
y = r * r
tt.draw_graph(y, {"w": w, "x": x, "b": b})

# %% [markdown]
# ### In which order?
#
# A node may pass its gradient on only when **everything that used it** has reported:
# $r$ above must wait for both its ways. An order in which every node comes after all of
# its users is called *topological*.
#
# One way to find it: go up from the root and note a node down when everything it was
# computed from has been noted; then turn the list around. The textbook does it with a
# function that calls itself. A network of 3,000 steps would then need 3,000 calls
# inside each other, and Python stops at 1,000; so keep a list of *what is still to be
# done* yourself.
#
# `_parents(node)` gives the nodes that a node was computed from.

# %% part="autograd.topological_order"

# %%
for node in autograd.topological_order(y.grad_fn):
    print(type(node).__name__)

# %% [markdown]
# ### The walk
#
# Now everything comes together. For each node keep the sum of what has arrived so far;
# take the nodes in order; hand each one's gradient through its `backward`; give the
# results to its inputs.
#
# - `_input_grads(node, grad)` runs the node's `backward`, undoes broadcasting with your
#   `unbroadcast`, and yields pairs: (where to, gradient). The first is either another
#   node, a `Function`, or a leaf.
# - A leaf keeps the sum in its `.grad`: `_accumulate(leaf, g, grad)`.
# - Some operations have no slope at all (rounding, say): nothing arrives above them,
#   and then there is nothing to pass on.
# - At the end a node lets go of what it held, unless `retain_graph`. This is what frees
#   the memory of a training step.

# %% part="autograd.backward"

# %% [markdown]
# The moment of truth. On paper we had 28, 42 and 14.

# %%
y.backward()
print("to w", w.grad.item(), "· to x", x.grad.item(), "· to b", b.grad.item())

# %% [markdown]
# ### Trust, but check
#
# How do you know that a `backward` is right? Do what we did with $w$: move each input
# a little up and a little down, and see what happens. It is slow and knows no calculus,
# so it makes no calculus mistakes.
#
# With several outputs and several inputs the slopes form a table, the *Jacobian*: one
# row for each output, one column for each element of the input. Use float64: with
# float32's seven digits, a difference of $10^{-6}$ is mostly rounding.

# %% part="autograd.numeric_jacobian"

# %% [markdown]
# `gradcheck` compares both ways. It runs on your two functions now. A whole network
# passes; an operation with one wrong sign does not:


# %%
def network(x, w, b, v):
    return ((x @ w + b).relu() @ v).sum(0)


inputs = [
    tt.tensor(tt.randn(*shape).numpy(), dtype=tt.float64, requires_grad=True)
    for shape in [(4, 3), (3, 5), (5,), (5, 2)]
]
print("network:", autograd.gradcheck(network, inputs))


class WrongSub(autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, grad):
        return grad, grad  # a minus is missing


pair = [tt.tensor([5.0], dtype=tt.float64, requires_grad=True) for _ in range(2)]
try:
    autograd.gradcheck(WrongSub.apply, pair)
except RuntimeError as error:
    print("WrongSub:", error)

# %%
x, w, b, v = inputs
tt.draw_graph(network(x, w, b, v), {"x": x, "w": w, "b": b, "v": v})

# %% [markdown]
# ## 3 Systems analysis
#
# ### A million ways
#
# Let a value split into two and join again, and do so many times, one below the other:
# a ladder of diamonds. With each rung the number of ways from bottom to top doubles.


# %%
def ladder(rungs):
    """Return a result with 2 ** rungs ways to its leaf, and the leaf."""
    leaf = tt.ones(1, requires_grad=True)
    h = leaf * 1.0
    for _ in range(rungs):
        h = h * 0.5 + h * 0.5
    return h, leaf


result, _ = ladder(2)
tt.draw_graph(result)

# %% [markdown]
# **Predict first.** With 20 rungs there are about a million ways from bottom to top,
# with 40 about a trillion. How many times as long as for 20 rungs will your `backward`
# take for 40?

# %% tags=["prediction"]
guess = predict("backward for 40 rungs, against 20", ..., unit="times as long")


# %%
def in_turns(jobs, rounds=3):
    """Return the quickest time of each job: a busy moment then hits them all."""
    times = [{n: seconds(job, 0.01) for n, job in jobs.items()} for _ in range(rounds)]
    return {n: min(t[n] for t in times) for n in jobs}


def by_every_way(node):
    """Count the visits of a walk that does not remember where it has been."""
    parents = [e[0] for e in node.edges if e and isinstance(e[0], autograd.Function)]
    return 1 + sum(by_every_way(parent) for parent in parents)


rungs = [1, 2, 4, 8, 12]
ways, nodes = [], []
for n in rungs:
    root = ladder(n)[0].grad_fn
    ways.append(by_every_way(root))
    nodes.append(len(autograd.topological_order(root)))
    print(f"{n:>3} rungs: {ways[-1]:>7,} visits by every way, {nodes[-1]:>3} nodes")

ladders = {n: ladder(n)[0] for n in (10, 20, 40, 80)}
times = in_turns(
    {n: lambda x=x: x.backward(retain_graph=True) for n, x in ladders.items()}
)
for n, t in times.items():
    print(f"{n:>3} rungs: backward in {t * 1e3:.2f} ms")
guess.measured(times[40] / times[20])

# %%
line_plot(
    {"every way": (rungs, np.log2(ways)), "your walk": (rungs, np.log2(nodes))},
    "rungs",
    "log₂ n",
)

# %% [markdown]
# Waiting until all of a node's users have reported turns a sum over ways into **one
# visit a node**. It is the whole reason for the topological order: time grows with the
# size of the graph, not with the number of ways through it. The slope at the leaf is
# still the sum over all of them.
#
# ### What does the trail weigh?
#
# To walk back, `MatMul` must remember its inputs and `ReLU` its output. So a network in
# training holds on to the output of *every* layer until the walk is over. Here are
# networks of 64-wide layers and a batch of 256. The weights are not counted, since they
# are there anyhow.


# %%
def deep(weights, x):
    """Return the output of a network without biases, summed up."""
    for w in weights:
        x = (x @ w).relu()
    return x.sum()


def kept_bytes(result, weights):
    """Bytes that the graph holds, each array once, weights not counted."""
    if result.grad_fn is None:
        return 0
    saved = {
        id(array): array.nbytes
        for node in autograd.topological_order(result.grad_fn)
        for array in node.saved
        if isinstance(array, np.ndarray)
    }
    return sum(saved.values()) - sum(saved.get(id(w.data), 0) for w in weights)


batch = tt.randn(256, 64)
matrices = [0.2 * tt.randn(64, 64) for _ in range(32)]
for w in matrices:
    w.requires_grad_()

depths = [2, 4, 8, 16, 32]
results = {depth: deep(matrices[:depth], batch) for depth in depths}
there = in_turns({d: lambda d=d: deep(matrices[:d], batch) for d in depths})
back = in_turns(
    {d: lambda x=x: x.backward(retain_graph=True) for d, x in results.items()}
)
megabytes, forward_ms, backward_ms = [], [], []
for depth, result in results.items():
    megabytes.append(kept_bytes(result, matrices[:depth]) / 1e6)
    forward_ms.append(there[depth] * 1e3)
    backward_ms.append(back[depth] * 1e3)
    print(
        f"depth {depth:>2}: the trail keeps {megabytes[-1]:5.2f} MB, "
        f"forward {forward_ms[-1]:6.2f} ms, backward {backward_ms[-1]:6.2f} ms"
    )

with tt.no_grad():
    result = deep(matrices, batch)
    print(f"\nunder no_grad(), depth 32: {kept_bytes(result, matrices) / 1e6:.2f} MB")

# %%
line_plot({"kept by the trail": (depths, megabytes)}, "layers", "MB")

# %%
line_plot(
    {"forward": (depths, forward_ms), "backward": (depths, backward_ms)}, "layers", "ms"
)

# %% [markdown]
# Memory is a straight line, and time is one as far as nothing else disturbed the
# machine. Memory per layer is batch × width × 4 bytes, for each array
# that somebody saved. Double the batch and the trail doubles, while the weights stay as
# they are: this is why training runs out of memory long before the weights do, and why
# the same model *runs* on a telephone but does not *train* on it.
#
# The way back does two matrix products for each one on the way forward, one for each
# input. Is it near twice as long here? Where it is not, something other than products
# takes the time.

# %% [markdown]
# ## 4 Optimisation path
#
# ### Why backwards?
#
# Finite differences gave the right slopes as well. Why not train with them? Compare
# what one gradient costs, as the number of weights grows.

# %%
print(inspect.getsource(autograd.numeric_jacobian))

# %%
counts = [16, 64, 256, 1024]
by_difference, by_walk = [], []
for count in counts:
    data = tt.tensor(np.random.default_rng(0).standard_normal((8, count)))
    w = tt.zeros(count, 1, dtype=tt.float64, requires_grad=True)

    def loss(w, data=data):
        return ((data @ w - 1.0) * (data @ w - 1.0)).sum()

    def walk(loss=loss, w=w):
        w.grad = None
        loss(w).backward()

    by_difference.append(
        seconds(lambda loss=loss, w=w: autograd.numeric_jacobian(loss, [w], 0))
    )
    by_walk.append(seconds(walk))
    print(
        f"{count:>5} weights: differences {by_difference[-1] * 1e3:8.2f} ms, "
        f"forward and walk {by_walk[-1] * 1e3:6.3f} ms, "
        f"{by_difference[-1] / by_walk[-1]:7.0f} to 1"
    )

# %%
line_plot(
    {
        "differences": (np.log2(counts), np.log10(by_difference)),
        "walk": (np.log2(counts), np.log10(by_walk)),
    },
    "log₂ of weights",
    "log₁₀ of s",
)

# %% [markdown]
# Differences need two forward passes for *every* weight. The walk needs one pass
# forward and one back, for all of them together, because there is a single number at
# the end. Without this, there would be no training of anything large.
#
# ### Fewer, larger nodes
#
# Each node costs some Python, whatever the size of its arrays. And a step in a chain
# saves arrays that a clever slope would not need. So production code **fuses** chains
# that occur all the time into one operation with one slope. `x @ W.T + b` is such a
# chain:

# %%
print(inspect.getsource(ops.Linear))

# %%
x, w, b = tt.randn(64, 32), tt.randn(16, 32), tt.zeros(16)
for leaf in (w, b):
    leaf.requires_grad_()
forms = {
    "three nodes": lambda: (x @ w.T + b).relu().sum(),
    "one node": lambda: F.linear(x, w, b).relu().sum(),
}
took = in_turns({name: lambda f=f: f().backward() for name, f in forms.items()})
for name, form in forms.items():
    graph = autograd.topological_order(form().grad_fn)
    steps = " → ".join(type(node).__name__ for node in reversed(graph))
    print(f"{name:<12} {steps}: {took[name] * 1e6:.0f} µs forward and backward")

gradients = []
for form in forms.values():
    w.grad = None
    form().backward()
    gradients.append(w.grad.numpy())
print("same gradient:", np.allclose(*gradients, rtol=1e-4, atol=1e-4))

# %% [markdown]
# The engine did not change: a fused operation is one more class with a `forward` and a
# `backward`. Compilers for networks do the same on a large scale; they look for chains
# of small nodes in the graph and write one large one.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>y = x · x · x at x = 2: what arrives at x, way by way?</summary>
#
# Three ways, each with the product of the two others: 4 + 4 + 4 = 12, which is 3x².
# </details>
#
# <details><summary>A bias of shape (10,) is added to a batch of shape (64, 10), and all
# of it is summed up. What is the bias's gradient?</summary>
#
# 64 in each of the ten places: each number was used 64 times, with slope 1.
# </details>
#
# <details><summary>Why must <code>.grad</code> be cleared before the next step, and why
# does <code>backward</code> not do it?</summary>
#
# Gradients add up, in the leaf as along the ways. That is useful: two half batches, one
# after the other, give the gradient of the whole batch. So clearing is left to you, or
# to <code>optimizer.zero_grad()</code>.
# </details>
#
# <details><summary>You print the loss of every step and keep the loss tensors in a
# list. Memory grows. Why?</summary>
#
# A loss holds its grad_fn. After backward() the nodes have let go of their arrays, but
# if you never call it (say, while measuring on test data) each loss keeps a whole trail
# alive. Keep <code>loss.item()</code>, or measure under <code>no_grad()</code>.
# </details>
#
# <details><summary>Why is <code>pending[node] += g</code> a mistake?</summary>
#
# Add hands the same array to both of its inputs. Writing into it changes the gradient
# of the other one.
# </details>

# %% [markdown]
# ## Can I differentiate any network?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# You can say how wrong a network is, you know the slope to every weight, and you know
# how to step downhill. The first thing this made possible, in 1986, was to solve a
# problem on which networks had been given up: the milestone **XOR** does it on your own
# engine.
#
# But one step is not training. Somebody must take thousands of them, over all the data,
# again and again; notice when it no longer helps; and be able to stop and go on
# tomorrow. What is missing is a **loop**, and doing it well is lesson 08.
