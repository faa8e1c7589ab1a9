# %% [markdown]
# # 01 · Setup: what this machine can do
#
# You are about to build a machine-learning framework, and you will run it right here.
# Before you trust a machine with a network, ask it three things: *what* runs my code,
# how *big* is a number, and how *fast* is a step? All three answers can be measured,
# and a figure that you measured beats any that you read.
#
# On the way you build the first pieces of `tinytorch`: how many bytes a block of
# numbers takes, and a timer that does not fool you. What later lessons time, they time
# with it or with its first half.
#
# **You need:** Python loops and functions. **It takes** about 45 minutes.

# %%
import inspect
import platform
import sys
import time

import numpy as np

import tinytorch as tt
from tinytorch import benchmark, dtypes, workshop
from tinytorch.utils.plot import bar_plot, line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(1)

# %% [markdown]
# ### How this works
#
# A notebook is a row of cells: text like this, and code that you run (Shift and Enter
# together, or the ▶ above). Behind it is a **kernel**, a Python that remembers what ran
# before. Run cells from top to bottom; to start afresh, choose *Restart* in the menu
# *Kernel*.
#
# If this page is open in a browser, there is no server: Python itself was loaded into
# this tab, and nothing that you write leaves your computer. Ask the kernel:

# %%
in_browser = sys.platform == "emscripten"
print("Python   ", platform.python_version(), "in", end=" ")
print("this browser tab (WebAssembly)" if in_browser else platform.platform())
print("numpy    ", np.__version__)
print("tinytorch", tt.backends.report())
print("pointers ", 8 * np.dtype(np.intp).itemsize, "bits")

# %% [markdown]
# The third line tells who will do your arithmetic. Later you can choose: Python loops
# that you wrote, numpy, or, in a browser, kernels in C that work on four numbers with
# one instruction (*SIMD*).
#
# Each **exercise** below is a cell that begins with `@build`. Replace its last two
# lines with your code and run it. If your function passes its checks, it *becomes part
# of the library*, also in all lessons to come. If not, you see the smallest case that
# fails. Nothing can break; try as often as you like.

# %% [markdown]
# ## 1 Mathematics
#
# ### How big is a block of numbers?
#
# A computer's number has a fixed size, its **dtype**: a float32 takes 32 bits, that is
# 4 bytes. A block of numbers takes
#
# $$\text{bytes} = (\text{product of all lengths}) \cdot (\text{bytes of one}).$$
#
# A photograph of 3 colours, 224 rows and 224 columns in float32:
# $3 \cdot 224 \cdot 224 \cdot 4 = 602{,}112$ bytes. In int8 it would be a quarter.
#
# Fixed size means limits. This is what the common types can hold:

# %%
for name in ("int8", "int32", "float32", "float64"):
    whole = name.startswith("int")
    limits = np.iinfo(name) if whole else np.finfo(name)
    step = 1 if whole else limits.eps
    print(f"{name:<8} {np.dtype(name).itemsize} bytes   ", end="")
    print(f"largest {limits.max:<12.4g} next after 1: 1 + {step:.2g}")

# %% [markdown]
# Past the limit strange things happen, silently:

# %%
with np.errstate(over="ignore"):
    print("int8:     127 + 1 =", np.int8(127) + np.int8(1))
    print("float32:  16777216 + 1 =", float(np.float32(16777216) + np.float32(1)))
    print("float64:  0.1 + 0.2 - 0.3 =", 0.1 + 0.2 - 0.3)

# %% [markdown]
# A float32 carries some seven digits, wherever the point is. Networks do well with
# that, and even with less (lesson 17), as long as sums do not grow beyond it.
#
# ### How sure is a time?
#
# A clock moves in **steps**. If its step is $s$, a single reading of a duration $t$ can
# be wrong by about $s$, which is a share of $s / t$. With a step of 0.1 ms, a call of
# 0.02 ms reads as 0 or as 0.1. The cure: time *many* calls together, and divide. To be
# within 1 %, the whole must last $100\,s$: 10 ms, here 500 calls.
#
# And a machine has other things to do. Five times of the same call, in ms:
#
# $$3,\quad 3,\quad 4,\quad 3,\quad 97$$
#
# The mean is 22, and no call took that long. The **median**, the middle one after
# sorting, is 3. One interruption does not move it.

# %% [markdown]
# ## 2 Naive implementation
#
# ### Bytes
#
# Start with an easy one. `np.dtype(dtype).itemsize` is the bytes of one element, and
# `math.prod(shape)` multiplies all lengths (it is 1 for the shape `()`, a single
# number).

# %% part="dtypes.bytes_of"

# %% [markdown]
# From now on every tensor asks *your* function. And what does it predict, against what
# Python really asks the system for?

