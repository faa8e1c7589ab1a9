"""Arguments have PyTorch's names, order and defaults: what is learnt here works there.

The table was written from PyTorch 2's documentation. An argument that is missing here
is fine as long as those after it can still be given in the same way.
"""

import ast
import inspect
import re
from operator import attrgetter
from typing import Any, NamedTuple

import pytest

import tinytorch as tt
import tinytorch.utils.data

PYTORCH = """
abs(input)
all(input, dim=None, keepdim=False)
allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)
amax(input, dim=None, keepdim=False)
amin(input, dim=None, keepdim=False)
any(input, dim=None, keepdim=False)
arange(start=0, end, step=1, *, dtype=None, requires_grad=False)
argmax(input, dim=None, keepdim=False)
argmin(input, dim=None, keepdim=False)
argsort(input, dim=-1, descending=False, stable=False)
as_tensor(data, dtype=None, device=None)
bernoulli(input, *, generator=None)
broadcast_shapes(*shapes)
cat(tensors, dim=0)
ceil(input)
chunk(input, chunks, dim=0)
clamp(input, min=None, max=None)
clip(input, min=None, max=None)
clone(input)
cos(input)
cumsum(input, dim, dtype=None)
einsum(equation, *operands)
empty(*size, dtype=None, requires_grad=False)
enable_grad()
erf(input)
exp(input)
eye(n, m=None, *, dtype=None, requires_grad=False)
flatten(input, start_dim=0, end_dim=-1)
flip(input, dims)
floor(input)
from_numpy(ndarray)
full(size, fill_value, *, dtype=None, requires_grad=False)
full_like(input, fill_value, *, dtype=None, requires_grad=False)
gather(input, dim, index)
is_grad_enabled()
isfinite(input)
isnan(input)
linspace(start, end, steps, *, dtype=None, requires_grad=False)
log(input)
log_softmax(input, dim, dtype=None)
logsumexp(input, dim, keepdim=False)
manual_seed(seed)
masked_fill(input, mask, value)
matmul(input, other)
max(input, dim=None, keepdim=False)
maximum(input, other)
mean(input, dim=None, keepdim=False, *, dtype=None)
min(input, dim=None, keepdim=False)
minimum(input, other)
multinomial(input, num_samples, replacement=False, *, generator=None)
no_grad()
norm(input, p='fro', dim=None, keepdim=False, dtype=None)
numel(input)
ones(*size, dtype=None, requires_grad=False)
ones_like(input, *, dtype=None, requires_grad=False)
permute(input, dims)
pow(input, exponent)
prod(input, dim=None, keepdim=False, dtype=None)
rand(*size, generator=None, dtype=None, requires_grad=False)
randint(low=0, high, size, *, generator=None, dtype=None, requires_grad=False)
randn(*size, generator=None, dtype=None, requires_grad=False)
randperm(n, *, generator=None, dtype=None, requires_grad=False)
relu(input)
repeat_interleave(input, repeats, dim=None, *, output_size=None)
reshape(input, shape)
round(input, *, decimals=0)
sigmoid(input)
sign(input)
sin(input)
softmax(input, dim, dtype=None)
sort(input, dim=-1, descending=False, stable=False)
split(tensor, split_size_or_sections, dim=0)
sqrt(input)
square(input)
squeeze(input, dim=None)
stack(tensors, dim=0)
std(input, dim=None, unbiased=True, keepdim=False, *, correction=1)
sum(input, dim=None, keepdim=False, *, dtype=None)
t(input)
tanh(input)
tensor(data, *, dtype=None, requires_grad=False)
topk(input, k, dim=None, largest=True, sorted=True)
transpose(input, dim0, dim1)
tril(input, diagonal=0)
triu(input, diagonal=0)
unbind(input, dim=0)
unsqueeze(input, dim)
var(input, dim=None, unbiased=True, keepdim=False, *, correction=1)
where(condition, input, other)
zeros(*size, dtype=None, requires_grad=False)
zeros_like(input, *, dtype=None, requires_grad=False)
autograd.gradcheck(func, inputs, *, eps=1e-06, atol=1e-05, rtol=0.001)

Tensor.abs()
Tensor.add_(other, *, alpha=1)
Tensor.all(dim=None, keepdim=False)
Tensor.amax(dim=None, keepdim=False)
Tensor.amin(dim=None, keepdim=False)
Tensor.any(dim=None, keepdim=False)
Tensor.argmax(dim=None, keepdim=False)
Tensor.argmin(dim=None, keepdim=False)
Tensor.argsort(dim=-1, descending=False, stable=False)
Tensor.backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)
Tensor.bool()
Tensor.ceil()
Tensor.chunk(chunks, dim=0)
Tensor.clamp(min=None, max=None)
Tensor.clip(min=None, max=None)
Tensor.clone()
Tensor.contiguous()
Tensor.copy_(src, non_blocking=False)
Tensor.cos()
Tensor.cumsum(dim, dtype=None)
Tensor.detach()
Tensor.dim()
Tensor.div_(other, *, rounding_mode=None)
Tensor.double()
Tensor.erf()
Tensor.exp()
Tensor.expand(*size)
Tensor.fill_(value)
Tensor.flatten(start_dim=0, end_dim=-1)
Tensor.flip(*dims)
Tensor.float()
Tensor.floor()
Tensor.gather(dim, index)
Tensor.int()
Tensor.is_contiguous()
Tensor.isfinite()
Tensor.isnan()
Tensor.item()
Tensor.log()
Tensor.log_softmax(dim, dtype=None)
Tensor.logsumexp(dim, keepdim=False)
Tensor.long()
Tensor.masked_fill(mask, value)
Tensor.max(dim=None, keepdim=False)
Tensor.mean(dim=None, keepdim=False, *, dtype=None)
Tensor.min(dim=None, keepdim=False)
Tensor.mul_(other)
Tensor.norm(p='fro', dim=None, keepdim=False, dtype=None)
Tensor.numel()
Tensor.numpy()
Tensor.permute(*dims)
Tensor.pow(exponent)
Tensor.prod(dim=None, keepdim=False, dtype=None)
Tensor.relu()
Tensor.repeat(*repeats)
Tensor.repeat_interleave(repeats, dim=None, *, output_size=None)
Tensor.requires_grad_(requires_grad=True)
Tensor.reshape(*shape)
Tensor.retain_grad()
Tensor.round(decimals=0)
Tensor.sigmoid()
Tensor.sign()
Tensor.sin()
Tensor.size(dim=None)
Tensor.softmax(dim, dtype=None)
Tensor.sort(dim=-1, descending=False, stable=False)
Tensor.split(split_size, dim=0)
Tensor.sqrt()
Tensor.square()
Tensor.squeeze(dim=None)
Tensor.std(dim=None, unbiased=True, keepdim=False, *, correction=1)
Tensor.stride(dim=None)
Tensor.sub_(other, *, alpha=1)
Tensor.sum(dim=None, keepdim=False, dtype=None)
Tensor.t()
Tensor.tanh()
Tensor.to(dtype, non_blocking=False, copy=False)
Tensor.tolist()
Tensor.topk(k, dim=None, largest=True, sorted=True)
Tensor.transpose(dim0, dim1)
Tensor.tril(diagonal=0)
Tensor.triu(diagonal=0)
Tensor.unbind(dim=0)
Tensor.unsqueeze(dim)
Tensor.var(dim=None, unbiased=True, keepdim=False, *, correction=1)
Tensor.view(*shape)
Tensor.zero_()

nn.AdaptiveAvgPool2d(output_size)
nn.AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False)
nn.BCEWithLogitsLoss(weight=None, size_average=None, reduce=None, reduction='mean',
    pos_weight=None)
nn.BatchNorm1d(num_features, eps=1e-05, momentum=0.1, affine=True,
    track_running_stats=True)
nn.BatchNorm2d(num_features, eps=1e-05, momentum=0.1, affine=True,
    track_running_stats=True)
nn.Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
    groups=1, bias=True, padding_mode='zeros')
nn.CrossEntropyLoss(weight=None, size_average=None, ignore_index=-100, reduce=None,
    reduction='mean', label_smoothing=0.0)
nn.Dropout(p=0.5, inplace=False)
nn.Embedding(num_embeddings, embedding_dim, padding_idx=None)
nn.Flatten(start_dim=1, end_dim=-1)
nn.GELU(approximate='none')
nn.GroupNorm(num_groups, num_channels, eps=1e-05, affine=True)
nn.HuberLoss(reduction='mean', delta=1.0)
nn.KLDivLoss(size_average=None, reduce=None, reduction='mean', log_target=False)
nn.L1Loss(size_average=None, reduce=None, reduction='mean')
nn.LayerNorm(normalized_shape, eps=1e-05, elementwise_affine=True, bias=True)
nn.LeakyReLU(negative_slope=0.01, inplace=False)
nn.Linear(in_features, out_features, bias=True)
nn.LogSoftmax(dim=None)
nn.MSELoss(size_average=None, reduce=None, reduction='mean')
nn.MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False,
    ceil_mode=False)
nn.ModuleList(modules=None)
nn.MultiheadAttention(embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False,
    add_zero_attn=False, kdim=None, vdim=None, batch_first=False)
nn.Identity(*args, **kwargs)
nn.MultiheadAttention.forward(query, key, value, key_padding_mask=None,
    need_weights=True, attn_mask=None, average_attn_weights=True, is_causal=False)
nn.NLLLoss(weight=None, size_average=None, ignore_index=-100, reduce=None,
    reduction='mean')
nn.Parameter(data=None, requires_grad=True)
nn.RMSNorm(normalized_shape, eps=None, elementwise_affine=True)
nn.ReLU(inplace=False)
nn.Sequential(*args)
nn.SiLU(inplace=False)
nn.Sigmoid()
nn.Softmax(dim=None)
nn.Tanh()

nn.Module.apply(fn)
nn.Module.children()
nn.Module.double()
nn.Module.eval()
nn.Module.extra_repr()
nn.Module.float()
nn.Module.forward(*input)
nn.Module.load_state_dict(state_dict, strict=True, assign=False)
nn.Module.modules()
nn.Module.named_buffers(prefix='', recurse=True, remove_duplicate=True)
nn.Module.named_children()
nn.Module.named_modules(memo=None, prefix='', remove_duplicate=True)
nn.Module.named_parameters(prefix='', recurse=True, remove_duplicate=True)
nn.Module.parameters(recurse=True)
nn.Module.register_buffer(name, tensor, persistent=True)
nn.Module.register_forward_hook(hook, *, prepend=False, with_kwargs=False,
    always_call=False)
nn.Module.register_forward_pre_hook(hook, *, prepend=False, with_kwargs=False)
nn.Module.requires_grad_(requires_grad=True)
nn.Module.state_dict(*args, destination=None, prefix='', keep_vars=False)
nn.Module.to(dtype, non_blocking=False)
nn.Module.train(mode=True)
nn.Module.zero_grad(set_to_none=True)

nn.functional.adaptive_avg_pool2d(input, output_size)
nn.functional.avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False)
nn.functional.batch_norm(input, running_mean, running_var, weight=None, bias=None,
    training=False, momentum=0.1, eps=1e-05)
nn.functional.binary_cross_entropy_with_logits(input, target, weight=None,
    size_average=None, reduce=None, reduction='mean', pos_weight=None)
nn.functional.normalize(input, p=2.0, dim=1, eps=1e-12)
nn.functional.cosine_similarity(x1, x2, dim=1, eps=1e-08)
nn.functional.conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1,
    groups=1)
nn.functional.cross_entropy(input, target, weight=None, size_average=None,
    ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0)
nn.functional.dropout(input, p=0.5, training=True, inplace=False)
nn.functional.embedding(input, weight, padding_idx=None)
nn.functional.gelu(input, approximate='none')
nn.functional.group_norm(input, num_groups, weight=None, bias=None, eps=1e-05)
nn.functional.huber_loss(input, target, reduction='mean', delta=1.0)
nn.functional.kl_div(input, target, size_average=None, reduce=None, reduction='mean',
    log_target=False)
nn.functional.l1_loss(input, target, size_average=None, reduce=None, reduction='mean')
nn.functional.layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05)
nn.functional.leaky_relu(input, negative_slope=0.01, inplace=False)
nn.functional.linear(input, weight, bias=None)
nn.functional.log_softmax(input, dim=None, _stacklevel=3, dtype=None)
nn.functional.logsigmoid(input)
nn.functional.max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1,
    ceil_mode=False, return_indices=False)
nn.functional.mse_loss(input, target, size_average=None, reduce=None, reduction='mean')
nn.functional.nll_loss(input, target, weight=None, size_average=None, ignore_index=-100,
    reduce=None, reduction='mean')
nn.functional.one_hot(tensor, num_classes=-1)
nn.functional.pad(input, pad, mode='constant', value=None)
nn.functional.relu(input, inplace=False)
nn.functional.rms_norm(input, normalized_shape, weight=None, eps=None)
nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=None,
    dropout_p=0.0, is_causal=False, scale=None)
nn.functional.sigmoid(input)
nn.functional.silu(input, inplace=False)
nn.functional.softmax(input, dim=None, _stacklevel=3, dtype=None)
nn.functional.softplus(input, beta=1, threshold=20)
nn.functional.tanh(input)

nn.init.calculate_gain(nonlinearity, param=None)
nn.init.constant_(tensor, val)
nn.init.kaiming_normal_(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu',
    generator=None)
nn.init.kaiming_uniform_(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu',
    generator=None)
nn.init.normal_(tensor, mean=0.0, std=1.0, generator=None)
nn.init.ones_(tensor)
nn.init.uniform_(tensor, a=0.0, b=1.0, generator=None)
nn.init.xavier_normal_(tensor, gain=1.0, generator=None)
nn.init.xavier_uniform_(tensor, gain=1.0, generator=None)
nn.init.zeros_(tensor)
nn.utils.clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False)
nn.utils.clip_grad_value_(parameters, clip_value)

optim.SGD(params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False)
optim.Adagrad(params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0,
    eps=1e-10)
optim.Adam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0,
    amsgrad=False)
optim.AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01,
    amsgrad=False)
optim.Optimizer(params, defaults)
optim.Optimizer.add_param_group(param_group)
optim.Optimizer.load_state_dict(state_dict)
optim.Optimizer.state_dict()
optim.Optimizer.step(closure=None)
optim.Optimizer.zero_grad(set_to_none=True)
optim.RMSprop(params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0,
    centered=False)
optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max, eta_min=0.0, last_epoch=-1)
optim.lr_scheduler.ExponentialLR(optimizer, gamma, last_epoch=-1)
optim.lr_scheduler.LRScheduler(optimizer, last_epoch=-1)
optim.lr_scheduler.LRScheduler.get_last_lr()
optim.lr_scheduler.LRScheduler.load_state_dict(state_dict)
optim.lr_scheduler.LRScheduler.state_dict()
optim.lr_scheduler.LRScheduler.step(epoch=None)
optim.lr_scheduler.LinearLR(optimizer, start_factor=0.3333333333333333, end_factor=1.0,
    total_iters=5, last_epoch=-1)
optim.lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps=None, epochs=None,
    steps_per_epoch=None, pct_start=0.3, anneal_strategy='cos', cycle_momentum=True,
    base_momentum=0.85, max_momentum=0.95, div_factor=25.0, final_div_factor=10000.0)
optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='min', factor=0.1, patience=10,
    threshold=0.0001, threshold_mode='rel', cooldown=0, min_lr=0, eps=1e-08)
optim.lr_scheduler.ReduceLROnPlateau.step(metrics, epoch=None)
optim.lr_scheduler.SequentialLR(optimizer, schedulers, milestones, last_epoch=-1)
optim.lr_scheduler.StepLR(optimizer, step_size, gamma=0.1, last_epoch=-1)

utils.data.BatchSampler(sampler, batch_size, drop_last)
utils.data.DataLoader(dataset, batch_size=1, shuffle=None, sampler=None,
    batch_sampler=None, num_workers=0, collate_fn=None, pin_memory=False,
    drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None,
    generator=None)
utils.data.RandomSampler(data_source, replacement=False, num_samples=None,
    generator=None)
utils.data.SequentialSampler(data_source)
utils.data.Subset(dataset, indices)
utils.data.TensorDataset(*tensors)
utils.data.default_collate(batch)
utils.data.default_convert(data)
utils.data.random_split(dataset, lengths, generator=None)
"""

