"""Other right bodies for lesson 12, and wrong ones that students write."""

ALTERNATIVES = {
    "ops.Embedding.forward": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    rows = np.zeros((ids.size, table.shape[1]), dtype=table.dtype)
    for r, i in enumerate(ids.ravel()):
        rows[r] = table[i]
    return rows.reshape(*ids.shape, table.shape[1])
""",
    "backends.LoopsBackend.scatter_add": """
def scatter_add(self, table, ids, rows):
    for i, row in zip(ids, rows):
        table[i] += row
""",
    "ops.Embedding.backward": """
def backward(ctx, grad):
    (size, dim), ids, padding_idx = ctx.saved
    flat = grad.reshape(-1, dim)
    out = np.zeros((size, dim), dtype=grad.dtype)
    for r, i in enumerate(ids.ravel()):
        out[i] += flat[r]
    if padding_idx is not None:
        out[padding_idx, :] = 0
    return out
""",
    "nn.functional.place_angles": """
def place_angles(length, dim, start=0):
    rows = []
    for place in range(start, start + length):
        rows.append([place / 10000 ** (2 * i / dim) for i in range(dim // 2)])
    return np.array(rows, dtype=np.float64).reshape(length, dim // 2)
""",
    "nn.functional.waves": """
def waves(angles):
    out = np.empty((angles.shape[0], 2 * angles.shape[1]), dtype=angles.dtype)
    out[:, 0::2] = np.sin(angles)
    out[:, 1::2] = np.cos(angles)
    return out
""",
    "nn.functional.add_positions": """
def add_positions(input, table, start=0):
    T = input.shape[-2]
    if start < 0 or start + T > table.shape[0]:
        raise ValueError("the table has no such places")
    return input + table[start : start + T]
""",
    "nn.functional.rotary": """
def rotary(input, start=0):
    T, D = input.shape[-2:]
    if D % 2 != 0:
        raise ValueError("an odd number of columns")
    angles = place_angles(T, D, start)
    cos = Tensor(np.repeat(np.cos(angles), 2, axis=1).astype(input.dtype))
    sin = Tensor(np.repeat(np.sin(angles), 2, axis=1).astype(input.dtype))
    swapped = stack([-input[..., 1::2], input[..., 0::2]], dim=-1)
    return input * cos + swapped.reshape(input.shape) * sin
""",
    "text.nearest_rows": """
def nearest_rows(table, row, count):
    rows = table.data
    if not 0 <= row < len(rows) or not 0 <= count < len(rows):
        raise ValueError("there are no such rows")
    lengths = [max(sum(x * x for x in r) ** 0.5, 1e-8) for r in rows]
    found = []
    for i in range(len(rows)):
        if i != row:
            product = sum(a * b for a, b in zip(rows[i], rows[row]))
            found.append((-product / lengths[i] / lengths[row], i))
    return [i for _, i in sorted(found)[:count]]
""",
}

MORE = {
    "ops.Embedding.forward": [
        """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return np.take(table, ids, axis=0)
""",
        """
def forward(ctx, table, *, ids, padding_idx):
    one_hot = np.zeros((*ids.shape, len(table)), dtype=table.dtype)
    for place in np.ndindex(*ids.shape):
        one_hot[(*place, ids[place])] = 1
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return one_hot @ table
""",
    ],
    "backends.LoopsBackend.scatter_add": [
        """
def scatter_add(self, table, ids, rows):
    np.add.at(table, ids, rows)
""",
        """
def scatter_add(self, table, ids, rows):
    for r in range(rows.shape[0]):
        for d in range(rows.shape[1]):
            table[ids[r], d] = table[ids[r], d] + rows[r, d]
""",
        """
def scatter_add(self, table, ids, rows):
    for i in range(len(table)):
        table[i] += rows[ids == i].sum(axis=0)
""",
    ],
    "ops.Embedding.backward": [
        """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    np.add.at(out, ids, grad)
    if padding_idx is not None:
        out[padding_idx] = 0
    return out
""",
        """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    flat = grad.reshape(ids.size, shape[1])
    one_hot = (np.arange(shape[0])[:, None] == ids.reshape(-1)).astype(grad.dtype)
    if padding_idx is not None:
        one_hot[padding_idx] = 0
    return one_hot @ flat
""",
    ],
    "nn.functional.place_angles": [
        """
def place_angles(length, dim, start=0):
    pairs = np.arange(dim // 2)
    speeds = 1 / np.power(10000.0, 2 * pairs / dim)
    return np.outer(np.arange(length) + start, speeds)
""",
        """
def place_angles(length, dim, start=0):
    exponents = np.linspace(0, 1, dim // 2, endpoint=False)
    places = np.arange(start, start + length, dtype=np.float64).reshape(-1, 1)
    return places * np.exp(-np.log(10_000) * exponents)
""",
    ],
    "nn.functional.waves": [
        """
def waves(angles):
    columns = []
    for i in range(angles.shape[1]):
        columns += [np.sin(angles[:, i]), np.cos(angles[:, i])]
    return np.array(columns, dtype=angles.dtype).T
""",
        """
def waves(angles):
    out = np.repeat(angles, 2, axis=1)
    out[:, ::2] = np.sin(out[:, ::2])
    out[:, 1::2] = np.cos(out[:, 1::2])
    return out
""",
    ],
    "nn.functional.add_positions": [
        """
def add_positions(input, table, start=0):
    places = range(start, start + input.shape[-2])
    if any(p not in range(len(table)) for p in places):
        raise ValueError(f"places {places} of {len(table)}")
    return table[places.start : places.stop] + input
""",
        """
def add_positions(input, table, start=0):
    count = input.shape[-2]
    if start < 0 or len(table) - start < count:
        raise ValueError("too few rows")
    rows = table[np.arange(start, start + count)]
    return input + rows
""",
    ],
    "nn.functional.rotary": [
        """
def rotary(input, start=0):
    if input.shape[-1] % 2:
        raise ValueError("pairs expected")
    pairs = input.reshape(*input.shape[:-1], input.shape[-1] // 2, 2)
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    c = Tensor(np.cos(angles).astype(input.dtype))
    s = Tensor(np.sin(angles).astype(input.dtype))
    first = pairs[..., 0] * c - pairs[..., 1] * s
    second = pairs[..., 1] * c + pairs[..., 0] * s
    return stack([first, second], -1).reshape(*input.shape)
""",
        """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    n = angles.shape[1]
    turn = np.zeros((len(angles), 2 * n, 2 * n), dtype=input.dtype)
    for i in range(n):
        c, s = np.cos(angles[:, i]), np.sin(angles[:, i])
        turn[:, 2 * i, 2 * i] = turn[:, 2 * i + 1, 2 * i + 1] = c
        turn[:, 2 * i, 2 * i + 1], turn[:, 2 * i + 1, 2 * i] = s, -s
    row = input.reshape(*input.shape[:-1], 1, input.shape[-1])
    return (row @ Tensor(turn)).reshape(input.shape)
""",
    ],
    "text.nearest_rows": [
        """
def nearest_rows(table, row, count):
    if row < 0 or row >= len(table) or count < 0 or count > len(table) - 1:
        raise ValueError("no such row")
    unit = F.normalize(table.detach())
    alike = (unit @ unit[row]).tolist()
    order = sorted(range(len(alike)), key=lambda i: alike[i], reverse=True)
    order.remove(row)
    return order[:count]
""",
        """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    alike = F.cosine_similarity(table, table[row : row + 1]).tolist()
    alike[row] = -2
    found = []
    for _ in range(count):
        best = alike.index(max(alike))
        found.append(best)
        alike[best] = -2
    return found
""",
    ],
}

WRONG = {
    "ops.Embedding.forward": {
        "columns instead of rows": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return table[:, ids]
""",
        "nothing is saved": """
def forward(ctx, table, *, ids, padding_idx):
    return table[ids]
""",
        "the table is saved, not its shape": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table, ids, padding_idx)
    return table[ids]
""",
        "the axes of ids are lost": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return table[ids.reshape(-1)]
""",
        "each id once": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return table[np.unique(ids)]
""",
        "always float32": """
def forward(ctx, table, *, ids, padding_idx):
    ctx.save_for_backward(table.shape, ids, padding_idx)
    return table[ids].astype(np.float32)
""",
    },
    "backends.LoopsBackend.scatter_add": {
        "numpy adds only once": """
def scatter_add(self, table, ids, rows):
    table[ids] += rows
""",
        "the last one wins": """
def scatter_add(self, table, ids, rows):
    for r in range(len(ids)):
        table[ids[r]] = rows[r]
""",
        "a new table": """
def scatter_add(self, table, ids, rows):
    table = table.copy()
    for r in range(len(ids)):
        table[ids[r]] += rows[r]
    return table
""",
        "emptied first": """
def scatter_add(self, table, ids, rows):
    table[:] = 0
    for r in range(len(ids)):
        table[ids[r]] += rows[r]
""",
        "row and id swapped": """
def scatter_add(self, table, ids, rows):
    for r in range(len(ids)):
        table[r] += rows[ids[r]]
""",
        "the mean instead of the sum": """
def scatter_add(self, table, ids, rows):
    for i in set(ids.tolist()):
        table[i] += rows[ids == i].mean(axis=0)
""",
        "only the first number": """
def scatter_add(self, table, ids, rows):
    for r in range(len(ids)):
        table[ids[r], 0] += rows[r, 0]
""",
    },
    "ops.Embedding.backward": {
        "numpy adds only once": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    out[ids] += grad
    if padding_idx is not None:
        out[padding_idx] = 0
    return out
""",
        "the last one wins": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    out[ids] = grad
    if padding_idx is not None:
        out[padding_idx] = 0
    return out
""",
        "padding learns": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    np.add.at(out, ids, grad)
    return out
""",
        "padding row 0 is taken for none": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    np.add.at(out, ids, grad)
    if padding_idx:
        out[padding_idx] = 0
    return out
""",
        "the gradient of the rows": """
def backward(ctx, grad):
    return grad
""",
        "only one axis of ids": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    for i, g in zip(ids, grad):
        out[i] += g
    if padding_idx is not None:
        out[padding_idx] = 0
    return out
""",
        "ones instead of the gradient": """
def backward(ctx, grad):
    shape, ids, padding_idx = ctx.saved
    out = np.zeros(shape, dtype=grad.dtype)
    np.add.at(out, ids, 1)
    if padding_idx is not None:
        out[padding_idx] = 0
    return out
""",
    },
    "nn.functional.place_angles": {
        "the exponent is twice as large": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-2 * np.arange(0, dim, 2) / dim)
    return np.arange(start, start + length)[:, None] * speeds
""",
        "the exponent is half as large": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(dim // 2) / dim)
    return np.arange(start, start + length)[:, None] * speeds
""",
        "faster instead of slower": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (np.arange(0, dim, 2) / dim)
    return np.arange(start, start + length)[:, None] * speeds
""",
        "start is ignored": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(0, dim, 2) / dim)
    return np.arange(length)[:, None] * speeds
""",
        "start is where it ends": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(0, dim, 2) / dim)
    return np.arange(start, length)[:, None] * speeds
""",
        "an angle for each column": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(dim) / dim)
    return np.arange(start, start + length)[:, None] * speeds
""",
        "transposed": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(0, dim, 2) / dim)
    return speeds[:, None] * np.arange(start, start + length)
""",
        "places count from 1": """
def place_angles(length, dim, start=0):
    speeds = 10000.0 ** (-np.arange(0, dim, 2) / dim)
    return np.arange(start + 1, start + length + 1)[:, None] * speeds
""",
    },
    "nn.functional.waves": {
        "sines first, then cosines": """
def waves(angles):
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
""",
        "cosines before sines": """
def waves(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(angles), -1)
""",
        "sines only": """
def waves(angles):
    return np.repeat(np.sin(angles), 2, axis=1)
""",
        "three axes": """
def waves(angles):
    return np.stack([np.sin(angles), np.cos(angles)], axis=2)
""",
        "rows instead of columns": """
def waves(angles):
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=0)
""",
        "degrees": """
def waves(angles):
    angles = np.deg2rad(angles)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(angles), -1)
""",
        "sines and cosines by turns of two different angles": """
def waves(angles):
    out = np.repeat(angles, 2, axis=1)
    half = angles.shape[1]
    out[:, :half], out[:, half:] = np.sin(out[:, :half]), np.cos(out[:, half:])
    return out
""",
    },
    "nn.functional.add_positions": {
        "start is ignored": """
def add_positions(input, table, start=0):
    if start < 0 or start + input.shape[-2] > len(table):
        raise ValueError("no such place")
    return input + table[: input.shape[-2]]
""",
        "a slice stops by itself": """
def add_positions(input, table, start=0):
    return input + table[start : start + input.shape[-2]]
""",
        "one place too few": """
def add_positions(input, table, start=0):
    if start < 0 or start + input.shape[-2] >= len(table):
        raise ValueError("no such place")
    return input + table[start : start + input.shape[-2]]
""",
        "places of the batch": """
def add_positions(input, table, start=0):
    if start < 0 or start + input.shape[0] > len(table):
        raise ValueError("no such place")
    return input + table[start : start + input.shape[0]]
""",
        "no gradient": """
def add_positions(input, table, start=0):
    end = start + input.shape[-2]
    if start < 0 or end > len(table):
        raise ValueError("no such place")
    return Tensor(input.data + table.data[start:end])
""",
        "the table learns nothing": """
def add_positions(input, table, start=0):
    end = start + input.shape[-2]
    if start < 0 or end > len(table):
        raise ValueError("no such place")
    return input + table.detach()[start:end]
""",
        "a negative start counts from the end": """
def add_positions(input, table, start=0):
    end = start + input.shape[-2]
    if end > len(table):
        raise ValueError("no such place")
    return input + table[np.arange(start, end)]
""",
        "the same place for all": """
def add_positions(input, table, start=0):
    if start < 0 or start + input.shape[-2] > len(table):
        raise ValueError("no such place")
    return input + table[start]
""",
    },
    "nn.functional.rotary": {
        "the other way round": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    a, b = input[..., 0::2], input[..., 1::2]
    turned = stack([a * cos + b * sin, b * cos - a * sin], dim=-1)
    return turned.reshape(input.shape)
""",
        "pairs of the first and the second half": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    half = input.shape[-1] // 2
    a, b = input[..., :half], input[..., half:]
    turned = stack([a * cos - b * sin, a * sin + b * cos], dim=-1)
    return turned.reshape(input.shape)
""",
        "halves side by side": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    a, b = input[..., 0::2], input[..., 1::2]
    turned = stack([a * cos - b * sin, a * sin + b * cos], dim=-2)
    return turned.reshape(input.shape)
""",
        "start is ignored": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1])
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    a, b = input[..., 0::2], input[..., 1::2]
    turned = stack([a * cos - b * sin, a * sin + b * cos], dim=-1)
    return turned.reshape(input.shape)