# %%
shape = (3, 224, 224)
print(f"tensor            {tt.zeros(*shape).nbytes:>12,} bytes")
print(f"predicted         {dtypes.bytes_of(shape, 'float32'):>12,} bytes")
array = benchmark.peak_memory(lambda: np.zeros(shape, dtype="float32"))
listed = benchmark.peak_memory(lambda: [0.5 + i for i in range(3 * 224 * 224)])
print(f"measured, array   {array:>12,} bytes")
print(f"measured, a list  {listed:>12,} bytes: each number is an object of its own")

# %% [markdown]
# ### A time that one can read
#
# Nobody reads `0.0000234`. Write it as `23.4 µs`. f-strings do the rounding:
# `f"{value:.3g}"` writes at most three digits.

# %% part="benchmark.duration"

# %% [markdown]
# ### The step of the clock
#
# `time.perf_counter()` returns seconds. How fine is it? Read it once, then again and
# again until the reading changes: that difference is a step. Do it `rounds` times and
# keep the smallest. (The clock is an argument, so that the checks can bring a slow
# one.)

# %% part="benchmark.clock_step"

# %%
step = benchmark.clock_step()
print(f"this clock's step: {benchmark.duration(step)}")
print(f"for an error of 1 %, time at least {benchmark.duration(100 * step)} at once")

# %% [markdown]
# Browsers make their clocks coarse on purpose: with a fine one, a page could find out
# what other pages do.
#
# ### Many calls, one time
#
# A `Timer` has a clock, `self.clock`. Read it, call the function `loops` times, read it
# again. Nothing else may stand between the two readings.

# %% part="benchmark.Timer.time_calls"

# %% [markdown]
# ### How many calls?
#
# Enough of them to last `self.min_sample` seconds. First call the function
# `self.warmup` times without timing it: a first call may have to load, compile or fetch
# something. Then time 1 call, 2, 4, 8, … until it takes long enough.

# %% part="benchmark.Timer.loops_for"

# %% [markdown]
# The rest is in the library: take some 25 such samples, and tell the median and an
# interval around it. Of a hundred intervals that are made like this, about 95 hold the
# median that endlessly many samples would have.

# %%
timer = benchmark.Timer(time_budget=0.5)
small, large = np.ones(10), np.ones(100_000)
print("adding     10 numbers:", timer.measure(lambda: small + small))
print("adding 100000 numbers:", timer.measure(lambda: large + large))

# %% [markdown]
# Ten thousand times the work, and not nearly ten thousand times as long. Hold on to
# that question.

# %% [markdown]
# ## 3 Systems analysis
#
# ### What a naive timing looks like
#
# Here is the same sum of a thousand numbers, timed 300 times with one call each, the
# way everybody does it first. Look at the start, the spikes and the floor.

# %%
thousand = np.random.default_rng(0).standard_normal(1000)
single = []
for _ in range(300):
    start = time.perf_counter()
    thousand.sum()
    single.append((time.perf_counter() - start) * 1e6)
honest = timer.measure(thousand.sum).median * 1e6
calls = list(range(len(single)))
print(
    f"one call each: mean {np.mean(single):.2f} µs, median {np.median(single):.2f} µs,"
)
print(f"from {min(single):.2f} to {max(single):.2f} µs · in loops: {honest:.2f} µs")
line_plot(
    {"one call": (calls, single), "timer": (calls, [honest] * len(calls))}, "call", "µs"
)

# %% [markdown]
# In a browser you see two or three levels and nothing between: the steps of the clock.
# Most single readings are then 0, and the median with them. Only the loops tell.
#
# ### A million additions
#
# **Predict first.** Adding a million pairs of numbers: a Python loop against one call
# of numpy. How many times as fast is numpy? Write a number in place of the three dots.

# %% tags=["prediction"]
guess = predict("numpy, against a loop over a million pairs", ..., unit="times as fast")


# %%
def add_loop(a, b):
    """Add two lists of numbers, pair by pair."""
    out = []
    for x, y in zip(a, b, strict=True):
        out.append(x + y)
    return out


n = 1_000_000
a = np.random.default_rng(1).standard_normal(n).astype(np.float32)
b = np.random.default_rng(2).standard_normal(n).astype(np.float32)
list_a, list_b = a.tolist(), b.tolist()
quick = benchmark.Timer(repeats=5, warmup=1, time_budget=1.0)
loop = quick.measure(lambda: add_loop(list_a, list_b))
vector = quick.measure(lambda: a + b)
print("Python loop", loop)
print("numpy      ", vector)
guess.measured(loop.median / vector.median)
bar_plot(
    ["Python loop", "numpy"], {"ms": [loop.median * 1e3, vector.median * 1e3]}, "ms"
)

# %% [markdown]
# For every pair, Python looks up what `+` means for these two objects, makes a new one
# for the result and counts who uses it. numpy asks once, then a compiled loop runs over
# plain bytes.
#
# ### When is numpy not worth it?
#
# The question from above. Time *per number*, in nanoseconds, for more and more
# numbers; of each the shortest sample, because what disturbs a call can only add:

