"""Fewer bits: eight for weights and inputs, four for weights; and norms folded away."""

from .folding import fold_batch_norm
from .four_bit import (
    FourBit,
    FourBitEmbedding,
    FourBitLinear,
    pack_groups,
    quantize_four_bit,
    unpack_groups,
)
from .int8 import (
    MinMaxObserver,
    Observer,
    PercentileObserver,
    QTensor,
    QuantizedConv2d,
    QuantizedLinear,
    QuantParams,
    choose_qparams,
    dequantize,
    extremes,
    quantize,
    quantize_dynamic,
    quantize_static,
)
