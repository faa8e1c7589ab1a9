"""Eight bits instead of 32: a quarter of the bytes, and integer arithmetic."""

from tinytorch.quantization.affine import (
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    Observer,
    PercentileObserver,
    QTensor,
    QuantParams,
    choose_qparams,
    dequantize,
    quantize,
)
from tinytorch.quantization.layers import (
    QuantizedConv2d,
    QuantizedLinear,
    quantize_dynamic,
    quantize_static,
)
