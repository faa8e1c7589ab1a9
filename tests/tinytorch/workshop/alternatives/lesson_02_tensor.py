"""Other right bodies for lesson 02."""

ALTERNATIVES = {
    "shape.contiguous_strides": """
def contiguous_strides(shape):
    return tuple(math.prod(shape[i + 1:]) for i in range(len(shape)))
""",
    "shape.infer_shape": """
def infer_shape(count, wanted):
    if -1 not in wanted:
        if math.prod(wanted) != count:
            raise ValueError("wrong number of elements")
        return wanted
    i = wanted.index(-1)
    rest = wanted[:i] + wanted[i + 1:]
    if -1 in rest or math.prod(rest) == 0 or count % math.prod(rest):
        raise ValueError("cannot infer")
    return wanted[:i] + (count // math.prod(rest),) + wanted[i + 1:]
""",
    "Tensor.transpose": """
def transpose(self, dim0, dim1):
    return self.permute(
        *[
            dim1 % self.ndim if d == _dims(self, dim0)
            else dim0 % self.ndim if d == _dims(self, dim1) else d
            for d in range(self.ndim)
        ]
    )
""",
    "shape.broadcast_shape": """
def broadcast_shape(a, b):
    out = []
    for i in range(1, max(len(a), len(b)) + 1):
        m = a[-i] if i <= len(a) else 1
        n = b[-i] if i <= len(b) else 1
        if m == 1:
            out.insert(0, n)
        elif n == 1 or m == n:
            out.insert(0, m)
        else:
            raise ValueError("these do not broadcast")
    return tuple(out)
""",
    "backends.LoopsBackend.add": """
def add(self, a, b):
    a, b = np.broadcast_arrays(a, b)
    flat = [x + y for x, y in zip(a.ravel(), b.ravel())]
    return np.array(flat, dtype=np.result_type(a, b)).reshape(a.shape)
""",
    "backends.LoopsBackend.sum": """
def sum(self, x, axis, keepdims):
    dtype = x.dtype if x.dtype.kind == "f" else np.int64
    return np.add.reduce(
        x, axis=axis, keepdims=keepdims, dtype=dtype
    ) + np.zeros((), dtype=dtype) if axis is not None else np.asarray(
        np.sum(x, keepdims=keepdims, dtype=dtype)
    )
""",
    "backends.LoopsBackend.matmul": """
def matmul(self, a, b):
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    out = np.zeros((*batch, a.shape[-2], b.shape[-1]), dtype=np.result_type(a, b))
    for place in np.ndindex(*out.shape):
        *n, i, j = place
        products = a[(*n, i)] * b[(*n, slice(None), j)]
        out[place] = products.sum()
    return out
""",
}
