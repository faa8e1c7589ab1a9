"""What a training run measured, step by step and epoch by epoch."""

from tinytorch.utils.plot import Plot, Points, line_plot


class History:
    """Values by name: one an optimizer step in `steps`, one an epoch in `epochs`.

    Both have "loss", "lr" and the metric's name; `epochs` also "seconds", the "step" at
    the end and, with a validation loader, "val_loss" and the like. `stopped` says why a
    run ended early.
    """

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}
        self.epochs: dict[str, list[float]] = {}
        self.stopped: str | None = None

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.epochs.items()}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in last.items())
        steps = len(self.steps.get("loss", ()))
        epochs = len(self.epochs.get("loss", ()))
        return f"History({epochs} epochs, {steps} steps; {shown or 'nothing yet'})"

    def plot(self, name: str = "loss") -> Plot:
        """Draw `name` over the steps, and over the epochs with its validation value.

        Raises KeyError for a name that was not measured.
        """
        if name not in self.steps:
            raise KeyError(f"expected one of {list(self.steps)}, got {name!r}")
        steps = self.steps[name]
        series: dict[str, Points] = {name: (range(1, len(steps) + 1), steps)}
        if held_out := self.epochs.get(f"val_{name}"):
            series[f"val_{name}"] = (self.epochs["step"], held_out)
        return line_plot(series, x_label="step", y_label=name)


def append(columns: dict[str, list[float]], values: dict[str, float]) -> None:
    """Add one row of values to columns."""
    for name, value in values.items():
        columns.setdefault(name, []).append(value)
