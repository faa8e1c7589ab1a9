"""Kernels of the `compiled` backend: the ones that lesson 15 builds.

Plain functions: `kernel(product)` compiles one. a (I, K), b (K, J) and c (I, J) are the
matrices of a product c = a b. With `load4` and `store4`, rows must be packed.
"""

from tinytorch.backends.numpy import GELU_CUBIC, GELU_SCALE
from tinytorch.backends.window import Array
from tinytorch.compiler import exp, load4, registers, splat, store4, unroll
from tinytorch.compiler.language import Value

ROWS = 4  # of a tile
FOURS = 3  # of its columns
COLUMNS = 4 * FOURS


def product(a: Array, b: Array, c: Array) -> None:
    """Write a b into c, number by number."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total


def product_by_rows(a: Array, b: Array, c: Array) -> None:
    """Write a b into c, row by row: each row of b, scaled, is added to one of c."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = 0.0
        for k in range(a.shape[1]):
            x = a[i, k]
            for j in range(b.shape[1]):
                c[i, j] += x * b[k, j]


def product_by_fours(a: Array, b: Array, c: Array) -> None:
    """Write a b into c by rows, four numbers at a time; the last few one by one."""
    whole = b.shape[1] // 4 * 4
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = 0.0
        for k in range(a.shape[1]):
            x = a[i, k]
            for j in range(0, whole, 4):
                store4(c, i, j, load4(c, i, j) + splat(x) * load4(b, k, j))
            for j in range(whole, b.shape[1]):
                c[i, j] += x * b[k, j]


def product_by_tiles(a: Array, b: Array, c: Array) -> None:
    """Write a b into c, ROWS x COLUMNS numbers at a time, which stay in registers.

    c has at least as many rows and columns. Where the last tile would stand out, it
    is moved back inside and computes some numbers again.
    """
    for j0 in range(0, c.shape[1], COLUMNS):
        j = min(j0, c.shape[1] - COLUMNS)
        for i0 in range(0, c.shape[0], ROWS):
            i = min(i0, c.shape[0] - ROWS)
            tile = registers(ROWS, FOURS)
            for k in range(a.shape[1]):
                row = registers(FOURS)
                for q in unroll(FOURS):
                    row[q] = load4(b, k, j + 4 * q)
                for r in unroll(ROWS):
                    x = splat(a[i + r, k])
                    for q in unroll(FOURS):
                        tile[r, q] += x * row[q]
            for r in unroll(ROWS):
                for q in unroll(FOURS):
                    store4(c, i + r, j + 4 * q, tile[r, q])


def pack(b: Array, panels: Array) -> None:
    """Copy b (K, J) panel by panel: each COLUMNS wide, its rows one below the other.

    panels: (P K, COLUMNS) for the P panels that cover J columns, at least COLUMNS.
    The last one is moved back inside.
    """
    depth, columns = b.shape
    for p in range((columns + COLUMNS - 1) // COLUMNS):
        j = min(p * COLUMNS, columns - COLUMNS)
        for k in range(depth):
            for q in unroll(FOURS):
                store4(panels, p * depth + k, 4 * q, load4(b, k, j + 4 * q))


def product_by_panels(a: Array, panels: Array, c: Array) -> None:
    """Write a b into c by tiles, given the panels that `pack` has made of b."""
    depth = a.shape[1]
    columns = c.shape[1]
    for p in range((columns + COLUMNS - 1) // COLUMNS):
        j = min(p * COLUMNS, columns - COLUMNS)
        for i0 in range(0, c.shape[0], ROWS):
            i = min(i0, c.shape[0] - ROWS)
            tile = registers(ROWS, FOURS)
            for k in range(depth):
                row = registers(FOURS)
                for q in unroll(FOURS):
                    row[q] = load4(panels, p * depth + k, 4 * q)
                for r in unroll(ROWS):
                    x = splat(a[i + r, k])
                    for q in unroll(FOURS):
                        tile[r, q] += x * row[q]
            for r in unroll(ROWS):
                for q in unroll(FOURS):
                    store4(c, i + r, j + 4 * q, tile[r, q])


def gelu(x: Value) -> Value:
    """Return x/2 (1 + tanh(u)) = x / (1 + exp(-2u)), of one float or of four.

    u = sqrt(2/pi) (x + 0.044715 x^3); GELU_SCALE and GELU_CUBIC are its numbers. Left
    of -20 all is as flat as there, and minus infinity would be divided by infinity.
    """
    x = max(x, -20.0)
    u = GELU_SCALE * (x + GELU_CUBIC * x * x * x)
    return x / (1.0 + exp(-2.0 * u))


def bias_gelu(x: Array, bias: Array, y: Array) -> None:
    """Write gelu(x + bias) into y: x and y (N, D), bias (D,), in one pass."""
    whole = x.shape[1] // 4 * 4
    for i in range(x.shape[0]):
        for j in range(0, whole, 4):
            store4(y, i, j, gelu(load4(x, i, j) + load4(bias, j)))
        for j in range(whole, x.shape[1]):
            y[i, j] = gelu(x[i, j] + bias[j])


def softmax(x: Array, y: Array) -> None:
    """Write exp(x - top) / sum of them into y, row by row of x (N, D), top its max."""
    whole = x.shape[1] // 4 * 4
    for i in range(x.shape[0]):
        top = x[i, 0]
        for j in range(x.shape[1]):
            top = max(top, x[i, j])
        sums = splat(0.0)
        for j in range(0, whole, 4):
            e = exp(load4(x, i, j) - splat(top))
            store4(y, i, j, e)
            sums += e
        total = sums[0] + sums[1] + sums[2] + sums[3]
        for j in range(whole, x.shape[1]):
            y[i, j] = exp(x[i, j] - top)
            total += y[i, j]
        for j in range(x.shape[1]):
            y[i, j] = y[i, j] / total
