# %% [markdown]
# # 02 · Tensors: many numbers, one name
#
# A photograph is 150,528 numbers (3 colours, 224 rows, 224 columns). Twenty words
# inside a language model that keeps 768 numbers for each are 15,360. Nobody gives that
# many numbers names; we
# give the whole block one name and a **shape**. That block is a *tensor*, and every
# framework you will ever use is built on it.
#
# In this lesson you write the part of `tinytorch` that tensors stand on: how a shape
# becomes places in memory, how two shapes stretch to fit each other, and three loops
# that are most of what a neural network ever does.
#
# **You need:** Python functions and loops. **It takes** about an hour.

# %%
import numpy as np

import tinytorch as tt
from tinytorch import workshop
from tinytorch.benchmark import seconds
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(2)

# %% [markdown]
# Each exercise is a cell that begins with `@build`. Replace its last two lines with
# your own code and run it. If your function passes its checks, it **becomes part of
# the library**: from then on `tinytorch` runs your code. If not, you see the smallest
# case that fails. Nothing can break; try as often as you like.

# %% [markdown]
# ## 1 Mathematics
#
# ### One row of numbers
#
# Memory is one long row of cells. A matrix with 2 rows and 3 columns
#
# $$\begin{pmatrix} 10 & 11 & 12 \\ 13 & 14 & 15 \end{pmatrix}$$
#
# is stored as `10 11 12 13 14 15`, row after row. To find the element in row $i$ and
# column $j$ you walk $3i + j$ cells from the start. For $i = 1, j = 2$ that is
# $3 \cdot 1 + 2 = 5$, and cell 5 holds 15.
#
# The factors $(3, 1)$ are the **strides**: how many cells one step along each axis
# takes. In general, element $(i_1, \dots, i_n)$ lies at
#
# $$\text{offset} = \sum_k i_k \cdot s_k .$$
#
# The last axis has stride 1. Each other axis must step over everything to its right:
# for the shape $(2, 3, 4)$, the strides are $(3 \cdot 4,\; 4,\; 1) = (12, 4, 1)$.

# %%
x = tt.tensor([[10, 11, 12], [13, 14, 15]])
print("shape  ", x.shape)
print("strides", x.stride())
row = x.data.ravel()
i, j = 1, 2
print(f"x[{i}, {j}] = {x[i, j].item()}, and cell {3 * i + 1 * j} = {row[3 * i + j]}")

# %% [markdown]
# ### Stretching: broadcasting
#
# Adding a row to every row of a matrix is so common that no one writes the loop. The
# rule, for two shapes: line them up **on the right**; a missing axis counts as 1;
# where the lengths differ, one of them must be 1, and it stretches.
#
# | | | | |
# | --- | --- | --- | --- |
# | a | 4 | 1 | 2 |
# | b |   | 3 | 1 |
# | result | 4 | 3 | 2 |
#
# Nothing is copied when an axis stretches: its stride becomes 0, so every step along it
# lands on the same cell. You will see that below.
#
# ### The product of two matrices
#
# $$C_{ij} = \sum_k A_{ik} B_{kj}$$
#
# By hand, for the upper left element:
# $\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
# \begin{pmatrix} 5 & 6 \\ 7 & 8 \end{pmatrix}$ has
# $C_{00} = 1 \cdot 5 + 2 \cdot 7 = 19$. Work out the other three before you go on; the
# first check of the last exercise has the answer.

# %% [markdown]
# ## 2 Naive implementation
#
# ### Strides
#
# Walk the shape from the right. The step of an axis is the product of all lengths to
# its right.

# %% part="shape.contiguous_strides"

# %% [markdown]
# If your version passed, `is_contiguous` runs on it already:

# %%
print(x.is_contiguous(), "for", x.shape, "with strides", x.stride())
print(x.T.is_contiguous(), "for", x.T.shape, "with strides", x.T.stride())

# %% [markdown]
# ### The missing length
#
# `x.reshape(3, -1)` leaves one length to be worked out: 12 elements as $(3, -1)$ must
# be $(3, 4)$. Complain with a `ValueError` when no length fits. Two things are easy to
# forget: a second $-1$, and a shape with a 0 in it, for which any length would do.

# %% part="shape.infer_shape"

