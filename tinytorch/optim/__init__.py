"""Optimizers and learning-rate schedules, with PyTorch's names."""

from tinytorch.optim import lr_scheduler
from tinytorch.optim.adaptive import Adagrad, Adam, AdamW, RMSprop
from tinytorch.optim.optimizer import Optimizer
from tinytorch.optim.sgd import SGD
