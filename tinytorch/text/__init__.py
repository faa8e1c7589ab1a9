"""Text to numbers and back, without loss."""

from .bpe import ByteBPE
from .characters import CharTokenizer
