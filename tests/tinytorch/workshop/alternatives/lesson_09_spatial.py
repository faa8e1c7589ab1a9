"""Other right bodies for lesson 09."""

ALTERNATIVES = {
    "backends.output_size": """
def output_size(size, window):
    places = []
    for n, k, step, border, gap in zip(size, *window):
        last = n + 2 * border - (gap * (k - 1) + 1)
        places.append(last // step + 1)
    return tuple(places)
""",
    "backends.pad_image": """
def pad_image(x, padding, value=0.0):
    sides = [(0, 0), (0, 0)] + [(p, p) for p in padding]
    return np.pad(x, sides, constant_values=value)
""",
    "backends.LoopsBackend.conv2d": """
def conv2d(self, x, weight, bias, window, groups):
    _, (sh, sw), (ph, pw), (dh, dw) = window
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    O, C, KH, KW = weight.shape
    per = O // groups
    rows = (x.shape[2] - dh * (KH - 1) - 1) // sh + 1
    cols = (x.shape[3] - dw * (KW - 1) - 1) // sw + 1
    result = np.zeros((len(x), O, rows, cols), dtype=x.dtype)
    for o in range(O):
        group = x[:, o // per * C : (o // per + 1) * C]
        for i in range(rows):
            for j in range(cols):
                patch = group[
                    :, :, i * sh : i * sh + dh * KH : dh, j * sw : j * sw + dw * KW : dw
                ]
                result[:, o, i, j] = (patch * weight[o]).sum(axis=(1, 2, 3))
    return result if bias is None else result + bias[:, None, None]
""",
    "backends.LoopsBackend.max_pool2d": """
def max_pool2d(self, x, window):
    columns = []
    kernel, (sh, sw), (ph, pw), (dh, dw) = window
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    x = np.pad(x, sides, constant_values=-np.inf)
    oh = (x.shape[2] - dh * (kernel[0] - 1) - 1) // sh + 1
    ow = (x.shape[3] - dw * (kernel[1] - 1) - 1) // sw + 1
    for u in range(kernel[0]):
        for v in range(kernel[1]):
            rows = [i * sh + u * dh for i in range(oh)]
            cols = [j * sw + v * dw for j in range(ow)]
            columns.append(x[:, :, rows][:, :, :, cols])
    stack = np.stack(columns)
    return stack.max(axis=0), stack.argmax(axis=0).astype(np.int16)
""",
    "backends.LoopsBackend.avg_pool2d": """
def avg_pool2d(self, x, window):
    c, (kh, kw) = x.shape[1], window.kernel
    weight = np.full((c, 1, kh, kw), 1 / (kh * kw), dtype=x.dtype)
    return NumpyBackend.conv2d(self, x, weight, None, window, c)
""",
    "backends.LoopsBackend.batch_norm": """
def batch_norm(self, x, weight, bias, eps):
    mean, var = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    y = (x - mean[:, None]) / np.sqrt(var + eps)[:, None]
    return y * weight[:, None] + bias[:, None], mean, var
""",
    "nn.functional.follow_statistics": """
def follow_statistics(running_mean, running_var, mean, var, count, momentum):
    running_mean.data[...] += momentum * (mean - running_mean.data)
    target = var * count / (count - 1)
    running_var.data[...] += momentum * (target - running_var.data)
""",
    "nn.functional.with_statistics": """
def with_statistics(input, mean, var, weight, bias, eps):
    shape = [1, len(mean)] + [1] * (input.ndim - 2)
    unit = (input - mean.reshape(*shape)) / (var.reshape(*shape) + eps) ** 0.5
    return unit * weight.reshape(*shape) + bias.reshape(*shape)
""",
    "backends.unfold": """
def unfold(x, window):
    n, c, h, w = x.shape
    kernel, (sh, sw), padding, (dh, dw) = window
    oh, ow = output_size((h, w), window)
    x = pad_image(x, padding)
    columns = np.zeros((n, c, kernel[0], kernel[1], oh, ow), dtype=x.dtype)
    for u, v, i, j in np.ndindex(*columns.shape[2:]):
        columns[:, :, u, v, i, j] = x[:, :, i * sh + u * dh, j * sw + v * dw]
    return columns.reshape(n, -1, oh * ow)
""",
}
