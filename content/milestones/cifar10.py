# %% [markdown]
# # The AlexNet moment
#
# In 2012 a convolutional network won a competition that no network was expected to
# win. Its ingredients were known: convolution, depth, ReLU, more data made out of the
# data one has. What was new was that somebody trained it, for real, on a machine that
# could be bought.
#
# You are about to do the same on a machine that was not even made for it: **this
# browser tab**. The data are 32×32 photographs of ten kinds of things; the network has
# three convolutions; the goal is to name **three of four photographs** that it has
# never seen.
#
# Run all cells (menu *Run*, *Run All Cells*) and read on while it works.

# %% tags=["parameters"]
epochs = 8  # passes over the training images
shards = 2  # of 10,000 training images each
channels = (16, 32, 64)  # filters of the three convolutions
batch_size = 128
seed = 0
time_budget = 900  # seconds; training stops cleanly when they are over
whose = "mine"  # or "reference"

# %% [markdown]
# ## The photographs
#
# They come with this page, as sheets of losslessly compressed images. The test set is
# all of it: 10,000 photographs on which nothing is ever trained.
#
# The first cell also puts your own parts of the library in place. What you have not
# built is ours, and so are the kernels under the convolutions: three loops in Python
# would take days.

# %%
import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.models import CNN
from tinytorch.nn import functional as F
from tinytorch.optim import SGD
from tinytorch.optim.lr_scheduler import OneCycleLR
from tinytorch.training import Progress, fit
from tinytorch.utils.data import CIFAR10, DataLoader, transforms
from tinytorch.utils.images import image_grid

workshop.milestone("cifar10", whose)
generator = tt.manual_seed(seed)
train = CIFAR10(train=True, shards=shards)
test = CIFAR10(train=False)
print(f"{len(train):,} photographs to learn from, {len(test):,} to be tested on")

# %%
shown = [np.flatnonzero(train.targets == c)[:2] for c in range(10)]
shown = np.stack(shown, axis=1).ravel()
image_grid(train.data[shown], [train.classes[c] for c in train.targets[shown]])

# %% [markdown]
# ## More data out of the data
#
# A cat that looks to the left is a cat, and so is one two pixels further up. Each time
# the network sees a photograph, it sees it moved by up to two pixels and, half of the
# time, mirrored. Then each channel is shifted and scaled to mean 0 and deviation 1.

# %%
normalize = transforms.Normalize(train.mean, train.std)
augment = transforms.Compose(
    [
        transforms.RandomCrop(32, padding=2, padding_mode="reflect"),
        transforms.RandomHorizontalFlip(),
    ]
)
one = np.repeat(train.data[shown[3:4]], 10, axis=0)
image_grid(augment(one), ["one photograph"] + ["again"] * 9)

# %% [markdown]
# ## The network
#
# Three times: filters find patterns, the batch norm keeps numbers in range, ReLU bends,
# and a 2×2 maximum halves the picture. One linear layer turns what is left into ten
# scores.

# %%
model = CNN(channels)
count = sum(p.numel() for p in model.parameters())
print(model)
print(f"{count:,} parameters · convolutions run on: {tt.backends.current.describe()}")

# %% [markdown]
# ## Training
#
# Stochastic gradient descent with Nesterov momentum. The learning rate rises for a
# fifth of the steps and falls for the rest; targets are smoothed by a tenth, so that
# the network is never asked to be perfectly sure.

# %%
train.transform = transforms.Compose([augment, normalize])
loader = DataLoader(
    train, batch_size, shuffle=True, drop_last=True, generator=generator
)
loss = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = SGD(
    model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True
)
scheduler = OneCycleLR(
    optimizer,
    max_lr=0.4,
    total_steps=epochs * len(loader),
    pct_start=0.2,
    anneal_strategy="linear",
)
start = time.perf_counter()
history = fit(
    model,
    loader,
    loss,
    optimizer,
    epochs,
    scheduler=scheduler,
    callbacks=[Progress("images")],
    time_budget=time_budget,
)
seconds = time.perf_counter() - start

# %%
history.plot("loss")

# %%
history.plot("accuracy")

# %% [markdown]
# The accuracy above is measured on what the network is learning from, moved and
# mirrored. The honest number comes next.

# %% [markdown]
# ## The test
#
# Each test photograph is shown twice, as it is and mirrored, and the two scores are
# added: two looks are better than one.


# %%
@tt.no_grad()
def scores(images):
    """Return class scores (N, 10) of uint8 images (N, 3, 32, 32), from two looks."""
    model.eval()
    looks = []
    for first in range(0, len(images), 500):
        x = normalize(images[first : first + 500])
        both = [F.softmax(model(tt.Tensor(v)), 1) for v in (x, x[..., ::-1].copy())]
        looks.append((both[0] + both[1]).numpy())
    return np.concatenate(looks)


predicted = scores(test.data)
answer = predicted.argmax(axis=1)
right = answer == test.targets

# %% [markdown]
# Ten that it got right, and below them ten that it got wrong, with what it said. Would
# you have known?

# %%
picked = np.concatenate([np.flatnonzero(right)[:10], np.flatnonzero(~right)[:10]])
image_grid(test.data[picked], [test.classes[c] for c in answer[picked]])

# %%
for name, c in zip(test.classes, range(10), strict=True):
    of_class = right[test.targets == c]
    print(f"{name:<12}{of_class.mean():6.1%} {'▇' * round(40 * of_class.mean())}")

# %%
print(
    f"test accuracy: {right.mean() * 100:.1f} % on {len(test):,} images "
    f"· trained in {seconds:.0f} s"
)
