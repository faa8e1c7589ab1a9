"""Former names of parts: work that was saved under one is still that part.

A name here is what a file, a backup, a notebook or a command of an earlier version
says. Whoever renames a part adds its old name; nothing is ever taken out.
"""

CURRENT_NAMES = {
    "benchmark.timer.duration": "benchmark.duration",
    "benchmark.timer.clock_step": "benchmark.clock_step",
    "benchmark.timer.Timer.time_calls": "benchmark.Timer.time_calls",
    "benchmark.timer.Timer.loops_for": "benchmark.Timer.loops_for",
    "tensor_shape.contiguous_strides": "shape.contiguous_strides",
    "tensor_shape.infer_shape": "shape.infer_shape",
    "tensor_shape.ShapeMethods.transpose": "Tensor.transpose",
    "tensor_shape.broadcast_shape": "shape.broadcast_shape",
    "backends.loops.LoopsBackend.add": "backends.LoopsBackend.add",
    "backends.loops.LoopsBackend.sum": "backends.LoopsBackend.sum",
    "backends.loops.LoopsBackend.matmul": "backends.LoopsBackend.matmul",
    "backends.loops.LoopsBackend.relu": "backends.LoopsBackend.relu",
    "ops.elementwise.Tanh.forward": "ops.Tanh.forward",
    "ops.elementwise.Tanh.backward": "ops.Tanh.backward",
    "ops.elementwise.Sigmoid.forward": "ops.Sigmoid.forward",
    "ops.elementwise.Sigmoid.backward": "ops.Sigmoid.backward",
    "backends.loops.LoopsBackend.gelu": "backends.LoopsBackend.gelu",
    "backends.loops.LoopsBackend.softmax": "backends.LoopsBackend.softmax",
    "backends.loops.LoopsBackend.log_softmax": "backends.LoopsBackend.log_softmax",
    "backends.loops.LoopsBackend.softmax_grad": "backends.LoopsBackend.softmax_grad",
    "ops.matmul.Linear.forward": "ops.Linear.forward",
    "nn.container.Sequential.forward": "nn.Sequential.forward",
    "tensor_shape.ShapeMethods.flatten": "Tensor.flatten",
    "nn.functional.linear.dropout": "nn.functional.dropout",
    "nn.module.Module.named_children": "nn.Module.named_children",
    "nn.module.Module.named_parameters": "nn.Module.named_parameters",
    "nn.functional.loss.reduce_losses": "nn.functional.reduce_losses",
    "nn.functional.loss.mse_loss": "nn.functional.mse_loss",
    "ops.reduce.log_sum_exp": "ops.log_sum_exp",
    "nn.functional.loss.binary_cross_entropy_with_logits": (
        "nn.functional.binary_cross_entropy_with_logits"
    ),
    "ops.fused.CrossEntropy.forward": "ops.CrossEntropy.forward",
    "nn.functional.loss.reduce_counted": "nn.functional.reduce_counted",
    "nn.functional.loss.smooth": "nn.functional.smooth",
    "backends.loops.LoopsBackend.sgd_step": "backends.LoopsBackend.sgd_step",
    "optim.optimizer.Optimizer.zero_grad": "optim.Optimizer.zero_grad",
    "optim.optimizer.Optimizer.step": "optim.Optimizer.step",
    "backends.loops.LoopsBackend.adam_step": "backends.LoopsBackend.adam_step",
    "ops.elementwise.Mul.backward": "ops.Mul.backward",
    "ops.elementwise.ReLU.backward": "ops.ReLU.backward",
    "ops.matmul.MatMul.backward": "ops.MatMul.backward",
    "ops.reduce.Sum.backward": "ops.Sum.backward",
    "training.evaluation.accuracy": "training.accuracy",
    "training.evaluation.measure": "training.measure",
    "training.loop.accumulate_gradients": "training.accumulate_gradients",
    "training.loop.train_step": "training.train_step",
    "training.loop.train_epoch": "training.train_epoch",
    "training.callbacks.EarlyStopping.on_epoch": "training.EarlyStopping.on_epoch",
    "training.callbacks.BestWeights.on_epoch": "training.BestWeights.on_epoch",
    "training.checkpoint.run_state": "training.run_state",
    "backends.numpy.output_size": "backends.output_size",
    "backends.numpy.pad_image": "backends.pad_image",
    "backends.loops.LoopsBackend.conv2d": "backends.LoopsBackend.conv2d",
    "backends.loops.LoopsBackend.max_pool2d": "backends.LoopsBackend.max_pool2d",
    "backends.loops.LoopsBackend.avg_pool2d": "backends.LoopsBackend.avg_pool2d",
    "backends.loops.LoopsBackend.batch_norm": "backends.LoopsBackend.batch_norm",
    "nn.functional.normalization.follow_statistics": "nn.functional.follow_statistics",
    "nn.functional.normalization.with_statistics": "nn.functional.with_statistics",
    "backends.numpy.unfold": "backends.unfold",
    "utils.data.dataset.TensorDataset.__getitem__": (
        "utils.data.TensorDataset.__getitem__"
    ),
    "utils.data.sampler.RandomSampler.__iter__": "utils.data.RandomSampler.__iter__",
    "utils.data.sampler.BatchSampler.__iter__": "utils.data.BatchSampler.__iter__",
    "utils.data.loader.default_collate": "utils.data.default_collate",
    "utils.data.bundled.cut_sheet": "utils.data.cut_sheet",
}


def current(address: str) -> str:
    """Return today's name of a part for any name that it ever had."""
    return CURRENT_NAMES.get(address, address)
