"""Other right bodies for lesson 06."""

ALTERNATIVES = {
    "backends.LoopsBackend.sgd_step": """
def sgd_step(
    self, params, grads, buffers, *, lr, momentum, dampening, weight_decay, nesterov
):
    for p, g, v in zip(params, grads, buffers):
        g = g + np.float32(weight_decay) * p
        if v is not None:
            v[...] = momentum * v + (1 - dampening) * g
            if nesterov:
                g = g + momentum * v
            else:
                g = v
        p[...] = p - lr * g
""",
    "optim.Optimizer.zero_grad": """
def zero_grad(self):
    every = [p for group in self.param_groups for p in group["params"]]
    while every:
        every.pop().grad = None
""",
    "optim.Optimizer.step": """
def step(self):
    for group in self.param_groups:
        moving = []
        for p in group["params"]:
            if p.grad is not None:
                moving.append(p)
        self._update(moving, group) if moving else None
        for p in moving:
            autograd.mark_written(p.data)
""",
    "backends.LoopsBackend.adam_step": """
def adam_step(
    self, params, grads, firsts, seconds, *,
    lr, betas, eps, weight_decay, decoupled, step
):
    for k in range(len(params)):
        p, m, v = params[k], firsts[k], seconds[k]
        g = grads[k].copy()
        if decoupled:
            p *= 1 - lr * weight_decay
        else:
            g += weight_decay * p
        m[...] = betas[0] * m + (1 - betas[0]) * g
        v[...] = betas[1] * v + (1 - betas[1]) * g**2
        root = np.sqrt(v / (1 - betas[1] ** step))
        p -= lr / (1 - betas[0] ** step) * m / (root + eps)
""",
    "optim.lr_scheduler.StepLR.rate": """
def rate(self, base, t):
    while t >= self.step_size:
        base, t = base * self.gamma, t - self.step_size
    return base
""",
    "optim.lr_scheduler.CosineAnnealingLR.rate": """
def rate(self, base, t):
    share = 0.5 + 0.5 * math.cos(t / self.T_max * math.pi)
    return share * base + (1 - share) * self.eta_min
""",
    "optim.lr_scheduler.OneCycleLR.rate": """
def rate(self, base, t):
    if t > self.total_steps:
        raise ValueError("beyond the last step")
    top, end = base * self.div_factor, base / self.final_div_factor
    up, last = self.total_steps * self.pct_start - 1, self.total_steps - 1
    if t == up:
        return top
    if t < up:
        return self._between(base, top, t / up)
    return end if t >= last else self._between(top, end, (t - up) / (last - up))
""",
}
