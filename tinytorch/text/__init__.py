"""Text to numbers and back, without loss."""

from tinytorch.text.bpe import ByteBPE
from tinytorch.text.characters import CharTokenizer
