"""Eight bits instead of 32: a quarter of the bytes, and integer arithmetic."""

from tinytorch.quantization.affine import (
    QTensor,
    QuantParams,
    choose_qparams,
    dequantize,
    quantize,
)
from tinytorch.quantization.convert import quantize_dynamic, quantize_static
from tinytorch.quantization.layers import QuantizedConv2d, QuantizedLinear
from tinytorch.quantization.observers import (
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    Observer,
    PercentileObserver,
)
