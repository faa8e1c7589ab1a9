# %% [markdown]
# # 09 · Convolution: looking at neighbours
#
# To a linear layer, an image is a list. Shuffle the pixels of every picture in the same
# way and it learns exactly as well: it never knew which pixels were neighbours. It also
# pays for that. A layer from 224×224×3 pixels to as many numbers would need almost 23
# billion weights.
#
# A **convolution** uses what we know about pictures: what belongs together is close
# together, and an edge is an edge wherever it is. So one small filter looks at 3×3
# pixels at a time and slides over the whole image, with the same nine weights
# everywhere.
#
# In this lesson you write that sliding window, as loops; then pooling and batch
# normalisation, the two companions of convolution; and at the end the trick by which
# every fast library turns the sliding window into one matrix product.
#
# **You need:** loops over arrays (lesson 02 helps). **It takes** about 90 minutes.

# %%
import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.benchmark import seconds
from tinytorch.nn import functional as F
from tinytorch.utils.data import Digits
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(9)

# %% [markdown]
# ## 1 Mathematics
#
# ### One window
#
# Lay a 2×2 filter over the upper left corner of an image, multiply each weight by the
# pixel below it, and add up:
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \\ 7 & 8 & 9 \end{pmatrix}
# \star \begin{pmatrix} 1 & 0 \\ 0 & 10 \end{pmatrix}: \quad
# 1 \cdot 1 + 2 \cdot 0 + 4 \cdot 0 + 5 \cdot 10 = 51 .$$
#
# Move it one pixel to the right for the next output, and so on, row by row:
#
# $$y_{ij} = \sum_{u,v} x_{i+u,\; j+v} \, w_{uv}
# \qquad\text{here}\qquad \begin{pmatrix} 51 & 62 \\ 84 & 95 \end{pmatrix} .$$
#
# Check the 95 yourself. (Mathematicians call this *cross-correlation*; their
# convolution mirrors the filter first. A network learns its filters, so it makes no
# difference to it, and every framework leaves the mirror out.)
#
# A real image has several channels, and a layer has several filters. Each filter has
# weights for every channel and adds up over all of them; each filter makes one channel
# of the output:
#
# $$y_{n,o,i,j} = b_o + \sum_{c,u,v} x_{n,\,c,\,i+u,\,j+v} \; w_{o,c,u,v} .$$
#
# ### How many windows fit?
#
# Four things set the size of the output, each for height and for width:
#
# - the **kernel**, how many cells the filter has: $k$;
# - the **padding**, how many zeros are laid around the image: $p$ on either side;
# - the **stride**, how far the filter moves each time: $s$;
# - the **dilation**, how far apart the pixels are that neighbouring cells meet: $d$.
#
# A filter reaches over $d (k - 1) + 1$ pixels. On $n + 2p$ pixels its last start is
# $n + 2p - d(k-1) - 1$, counted from 0, and it starts at every $s$-th:
#
# $$\text{places} = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1 .$$
#
# With $n = 5$ and $k = 3$, neither padded nor spread: $(5 - 2 - 1) / 1 + 1 = 3$.
# Padding 1 makes it 5: the image keeps its size.

# %% [markdown]
# ### Keeping numbers in range
#
# Deep networks train badly when the numbers that flow through them grow or shrink from
# layer to layer. **Batch normalisation** measures each channel, over all images of the
# batch and all its pixels, and brings it to mean 0 and deviation 1. Then it lets the
# network choose another scale $\gamma$ and shift $\beta$, if it wants them:
#
# $$y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta .$$
#
# By hand: a channel with the values 1 and 3 has $\mu = 2$ and
# $\sigma^2 = (1 + 1) / 2 = 1$; with $\gamma = 5$, $\beta = 10$ and $\varepsilon = 0$ it
# becomes 5 and 15.

# %% [markdown]
# ## 2 Naive implementation
#
# In the library, what describes a window is a tuple of four pairs (height, width):
# `(kh, kw), (sh, sw), (ph, pw), (dh, dw) = window`, the kernel's size, the strides, the
# paddings and the dilations, or by name `window.kernel`, `window.stride`,
# `window.padding` and `window.dilation`. `Window((3, 3))` is a plain one, with strides
# and dilations of 1 and no padding.
#
# ### The size of the output

