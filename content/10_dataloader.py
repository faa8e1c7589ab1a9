# %% [markdown]
# # 10 · Feeding the network: data, in order and out of it
#
# The fastest network in the world waits for its data. And what it learns depends less
# on the network than on what it is fed: in which order, how often, on which scale, and
# with how much variation.
#
# In this lesson you build the way from files on a server to batches: cutting sheets of
# pictures apart, measuring them, shuffling, batching, and making new pictures out of
# old ones. At the end you measure where the time of an epoch goes, and why the library
# asks for whole batches and not for samples.
#
# **You need:** numpy indexing, and what a training loop does (lesson 08 helps).
# **It takes** about 75 minutes.

# %%
import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.benchmark import seconds
from tinytorch.models import CNN
from tinytorch.optim import SGD, Adam
from tinytorch.random import Generator
from tinytorch.training import evaluate, fit
from tinytorch.utils.data import (
    CIFAR10,
    BatchSampler,
    DataLoader,
    Dataset,
    Digits,
    RandomSampler,
    TensorDataset,
    transforms,
)
from tinytorch.utils.images import image_grid
from tinytorch.utils.plot import bar_plot, line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(10)

# %% [markdown]
# ## 1 Mathematics
#
# ### Why in batches, and why shuffled
#
# The gradient that we want is a mean over all $N$ samples. The gradient of a batch of
# $B$ samples **drawn at random** has the same expected value, and scatters around it by
# $\sigma / \sqrt{B}$. A batch of 100 instead of one costs 100 times the work and makes
# the scatter 10 times smaller. Somewhere between lies the best buy.
#
# *At random* is not decoration. In a file sorted by class, the first hundred batches
# show nothing but airplanes, and the network learns to say "airplane". So each epoch
# visits every sample exactly once, in a new random order.
#
# ### Why normalised
#
# Pixels are numbers from 0 to 255. A network wants inputs around 0 and of size about 1,
# so each channel is shifted and scaled by its own mean and standard deviation,
#
# $$\hat x = \frac{x - \mu}{\sigma}, \qquad
# \mu = \frac{1}{n} \sum x, \qquad
# \sigma^2 = \frac{1}{n} \sum x^2 - \mu^2 ,$$
#
# measured once, on the training images. The second form of $\sigma^2$ needs only two
# sums, so one pass over the data is enough, a piece at a time. By hand, for the
# values 1 and 3: $\mu = 2$, mean of squares $(1 + 9)/2 = 5$, and
# $\sigma^2 = 5 - 4 = 1$.
#
# ### Why augmented
#
# A cat moved by two pixels is a cat. Showing each picture a little moved and, half of
# the time, mirrored tells the network what we know and it does not. Of one picture of
# 32×32, moved by up to 2 pixels each way and mirrored or not, there are
# $5 \cdot 5 \cdot 2 = 50$.

# %% [markdown]
# ## 2 Naive implementation
#
# ### From a sheet to pictures
#
# 50,000 small files would be 50,000 requests to the server. So the site stores
# **shards** of 10,000 pictures, and a shard as a few large sheets, each a grid of
# pictures in one losslessly compressed image. Decoded, a sheet of grid size
# (rows, columns) is an array (rows·32, columns·32, 3): colours last, as pictures are
# stored. The network wants (N, 3, 32, 32).
#
# Give every grid axis its own place, `(rows, size, columns, size, C)`; put the axes in
# the order in which the result needs them; and flatten what belongs together. Think of
# the smallest case first: two pictures of 2×2 side by side,
# $\begin{pmatrix} 0 & 1 & 2 & 3 \\ 4 & 5 & 6 & 7 \end{pmatrix}$. The left one is 0, 1
# above 4, 5.

# %% part="utils.data.cut_sheet"

# %% [markdown]
# CIFAR-10 comes through your function now. The browser keeps what it has fetched.

# %%
photos = CIFAR10(train=True, shards=1)
print(f"{len(photos):,} photographs, {photos.data.shape}, {photos.data.dtype}")
image_grid(photos.data[:20], [photos.classes[c] for c in photos.targets[:20]])

# %% [markdown]
# ### A data set
#
# A data set is anything with a length whose samples are found by an index. The simplest
# holds tensors of equal length, one of inputs and one of targets, and sample $i$ is the
# tuple of their rows $i$.

