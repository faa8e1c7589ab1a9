# %% [markdown]
# # 05 · Losses: how wrong, in one number
#
# A network with random weights answers something. To make it better you must first be
# able to say *how bad* the answer is: in one number, so that any two networks can be
# compared, and smoothly, so that a slightly better answer gives a slightly smaller
# number. "Seven out of ten right" will not do: move a weight a little, and it is still
# seven.
#
# That number is the **loss**. You will build the two that train nearly everything:
# squared error for quantities, cross-entropy for choices. Their formulas fit on a
# line. Computing them so that they survive a very wrong network takes more care, and
# that care is most of this lesson.
#
# **You need:** logarithms, and `exp`. **It takes** about an hour.

# %%
import inspect

import numpy as np

import tinytorch as tt
from tinytorch import nn, ops, workshop
from tinytorch.benchmark import seconds
from tinytorch.nn import functional as F
from tinytorch.utils.plot import line_plot
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(5)

# %% [markdown]
# ## 1 Mathematics
#
# ### Quantities: squared error
#
# The network says 1 where 0 is right, and 2 where 4 is right. The errors are 1 and -2,
# their squares 1 and 4, and the mean of those is the loss: 2.5. Squares have no sign,
# so that errors cannot cancel, and one large error weighs more than many small ones.
#
# $$\text{MSE} = \frac{1}{n} \sum_i (x_i - t_i)^2$$
#
# ### Choices: how surprised are you?
#
# Is it a cat, a dog or a horse? A network gives a **probability** to each class. If it
# gave the right one probability $p$, the loss is
#
# $$-\log p .$$
#
# | it gave the right class | 0.99 | 0.5 | 0.1 | 0.01 | 0 |
# | --- | --- | --- | --- | --- | --- |
# | loss | 0.01 | 0.69 | 2.30 | 4.61 | infinite |
#
# Being sure and right costs nothing, a shrug between two classes costs
# $\log 2 \approx 0.69$, and being sure and wrong is what hurts. Why a logarithm? The
# probability of getting *all* of a thousand examples right is the product of a thousand
# probabilities, too small for any float. Its logarithm is a plain sum.

# %%
p = np.linspace(0.01, 1, 200)
line_plot({"-log p": (p, -np.log(p))}, "probability of the right class", "loss")

# %% [markdown]
# ### Scores, not probabilities
#
# Networks do not end in probabilities but in **logits**: scores of any size, which
# softmax turns into probabilities. For the scores $z = (2, 1, 0)$:
#
# - $e^2 + e^1 + e^0 = 7.39 + 2.72 + 1 = 11.11$
# - probability of class 0: $7.39 / 11.11 = 0.665$
# - loss if class 0 is right: $-\log 0.665 = 0.408$
#
# Take the logarithm on paper first, and exp and log meet:
#
# $$-\log \frac{e^{z_t}}{\sum_j e^{z_j}} \;=\; \log \sum_j e^{z_j} \;-\; z_t
# \qquad\text{here } \log 11.11 - 2 = 2.408 - 2 = 0.408 .$$
#
# The first term, *log-sum-exp*, is the hard part: $e^{1000}$ is more than any float can
# hold. But with $m$ the largest score,
#
# $$\log \sum_j e^{z_j} = m + \log \sum_j e^{z_j - m} ,$$
#
# and now the largest exponent is 0. Nothing can overflow, and the sum is at least 1, so
# its logarithm is never $-\infty$.

# %% [markdown]
# ## 2 Naive implementation
#
# ### From many losses to one
#
# Every example has a loss of its own. `reduction` says what to make of them. Use the
# tensor's own `.mean()` and `.sum()`: all of the exercises that take tensors must also
# *return* one computed from them, as lesson 07 will want to know where it came from.

# %% part="nn.functional.reduce_losses"

# %% [markdown]
# ### Squared error
#
# One trap: shapes `(3, 1)` and `(3,)` broadcast to `(3, 3)`, so that every answer is
# compared with every target, and no error is reported. It has cost many people an
# afternoon. `expect.shape(name, tensor, shape)` raises the ValueError.

# %% part="nn.functional.mse_loss"

