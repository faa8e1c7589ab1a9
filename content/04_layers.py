# %% [markdown]
# # 04 · Layers: weights with a start, a home and a name
#
# You can multiply and you can bend. In lesson 03 somebody had to choose the corners of
# the curve; a network has thousands of such numbers, or billions. Three questions
# decide whether they are of any use: how do they **start**, where do they **live**, and
# how does anyone **find** them again, to train them, count them or save them?
#
# In this lesson you write the linear layer that does nearly all the work in nearly
# every network, the rules by which its weights start, and the few lines that let a
# network of any shape hand out all its weights, each under a name.
#
# **You need:** matrix products (lesson 02) and ReLU (03). **It takes** about 75
# minutes.

# %%
import inspect
import math

import numpy as np

import tinytorch as tt
from tinytorch import benchmark, nn, workshop
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(4)

# %% [markdown]
# ## 1 Mathematics
#
# ### The linear layer
#
# A layer with $I$ inputs and $O$ outputs has a weight for each pair, and a bias for
# each output. The weights are kept as a matrix $W$ with a **row for each output**, so
#
# $$y = x W^\top + b, \qquad y_o = \sum_i x_i W_{oi} + b_o .$$
#
# By hand, with two inputs and three outputs:
#
# $$x = (10,\ 1), \quad W = \begin{pmatrix} 1 & 2 \\ 3 & 4 \\ 5 & 6 \end{pmatrix},
# \quad b = (100,\ 200,\ 300).$$
#
# $y_0 = 10 \cdot 1 + 1 \cdot 2 + 100 = 112$. Work out the other two; the first checks
# have the answers. A batch of examples is a matrix with a row for each, and nothing
# else changes.
#
# ### Where to start
#
# All zeros? Then every output is the same, and every weight of a layer would learn the
# same. So weights start at random. But how large?
#
# An output is a sum of $n$ products. If inputs and weights are independent, with mean
# 0, variances add up and multiply:
#
# $$\mathrm{var}(y) = n \cdot \mathrm{var}(w) \cdot \mathrm{var}(x).$$
#
# The signal keeps its size if $n \cdot \mathrm{var}(w) = 1$. With 100 inputs and
# $\mathrm{var}(w) = 1$, each layer makes it ten times larger (the size is the root of
# the variance); after ten layers, $10^{10}$ times.
#
# Gradients travel the other way, through a sum over the *outputs*. So there are two
# numbers to please: **fan-in**, the inputs of one output, and **fan-out**, the outputs
# of one input.
#
# - **Xavier** (2010): between both, $\mathrm{var}(w) = \frac{2}{\text{in} +
#   \text{out}}$. Uniform numbers in $[-b, b)$ have variance $b^2 / 3$, so $b =
#   \sqrt{\frac{6}{\text{in} + \text{out}}}$. For 100 inputs and 50 outputs that is
#   $\sqrt{6 / 150} = 0.2$.
# - **Kaiming** (2015): ReLU cuts half of the numbers to 0, and with them half of the
#   mean square. A **gain** of $\sqrt 2$ makes up for it: deviation
#   $\text{gain} / \sqrt{\text{fan}}$. For 8 inputs and ReLU: $\sqrt 2 / \sqrt 8 = 0.5$.
#
# ### Dropping out
#
# **Dropout** sets each number to 0 with probability $p$ while training, so that no
# output can lean on one input alone. The rest is divided by $1 - p$: with $p = 0.2$, a
# 1 becomes 0 or 1.25, on average $0.2 \cdot 0 + 0.8 \cdot 1.25 = 1$. When the network
# is *used*, nothing is dropped, and thanks to the division nothing else must change.

# %% [markdown]
# ## 2 Naive implementation
#
# ### The product
#
# The operation behind `nn.Linear`, on raw arrays. As in lesson 03, `ctx` is the bag in
# which `save_for_backward` keeps what its slope will need: the input and the weight.
#
# `x` may have more axes than two, such as (sentences, words, numbers). Make it a matrix
# of rows with `x.reshape(-1, x.shape[-1])`, multiply it with `weight.T` by
# `backends.current.matmul`, which is whatever backend is in use, and give the result
# its axes back. The bias may be `None`.

