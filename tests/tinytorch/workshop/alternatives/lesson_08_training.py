"""Other right bodies for lesson 08."""

ALTERNATIVES = {
    "training.accuracy": """
def accuracy(outputs, targets):
    x, y = outputs.numpy(), targets.numpy()
    if x.shape == y.shape and set(np.unique(y)) <= {0, 1}:
        return float(((x > 0) == y.astype(bool)).sum() / y.size)
    rows = x.shape[:1] + x.shape[2:]
    if rows != y.shape or not np.issubdtype(y.dtype, np.integer):
        raise ValueError("shapes do not fit")
    return float((np.argmax(x, 1) == y).sum() / y.size)
""",
    "training.measure": """
def measure(model, loader, metrics):
    modes = {m: m.training for m in model.modules()}
    model.eval()
    means = Means()
    for x, y in loader:
        with no_grad():
            out = model(x)
            means.add({k: metrics[k](out, y) for k in metrics}, x.shape[0])
    for m, mode in modes.items():
        m.training = mode
    if means.samples == 0:
        raise ValueError("no batches")
    return means
""",
    "training.accumulate_gradients": """
def accumulate_gradients(run, batches):
    counts = [targets.shape[0] for _, targets in batches]
    means = Means()
    for count, (inputs, targets) in zip(counts, batches):
        outputs = run.model(inputs)
        values = {name: f(outputs, targets) for name, f in run.metrics.items()}
        loss = run.loss(outputs, targets)
        (loss * count / sum(counts)).backward()
        means.add(values | {"loss": loss.item()}, count)
    return means
""",
    "nn.utils.clip_grad_norm_": """
def clip_grad_norm_(parameters, max_norm, error_if_nonfinite=False):
    grads = _grads(parameters)
    norm = sum((g.astype(np.float64) ** 2).sum() for g in grads) ** 0.5
    if error_if_nonfinite and not np.isfinite(norm):
        raise RuntimeError("not finite")
    if not norm <= max_norm:
        for g in grads:
            g[...] = g * (max_norm / norm)
    return Tensor(norm)
""",
    "training.train_step": """
def train_step(run, batches):
    for parameter in run.model.parameters():
        parameter.grad = None
    means = accumulate_gradients(run, batches)
    loss = means.as_dict()["loss"]
    stop_if_not_finite(run, batches, loss)
    limit = run.max_norm
    if limit is not None:
        clip_grad_norm_(list(run.model.parameters()), limit)
    run.optimizer.step()
    run.end_step(means)
    if run.scheduler and run.schedule != "epoch":
        run.scheduler.step()
    for callback in run.callbacks:
        callback.on_step(run)
""",
    "training.train_epoch": """
def train_epoch(run):
    run.model.train(True)
    steps = iter(run.steps())
    while (batches := next(steps, None)) is not None:
        if run.stopped is not None:
            return False
        train_step(run, batches)
    return True
""",
    "training.EarlyStopping.on_epoch": """
def on_epoch(self, run):
    if self.improved(run, min_delta=self.min_delta):
        self.waited = 0
        return
    self.waited += 1
    if self.waited == self.patience:
        run.stop("no gain any more")
""",
    "training.BestWeights.on_epoch": """
def on_epoch(self, run):
    if not self.improved(run):
        return
    self.weights = {}
    for name, tensor in run.model.state_dict().items():
        self.weights[name] = np.array(tensor.data)
""",
    "training.run_state": """
def run_state(run):
    state = {"accumulate": run.accumulate, "scheduler": None}
    state["position"] = {"epoch": run.epoch, "step": run.step, "batch": run.batch}
    state["means"] = {"sums": run.means.sums, "samples": run.means.samples}
    state["steps"], state["epochs"] = run.history.steps, run.history.epochs
    began = run.epoch_states if run.batch > 0 else run.random_states()
    state["random"] = {"epoch": began, "now": run.random_states()}
    state["optimizer"] = run.optimizer.state_dict()
    if run.scheduler is not None:
        state["scheduler"] = run.scheduler.state_dict()
    callbacks = _stateful(run)
    state["callbacks"] = {name: callbacks[name].state_dict() for name in callbacks}
    return state
""",
}