# %% part="backends.output_size"

# %%
from tinytorch.backends.window import Window, output_size

for name, window in {
    "filter of 3×3": Window((3, 3)),
    "the same, padding 1": Window((3, 3), padding=(1, 1)),
    "window of 2×2, stride 2": Window((2, 2), stride=(2, 2)),
}.items():
    print(f"{name:<24} 28×28 → {output_size((28, 28), window)}")

# %% [markdown]
# ### A border
#
# Without a border, every convolution eats a rim of pixels, and corner pixels are seen
# by one window only. So images are padded first, with zeros for a convolution and with
# $-\infty$ where the maximum is sought. Make a larger array, filled with `value`, and
# write the image into its middle.

# %% part="backends.pad_image"

# %% [markdown]
# ### The convolution
#
# Pad; make an array for the results; then, for every image `n`, filter `out`, row `i`
# and column `j` (`np.ndindex(*y.shape)` yields them all) add up over the filter's
# channels `c` and cells `u, v`:
#
# $$y_{n,\,out,\,i,\,j} = \sum_{c,\,u,\,v} w_{out,\,c,\,u,\,v} \;
# x_{n,\; first + c,\; i \cdot sh + u \cdot dh,\; j \cdot sw + v \cdot dw}$$
#
# Start from the bias, or from 0. One thing is new: a layer can be split into **groups**
# of channels that do not see each other. Filter `out` then reads only the `depth`
# channels of its group: the filters come in `groups` equal runs, one a group, and so do
# the channels. With one group there is nothing to it, so begin without if you like; the
# checks of groups come last. `output_size` and `pad_image` are at hand.

# %% part="backends.LoopsBackend.conv2d"

# %% [markdown]
# Now look through it. These are real digits, 8×8 pixels each, and six filters made by
# hand, the first of which changes nothing. What each one answers to is bright.

# %%
digits = Digits(train=True)
images = tt.tensor(digits.data[[10, 13, 4]].astype(np.float32) / 16)  # (3, 1, 8, 8)
filters = {
    "as it is": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blurred": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    "upright": [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]],
    "level": [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]],
    "falling": [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]],
    "rising": [[-1, -1, 2], [-1, 2, -1], [2, -1, -1]],
}
weight = tt.tensor(np.array(list(filters.values()), dtype=np.float32)[:, None])


def shown(maps):
    """Bring each feature map (N, C, H, W) to 0..1, as (N C, H, W)."""
    flat = maps.data.reshape(-1, *maps.shape[2:])
    flat = np.maximum(flat, 0)
    return flat / np.maximum(flat.max(axis=(1, 2), keepdims=True), 1e-9)


with tt.backends.use("loops"):
    maps = F.conv2d(images, weight, padding=1)
image_grid(shown(maps), list(filters) * len(images), columns=len(filters), size=80)

# %% [markdown]
# A stroke lights up the map whose filter has its direction, wherever the stroke is. A
# convolutional network does the same, except that it *learns* its filters, and that the
# next layer looks for patterns in these maps: corners out of edges, loops out of
# corners, digits out of loops.

# %% [markdown]
# ### Pooling
#
# Whether a stroke is here or one pixel further on should not matter. **Pooling** keeps
# one number of each window: its maximum or its mean. It has no weights, and with
# windows of 2×2 and stride 2 it leaves a quarter of the numbers.
#
# The maximum also remembers which cell won, counted row by row from 0: in the backward
# pass the whole gradient goes to that one pixel. Two traps. Pixels can all be negative,
# so what do you start from? And a value that is not a number (`nan`) must come through,
# not be lost: a network should show that it is ill. `math.isnan` is at hand.

# %% part="backends.LoopsBackend.max_pool2d"

# %% part="backends.LoopsBackend.avg_pool2d"

# %%
with tt.backends.use("loops"):
    strongest, mean = F.max_pool2d(maps, 2), F.avg_pool2d(maps, 2)