# %%
errors = np.linspace(-3, 3, 121)
e, zero = tt.tensor(errors), tt.zeros(121, dtype=tt.float64)
line_plot(
    {
        "squared": (errors, F.mse_loss(e, zero, "none").numpy()),
        "absolute": (errors, F.l1_loss(e, zero, "none").numpy()),
        "Huber": (errors, F.huber_loss(e, zero, "none").numpy()),
    },
    "error",
    "loss",
)

# %% [markdown]
# ### Log-sum-exp
#
# On numpy arrays. Shift by the largest number along `dim`, and keep the axes, with
# length 1 (`keepdims=True`).
#
# Two corners: if the largest is itself $-\infty$ (all others too) or $+\infty$,
# subtracting it gives `nan`; shift by 0 there (`np.isfinite` and `np.where` help). And
# the largest of *no* numbers is $-\infty$: `x.max(..., initial=-np.inf)` says so.

# %% part="ops.log_sum_exp"

# %% [markdown]
# ### Yes or no
#
# With two classes one score $x$ is enough; the probability of *yes* is
# $\operatorname{sigmoid}(x) = 1 / (1 + e^{-x})$. For a target $t$, 1 for yes and 0 for
# no, or anything between if you are not sure:
#
# $$-\bigl(t \log \operatorname{sigmoid}(x)
#   + (1 - t) \log (1 - \operatorname{sigmoid}(x))\bigr) .$$
#
# Computed like this, it fails at $x = 1000$ and $t = 0$: the sigmoid is exactly 1 in
# float32, and the logarithm of 0 is $-\infty$. But on paper
# $-\log \operatorname{sigmoid}(x) = \log(1 + e^{-x})$, which is `softplus(-x)`, and the
# other term is `softplus(x)`. `softplus` is log-sum-exp of 0 and $x$; it is safe for
# any $x$, and it is there.

# %% part="nn.functional.binary_cross_entropy_with_logits"

# %%
logits = np.linspace(-6, 6, 121)
z = tt.tensor(logits)
no = tt.zeros(121, dtype=tt.float64)
line_plot(
    {
        "cross-entropy": (
            logits,
            F.binary_cross_entropy_with_logits(z, no, reduction="none").numpy(),
        ),
        "squared error": (logits, F.mse_loss(z.sigmoid(), no, "none").numpy()),
    },
    "logit, where the answer is no",
    "loss",
)

# %% [markdown]
# Look at the right end. The network is sure and wrong. There the squared error of the
# probability is *flat*: moving the score changes nothing, so nothing tells the network
# where to go. The cross-entropy is a straight line that says, loudly, *down*.
#
# ### One of many
#
# Now the loss of choice for classes: for each row of scores `x` (R, C), minus the
# log-probability at the class that `ids` (R,) names. `backends.current.log_softmax(x)`
# gives log-probabilities with the same shift that you wrote, over the last axis. An
# index with two arrays picks one place from each row.
#
# Keep the log-probabilities and the ids, in this order, with `ctx.save_for_backward`:
# lesson 07 needs them.

# %% part="ops.CrossEntropy.forward"

# %%
scores = tt.tensor([[2.0, 1.0, 0.0]])
for right in range(3):
    loss = F.cross_entropy(scores, tt.tensor([right]))
    print(f"scores 2, 1, 0 and class {right} is right: loss {loss:.3f}")

# %% [markdown]
# ### What does not count
#
# Sentences have different lengths, so a batch of them is filled up with padding, whose
# "right answer" means nothing. Its target is set to an `ignore_index`, its loss is
# multiplied by a **share** of 0. And then a mistake waits: the mean of the losses 2, 0
# and 4, the 0 being padding, is 3 and not 2. Divide by what counts. The same holds for
# class weights, where a share may be any number.
#
# If *nothing* counts, the mean is `nan`, as 0/0 should be. Dividing by 0 would give the
# slopes of the next lessons a `nan` as well, and one such step ruins a network for
# good: add `math.nan` to the sum instead.

# %% part="nn.functional.reduce_counted"

# %%
scores = tt.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 9.0], [0.0, 3.0, 0.0]])
padded = tt.tensor([0, -100, 1])
print("each:", F.cross_entropy(scores, padded, reduction="none"))
print("mean of those that count:", F.cross_entropy(scores, padded))