# %% part="utils.data.TensorDataset.__getitem__"

# %% [markdown]
# ### An order
#
# A **sampler** says in which order. Yours draws the whole order at once: a random
# permutation of 0 to $n - 1$, of which the first `num_samples` are used, or independent
# draws if `replacement` is set. Numpy's generator (`rng.permutation(n)`,
# `rng.integers(n, size=k)`) is in `self.generator.numpy`, or, where that is `None`, in
# `random.default_generator.numpy`.

# %% part="utils.data.RandomSampler.__iter__"

# %%
for seed in (1, 1, 2):
    sampler = RandomSampler(range(10), generator=Generator(seed))
    print(f"seed {seed}: first pass {list(sampler)}, second {list(sampler)}")

# %% [markdown]
# The same seed, the same orders, and a new one at each pass. A run that cannot be
# repeated cannot be debugged, and it takes one forgotten generator to lose it.
#
# ### Batches of indices
#
# The next one groups any sampler's indices into lists. It is a generator function: it
# `yield`s one list after the other. The last list may be shorter; `drop_last` leaves it
# out.

# %% part="utils.data.BatchSampler.__iter__"

# %% [markdown]
# ### Batches of samples
#
# Then the samples are fetched and **collated**: 3 samples `(image, label)` become one
# tensor of 3 images and one of 3 labels. `zip(*batch)` turns rows into columns. A
# sample may hold dicts, or tuples within tuples; the function calls itself for what is
# inside. `_stack(batch)` stacks a list of tensors, arrays or numbers into one tensor,
# and raises if their shapes differ; what it leaves to you is everything that holds
# other things, and strings.

# %% part="utils.data.default_collate"

# %%
points = TensorDataset(tt.arange(10).reshape(5, 2), tt.arange(5))
for x, y in DataLoader(points, batch_size=2, shuffle=True, generator=Generator(0)):
    print(f"inputs {x.tolist()}, targets {y.tolist()}")

# %% [markdown]
# ### Measuring the data
#
# Mean and deviation of each channel, from the sum of the values and the sum of their
# squares. Convert `chunk` images at a time to float64 and add up. All at once would
# need eight bytes for every byte of the data, and with all shards loaded that is
# more than a browser tab gets.
#
# Two traps: $255^2$ does not fit into 8 bits, so convert before you square; and
# rounding may leave a constant channel with a variance of $-10^{-17}$, whose root is
# not a number.

# %% part="utils.data.transforms.channel_statistics"

# %%
start = time.perf_counter()
mean, std = transforms.channel_statistics(photos.data)
print(f"measured in {time.perf_counter() - start:.2f} s")
for name, m, s in zip(("red", "green", "blue"), mean, std, strict=True):
    print(f"{name:<6} mean {m:.4f}  deviation {s:.4f}")
print(f"all bundled training images have {np.round(photos.mean, 4)}")

# %% part="utils.data.transforms.Normalize.apply"

# %% [markdown]
# ### More data out of the data
#
# Both transforms get a whole batch and draw for each image separately. `self.rng` is
# numpy's generator. Never write into the images that came in: the data set lent you
# its own memory.

# %% part="utils.data.transforms.RandomHorizontalFlip.apply"

# %% [markdown]
# Moving a picture by up to two pixels is the same as laying a border of two pixels
# around it and cutting out a window at a random place. With reflected borders
# (`np.pad(..., "reflect")`) no black rim gives the move away. How many places are
# there along an axis of 36 pixels for a window of 32? Mind the last one.

# %% part="utils.data.transforms.RandomCrop.apply"

# %%
augment = transforms.Compose(
    [
        transforms.RandomCrop(32, padding=4, padding_mode="reflect"),
        transforms.RandomHorizontalFlip(),
    ]
)
tt.manual_seed(0)
some = np.repeat(photos.data[[1, 7]], 10, axis=0)
moved = augment(some)
moved[0], moved[10] = some[0], some[10]
image_grid(moved, (["as it is"] + ["again"] * 9) * 2)

# %% [markdown]
# ## 3 Systems analysis
#
# ### What does augmentation buy?
#
# An experiment small enough for this tab: 300 digits, and a network that can learn them
# by heart. Once it sees them as they are, once moved by up to a pixel, differently at
# each epoch. Both are then asked about digits that they have never seen: as they are,
# and moved by up to a pixel.