both = np.concatenate([shown(strongest)[:6], shown(mean)[:6]])
captions = [f"{name}, {kind}" for kind in ("max", "mean") for name in filters]
image_grid(both, captions, columns=len(filters), size=80)

# %% [markdown]
# ### Batch normalisation, in training
#
# The batch arrives as (N, C, L): N images, C channels, L pixels. For each channel,
# `x[:, c]` holds its N·L values. Find their mean and their variance, and write the
# normalised values. `math.fsum` adds up exactly; a plain sum will do.

# %% part="backends.LoopsBackend.batch_norm"

# %% [markdown]
# ### … and afterwards
#
# A trained network is asked about one image at a time. Then there is no batch to
# measure, and nobody wants an answer that depends on who else asked. So training also
# keeps **running statistics**, moved a little towards each batch's own: with `momentum`
# 0.5, a running mean of 0 and a batch with mean 4 give 2. (The word is unlucky: here it
# is the share of the *new*, where SGD's momentum is the share of the old.)
#
# The running variance is meant for all images, not for this batch. Dividing by the
# count $n$ underestimates it, because the mean was fitted to the same numbers; dividing
# by $n - 1$ does not. So the batch's variance is first multiplied by $n / (n - 1)$.
#
# Write into the tensors you are given (`running_mean.copy_(…)`): the layer owns them.

# %% part="nn.functional.follow_statistics"

# %% [markdown]
# And in evaluation, the running statistics take the place of the batch's. Here you
# compute with tensors, not with arrays: gradients may have to flow. `beside(t, input)`
# brings a tensor of shape (C,) to (1, C, 1, …), so that it broadcasts over `input`.

# %% part="nn.functional.with_statistics"

# %%
tt.manual_seed(0)
norm = nn.BatchNorm2d(1)
rng = np.random.default_rng(0)
for _ in range(50):
    chosen = rng.integers(len(digits), size=32)
    norm(tt.tensor(digits.data[chosen].astype(np.float32)))
print(f"running mean after 50 batches: {norm.running_mean.item():.2f},", end=" ")
print(f"mean of all digits: {digits.data.mean():.2f}")
one = digits.data[:1].astype(np.float32)
for mode in (True, False):
    norm.train(mode)
    alone, together = (
        norm(tt.tensor(np.concatenate([one, *[other] * 7])))[0].data
        for other in (one, 0 * one)
    )
    answer = "the same" if np.allclose(alone, together) else "not the same"
    print(f"training={mode}: {answer} result in two batches")

# %% [markdown]
# In training, an image's numbers depend on its company. Forgetting `model.eval()` is
# one of the commonest mistakes with networks like this, and now you know what it does.

# %% [markdown]
# ## 3 Systems analysis
#
# ### What do your loops cost?
#
# **Predict first.** A layer from 2 to 2 channels takes $t$ seconds. How long will it
# take if it reads 4 channels and writes 4, as a factor? And how many bytes does the
# *unfolded* image of the next section take, in which each window of 3×3 pixels is
# written out in full, compared with the image?

# %% tags=["prediction"]
longer = predict("4 channels to 4, against 2 to 2", ..., unit="times as long")
larger = predict("3×3 windows written out, against the image", ..., unit="times")


# %%
def time_of(channels, side, images=1):
    """Time a 3×3 convolution that keeps size and channels, on the current backend."""
    x = tt.randn(images, channels, side, side)
    w = tt.randn(channels, channels, 3, 3)
    return seconds(lambda: F.conv2d(x, w, padding=1))


with tt.backends.use("loops"):
    few, more = time_of(2, 8), time_of(4, 8)
operations = 2 * 4 * 4 * 9 * 8 * 8
print(f"2 channels {few * 1e3:8.1f} ms")
print(f"4 channels {more * 1e3:8.1f} ms", end=": ")
print(f"{operations / more / 1e6:.2f} million operations a second")
longer.measured(more / few)