# PyTorch's arguments that we lack although others after them are given by position.
ABSENT = {
    "size_average": "deprecated, and the reason to name what follows",
    "reduce": "deprecated, and the reason to name what follows",
    "norm_type": "gradients are clipped by their Euclidean norm",
    "cycle_momentum": "only the rate is cycled",
    "base_momentum": "only the rate is cycled",
    "max_momentum": "only the rate is cycled",
}

# Arguments that differ, by function and name, with the reason.
DEVIATIONS = {
    "arange.start": "PyTorch has two forms: arange(end), and arange(start, end, step)",
    "arange.end": "as above",
    "randint.low": "PyTorch has two forms: randint(high, size), and with low before",
    "randint.size": "as above",
    "autograd.gradcheck.atol": "differences in float64 are good for more",
    "autograd.gradcheck.rtol": "as above",
    "Tensor.backward.retain_graph": "None means False there",
    "Tensor.logsumexp.dim": "None is all dims, as in every other reduction",
    "Tensor.norm.p": "'fro' is another name for 2",
    "Tensor.std.unbiased": "None leaves it to the correction, which is 1",
    "Tensor.var.unbiased": "as above",
    "logsumexp.dim": "None is all dims, as in every other reduction",
    "norm.p": "'fro' is another name for 2",
    "std.unbiased": "None leaves it to the correction, which is 1",
    "var.unbiased": "as above",
    "nn.LogSoftmax.dim": "PyTorch guesses a missing dim, and warns",
    "nn.Softmax.dim": "as above",
    "nn.functional.log_softmax.dim": "as above",
    "nn.functional.softmax.dim": "as above",
    "utils.data.DataLoader.shuffle": "None means False there",
    "nn.ModuleList.modules": "() is no modules, as None is there",
    "nn.Parameter.data": "a parameter of nothing has no use here",
    "nn.MultiheadAttention.forward.key": "None is the query itself",
    "nn.MultiheadAttention.forward.value": "None is the key itself",
    "nn.MultiheadAttention.forward.cache": "for decoding, which PyTorch leaves open",
    "nn.Module.forward.options": "options may be given by name",
    "nn.Dropout.generator": "PyTorch draws from its global generator only",
    "nn.functional.dropout.generator": "as above",
}


