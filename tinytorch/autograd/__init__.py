"""Reverse-mode differentiation: operations leave a trail, `backward` walks it.

Nothing here knows about tensors: see `engine.Differentiable`.
"""

from .drawing import GraphDrawing, draw_graph
from .engine import (
    Array,
    Differentiable,
    Function,
    backward,
    enable_grad,
    is_grad_enabled,
    mark_written,
    no_grad,
    topological_order,
    unbroadcast,
)
from .gradcheck import analytic_jacobian, gradcheck, numeric_jacobian
from .memory import writes