# %%
brief = benchmark.Timer(repeats=7, min_sample=0.004, time_budget=0.1)
powers = list(range(0, 21, 2))
each = {"Python loop": [], "numpy": []}
for power in powers:
    few_a, few_b = a[: 2**power], b[: 2**power]
    some_a, some_b = few_a.tolist(), few_b.tolist()
    t = brief.measure(lambda x=few_a, y=few_b: x + y).percentile(0)
    each["numpy"].append(np.log10(t / 2**power * 1e9))
    if power <= 16:  # beyond, the loop only takes longer
        t = brief.measure(lambda x=some_a, y=some_b: add_loop(x, y)).percentile(0)
        each["Python loop"].append(np.log10(t / 2**power * 1e9))
pairs = zip(each["Python loop"], each["numpy"], strict=False)
sooner = [2**p for p, (x, y) in zip(powers, pairs, strict=False) if y < x]
print(f"here numpy is ahead from {sooner[0]} numbers on" if sooner else "never ahead")
line_plot(
    {name: (powers[: len(ys)], ys) for name, ys in each.items()},
    "log₂ of how many numbers",
    "log₁₀ ns",
)

# %% [markdown]
# The loop costs about the same for each number. numpy pays a fixed price for each
# *call*, and next to nothing for each number. For one number the two are close, and who
# wins depends on the machine (the line above the plot says it for yours); for hundreds
# there is no contest. This shape will follow you: it is why a framework works on whole
# blocks, and why it hates to be asked for one number at a time.
#
# ### Sums that lose numbers
#
# A float32 has seven digits. Add 0.1 to a sum, a million times over:

# %%
tenth = np.full(1_000_000, 0.1, dtype=np.float32)
one_by_one = np.cumsum(tenth)[-1]
for name, total in {
    "float32, one by one": float(one_by_one),
    "float32, numpy's sum": float(tenth.sum()),
    "float64": float(tenth.sum(dtype=np.float64)),
}.items():
    print(f"{name:<22} {total:>14,.3f}   off by {abs(total - 1e5):.3g}")

# %% [markdown]
# Once the sum is large, most digits of each 0.1 fall off its end. numpy's `sum` adds up
# in pairs of pairs, so that numbers of like size meet. What the last line is off by is
# no fault of adding: the float32 next to 0.1 is 0.1000000015, and float64 adds up a
# million of these exactly enough to show it. A network adds up thousands of products
# for each output: *how* you add is part of the result.

# %% [markdown]
# ## 4 Optimisation path
#
# This is the whole measurement as the library does it, from its live source. Your two
# functions are in it:

# %%
print(inspect.getsource(benchmark.Timer.compare))
print(inspect.getsource(benchmark.Timer._sample))

# %% [markdown]
# What it adds to yours: the garbage collector waits; two candidates are sampled *in
# turns*, so that a busy moment hits both; and it keeps to a time budget, because a tab
# should not hang. Use it to ask whether a smaller dtype is faster: half the bytes, but
# half the time?

# %%
doubles = a.astype(np.float64), b.astype(np.float64)
bytes_only = (a * 20).astype(np.int8), (b * 20).astype(np.int8)
print(
    "float64 against float32:", quick.compare(lambda: np.add(*doubles), lambda: a + b)
)
print(
    "float32 against int8:   ",
    quick.compare(lambda: a + b, lambda: np.add(*bytes_only)),
)

# %% [markdown]
# Read the first ratio. Near 2, the time went into moving bytes, and half of them took
# half of it. Nearer to 1, it went elsewhere: into the additions themselves, or into
# asking for the memory of the result. An int8 has a quarter of a float32's bytes, and
# up to four times as many of them fit into one instruction. Where bytes are what is
# waited for, "how big is it?" and "how fast is it?" are one question.
#
# If the interval around a ratio includes 1, the report says that *no difference is
# shown*. Believe it: run the cell again and see how the numbers move.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>How many bytes is a batch of 128 colour pictures of 32 × 32 in
# float32? And in int8?</summary>
#
# 128 · 3 · 32 · 32 · 4 = 1,572,864 bytes; a quarter, 393,216, in int8.
# </details>
#
# <details><summary>A clock has a step of 1 ms. A function takes about 0.3 ms. How many
# calls make a sample that is right to 1 %?</summary>
#
# The sample must last 100 ms: some 333 calls.
# </details>
#
# <details><summary>Why is the first call not counted?</summary>
#
# It may do work that later calls do not: importing, compiling, filling caches. If you
# care about the first call, measure it by itself, in a fresh process.
# </details>
#
# <details><summary>Your friend reports that version B is 2 % faster, from one run of
# each. What do you ask for?</summary>
#
# Both in turns, many samples, and the interval of the ratio. One run of each shows
# nothing about 2 %.
# </details>

# %% [markdown]
# ## Can I trust this machine: what runs where, how fast, how big is a number?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# You know what a block of numbers weighs and what it costs to touch it. But a block in
# memory is one long row, and the world is not: pictures have rows, columns and colours.
# Numbers need a **home with a shape**. That is the tensor, in lesson 02.