# %% [markdown]
# ### Transposing without touching a number
#
# Swapping two axes needs no copy: it is enough to swap their places in shape and
# strides. `ops.Permute.apply(self, dims=order)` does that, for a tuple `order` that
# says which old axis stands at each new place. `positive_dim(self, d)` turns a negative
# axis into a positive one and refuses one that is not there.

# %% part="Tensor.transpose"

# %%
y = x.transpose(0, 1)
print("strides", x.stride(), "became", y.stride())
print("same memory:", np.shares_memory(x.data, y.data))

# %% [markdown]
# ### The shape of a sum
#
# Now the rule of broadcasting, for two shapes.

# %% part="shape.broadcast_shape"

# %%
a, b = np.broadcast_arrays(np.arange(4.0).reshape(4, 1), np.arange(3.0))
print("result ", tt.broadcast_shapes((4, 1), (3,)))
print("strides, in bytes:", a.strides, "and", b.strides, "· a 0 is a stretched axis")

# %% [markdown]
# ### Adding, one element at a time
#
# `np.broadcast_to(array, shape)` stretches an array, and `np.ndindex(*shape)` yields
# every index of a shape: `(0, 0), (0, 1), …`. With these, addition is one loop. The
# result has the dtype `np.result_type(a, b)`.

# %% part="backends.LoopsBackend.add"

# %% [markdown]
# ### Summing along axes
#
# To sum a $(2, 3)$ array over axis 0 is to let elements $(0, j)$ and $(1, j)$ fall into
# the same place $j$. So: make an array of zeros in which the summed axes have length 1,
# visit every element, and add it to the place whose summed indices are 0. At the end,
# drop those axes unless `keepdims`.
#
# `axis` is `None` (all axes), one number, or several; `np.atleast_1d(axis) % x.ndim`
# makes it a list of positive ones. Integers are added up in 64 bits.

# %% part="backends.LoopsBackend.sum"

# %% [markdown]
# ### Three loops
#
# The most important function of the course. For every row `i` of `a` and every column
# `j` of `b`, add up `a[i, k] * b[k, j]` over all `k`.
#
# Both arrays may have leading *batch* axes that broadcast: write the two-dimensional
# case inside a loop `for n in np.ndindex(*batch)`, and read and write elements with
# `(*n, i, k)` as the index.

# %% part="backends.LoopsBackend.matmul"

# %% [markdown]
# From here on, everything inside `with tt.backends.use("loops")` runs on your loops:

# %%
with tt.backends.use("loops"):
    left, right = (
        tt.tensor([[1.0, 2.0], [3.0, 4.0]]),
        tt.tensor([[5.0, 6.0], [7.0, 8.0]]),
    )
    print(left @ right)
    print((left + tt.tensor([100.0, 200.0])).sum(0))

# %% [markdown]
# ## 3 Systems analysis
#
# ### How does the cost grow?
#
# **Predict first.** Your `matmul` multiplies two $n \times n$ matrices. If it takes
# $t$ seconds for some $n$, how long will it take for $2n$? Write your guess in place of
# the dots, as a factor. (`seconds` times as many calls as take 50 ms together, because
# a clock has a step. It does so twice, and returns the time of one call in the quicker
# run.)

# %% tags=["prediction"]
guess = predict("matmul in loops, for twice the n", ..., unit="times as long")


# %%
def square(n):
    return tt.randn(n, n)


sizes = [4, 8, 16, 32]
loops = []
with tt.backends.use("loops"):
    for n in sizes:
        a, b = square(n), square(n)
        loops.append(seconds(lambda a=a, b=b: a @ b))
for n, t in zip(sizes, loops, strict=True):
    rate = 2 * n**3 / t / 1e6
    print(f"n = {n:>3}   {t * 1e3:9.2f} ms   {rate:8.2f} million operations/s")
guess.measured(loops[-1] / loops[-2])

# %% [markdown]
# There are $n \cdot n \cdot n$ steps in three nested loops: doubling $n$ means eight
# times the work. (The smallest sizes stay below eight: there, calling the function at
# all is a good part of the time.) A product of two $n \times n$ matrices counts as
# $2n^3$ operations, one multiplication and one addition each step.
#
# ### Does it matter how you walk?
#
# A view costs nothing to make. Is it free to use? Here is a copy of a large matrix,
# made row after row as it lies in memory, and one of its transpose, which walks down
# the columns.

