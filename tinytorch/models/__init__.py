"""Whole networks, ready to train."""

from tinytorch.models.cnn import CNN, LeNet
from tinytorch.models.gpt import GPT
from tinytorch.models.sampling import keep_top_k, keep_top_p, sample