# %% [markdown]
# Every filter reads every channel, so the work grows with their product, and with the
# kernel's area, and with the number of places:
# $2 \cdot N \cdot O \cdot C \cdot K_H K_W \cdot O_H O_W$ operations, in which the
# weights number only $O \cdot C \cdot K_H K_W$. That is the mark of a convolution: few
# weights, each used very often.

# %%
layers = {
    "convolution, 3×3": (64 * 3 * 9, 2 * 64 * 3 * 9 * 224 * 224),
    "linear, same sizes": ((3 * 224**2) * (64 * 224**2), 2 * 3 * 64 * 224**4),
}
print("From 3×224×224 to 64×224×224 numbers:")
for name, (weights, work) in layers.items():
    print(f"{name:<20}{weights:>20,} weights {work:>20,} operations")

# %% [markdown]
# ### How far does a network see?
#
# One 3×3 filter sees 3×3 pixels. A second one on top of it sees 3×3 outputs of the
# first, so 5×5 pixels. Each further layer adds $k - 1$, multiplied by all strides
# before it: pooling makes the view grow much faster. This is the **receptive field**.
#
# You need not trust a formula. Ask autograd: which pixels have a gradient from the
# output in the middle?


# %%
def receptive_field(model, side=31):
    """Return (rows that the middle output depends on, map of its gradient)."""
    x = tt.zeros(1, 1, side, side, requires_grad=True)
    y = model(x)
    middle = y.shape[2] // 2
    y[0, 0, middle, middle].backward()
    touched = np.abs(x.grad.data[0, 0])
    return int((touched.sum(axis=1) > 0).sum()), touched


def convolutions(count, pool=False):
    """Stack 3×3 convolutions with equal weights, each followed by pooling or not."""
    parts = []
    for _ in range(count):
        layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        nn.init.constant_(layer.weight, 1 / 9)
        parts += [layer, nn.AvgPool2d(2)] if pool else [layer]
    return nn.Sequential(*parts)


fields, captions = [], []
for pool in (False, True):
    for count in (1, 2, 3):
        rows, touched = receptive_field(convolutions(count, pool))
        fields.append(np.sqrt(touched / touched.max()))
        words = f"{count} × conv" + (" and pool" if pool else "")
        captions.append(f"{words}: {rows}×{rows}")
image_grid(np.stack(fields), captions, columns=3, size=140)

# %% [markdown]
# The middle is brightest: more paths lead from there to the output. Three layers see
# 7×7 pixels, and with pooling between them more than 20×20. That is why networks for
# images alternate the two.

# %% [markdown]
# ## 4 Optimisation path
#
# ### From windows to one product
#
# Your loops spend their time on being Python. A matrix product has the fastest code
# there is on any machine; can a convolution become one?
#
# Write every window as a **column**: first the pixels of channel 0, row by row, then
# those of channel 1, and so on. For the 3×3 image above and a 2×2 filter:
#
# $$\begin{pmatrix} 1 & 2 & 4 & 5 \\ 2 & 3 & 5 & 6 \\ 4 & 5 & 7 & 8 \\ 5 & 6 & 8 & 9
# \end{pmatrix}
# \qquad\text{and}\qquad
# \begin{pmatrix} 1 & 0 & 0 & 10 \end{pmatrix} \cdot (\dots)
# = \begin{pmatrix} 51 & 62 & 84 & 95 \end{pmatrix} .$$
#
# The filters, one in each row, times the columns: that is the whole convolution. And
# the rows of the column matrix are easy to come by. Row $k$ holds the pixels that
# cell $k$ of the filter meets at all the places, and those form a regular grid: a
# slice. `window_cells(padded, window)` returns a list of these grids, one for each
# cell: `padded[:, :, rows, cols]`, of shape (N, C, OH, OW), which is that row for all
# images and channels at once. Only the loop over the cells remains.

# %% part="backends.unfold"

# %% [markdown]
# This is the convolution of the numpy backend, as it runs right now, on your `unfold`
# if you have built it:

# %%
import inspect

from tinytorch.backends.numpy import NumpyBackend
from tinytorch.backends.window import unfold

print(inspect.getsource(NumpyBackend.conv2d))