# %% part="ops.Linear.forward"

# %%
layer = nn.Linear(2, 3)
with tt.no_grad():
    layer.weight.copy_(tt.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    layer.bias.copy_(tt.tensor([100.0, 200.0, 300.0]))
print(layer, "gives", layer(tt.tensor([10.0, 1.0])).tolist())

# %% [markdown]
# ### Fan-in and fan-out
#
# A weight of shape $(O, I)$ has fan-in $I$ and fan-out $O$. A convolution (lesson 09)
# has a weight $(O, I, h, w)$, and each of its outputs sees $I \cdot h \cdot w$ inputs:
# every further axis counts. `math.prod(())` is 1.

# %% part="nn.init.fans"

# %% [markdown]
# ### Xavier
#
# `uniform_(tensor, low, high, generator)` fills a tensor in place and returns it.
# (PyTorch ends the names of functions that work in place with an underscore.)

# %% part="nn.init.xavier_uniform_"

# %% [markdown]
# ### Kaiming
#
# `calculate_gain(nonlinearity, a)` knows the gains; `a` is the slope of a leaky ReLU.
# Mind a layer without inputs: a fan of 0 counts as 1.

# %% part="nn.init.kaiming_std"

# %% [markdown]
# ### One after the other
#
# `nn.Sequential(first, second, …)` *is* a list of modules: `for module in self` visits
# them. A module is called like a function.

# %% part="nn.Sequential.forward"

# %% [markdown]
# ### Flatten
#
# A picture is (channels, height, width); a linear layer wants one row of numbers.
# `x.flatten(1)` keeps the batch axis and joins the rest: (64, 1, 8, 8) becomes (64,
# 64). `positive_dim(self, d)` makes a negative axis positive and refuses one that is
# not there; `self.reshape(...)` does the rest. No axes at all, a single number, become
# one axis.

# %% part="Tensor.flatten"

# %% [markdown]
# ### Dropout
#
# `(generator or random.default_generator).numpy` has a method
# `random(shape, dtype=np.float32)` that draws from 0 to 1. Check `p` with
# `expect.between(low, high, p=p)`, also when not training: a mistake should show on
# the first day. Multiply `input`, a tensor, by `Tensor(mask)`, so that gradients can
# pass. And keep its dtype.

# %% part="nn.functional.dropout"

# %% [markdown]
# ### A home: the module
#
# In a module, a layer is an attribute like any other. That is all the registration
# there is:

# %%
net = nn.Module()
net.hidden = nn.Linear(2, 3)
net.bend = nn.ReLU()
net.name = "my first"
print(list(vars(net)))

# %% [markdown]
# `vars(net)` is the dictionary of its attributes. Which of them are modules
# themselves? Use `yield` for each `(name, module)`.

# %% part="nn.Module.named_children"

# %% [markdown]
# On this everything else is built. `net.named_modules()` walks down with it, and yields
# the net itself as `""`, then `"hidden"`, then `"bend"`, and with deeper nets names
# like `"hidden.0"`.
#
# Now the weights. Go through `self.named_modules()`; in each module look for attributes
# that are a `Parameter`; join the names with a dot (none for the net itself). A weight
# that two layers share is one weight: yield it once. Tensors can't be compared with
# `==` for this; `id(value)` tells objects apart.

# %% part="nn.Module.named_parameters"

# %%
model = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
)
for name, value in model.named_parameters():
    print(f"{name:<10} {value.shape!s:<10} {value.numel():>6,} numbers")
print(model(tt.randn(5, 1, 8, 8)).shape)

# %% [markdown]
# ### What can it draw?
#
# Nothing has been trained yet. Still, a network is a function, and one that takes a
# place in the plane and returns a colour is a picture. Here are six of them, all with
# random weights, with more and more layers between the place and the colour.


# %%
def painter(depth, width=16):
    """Return a network from a place (x, y) to a colour."""
    sizes = [2] + [width] * (depth - 1) + [3]
    layers = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    model = nn.Sequential(*layers)
    for name, value in model.named_parameters():
        if name.endswith("weight"):
            init.xavier_uniform_(value, gain=3)
    return model


