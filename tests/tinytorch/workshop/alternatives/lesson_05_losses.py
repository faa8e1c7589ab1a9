"""Other right bodies for lesson 05."""

ALTERNATIVES = {
    "nn.functional.reduce_losses": """
def reduce_losses(losses, reduction):
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError("no such reduction")
    total = losses.sum()
    return total / losses.numel() if reduction == "mean" else total
""",
    "nn.functional.mse_loss": """
def mse_loss(input, target, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError("the shapes differ")
    return reduce_losses((target - input) ** 2, reduction)
""",
    "ops.log_sum_exp": """
def log_sum_exp(x, dim=None):
    start = np.full((), -np.inf, dtype=x.dtype)
    return np.asarray(np.logaddexp.reduce(x, axis=dim, keepdims=True, initial=start))
""",
    "nn.functional.binary_cross_entropy_with_logits": """
def binary_cross_entropy_with_logits(
    input, target, weight=None, reduction="mean", pos_weight=None
):
    if target.shape != input.shape:
        raise ValueError("the shapes differ")
    # log(1 + exp(-x)), and the same plus x
    small = softplus(-input)
    if pos_weight is None:
        pos_weight = 1.0
    losses = target * pos_weight * small + (1.0 - target) * (input + small)
    if weight is not None:
        losses = weight * losses
    return reduce_losses(losses, reduction)
""",
    "ops.CrossEntropy.forward": """
def forward(ctx, x, *, ids):
    x = x - x.max(axis=1, keepdims=True)
    log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    ctx.saved = (log_p, ids)
    return -np.take_along_axis(log_p, ids[:, None], axis=1)[:, 0]
""",
    "nn.functional.reduce_counted": """
def reduce_counted(losses, share, reduction):
    if reduction in ("sum", "none"):
        return reduce_losses(losses, reduction)
    if reduction == "mean" and share.any():
        return losses.sum() * (1.0 / float(np.sum(share)))
    if reduction == "mean":
        return losses.sum() + float("nan")
    raise ValueError("no such reduction")
""",
    "nn.functional.smooth": """
def smooth(losses, log_p, label_smoothing):
    everyone = -log_p.sum(1) / log_p.shape[1]
    return losses + label_smoothing * (everyone - losses)
""",
}
