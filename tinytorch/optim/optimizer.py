"""The base of every optimizer: groups of parameters, each with its own options."""

import copy
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinytorch import autograd, expect
from tinytorch.tensor import Tensor

Parameters = Iterable[Tensor] | Iterable[dict[str, Any]]


SWITCHES = ("nesterov", "centered")


def option(name: str, value: Any) -> Any:
    """Return an option of an optimizer, checked, as Python's own kind of number.

    A switch is True or False, betas are from 0 to below 1, all else is a finite number
    of at least 0. Numpy's numbers are converted: a file of JSON has no place for them.
    """
    if name in SWITCHES:
        expect.boolean(**{name: value})
        return value
    if name == "betas":
        betas = tuple(expect.sequence(name, value))
        expect.finite(**{f"betas[{i}]": beta for i, beta in enumerate(betas)})
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"expected two betas from 0 to below 1, got {betas}")
        return tuple(float(beta) for beta in betas)
    expect.at_least(0, **{name: value})
    expect.finite(**{name: value})
    return value.item() if isinstance(value, np.generic) else value


class Optimizer:
    """Keeps parameter groups and per-parameter state; subclasses update a group.

    params: tensors, or dicts with "params" and options that override `defaults`. An
    option that is a number is finite, and at least 0.
    """

    def __init__(self, params: Parameters, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("an optimizer expects a list of tensors, got one tensor")
        if not isinstance(params, Iterable) or isinstance(params, str | np.ndarray):
            wanted, got = "tensors, such as model.parameters()", expect.shown(params)
            raise TypeError(f"an optimizer expects {wanted}, got {got}")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        # What is kept of each parameter: arrays and numbers by name.
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        entries: list[Any] = list(params)
        grouped = bool(entries) and isinstance(entries[0], dict)
        for group in entries if grouped else [{"params": entries}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with their own options. Raises ValueError for known ones."""
        expect.instance(dict, param_group=param_group)
        params = param_group.get("params", [])
        if isinstance(params, Tensor):
            params = [params]
        if not isinstance(params, Iterable):
            raise TypeError(f"expected tensors as 'params', got {expect.shown(params)}")
        params = list(params)
        if not params:
            raise ValueError("a group expects tensors as 'params', got none")
        for name in param_group:
            expect.one_of(("params", *self.defaults), option=name)
        options = {**self.defaults, **param_group}
        options |= {name: option(name, options[name]) for name in self.defaults}
        known = {p for other in self.param_groups for p in other["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"expected a Tensor, got {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("an optimizer expects leaves, got a computed tensor")
            if p in known:
                raise ValueError("a parameter appears more than once")
            known.add(p)
        self.param_groups.append({**options, "params": params})

    def __repr__(self) -> str:
        groups = [{**g, "params": len(g["params"])} for g in self.param_groups]
        return f"{type(self).__name__}({groups})"

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

    def _update(self, params: list[Any], group: dict[str, Any]) -> None:
        """Move parameters that have a gradient, by their group's options."""
        raise NotImplementedError(f"{type(self).__name__} expects an _update method")

    def _count(self, p: Tensor) -> int:
        """Count a step of p and return its number, from 1."""
        self.state[p]["step"] = self.state[p].get("step", 0) + 1
        return self.state[p]["step"]

    def _kept(self, p: Tensor, name: str, start: float = 0.0) -> np.ndarray:
        """Return an array of p's state, which on its first use is full of `start`."""
        state = self.state[p]
        if name not in state:
            state[name] = np.full_like(p.data, start)
        return state[name]

    def _decayed_grad(self, p: Any, group: dict[str, Any]) -> np.ndarray:
        """Return p's gradient plus weight_decay p."""
        decay = group["weight_decay"]
        return p.grad.data + decay * p.data if decay else p.grad.data

    def state_dict(self) -> dict[str, Any]:
        """Return the state by parameter number, and each group's options."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {p: i for i, p in enumerate(params)}
        groups = [
            {**group, "params": [number[p] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[p]: dict(values) for p, values in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a `state_dict`; raises ValueError if it is of other groups.

        Of other sizes, options or shapes, as those of another kind of optimizer are,
        or of no optimizer at all.
        """
        names = {"state", "param_groups"}
        if not isinstance(state_dict, dict) or names - {*state_dict}:
            wanted = "an optimizer's state_dict, with 'state' and 'param_groups'"
            raise ValueError(f"expected {wanted}, got {expect.shown(state_dict)}")
        own, saved = self.param_groups, state_dict["param_groups"]
        sizes, found = ([len(g["params"]) for g in groups] for groups in (own, saved))
        if found != sizes:
            raise ValueError(f"expected groups of {sizes} parameters, got {found}")
        for options in saved:
            if missing := self.defaults.keys() - options.keys():
                raise ValueError(f"expected options {missing} too, got {[*options]}")
        params = [p for group in own for p in group["params"]]
        for i, values in state_dict["state"].items():
            expect.between(0, len(params) - 1, parameter=int(i))
            for name, value in values.items():
                if isinstance(value, np.ndarray):
                    expect.shape(
                        f"{name} of parameter {i}", value, params[int(i)].shape
                    )
        for group, other in zip(own, saved, strict=True):
            checked = {name: option(name, other[name]) for name in self.defaults}
            group.update({**other, **checked, "params": group["params"]})
        self.state.clear()
        for i, values in state_dict["state"].items():
            self.state[params[int(i)]] = copy.deepcopy(values)