# %%
sides = [4, 8, 16]
names = [n for n in ("loops", "numpy", "simd") if n in tt.backends.available()]
times = {name: [] for name in names}
for name in times:
    with tt.backends.use(name):
        for side in sides if name == "loops" else [*sides, 32, 64]:
            times[name].append((side, time_of(4, side)))
    side, t = times[name][-1]
    rate = 2 * 4 * 4 * 9 * side**2 / t / 1e6
    print(f"{name:<6} {side:>2}×{side:<2} {t * 1e3:9.3f} ms {rate:9.1f} million op/s")
common = {name: dict(points)[sides[-1]] for name, points in times.items()}
print(f"\nat {sides[-1]}×{sides[-1]} pixels, against your loops:")
for name in list(common)[1:]:
    print(f"  {name:<6} {common['loops'] / common[name]:9.0f} times as fast")

# %%
log = {
    name: ([np.log2(s) for s, _ in points], [np.log10(t) for _, t in points])
    for name, points in times.items()
}
line_plot(log, "log₂ of the image's side", "log₁₀ s")

# %% [markdown]
# ### Nothing is free
#
# Each pixel now stands in the column matrix as many times as windows meet it.

# %%
x = tt.randn(32, 16, 32, 32)
columns = unfold(x.data, Window((3, 3), padding=(1, 1)))
print(f"the images  {x.nbytes / 1e6:6.1f} MB")
print(f"unfolded    {columns.nbytes / 1e6:6.1f} MB")
larger.measured(columns.nbytes / x.nbytes)
for kernel, border in ((1, 0), (3, 1), (5, 2), (7, 3)):
    weights = kernel * kernel
    window = Window((kernel, kernel), padding=(border, border))
    bytes_ = unfold(x.data[:1], window).nbytes
    ratio = bytes_ / x.data[:1].nbytes
    print(f"  {kernel}×{kernel} filter: {ratio:4.0f} times {'▇' * weights}")

# %% [markdown]
# Memory for speed: the oldest trade in computing. The kernels that run in your browser
# by default (`simd`) unfold only a small block at a time, which stays in the
# processor's cache. You will build the idea behind them in lesson 15.
#
# One more piece of the production version: in evaluation a batch norm is one product
# and one sum for each channel, with numbers that no longer change. They can be
# multiplied into the weights of the convolution before it, and the layer is gone.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>An image of 32×32, a filter of 5×5, stride 2, padding 2: how large
# is the output?</summary>
#
# (32 + 4 − 4 − 1) / 2 = 15.5, rounded down 15, plus 1: 16×16.
# </details>
#
# <details><summary>How many weights has a layer from 16 to 32 channels with 3×3 filters
# and a bias, and how many if the image is twice as large?</summary>
#
# 32 · 16 · 9 + 32 = 4,640. The same: weights do not know the image's size. The work is
# four times as much.
# </details>
#
# <details><summary>Two 3×3 layers see as far as one of 5×5. Why are they preferred?
# </summary>
#
# For C channels they have 18 C² weights instead of 25 C², and there is an activation
# between them: two bends instead of one.
# </details>
#
# <details><summary>Why does a convolution directly before a batch norm need no bias?
# </summary>
#
# The bias adds the same number to every value of a channel. Subtracting the channel's
# mean takes it away again.
# </details>
#
# <details><summary>A model answers well in training and badly for single images
# afterwards. What do you suspect first?</summary>
#
# That it still is in training mode: batch norm then measures the single image instead
# of using the running statistics. <code>model.eval()</code>.
# </details>

# %% [markdown]
# ## Can I see local patterns?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# With what you have built you can open the milestone **LeNet**: the network that read
# the digits on bank cheques in 1998, trained in this tab, on your windows and your
# pooling.
#
# 1,797 digits of 8×8 pixels fit into one array and pass in a second. Photographs do
# not: 50,000 of them are 600 MB as float32, they come in pieces, in an order that
# should be new each time, and there are never enough. The next bottleneck is not the
# arithmetic. It is **feeding** it; that is lesson 10.
