"""Whole networks, ready to train."""

from tinytorch.models.cnn import CNN

__all__ = ["CNN"]
