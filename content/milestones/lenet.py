# %% [markdown]
# # LeNet: the network that read cheques
#
# By the end of the 1990s, a network read a good part of all cheques written in the
# United States. It had been designed at Bell Labs, and the paper of 1998 that describes
# it holds everything that a network for images has had since: convolutions with shared
# weights, pooling between them, a few linear layers at the end, trained from pixels to
# answer by gradients alone.
#
# You are about to train it on real handwriting: 1,797 digits of 8×8 pixels, a fifth of
# which it never sees before the end. The goal: **97 % of those, in under a minute, in
# this tab**.
#
# Run all cells (menu *Run*, *Run All Cells*) and read on while they work.

# %% tags=["parameters"]
epochs = 10  # passes over the digits
batch_size = 32
lr = 0.01  # the highest learning rate
seed = 0
time_budget = 50  # seconds; training stops cleanly when they are over
whose = "mine"  # or "reference"

# %%
import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, workshop
from tinytorch.models import LeNet
from tinytorch.nn import functional as F
from tinytorch.optim import AdamW
from tinytorch.optim.lr_scheduler import OneCycleLR
from tinytorch.training import Progress, evaluate, fit, predict
from tinytorch.utils.data import DataLoader, Digits, transforms
from tinytorch.utils.images import image_grid

workshop.milestone("lenet", whose)

# %% [markdown]
# ## The digits
#
# Written by 13 people on a tablet, reduced to 8×8 pixels with 17 shades of grey.

# %%
generator = tt.manual_seed(seed)
train, test = Digits(train=True), Digits(train=False)
normalize = transforms.Normalize(train.mean, train.std)
train.transform = test.transform = normalize
print(f"{len(train):,} digits to learn from, {len(test)} to be tested on")
first = [np.flatnonzero(train.targets == c)[:3] for c in range(10)]
image_grid(15 * train.data[np.stack(first, axis=1).ravel()])  # shades from 0 to 16

# %% [markdown]
# ## The network
#
# Sixteen filters of 3×3 look at the image, tanh bends what they found, and the largest
# of each 2×2 pixels makes a smaller image of it. Then once more, with 32 filters that
# look at all sixteen maps. What is left, 32 maps of 2×2, goes through three linear
# layers. (The original had 6 and 16 filters of 5×5 on images of 32×32, and pooled by a
# mean with a trained factor.)
#
# The widths and the learning rate were chosen on the training digits alone, by
# cross-validation (`python -m tests.benchmarks.lenet_choice` repeats it). So the digits
# of the test are new not only to the weights, but to every choice made here.
#
# All convolutions on this page run on the numpy backend: that is the one that uses
# `unfold`, so it runs on yours.

# %%
tt.backends.use("numpy")
model = LeNet(size=8, kernel_size=3, padding=(1, 1), channels=(16, 32))
print(model)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

# %% [markdown]
# Your loops can run it too. On three digits, they and the unfolded product must agree:

# %%
few = tt.tensor(normalize(test.data[:3]))
model.eval()
answers, seconds_of = {}, {}
for name in ("loops", "numpy"):
    with tt.backends.use(name), tt.no_grad():
        start = time.perf_counter()
        answers[name] = model(few).numpy()
        seconds_of[name] = time.perf_counter() - start
gap = np.abs(answers["loops"] - answers["numpy"]).max()
print(f"largest difference between loops and unfolding: {gap:.1e}")
print(
    f"time: {seconds_of['loops'] * 1e3:.0f} ms and {seconds_of['numpy'] * 1e3:.1f} ms"
)

# %% [markdown]
# ## Training

# %%
loader = DataLoader(train, batch_size, shuffle=True, generator=generator)
loss = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = AdamW(model.parameters(), lr=lr, weight_decay=0.3)
scheduler = OneCycleLR(optimizer, max_lr=lr, total_steps=epochs * len(loader))
start = time.perf_counter()
history = fit(
    model,
    loader,
    loss,
    optimizer,
    epochs,
    scheduler=scheduler,
    callbacks=[Progress("digits")],
    time_budget=time_budget,
)
seconds = time.perf_counter() - start

# %%
history.plot("accuracy")

# %% [markdown]
# ## What it looks for
#
# Eight filters of the first layer, as it found them, and below each what it makes of
# three digits. Nobody told it to look for strokes and edges.


# %%
def stretched(maps):
    """Bring each map of (N, H, W) to 0..1 on its own."""
    low, high = (
        maps.min(axis=(1, 2), keepdims=True),
        maps.max(axis=(1, 2), keepdims=True),
    )
    return (maps - low) / np.maximum(high - low, 1e-9)


first_layer = model.features[0]
filters = first_layer.weight.detach().numpy()[:8, 0]  # (8, 3, 3)
with tt.no_grad():
    maps = F.tanh(first_layer(few)).numpy()[:, :8]  # (3, 8, 8, 8)
enlarged = np.kron(stretched(filters), np.ones((8, 8)))
small = np.kron(stretched(maps.reshape(-1, 8, 8)), np.ones((3, 3)))
image_grid(
    np.concatenate([enlarged, small]),
    [f"filter {i + 1}" for i in range(8)] + [""] * 24,
    columns=8,
    size=72,
)

# %% [markdown]
# ## The test
#
# The digits that it has never seen, once:

# %%
unseen = DataLoader(test, 500)
accuracy = evaluate(model, unseen)
answer = predict(model, unseen).numpy().argmax(axis=1)
wrong = np.flatnonzero(answer != test.targets)
right = np.flatnonzero(answer == test.targets)
print(f"{len(wrong)} wrong: what it said, and what was meant. Then ten that are right.")
picked = np.concatenate([wrong, right[:10]])
pairs = zip(answer[picked], test.targets[picked], strict=True)
captions = [f"{a}" if a == b else f"{a}, not {b}" for a, b in pairs]
image_grid(15 * test.data[picked], captions)

# %% [markdown]
# Would you have read all of them?
#
# ## The result

# %%
print(
    f"test accuracy: {accuracy * 100:.1f} % on {len(test)} digits "
    f"· trained in {seconds:.0f} s"
)
