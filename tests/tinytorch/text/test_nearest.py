"""Neighbours in a table."""

from __future__ import annotations

import pytest

import tinytorch as tt
from tinytorch.text import nearest_rows

TABLE = tt.tensor([[1.0, 0.0], [0.0, 2.0], [9.0, 1.0], [-1.0, 0.0], [5.0, 5.0]])


def test_by_hand():
    assert nearest_rows(TABLE, 0, 4) == [2, 4, 1, 3]
    assert nearest_rows(TABLE, 1, 2) == [4, 2]
    assert nearest_rows(TABLE, 0, 0) == []


def test_equals_keep_their_order_and_zeros_are_like_nothing():
    table = tt.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [3.0, 0.0], [-1.0, 0.0]])
    assert nearest_rows(table, 0, 4) == [1, 3, 2, 4]


def test_the_table_keeps_its_gradient():
    table = tt.ones(3, 2, requires_grad=True)
    assert nearest_rows(table, 2, 1) == [0]
    assert table.grad is None


@pytest.mark.parametrize(("row", "count"), [(5, 1), (-1, 1), (0, 5), (0, -1)])
def test_what_is_not_there_is_refused(row, count):
    with pytest.raises(ValueError, match="from 0 to 4, got"):
        nearest_rows(TABLE, row, count)
