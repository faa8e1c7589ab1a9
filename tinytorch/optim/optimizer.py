"""The base of every optimizer: groups of parameters, each with its own options."""

from collections.abc import Iterable
from typing import Any

from tinytorch import autograd
from tinytorch.tensor import Tensor

Parameters = Iterable[Tensor] | Iterable[dict[str, Any]]


class Optimizer:
    """Keeps parameter groups and per-parameter state; subclasses update a group.

    params: tensors, or dicts with "params" and options that override `defaults`.
    """

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__} expects a list of tensors, got one tensor"
            )
        entries: list[Any] = list(params)
        if not entries:
            raise ValueError(f"{type(self).__name__} expects parameters, got none")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        # One dict of arrays (or numbers) a parameter, made on its first step.
        self.state: dict[Tensor, dict[str, Any]] = {}
        if not isinstance(entries[0], dict):
            entries = [{"params": entries}]
        for group in entries:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add parameters with their own options. Raises ValueError for known ones."""
        params = group.get("params", [])
        params = [params] if isinstance(params, Tensor) else list(params)
        if not params:
            raise ValueError(f"a group expects 'params', got {sorted(group)}")
        unknown = set(group) - set(self.defaults) - {"params"}
        if unknown:
            raise ValueError(
                f"{type(self).__name__} expects options out of "
                f"{sorted(self.defaults)}, got {sorted(unknown)}"
            )
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"expected a Tensor, got {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("an optimizer expects leaves, got a computed tensor")
            if id(p) in known:
                raise ValueError("a parameter appears more than once")
            known.add(id(p))
        self.param_groups.append({**self.defaults, **group, "params": params})

    def __repr__(self) -> str:
        groups = [
            ", ".join(
                [f"{len(group['params'])} tensors"]
                + [f"{k}={v}" for k, v in group.items() if k != "params"]
            )
            for group in self.param_groups
        ]
        return f"{type(self).__name__}({'; '.join(groups)})"

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters, in every group."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient, group by group.

        `_update(params, group)` moves some parameters by their group's options. Then
        `autograd.mark_written(p.data)` notes, for each, that its numbers have changed.
        """
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(params, group)
                for p in params:
                    autograd.mark_written(p.data)

    def _update(self, params: list[Tensor], group: dict[str, Any]) -> None:
        raise NotImplementedError(f"{type(self).__name__} expects an _update method")

    def state_dict(self) -> dict[str, Any]:
        """Return the state by parameter number, and each group's options."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): i for i, p in enumerate(params)}
        groups = [
            {**group, "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[id(p)]: dict(values) for p, values in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a `state_dict`; raises ValueError if its groups differ."""
        saved = state_dict["param_groups"]
        sizes = [len(g["params"]) for g in self.param_groups]
        if [len(g["params"]) for g in saved] != sizes:
            raise ValueError(
                f"expected groups of {sizes} parameters, "
                f"got {[len(g['params']) for g in saved]}"
            )
        for group, other in zip(self.param_groups, saved, strict=True):
            group.update({k: v for k, v in other.items() if k != "params"})
        params = [p for group in self.param_groups for p in group["params"]]
        self.state = {
            params[int(i)]: {
                key: value.copy() if hasattr(value, "copy") else value
                for key, value in values.items()
            }
            for i, values in state_dict["state"].items()
        }


def expect_at_least(optimizer: Optimizer, least: float, **options: float) -> None:
    """Raise ValueError for an option below `least`, or nan."""
    for name, value in options.items():
        if not value >= least:
            raise ValueError(
                f"{type(optimizer).__name__} expects {name} of at least {least}, "
                f"got {value}"
            )


def per_group(optimizer: Optimizer, name: str, value: Any) -> list[Any]:
    """Return a value for each parameter group: a list as it is, anything else for all.

    Raises ValueError for a list of another length.
    """
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, list | tuple) else [value] * groups
    if len(values) != groups:
        raise ValueError(f"{name} expects {groups} values, one a group, got {values}")
    return values
