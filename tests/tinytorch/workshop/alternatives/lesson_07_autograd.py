"""Other right bodies for lesson 07."""

ALTERNATIVES = {
    "ops.Mul.backward": """
def backward(ctx, grad):
    a, b = ctx.saved
    to_a = to_b = None
    if ctx.needs_input_grad[0]:
        to_a = np.multiply(b, grad)
    if ctx.needs_input_grad[1]:
        to_b = np.multiply(a, grad)
    return to_a, to_b
""",
    "ops.ReLU.backward": """
def backward(ctx, grad):
    (out,) = ctx.saved
    dx = grad.copy()
    dx[out <= 0] = 0
    return dx
""",
    "ops.MatMul.backward": """
def backward(ctx, grad):
    a, b = ctx.saved
    grads = [None, None]
    if ctx.needs_input_grad[0]:
        grads[0] = np.einsum("...ij,...kj->...ik", grad, b)
    if ctx.needs_input_grad[1]:
        grads[1] = np.einsum("...ik,...ij->...kj", a, grad)
    return tuple(grads)
""",
    "ops.Sum.backward": """
def backward(ctx, grad):
    shape, dim, keepdim = ctx.saved
    axes = range(len(shape)) if dim is None else np.atleast_1d(dim) % len(shape)
    kept = [1 if d in axes else n for d, n in enumerate(shape)]
    return np.ones(shape, dtype=grad.dtype) * grad.reshape(kept)
""",
    "autograd.unbroadcast": """
def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return np.asarray(grad)
""",
    "autograd.Function.apply": """
def apply(cls, *inputs, **options):
    node = cls()
    node.needs_input_grad = tuple(
        bool(_Mode.recording and x.requires_grad) for x in inputs
    )
    arrays = [x.data for x in inputs]
    result = inputs[0]._wrap(cls.forward(node, *arrays, **options))
    if not any(node.needs_input_grad):
        return result
    edges = []
    for x, need in zip(inputs, node.needs_input_grad):
        source = x if x.grad_fn is None else x.grad_fn
        edges.append((source, x.data.shape) if need else None)
    node.edges = tuple(edges)
    node.written_at = writes.clock
    result.grad_fn, result.requires_grad = node, True
    return result
""",
    "autograd.topological_order": """
def topological_order(root):
    users, todo, nodes = {root: 0}, [root], []
    while todo:
        for parent in _parents(todo.pop()):
            if parent not in users:
                users[parent] = 0
                todo.append(parent)
            users[parent] += 1
    ready = [root]
    while ready:
        nodes.append(ready.pop())
        for parent in _parents(nodes[-1]):
            users[parent] -= 1
            if users[parent] == 0:
                ready.append(parent)
    return nodes
""",
    "autograd.backward": """
def backward(root, grad, retain_graph=False):
    arrived = {root: [grad]}
    for node in topological_order(root):
        parts = arrived.get(node, [])
        if parts:
            total = parts[0]
            for more in parts[1:]:
                total = np.add(total, more)
            for parent, g in _input_grads(node, total):
                if isinstance(parent, Function):
                    arrived.setdefault(parent, []).append(g)
                else:
                    _accumulate(parent, g, total)
        if retain_graph:
            continue
        node.edges = None
        node.saved = ()
""",
    "autograd.numeric_jacobian": """
def numeric_jacobian(function, inputs, number, eps=1e-6):
    columns, x = [], inputs[number].data
    with no_grad():
        for index in np.ndindex(x.shape):
            kept, values = x[index].copy(), []
            for sign in (1, -1):
                x[index] = kept + sign * eps
                values.append(function(*inputs).data.copy().reshape(-1))
            x[index] = kept
            columns.append((values[0] - values[1]) / (2 * eps))
    return np.stack(columns, axis=1)
""",
}
