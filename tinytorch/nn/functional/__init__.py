"""The mathematics of layers, without state: what `nn`'s modules call."""

from .activation import (
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
from .attention import (
    attention_weights,
    causal_mask,
    join_heads,
    scaled_dot_product_attention,
    split_heads,
)
from .distance import cosine_similarity, normalize
from .image import adaptive_avg_pool2d, avg_pool2d, conv2d, max_pool2d
from .linear import dropout, embedding, linear, one_hot, pad
from .loss import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    reduce_counted,
    reduce_losses,
    smooth,
)
from .normalization import (
    batch_norm,
    follow_statistics,
    group_norm,
    layer_norm,
    rms_norm,
    with_statistics,
)
from .position import add_positions, place_angles, rotary, waves
