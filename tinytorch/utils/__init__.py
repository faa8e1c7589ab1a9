"""Tools around the framework; `tinytorch.utils.data` feeds it."""
