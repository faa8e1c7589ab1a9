"""Other right bodies for lesson 04."""

ALTERNATIVES = {
    "ops.Linear.forward": """
def forward(ctx, x, weight, bias=None):
    ctx.save_for_backward(x, weight)
    y = np.einsum("...i,oi->...o", x, weight)
    return y if bias is None else y + bias
""",
    "nn.init.fans": """
def fans(tensor):
    if len(tensor.shape) <= 1:
        raise ValueError("a weight has at least two axes")
    outputs, inputs, *kernel = tensor.shape
    for length in kernel:
        outputs, inputs = outputs * length, inputs * length
    return inputs, outputs
""",
    "nn.init.xavier_uniform_": """
def xavier_uniform_(tensor, gain=1.0, generator=None):
    inputs, outputs = fans(tensor)
    reach = gain * (6 / (inputs + outputs)) ** 0.5
    uniform_(tensor, a=-reach, b=reach, generator=generator)
    return tensor
""",
    "nn.init.kaiming_std": """
def kaiming_std(tensor, a, mode, nonlinearity):
    fan_in, fan_out = fans(tensor)
    if mode == "fan_in":
        fan = fan_in
    elif mode == "fan_out":
        fan = fan_out
    else:
        raise ValueError("no such mode")
    return calculate_gain(nonlinearity, a) * (fan or 1) ** -0.5
""",
    "nn.Sequential.forward": """
def forward(self, input):
    for i in range(len(self)):
        input = self[i](input)
    return input
""",
    "Tensor.flatten": """
def flatten(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.unsqueeze(0)
    start_dim, end_dim = _dims(self, start_dim), _dims(self, end_dim)
    if end_dim < start_dim:
        raise ValueError("the end comes first")
    shape, joined = [], 1
    for axis, length in enumerate(self.shape):
        if start_dim <= axis <= end_dim:
            joined *= length
            if axis == end_dim:
                shape.append(joined)
        else:
            shape.append(length)
    return self.reshape(shape)
""",
    "nn.functional.dropout": """
def dropout(input, p=0.5, training=True, *, generator=None):
    if p < 0 or p > 1:
        raise ValueError("p is a probability")
    if not training:
        return input
    if p == 1:
        return input * 0
    source = random.default_generator if generator is None else generator
    draws = source.numpy.uniform(size=input.shape)
    return input * Tensor((draws > p).astype(input.dtype) / (1 - p))
""",
    "nn.Module.named_children": """
def named_children(self):
    return iter([(k, v) for k, v in self.__dict__.items() if isinstance(v, Module)])
""",
    "nn.Module.named_parameters": """
def named_parameters(self):
    found = {}
    for prefix, module in self.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, Parameter):
                full = f"{prefix}.{name}" if prefix else name
                found.setdefault(id(value), (full, value))
    yield from found.values()
""",
}