# What PyTorch has not, or not as a function with arguments.
OURS = """
    Generator Tensor draw_graph Tensor.accumulate_grad
    nn.KVCache nn.LearnedPositions nn.MLP nn.Module nn.SinusoidalPositions
    nn.TransformerBlock nn.sinusoidal_positions nn.functional.add_positions
    nn.functional.attention_weights
    nn.functional.causal_mask nn.functional.follow_statistics
    nn.functional.join_heads nn.functional.place_angles nn.functional.reduce_counted
    nn.functional.reduce_losses nn.functional.rotary
    nn.functional.smooth nn.functional.split_heads nn.functional.waves
    nn.functional.with_statistics
    nn.init.fans nn.init.kaiming_std nn.utils.hooked nn.utils.replace_module
    nn.utils.shared_weights
    optim.lr_scheduler.LRScheduler.extra_repr
    optim.lr_scheduler.LRScheduler.per_group
    optim.lr_scheduler.LRScheduler.rate optim.lr_scheduler.LRScheduler.rates
    optim.lr_scheduler.LRScheduler.take_in_groups
    utils.data.CIFAR10 utils.data.Dataset utils.data.Digits utils.data.Sampler
    utils.data.cut_sheet
    utils.data.make_blobs utils.data.make_circles utils.data.make_moons
    utils.data.make_spirals utils.data.make_xor utils.data.names utils.data.novel
"""
HOMES = """
    Tensor nn nn.Module nn.functional nn.init nn.utils optim optim.Optimizer
    optim.lr_scheduler optim.lr_scheduler.LRScheduler utils.data
"""


