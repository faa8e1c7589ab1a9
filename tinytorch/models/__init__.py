"""Whole networks, ready to train."""

from .cnn import CNN, LeNet
from .gpt import GPT
from .ragged import pad_left
from .sampling import keep_top_k, keep_top_p, sample