# %%
digits = Digits(train=True)
scale = transforms.Normalize(digits.mean, digits.std)
move = transforms.RandomCrop(8, padding=1)


def unseen(*augment):
    """Return a loader of the held-out digits."""
    held_out = Digits(train=False, transform=transforms.Compose([*augment, scale]))
    return DataLoader(held_out, 500)


def trained(*augment, epochs=30):
    """Train on 300 digits; return accuracies: known, unseen, and moved by epoch."""
    tt.manual_seed(1)
    few = Digits(train=True, transform=transforms.Compose([*augment, scale]))
    few.data, few.targets = few.data[:300], few.targets[:300]
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    history = fit(
        model,
        DataLoader(few, 50, shuffle=True),
        nn.CrossEntropyLoss(),
        Adam(model.parameters(), lr=3e-3),
        epochs,
        val_loader=unseen(move),
    ).epochs
    return history["accuracy"][-1], evaluate(model, unseen()), history["val_accuracy"]


results = {"as they are": trained(), "moved": trained(move)}
print("trained on digits   known    unseen   unseen and moved")
for name, (known, new, shifted) in results.items():
    print(f"{name:<16}{known:9.1%} {new:9.1%} {shifted[-1]:12.1%}")
line_plot(
    {name: (range(1, 31), shifted) for name, (_, _, shifted) in results.items()},
    "epoch (accuracy on unseen digits that were moved)",
    "accuracy",
)

# %% [markdown]
# The first network knows its 300 digits by heart, and a shift of one pixel is enough to
# confuse it. The second has the harder task and less to show for it on digits that are
# neatly centred, but it has learned what a shift is. An augmentation is a statement
# about the world in which the network will be used; it pays where the statement is
# true. In photographs, nothing is neatly centred.
#
# ### Where does the time of an epoch go?
#
# **Predict first.** One step on 64 photographs: order, gather, move and mirror,
# normalise, then forward, backward, update. Which share of the time goes into
# *preparing the data*, if samples are fetched one by one and collated, as your parts
# do? And if a whole batch is indexed and transformed at once?

# %% tags=["prediction"]
guesses = [
    predict("the share of data, one by one", ..., unit="%"),
    predict("the share of data, in batches", ..., unit="%"),
]

# %%
photos.transform = transforms.Compose(
    [augment, transforms.Normalize(photos.mean, photos.std)]
)