class Argument(NamedTuple):
    name: str
    keyword_only: bool
    default: Any = inspect.Parameter.empty


def parse(entry: str) -> tuple[str, list[Argument]]:
    """Return the name of a function of the table and its arguments."""
    name, _, inside = entry.removesuffix(")").partition("(")
    arguments: list[Argument] = []
    keyword_only = False
    for part in re.findall(r"(?:\([^)]*\)|[^,(])+", inside):
        argument, _, default = part.strip().partition("=")
        if argument.startswith("*"):
            keyword_only = True
        if argument != "*":  # the name of *size does not matter
            name_or_star = "*" if argument.startswith("*") else argument
            value = ast.literal_eval(default) if default else inspect.Parameter.empty
            arguments.append(Argument(name_or_star, keyword_only, value))
    return name, arguments


def ours(function: Any) -> list[Argument]:
    found = []
    for p in inspect.signature(function).parameters.values():
        many = p.kind is p.VAR_POSITIONAL
        name = "*" if many else p.name
        found.append(Argument(name, many or p.kind is p.KEYWORD_ONLY, p.default))
    return [a for a in found if a.name != "self"]


ENTRIES = dict(
    parse(" ".join(entry.split())) for entry in re.split(r"\n+(?=\S)", PYTORCH.strip())
)


