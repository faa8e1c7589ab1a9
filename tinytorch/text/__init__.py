"""Text to numbers and back, without loss."""

from .bpe import ByteBPE
from .characters import CharTokenizer
from .nearest import nearest_rows
from .pairs import (
    PairCounts,
    commonest_pair,
    count_pairs,
    count_words,
    learn_merges,
    merge,
    recount_merges,
    split_pieces,
)