class OneByOne(Dataset):
    """The same photographs, but the loader has to ask for each sample."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __getitem__(self, index):
        return self.dataset[index]

    def __len__(self):
        return len(self.dataset)


def epoch_split(dataset, steps=9, batch_size=64):
    """Return the usual milliseconds for data, forward and backward (with update)."""
    tt.manual_seed(0)
    model, loss = CNN((8, 16, 32)), nn.CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=0.01)
    batches = iter(DataLoader(dataset, batch_size, shuffle=True))
    rows = []
    for _ in range(steps):
        clock = [time.perf_counter()]
        inputs, targets = next(batches)
        clock.append(time.perf_counter())
        value = loss(model(inputs), targets)
        clock.append(time.perf_counter())
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        clock.append(time.perf_counter())
        rows.append(np.diff(clock) * 1e3)
    usual = np.median(rows[1:], axis=0)  # the first step only warms up
    return dict(zip(("data", "forward", "backward"), usual, strict=True))


splits = {
    "one by one": epoch_split(OneByOne(photos)),
    "in batches": epoch_split(photos),
}
for split, guess in zip(splits.values(), guesses, strict=True):
    guess.measured(100 * split["data"] / sum(split.values()))
phases = list(splits["in batches"])
bar_plot(
    list(splits),
    {phase: [split[phase] for split in splits.values()] for phase in phases},
    "ms a step",
)

# %% [markdown]
# Nothing about the pictures differs between the two bars: the same pixels, the same
# transforms. What costs is asking 64 times for little instead of once for much. Every
# call into numpy has a fixed price of a few microseconds, whatever the size; for one
# 32×32 picture it is most of the bill.
#
# ### What is expensive about a batch?


# %%
chosen = np.random.default_rng(0).permutation(len(photos))[:128]
batch = photos.data[chosen]
crop, flip = augment.transforms
normal = transforms.Normalize(photos.mean, photos.std)
stages = {
    "order of an epoch": lambda: list(RandomSampler(photos)),
    "lists of indices": lambda: list(BatchSampler(range(10_000), 128, True)),
    "gather, in a row": lambda: photos.data[0:128].copy(),
    "gather, at random": lambda: photos.data[chosen],
    "move": lambda: crop(batch),
    "mirror": lambda: flip(batch),
    "normalise": lambda: normal(batch),
    "move as float32": lambda: crop(batch.astype(np.float32)),
}
times = {name: 1e3 * seconds(function) for name, function in stages.items()}
bar_plot(list(times), {"128 photographs": list(times.values())}, "ms")

# %% [markdown]
# The first two are paid once an epoch, the others for every batch. Two things to take
# away. Order matters: **move while the pixels are bytes and normalise last**; a float
# is four times as much to carry. And it is not the random places in memory that hurt
# here, since each picture is a solid piece of 3,072 bytes.

# %%
whole = photos.data.nbytes
print(f"the shard as uint8:    {whole / 1e6:7.1f} MB")
print(f"         as float32:   {whole * 4 / 1e6:7.1f} MB")
print(f"all five, as float32:  {whole * 20 / 1e6:7.1f} MB")

# %% [markdown]
# ## 4 Optimisation path
#
# The library's loader asks a data set for a whole batch of indices at once, if the data
# set knows how to answer (`__getitems__`), and for samples one by one if not. Here are
# both ends of that conversation:

# %%
import inspect

print(inspect.getsource(DataLoader._fetch))
print(inspect.getsource(type(photos).__mro__[1].__getitems__))

# %% [markdown]
# One fancy index `self.data[indices]` gathers the batch in compiled code, one call
# transforms it, nothing needs collating. Side by side:

# %%
many = [16, 64, 256]
slow, fast = (
    [
        1e3 * seconds(lambda d=d, n=n: next(iter(DataLoader(d, n, shuffle=True))))
        for n in many
    ]
    for d in (OneByOne(photos), photos)
)
for n, a, b in zip(many, slow, fast, strict=True):
    print(f"batch of {n:>3}: one by one {a:7.2f} ms, at once {b:7.2f} ms, {a / b:.1f}×")

# %%
line_plot(
    {
        "one by one": (many, [1e3 * t / n for t, n in zip(slow, many, strict=True)]),
        "at once": (many, [1e3 * t / n for t, n in zip(fast, many, strict=True)]),
    },
    "batch size (time for each photograph)",
    "µs",
)

# %% [markdown]
# On a big machine, frameworks go one step further: several worker processes prepare the
# next batches while the network works on this one. A tab has one thread for Python, so
# here the way is to do less, not to do it elsewhere.

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>50,000 images in batches of 128: how many steps has an epoch, with
# and without <code>drop_last</code>?</summary>
#
# 50,000 / 128 = 390.6: 390 with it, 391 without; the last batch then has 80 images.
# </details>
#
# <details><summary>Why is the test set normalised with the mean of the
# <em>training</em> images?</summary>
#
# The network learned on numbers made with that mean. And measuring anything on the
# test set, even a mean, lets it leak into the model.
# </details>
#
# <details><summary>Should digits be mirrored for augmentation?</summary>
#
# No. A mirrored 2 is no 2. An augmentation states what does not change the answer; it
# has to be true.
# </details>
#
# <details><summary>Why does a loader draw a new order at each epoch, instead of
# shuffling the data once?</summary>
#
# With a fixed order, the same samples always meet in the same batch, and the last ones
# always have the last word. A new order makes the scatter of the gradient independent
# from epoch to epoch.
# </details>
#
# <details><summary>A colleague augments after normalising, with black borders. What
# colour are the borders really?</summary>
#
# 0 after normalising is the mean colour, a grey. Before normalising it would be black.
# </details>

# %% [markdown]
# ## Can I feed real data?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# You now have every piece of the **AlexNet moment**: the milestone trains a
# convolutional network on CIFAR-10, in this tab, fed by your loader, until it names
# three of four photographs that it has never seen.
#
# Pictures come as numbers. Most of what people have written down does not: a sentence
# has no pixels, no fixed size and no mean. Before a network can read, someone must turn
# text into numbers, and back, without losing a letter; that is lesson 11.
