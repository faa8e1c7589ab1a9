"""The mathematics of layers, without state: what `nn`'s modules call."""

from tinytorch.nn.functional.activation import (
    gelu,
    leaky_relu,
    log_softmax,
    logsigmoid,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from tinytorch.nn.functional.attention import (
    attention_weights,
    causal_mask,
    join_heads,
    scaled_dot_product_attention,
    split_heads,
)
from tinytorch.nn.functional.image import (
    adaptive_avg_pool2d,
    avg_pool2d,
    conv2d,
    max_pool2d,
)
from tinytorch.nn.functional.linear import dropout, embedding, linear, one_hot, pad
from tinytorch.nn.functional.loss import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
)
from tinytorch.nn.functional.normalization import (
    batch_norm,
    group_norm,
    layer_norm,
    rms_norm,
)
