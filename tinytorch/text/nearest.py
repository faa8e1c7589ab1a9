"""Which words a table of vectors takes for alike."""

from tinytorch import expect
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor


def nearest_rows(table: Tensor, row: int, count: int) -> list[int]:
    """Return the numbers of the `count` rows most like one row, the most alike first.

    Alike is the cosine of the angle between two rows of the table (V, D): their
    lengths do not matter. The row itself is left out; of equals the first comes first.
    Raises ValueError for a row that is not there and for more others than there are.
    """
    expect.between(0, len(table) - 1, row=row)
    expect.between(0, len(table) - 1, count=count)
    rows = table.detach()
    alike = F.cosine_similarity(rows, rows[row : row + 1]).tolist()
    others = [i for i in range(len(table)) if i != row]
    return sorted(others, key=lambda i: -alike[i])[:count]