# %%
big = np.ones((2000, 2000), dtype=np.float32)
along = seconds(lambda: big.copy(order="C"))
across = seconds(lambda: big.T.copy(order="C"))
print(
    f"copying {big.nbytes / 1e6:.0f} MB in the order of memory: {along * 1e3:6.2f} ms"
)
print(f"copying it transposed:                {across * 1e3:6.2f} ms")
print(f"walking against the grain costs {across / along:.1f} times as much here")

# %% [markdown]
# Memory is fetched in lines of several neighbours (on most processors of today 64
# bytes, which are 16 float32 numbers). Walking along a row uses all of a line; jumping
# from row to row uses one number of each, and has to hope that the line is still there
# when its next one is wanted. What that costs is the last figure above.
#
# ### What does a view weigh?

# %%
m = tt.zeros(1000, 1000)
print(f"m            {m.nbytes:>9,} bytes")
print(f"m.T          shares memory: {np.shares_memory(m.data, m.T.data)}")
print(f"m[::2, ::3]  shares memory: {np.shares_memory(m.data, m[::2, ::3].data)}")
stretched = tt.zeros(1, 1000).expand(1000, 1000)
print(f"stretched    {stretched.nbytes:>9,} bytes by its shape,")
print(f"             {stretched.data.base.nbytes:>9,} bytes in memory")

# %% [markdown]
# ## 4 Optimisation path
#
# Nobody trains a network with Python loops. This is what the library does by default,
# read from its live source:

# %%
import inspect

from tinytorch.backends.numpy import NumpyBackend

print(inspect.getsource(NumpyBackend.matmul))

# %% [markdown]
# One call that leaves the loops to compiled code. And where a browser is at hand, the
# library brings kernels of its own, that work on four numbers with one instruction. You
# will write the idea behind them in lesson 15. Side by side, here and now:

# %%
fast_sizes = [16, 32, 64, 128, 256]
lines = {
    "loops": (sizes, [2 * n**3 / t / 1e9 for n, t in zip(sizes, loops, strict=True)])
}
for name in [n for n in ("numpy", "simd") if n in tt.backends.available()]:
    rates = []
    with tt.backends.use(name):
        for n in fast_sizes:
            a, b = square(n), square(n)
            rates.append(2 * n**3 / seconds(lambda a=a, b=b: a @ b) / 1e9)
    lines[name] = (fast_sizes, rates)
    print(f"{name:<6} n = {n}: {rates[-1]:8.3f} billion operations/s")
print(
    f"{'loops':<6} n = {sizes[-1]}:  {lines['loops'][1][-1]:8.3f} billion operations/s"
)

# %%
log = {
    name: (np.log2(ns), np.log10(np.array(r) * 1e9)) for name, (ns, r) in lines.items()
}
line_plot(log, "log₂ of n", "log₁₀ of operations/s")

# %% [markdown]
# The same mathematics, the same numbers out, and several powers of ten between them.
# That gap is what *systems* means in machine-learning systems.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>A tensor of shape (5, 6, 7) has strides (42, 7, 1). Which shape and
# strides has its transpose of axes 0 and 2?</summary>
#
# Shape (7, 6, 5), strides (1, 7, 42). No number moves.
# </details>
#
# <details><summary>Can the result of <code>x.T</code> always be reshaped without a
# copy?</summary>
#
# No. <code>reshape</code> reads the elements in row order, and in a transpose they do
# not lie that way: no strides express the wanted shape. numpy and PyTorch then copy,
# silently.
# </details>
#
# <details><summary>Why does (2, 3) + (2,) fail, although both have a 2?</summary>
#
# Shapes are lined up on the right: 3 meets 2, and neither is 1. With shape (2, 1) it
# works.
# </details>
#
# <details><summary>How many operations is (64, 512) times (512, 128)?</summary>
#
# 2 · 64 · 512 · 128 = 8,388,608.
# </details>

# %% [markdown]
# ## Can I hold n-dimensional data and multiply it?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# With `@` and `+` you can compute $xW + b$ for any layer. Stack two of them:
# $(xW_1 + b_1) W_2 + b_2 = x (W_1 W_2) + (b_1 W_2 + b_2)$. It is one layer again.
# However many you stack, all they can draw is a straight line. Something must **bend**
# between them; that is lesson 03.