def differences(name: str) -> list[str]:
    """Return how our function's arguments differ from PyTorch's, one a line."""
    theirs, mine = ENTRIES[name], ours(attrgetter(name)(tt))
    if name.startswith("nn."):  # a layer's dtype: float32 where PyTorch says None
        mine = [a for a in mine if a.name != "dtype"]
    known = {a.name: a for a in theirs}
    found = [f"{name}.{a.name} is not PyTorch's" for a in mine if a.name not in known]
    shared = [a for a in mine if a.name in known]
    found += [
        f"{name}.{a.name} is {a.default!r}, PyTorch's {known[a.name].default!r}"
        for a in shared
        if a.default != known[a.name].default
    ]
    place = 0
    for a in theirs:
        if a.name in ABSENT or a.keyword_only:
            continue
        if place == len(shared) or shared[place].keyword_only:
            break
        if shared[place].name != a.name:
            found.append(f"{name}.{shared[place].name} is where PyTorch has {a.name}")
            break
        place += 1
    return [line for line in found if line.split()[0] not in DEVIATIONS]


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    name, arguments = parse("nn.Linear(outputs, in_features, bias=False, *, p=1)")
    monkeypatch.setitem(ENTRIES, name, arguments)
    assert differences(name) == [
        "nn.Linear.out_features is not PyTorch's",
        "nn.Linear.bias is True, PyTorch's False",
        "nn.Linear.in_features is where PyTorch has outputs",
    ]


def test_every_deviation_is_one() -> None:
    listed = dict(DEVIATIONS)
    DEVIATIONS.clear()
    try:
        found = {line.split()[0] for name in ENTRIES for line in differences(name)}
    finally:
        DEVIATIONS.update(listed)
    assert found == set(listed)


@pytest.mark.parametrize("name", ENTRIES)
def test_arguments(name: str) -> None:
    assert differences(name) == []


def public(home: Any) -> set[str]:
    """Return the functions and classes of a package, module or class itself."""
    inside = "tinytorch" if isinstance(home, type) else home.__name__
    return {
        name
        for name in dir(home)
        if name[0] != "_"
        and callable(getattr(home, name))
        and getattr(home, name).__module__.startswith(inside)
    }


def test_every_public_function_is_in_the_table_or_ours() -> None:
    found = public(tt)
    for home in HOMES.split():
        found |= {f"{home}.{name}" for name in public(attrgetter(home)(tt))}
    assert sorted(found - ENTRIES.keys()) == sorted(OURS.split())