# %% [markdown]
# ### Not quite sure
#
# Cross-entropy is never satisfied: 0.99 is better than 0.9, 0.999 better still, and
# the scores grow without end. **Label smoothing** asks for less. With a smoothing of
# 0.1, nine tenths of the target stay where they are and one tenth is spread evenly over
# all classes. The loss of such a mixed target is the same mixture of losses: for losses
# of 2, 1 and 6 if the first, second or third class were right, and the first is,
#
# $$0.9 \cdot 2 + 0.1 \cdot \frac{2 + 1 + 6}{3} = 2.1 .$$

# %% part="nn.functional.smooth"

# %%
gap = np.linspace(0, 12, 61)
sure = np.stack([gap, 0 * gap, 0 * gap], axis=1)
right = tt.zeros(61, dtype=tt.int64)
curves = {
    f"smoothing {s}": (
        gap,
        F.cross_entropy(
            tt.tensor(sure), right, reduction="none", label_smoothing=s
        ).numpy(),
    )
    for s in (0.0, 0.1, 0.3)
}
line_plot(curves, "how far the right score is ahead", "loss")

# %% [markdown]
# Without smoothing there is always more to gain. With it there is a best lead, and
# going beyond it costs.

# %% [markdown]
# ## 3 Systems analysis
#
# ### When does the obvious way break?
#
# Here is cross-entropy as the formula says it, and yours. The scores are $(k, 0)$ and
# the second class is right, so the true loss is almost exactly $k$.
#
# **Predict first.** float32 holds numbers up to about $3.4 \cdot 10^{38}$, and as small
# as about $10^{-45}$. From which $k$ on does the obvious way give infinity or `nan`?

# %% tags=["prediction"]
guess = predict("the obvious way breaks", ..., unit="is the first such k")


# %%
def obvious(x, ids):
    e = np.exp(x)
    return -np.log(e / e.sum(axis=1, keepdims=True))[np.arange(len(ids)), ids]


leads = np.arange(1, 121, dtype=np.float32)
x = np.stack([leads, np.zeros_like(leads)], axis=1)
second = np.ones(len(leads), dtype=np.int64)
with np.errstate(all="ignore"):
    naive = obvious(x, second)
stable = F.cross_entropy(tt.tensor(x), tt.tensor(second), reduction="none").numpy()
exact = np.logaddexp(leads.astype(np.float64), 0)

broken = leads[~np.isfinite(naive)]
guess.measured(int(broken[0]))
print(f"yours is off by at most {np.abs(stable - exact).max():.1e} up to k = 120")

# %% [markdown]
# It breaks at $e^k > 3.4 \cdot 10^{38}$, which is $k \approx 88.7$. A network that is a
# little wrong never gets there. One that has just taken too large a step does, and
# then every weight becomes `nan`.
#
# On the other side digits are lost without any sign, in yours as well. With the right
# class far *ahead*, the loss should be tiny: about $e^{-k}$.

# %%
exact = np.log1p(np.exp(-leads.astype(np.float64)))
digits = {}
for dtype in (np.float32, np.float64):
    scores, first = tt.tensor(x.astype(dtype)), tt.tensor(1 - second)
    loss = F.cross_entropy(scores, first, reduction="none").numpy()
    error = np.abs(loss - exact) / exact
    digits[dtype.__name__] = (leads[:40], -np.log10(np.clip(error, 1e-17, 1))[:40])
line_plot(digits, "lead of the right class", "digits")

# %% [markdown]
# From 17 on the loss is gone in float32: $1 + e^{-17}$ rounds to 1, whose logarithm is
# 0. No harm is done there, as the *slope* is what training uses, and that is as good as
# 0. float64 pushes the same wall to 37. Precision is a budget; lesson 17 spends it on
# purpose.
#
# ### What does a target weigh?
#
# The target can be an index, or a row of probabilities with a single 1. The loss is the
# same.


# %%
rows, classes = 256, 2000  # tokens in a batch, tokens in a small vocabulary
scores = tt.randn(rows, classes)
ids = tt.tensor(np.random.default_rng(0).integers(0, classes, rows))
one_hot = tt.tensor(np.eye(classes, dtype=np.float32)[ids.numpy()])
for name, target in [("indices", ids), ("one-hot rows", one_hot)]:
    t = seconds(lambda target=target: F.cross_entropy(scores, target))
    loss = F.cross_entropy(scores, target)
    print(f"{name:<13}{target.nbytes:>10,} bytes   {t * 1e3:6.2f} ms   loss {loss:.4f}")
print(f"{'the scores':<13}{scores.nbytes:>10,} bytes")