""",
        "no gradient": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = input.data[..., 0::2], input.data[..., 1::2]
    turned = np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
    return Tensor(turned.reshape(input.shape).astype(input.dtype))
""",
        "float64 comes out": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = Tensor(np.cos(angles)), Tensor(np.sin(angles))
    a, b = input[..., 0::2], input[..., 1::2]
    turned = stack([a * cos - b * sin, a * sin + b * cos], dim=-1)
    return turned.reshape(input.shape)
""",
        "waves are added": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    return input + Tensor(waves(angles).astype(input.dtype))
""",
        "the new a makes the new b": """
def rotary(input, start=0):
    expect.divisible(2, columns=input.shape[-1])
    angles = place_angles(input.shape[-2], input.shape[-1], start)
    cos, sin = (Tensor(f(angles).astype(input.dtype)) for f in (np.cos, np.sin))
    a, b = input[..., 0::2], input[..., 1::2]
    a = a * cos - b * sin
    b = a * sin + b * cos
    return stack([a, b], dim=-1).reshape(input.shape)
""",
    },
    "text.nearest_rows": {
        "the product without the lengths": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    alike = (table.detach() @ table.detach()[row]).tolist()
    others = [i for i in range(len(table)) if i != row]
    return sorted(others, key=lambda i: -alike[i])[:count]
""",
        "the row itself is its nearest": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    return sorted(range(len(table)), key=lambda i: -alike[i])[:count]
""",
        "the least alike": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    others = [i for i in range(len(table)) if i != row]
    return sorted(others, key=lambda i: alike[i])[:count]
""",
        "distances instead of angles": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.data
    far = ((rows - rows[row]) ** 2).sum(axis=1)
    others = [i for i in range(len(rows)) if i != row]
    return sorted(others, key=lambda i: far[i])[:count]
""",
        "zeros divide by zero": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.data
    lengths = (rows**2).sum(axis=1) ** 0.5
    alike = rows @ rows[row] / lengths / lengths[row]
    others = [i for i in range(len(rows)) if i != row]
    return sorted(others, key=lambda i: -alike[i])[:count]
""",
        "the similarities instead of the numbers": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    return sorted(alike, reverse=True)[1 : count + 1]
""",
        "the first of the list is dropped, whoever it is": """
def nearest_rows(table, row, count):
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    return sorted(range(len(table)), key=lambda i: -alike[i])[1 : count + 1]
""",
        "a negative row counts from the end": """
def nearest_rows(table, row, count):
    if row >= len(table) or not 0 <= count < len(table):
        raise ValueError("no such row")
    row = row % len(table)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    others = [i for i in range(len(table)) if i != row]
    return sorted(others, key=lambda i: -alike[i])[:count]
""",
    },
}