def paint(model, pixels=64):
    """Return the picture (3, pixels, pixels) that a painter makes."""
    line = np.linspace(-1, 1, pixels, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    places = tt.tensor(np.stack([x, y], axis=-1))
    with tt.no_grad():
        return model(places).permute(2, 0, 1).numpy()


tt.manual_seed(4)
depths = (1, 2, 3, 4, 6, 9)
pictures = np.stack([paint(painter(depth)) for depth in depths])
image_grid(pictures, [f"{depth} deep" for depth in depths], columns=6, size=96)

# %% [markdown]
# One layer can only shade, each colour in one direction. Every further one folds the
# plane once more. Change the seed, the gain or the width, and run it again.

# %% [markdown]
# ## 3 Systems analysis
#
# ### Does the signal survive?
#
# For a long time, weights started as normal numbers with deviation 0.01. That is fine
# for two or three layers.
#
# **Predict first.** A signal of size 1 goes through 20 layers of 256 inputs and
# outputs, each followed by ReLU, with weights of deviation 0.01. How large is it at the
# end? Write a power of ten:

# %% tags=["prediction"]
guess = predict("the signal's size after 20 layers is ten to the power of", ...)


# %%
def sizes_through(start, depth=20, width=256):
    """Return log₁₀ of the signal's size, the root of its mean square, by layer."""
    x = tt.randn(100, width)
    sizes = [0.0]
    for _ in range(depth):
        layer = nn.Linear(width, width, bias=False)
        start(layer.weight)
        x = F.relu(layer(x)).detach()
        sizes.append(float(np.log10(np.sqrt(np.mean(x.data**2)))))
    return sizes


starts = {
    "0.01": lambda w: init.normal_(w, std=0.01),
    "0.2": lambda w: init.normal_(w, std=0.2),
    "Xavier": init.xavier_uniform_,
    "Kaiming": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
}
sizes = {name: sizes_through(start) for name, start in starts.items()}
for name, by_layer in sizes.items():
    print(f"{name:<8} after 20 layers: 10^{by_layer[-1]:z.1f}")
guess.measured(sizes["0.01"][-1])
line_plot({name: (range(21), s) for name, s in sizes.items()}, "layer", "log₁₀ size")

# %% [markdown]
# A factor that is not 1, twenty times over. With 0.01 each layer shrinks the signal to
# $0.01 \cdot \sqrt{256 / 2} \approx 0.11$ of its size: nothing arrives, and nothing can
# be learned. With 0.2 it explodes. Xavier does not know about ReLU and loses a factor
# $\sqrt 2$ each time; Kaiming does, and stays level. Deep networks were impossible for
# years, in part for want of this one factor.
#
# ### What does a network weigh?
#
# Take a network for 28×28 pictures of digits: 784 → 256 → 128 → 10, and a batch of 64.
# Count by hand first. A layer $I \to O$ has $I \cdot O + O$ numbers. For each example
# it makes $I \cdot O$ multiplications and as many additions: $2 I O$ operations.

# %%
mlp = nn.Sequential(
    nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
)
batch = tt.randn(64, 784)
shape = [784, 256, 128, 10]
pairs = list(zip(shape[:-1], shape[1:], strict=True))
by_hand = {
    "parameters": sum(i * o + o for i, o in pairs),
    "operations": sum(2 * i * o for i, o in pairs) * len(batch),
    "bytes kept for training": 4 * len(batch) * sum(shape[:-1]),
}
measured = {
    "parameters": benchmark.count_parameters(mlp),
    "operations": benchmark.count_flops(mlp, batch),
    "bytes kept for training": benchmark.activation_bytes(mlp(batch), mlp),
}
for what, count in by_hand.items():
    print(f"{what:<24}{count:>12,} by hand {measured[what]:>12,} by program")
benchmark.summary(mlp, batch)

# %% [markdown]
# The third line is what lesson 03 measured for one activation: each layer keeps its
# input for its slope. Twice the batch, twice these bytes; the parameters stay the same.
#
# ### Training and using are not the same
#
# The same input, five times, through the network with dropout from above:

# %%
x = tt.randn(1, 1, 8, 8)
for mode in (True, False):
    model.train(mode)
    first = [f"{model(x)[0, 0].item():+.3f}" for _ in range(5)]
    print(f"{'training' if mode else 'using   '}  {'  '.join(first)}")

# %% [markdown]
# `model.eval()` (the same as `train(False)`) tells every module below, by the walk that
# you wrote. Forgetting it is a classic: the network works, only a little worse than it
# could, and never twice the same.

# %% [markdown]
# ## 4 Optimisation path
#
# This is what every linear layer of the library calls, from its live source:

# %%
print(inspect.getsource(F.linear))

# %% [markdown]
# The production version is your product, behind a door where the shapes are checked: a
# message at the call is worth more than the best numpy error from deep inside. The
# speed is not in this function at all. It is below, in the backend that does the
# product, and above, in how much you hand over at once.
#
# ### Below

# %%
timer = benchmark.Timer(repeats=9, time_budget=0.3)
layer, few = nn.Linear(64, 64), tt.randn(32, 64)
times = {}
for name in [n for n in tt.backends.available() if n != "compiled"]:
    with tt.no_grad(), tt.backends.use(name):
        times[name] = timer.measure(lambda: layer(few)).median
for name, t in times.items():
    print(f"{name:<6} {t * 1e6:10.1f} µs   {times['loops'] / t:7.0f} × the loops")

# %% [markdown]
# ### Above
#
# One example at a time, or many at once? The work for each example is the same: $2 I O$
# operations. Here is the time for each example as the batch grows:

# %%
layer = nn.Linear(256, 256)
powers = list(range(10))
each = []
with tt.no_grad():
    for power in powers:
        rows = tt.randn(2**power, 256)
        shortest = timer.measure(lambda rows=rows: layer(rows)).percentile(0)
        each.append(shortest / 2**power)
for power in (0, 3, 6, 9):
    print(f"batch of {2**power:>3}: {each[power] * 1e6:8.2f} µs an example")
line_plot(
    {"Linear(256, 256)": (powers, (np.log10(each) + 6).tolist())},
    "log₂ of the batch",
    "log₁₀ µs",
)

# %% [markdown]
# For one example, each weight is fetched from memory, used once and forgotten: the
# layer waits for memory. In a batch, a weight that has arrived is used for every row.
# Batches are not only about calling fewer functions; they are what makes a matrix
# product worth its name.
#
# Your `reshape` to rows serves the same end: a batch of sentences is one product, not
# one for each sentence.

# %%
sentences = tt.randn(64, 16, 256)
with tt.no_grad():
    both = timer.compare(
        lambda: [layer(sentence) for sentence in sentences], lambda: layer(sentences)
    )
print("64 products, and one:", both)

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>How many parameters has <code>nn.Linear(1000, 1000)</code>, and how
# many bytes are they?</summary>
#
# 1000 · 1000 + 1000 = 1,001,000, each of 4 bytes: 4,004,000.
# </details>
#
# <details><summary>A layer has 50 inputs and 450 outputs. What is its Xavier
# bound?</summary>
#
# √(6 / 500) ≈ 0.11.
# </details>
#
# <details><summary>You keep layers in a plain Python list,
# <code>self.layers = [nn.Linear(2, 2)]</code>. What does
# <code>named_parameters</code> find?</summary>
#
# Nothing: a list is no Module. The layer would work, and never be trained or saved.
# <code>nn.ModuleList</code> is a list that is a Module.
# </details>
#
# <details><summary>Dropout with p = 0.5 before a linear layer. Why does the network not
# answer twice as large when dropout is switched off?</summary>
#
# While training, what was kept was multiplied by 1 / (1 − p) = 2, so the sums had the
# same size on average as they have without dropout.
# </details>

# %% [markdown]
# ## Can I compose weights into a network?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# You can build a network of any shape, and it answers. Its answers are nonsense, of
# course: the weights are random. To improve it, you must first be able to say *how*
# wrong it is, in one number that gets smaller when the answers get better. That number
# is the **loss**, in lesson 05.
#
# If you are impatient: for a single layer with a yes-or-no answer, there is a rule for
# better weights that needs no loss at all. It is from 1957. The **Perceptron**
# milestone lets you run it on your own layer, and shows where it ends.