# %% [markdown]
# Indices make the target's bytes vanish. The scores remain, rows × classes: in language
# models with vocabularies of 50,000 they are the largest array of the whole network,
# and every array of that size that a loss makes on its way is felt.

# %% [markdown]
# ## 4 Optimisation path
#
# Written step by step, cross-entropy makes such an array again and again: shifted
# scores, their exponentials, probabilities, logarithms. In production it is **one
# operation**, with one array kept for the way back. This is the one that runs, yours if
# you built it, and the kernel under it as numpy has it:

# %%
print(inspect.getsource(ops.CrossEntropy.forward))
print(inspect.getsource(type(tt.backends.get("numpy")).log_softmax))


# %%
def step_by_step(x, ids):
    """Cross-entropy from small operations on tensors."""
    shifted = x - x.amax(1, keepdim=True)
    probabilities = shifted.exp() / shifted.exp().sum(1, keepdim=True)
    picked = probabilities.gather(1, ids.unsqueeze(1)).squeeze(1)
    return -picked.log().mean()


forms = {"step by step": step_by_step, "one operation": F.cross_entropy}
scores.requires_grad_()
for name, form in forms.items():

    def both_ways(form=form):
        scores.grad = None
        form(scores, ids).backward()

    there = seconds(lambda form=form: form(scores, ids))
    print(
        f"{name:<14} forward {there * 1e3:6.2f} ms, "
        f"forward and slopes {seconds(both_ways) * 1e3:6.2f} ms"
    )

# %% [markdown]
# The slopes, which you will compute yourself in lesson 07, gain as well: of all these
# steps together the slope to a score is just *probability minus target*. Fused, nothing
# else needs to be remembered.
#
# And the loops of lesson 02 and 03, for a smaller batch:

# %%
few = scores.detach()[:16], ids[:16]
for name in [n for n in ("loops", "numpy", "simd") if n in tt.backends.available()]:
    with tt.backends.use(name):
        t = seconds(lambda: F.cross_entropy(*few))
    print(f"{name:<6} {t * 1e3:8.3f} ms for 16 rows of {classes}")

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>A new network for ten classes has learned nothing. Which loss should
# you see first?</summary>
#
# It gives every class about 1/10, so −log(1/10) = log 10 ≈ 2.30. If the first loss is
# 15, something is wrong with the start or the data: a check worth doing every time.
# </details>
#
# <details><summary>Can cross-entropy be 0? Can accuracy be 100 % while the loss is
# high?</summary>
#
# 0 only with probability exactly 1, that is, with an infinite lead. And yes: always
# right with 0.51 against 0.49 is 100 % at a loss of 0.67.
# </details>
#
# <details><summary>Your network ends in a softmax layer and you train it with
# <code>cross_entropy</code>. It learns, but badly. Why?</summary>
#
# The loss takes logits and applies softmax itself. Softmax of numbers between 0 and 1
# is nearly even: no answer, however good, gets a loss near 0.
# </details>
#
# <details><summary>Two half batches, one with 10 words and one with 30: is the mean of
# their two mean losses the loss of the whole batch?</summary>
#
# No. It counts each word of the shorter one three times as much. Add up sums and
# counts, and divide once.
# </details>
#
# <details><summary>Why does log-sum-exp shift by the largest number and not by the
# mean?</summary>
#
# With the largest, every exponent is at most 0 and one of them is 0. With the mean, one
# score far above it would still overflow.
# </details>

# %% [markdown]
# ## Can I say in one number how wrong a network is?

# %%
predictions()
workshop.progress()

# %% [markdown]
# ## What comes next
#
# Here is a network for three classes with random weights, and its loss. You can try
# other weights at random and keep what is better:

# %%
tt.manual_seed(0)
points, labels = tt.randn(60, 2), tt.tensor(np.arange(60) % 3)
points = points + tt.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])[labels]
best, history = float("inf"), []
for _ in range(200):
    layer = nn.Linear(2, 3)
    best = min(best, F.cross_entropy(layer(points), labels).item())
    history.append(best)
line_plot({"best so far": (range(200), history)}, "random tries", "loss")

# %% [markdown]
# Nine numbers, two hundred tries, and the curve lies flat already. With a million
# weights you would try until the end of time. The loss is smooth: from any place, it
# could tell you *which way is down*. Walking there, step by step, is lesson 06.
