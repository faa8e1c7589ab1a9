"""A right call of everything public above the tensor, to be spoiled one argument each.

Every entry makes its arguments afresh: a call may change them.
"""

import io
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinytorch as tt
from tinytorch import benchmark, compression, models, nn, optim, quantization, saving
from tinytorch.benchmark import Timer
from tinytorch.nn import functional as F
from tinytorch.nn import init
from tinytorch.nn import utils as nn_utils
from tinytorch.optim import lr_scheduler
from tinytorch.tensor.dtypes import float32
from tinytorch.training import (
    BestWeights,
    Checkpoint,
    EarlyStopping,
    Progress,
    accuracy,
    evaluate,
    fit,
    measure,
    predict,
)
from tinytorch.utils import data, images, landscape, plot
from tinytorch.utils.data import transforms

FOLDER = Path(mkdtemp())


def parameters():
    return [tt.ones(2, 2).requires_grad_()]


def sgd():
    return optim.SGD(parameters(), lr=0.1)


def pairs():
    return [(tt.ones(4, 2), tt.tensor([0, 1, 1, 0]))]


def photos():
    return np.zeros((2, 3, 8, 8), np.uint8)


def photos_in():
    return tt.ones(2, 3, 8, 8)


def perceptron():
    return nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))


def fitting():
    model = perceptron()
    return {
        "model": model,
        "loader": pairs(),
        "loss": F.cross_entropy,
        "optimizer": optim.SGD(model.parameters(), lr=0.1),
        "epochs": 1,
        "val_loader": pairs(),
        "metric": accuracy,
        "scheduler": None,
        "schedule": "step",
        "callbacks": (),
        "accumulate": 1,
        "max_norm": 1.0,
        "time_budget": 9.0,
    }


def weights_file():
    path = FOLDER / "weights.safetensors"
    saving.save_file({"a": tt.ones(2)}, path)
    return path


IMAGE, ROW = partial(tt.ones, 2, 4, 6, 6), partial(tt.ones, 2, 4)
HEADS = partial(tt.ones, 1, 2, 3, 4)
IDS = partial(tt.tensor, [[0, 1, 2]])

# Layers: the class, its arguments, and what it is then called with.
LAYERS = [
    (nn.Linear, {"in_features": 4, "out_features": 3, "bias": True}, ROW),
    (
        nn.Conv2d,
        {
            **{"in_channels": 4, "out_channels": 2, "kernel_size": 3, "stride": 1},
            **{"padding": 1, "dilation": 1, "groups": 1, "bias": True},
        },
        IMAGE,
    ),
    (nn.MaxPool2d, {"kernel_size": 2, "stride": 2, "padding": 0}, IMAGE),
    (nn.AvgPool2d, {"kernel_size": 2, "stride": 2, "padding": 0}, IMAGE),
    (nn.AdaptiveAvgPool2d, {"output_size": 2}, IMAGE),
    (nn.Dropout, {"p": 0.5, "generator": None}, ROW),
    (nn.Flatten, {"start_dim": 1, "end_dim": -1}, IMAGE),
    (nn.ReLU, {}, ROW),
    (nn.LeakyReLU, {"negative_slope": 0.1}, ROW),
    (nn.GELU, {"approximate": "tanh"}, ROW),
    (nn.SiLU, {}, ROW),
    (nn.Sigmoid, {}, ROW),
    (nn.Tanh, {}, ROW),
    (nn.Softmax, {"dim": 1}, ROW),
    (nn.LogSoftmax, {"dim": 1}, ROW),
    (nn.Embedding, {"num_embeddings": 4, "embedding_dim": 2, "padding_idx": 0}, IDS),
    (nn.LearnedPositions, {"length": 9, "dim": 4}, ROW),
    (nn.SinusoidalPositions, {"length": 9, "dim": 4}, ROW),
    (
        nn.BatchNorm1d,
        {
            **{"num_features": 4, "eps": 1e-5, "momentum": 0.1, "affine": True},
            "track_running_stats": True,
        },
        ROW,
    ),
    (nn.BatchNorm2d, {"num_features": 4}, IMAGE),
    (
        nn.LayerNorm,
        {"normalized_shape": 4, "eps": 1e-5, "elementwise_affine": True, "bias": True},
        ROW,
    ),
    (nn.RMSNorm, {"normalized_shape": 4, "eps": 1e-5, "elementwise_affine": True}, ROW),
    (
        nn.GroupNorm,
        {"num_groups": 2, "num_channels": 4, "eps": 1e-5, "affine": True},
        ROW,
    ),
    (
        nn.MultiheadAttention,
        {"embed_dim": 4, "num_heads": 2, "dropout": 0.1, "bias": True},
        partial(tt.ones, 2, 3, 4),
    ),
    (nn.MLP, {"embed_dim": 4, "hidden_dim": 8, "dropout": 0.1}, ROW),
    (
        nn.TransformerBlock,
        {"embed_dim": 4, "num_heads": 2, "dropout": 0.1},
        partial(tt.ones, 2, 3, 4),
    ),
    (
        models.GPT,
        {
            **{"vocab_size": 5, "context": 4, "embed_dim": 4, "num_heads": 2},
            **{"num_layers": 1, "dropout": 0.1, "tie_weights": True},
        },
        IDS,
    ),
    (
        models.CNN,
        {
            **{"channels": (2, 3), "classes": 4, "in_channels": 4, "size": 8},
            "scale": 0.5,
        },
        partial(tt.ones, 2, 4, 8, 8),
    ),
    (
        models.LeNet,
        {
            **{"classes": 3, "in_channels": 1, "size": 8, "kernel_size": 3},
            **{"padding": (1, 1), "channels": (2, 3)},
        },
        partial(tt.ones, 2, 1, 8, 8),
    ),
]

SHARES = partial(tt.full, (2, 4), 0.25)
CLASSES = partial(tt.tensor, [0, 3])
LOSSES = [
    (nn.MSELoss, {"reduction": "mean"}, SHARES),
    (nn.L1Loss, {"reduction": "mean"}, SHARES),
    (nn.HuberLoss, {"reduction": "mean", "delta": 1.0}, SHARES),
    (
        nn.BCEWithLogitsLoss,
        {"weight": None, "reduction": "mean", "pos_weight": None},
        SHARES,
    ),
    (nn.NLLLoss, {"weight": None, "ignore_index": -1, "reduction": "mean"}, CLASSES),
    (
        nn.CrossEntropyLoss,
        {
            **{"weight": None, "ignore_index": -1, "reduction": "mean"},
            "label_smoothing": 0.1,
        },
        CLASSES,
    ),
    (nn.KLDivLoss, {"reduction": "mean", "log_target": False}, SHARES),
]

# Functions, classes and methods: how to make them, and their arguments.
OTHERS = {
    "relu": lambda: (F.relu, {"input": ROW()}),
    "leaky_relu": lambda: (F.leaky_relu, {"input": ROW(), "negative_slope": 0.1}),
    "gelu": lambda: (F.gelu, {"input": ROW(), "approximate": "none"}),
    "silu": lambda: (F.silu, {"input": ROW()}),
    "sigmoid": lambda: (F.sigmoid, {"input": ROW()}),
    "tanh": lambda: (F.tanh, {"input": ROW()}),
    "softplus": lambda: (F.softplus, {"input": ROW()}),
    "logsigmoid": lambda: (F.logsigmoid, {"input": ROW()}),
    "softmax": lambda: (F.softmax, {"input": ROW(), "dim": 1}),
    "log_softmax": lambda: (F.log_softmax, {"input": ROW(), "dim": 1}),
    "linear": lambda: (
        F.linear,
        {"input": ROW(), "weight": tt.ones(3, 4), "bias": tt.ones(3)},
    ),
    "embedding": lambda: (
        F.embedding,
        {"input": IDS(), "weight": tt.ones(3, 2), "padding_idx": 0},
    ),
    "one_hot": lambda: (F.one_hot, {"tensor": IDS(), "num_classes": 4}),
    "dropout": lambda: (
        F.dropout,
        {"input": ROW(), "p": 0.5, "training": True, "generator": None},
    ),
    "pad": lambda: (
        F.pad,
        {"input": ROW(), "pad": (1, 1), "mode": "constant", "value": 1.0},
    ),
    "normalize": lambda: (
        F.normalize,
        {"input": ROW(), "p": 2.0, "dim": 1, "eps": 1e-12},
    ),
    "cosine_similarity": lambda: (
        F.cosine_similarity,
        {"x1": ROW(), "x2": ROW(), "dim": 1, "eps": 1e-8},
    ),
    "conv2d": lambda: (
        F.conv2d,
        {
            **{"input": IMAGE(), "weight": tt.ones(2, 4, 3, 3), "bias": tt.ones(2)},
            **{"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
        },
    ),
    "max_pool2d": lambda: (
        F.max_pool2d,
        {
            **{"input": IMAGE(), "kernel_size": 2, "stride": 2, "padding": 0},
            "dilation": 1,
        },
    ),
    "avg_pool2d": lambda: (
        F.avg_pool2d,
        {"input": IMAGE(), "kernel_size": 2, "stride": 2, "padding": 0},
    ),
    "adaptive_avg_pool2d": lambda: (
        F.adaptive_avg_pool2d,
        {"input": IMAGE(), "output_size": 2},
    ),
    "batch_norm": lambda: (
        F.batch_norm,
        {
            **{"input": ROW(), "running_mean": tt.zeros(4), "running_var": tt.ones(4)},
            **{"weight": tt.ones(4), "bias": tt.ones(4), "training": True},
            **{"momentum": 0.1, "eps": 1e-5},
        },
    ),
    "layer_norm": lambda: (
        F.layer_norm,
        {
            **{"input": ROW(), "normalized_shape": 4, "weight": tt.ones(4)},
            **{"bias": tt.ones(4), "eps": 1e-5},
        },
    ),
    "rms_norm": lambda: (
        F.rms_norm,
        {"input": ROW(), "normalized_shape": 4, "weight": tt.ones(4), "eps": 1e-5},
    ),
    "group_norm": lambda: (
        F.group_norm,
        {
            **{"input": ROW(), "num_groups": 2, "weight": tt.ones(4)},
            **{"bias": tt.ones(4), "eps": 1e-5},
        },
    ),
    "mse_loss": lambda: (
        F.mse_loss,
        {"input": ROW(), "target": ROW(), "reduction": "mean"},
    ),
    "l1_loss": lambda: (
        F.l1_loss,
        {"input": ROW(), "target": ROW(), "reduction": "mean"},
    ),
    "huber_loss": lambda: (
        F.huber_loss,
        {"input": ROW(), "target": ROW(), "reduction": "mean", "delta": 1.0},
    ),
    "binary_cross_entropy_with_logits": lambda: (
        F.binary_cross_entropy_with_logits,
        {
            **{"input": ROW(), "target": SHARES(), "weight": None},
            **{"reduction": "mean", "pos_weight": None},
        },
    ),
    "nll_loss": lambda: (
        F.nll_loss,
        {
            **{"input": ROW(), "target": CLASSES(), "weight": tt.ones(4)},
            **{"ignore_index": -1, "reduction": "mean"},
        },
    ),
    "cross_entropy": lambda: (
        F.cross_entropy,
        {
            **{"input": ROW(), "target": CLASSES(), "weight": tt.ones(4)},
            **{"ignore_index": -1, "reduction": "mean", "label_smoothing": 0.1},
        },
    ),
    "kl_div": lambda: (
        F.kl_div,
        {
            **{"input": ROW(), "target": SHARES(), "reduction": "mean"},
            "log_target": False,
        },
    ),
    "attention_weights": lambda: (
        F.attention_weights,
        {"query": HEADS(), "key": HEADS(), "attn_mask": None, "scale": 1.0},
    ),
    "scaled_dot_product_attention": lambda: (
        F.scaled_dot_product_attention,
        {
            **{"query": HEADS(), "key": HEADS(), "value": HEADS(), "attn_mask": None},
            **{"dropout_p": 0.0, "is_causal": True, "scale": 1.0},
        },
    ),
    "causal_mask": lambda: (F.causal_mask, {"queries": 2, "keys": 3}),
    "split_heads": lambda: (F.split_heads, {"input": tt.ones(1, 2, 4), "num_heads": 2}),
    "join_heads": lambda: (F.join_heads, {"input": HEADS()}),
    "sinusoidal_positions": lambda: (nn.sinusoidal_positions, {"length": 3, "dim": 4}),
    # Starts
    "fans": lambda: (init.fans, {"tensor": ROW()}),
    "calculate_gain": lambda: (
        init.calculate_gain,
        {"nonlinearity": "leaky_relu", "param": 0.1},
    ),
    "uniform_": lambda: (
        init.uniform_,
        {"tensor": ROW(), "a": 0.0, "b": 1.0, "generator": None},
    ),
    "normal_": lambda: (
        init.normal_,
        {"tensor": ROW(), "mean": 0.0, "std": 1.0, "generator": None},
    ),
    "constant_": lambda: (init.constant_, {"tensor": ROW(), "val": 1.0}),
    "zeros_": lambda: (init.zeros_, {"tensor": ROW()}),
    "ones_": lambda: (init.ones_, {"tensor": ROW()}),
    "xavier_uniform_": lambda: (
        init.xavier_uniform_,
        {"tensor": ROW(), "gain": 1.0, "generator": None},
    ),
    "xavier_normal_": lambda: (
        init.xavier_normal_,
        {"tensor": ROW(), "gain": 1.0, "generator": None},
    ),
    "kaiming_std": lambda: (
        init.kaiming_std,
        {"tensor": ROW(), "a": 0.0, "mode": "fan_in", "nonlinearity": "relu"},
    ),
    "kaiming_uniform_": lambda: (
        init.kaiming_uniform_,
        {"tensor": ROW(), "a": 0.0, "mode": "fan_in", "nonlinearity": "relu"},
    ),
    "kaiming_normal_": lambda: (
        init.kaiming_normal_,
        {"tensor": ROW(), "a": 0.0, "mode": "fan_in", "nonlinearity": "relu"},
    ),
    # Modules and what goes with them
    "Parameter": lambda: (nn.Parameter, {"data": np.ones(2), "requires_grad": True}),
    "Sequential": lambda: (nn.Sequential(nn.ReLU()).append, {"module": nn.ReLU()}),
    "ModuleList": lambda: (nn.ModuleList, {"modules": [nn.ReLU()]}),
    "Module.load_state_dict": lambda: (
        nn.Linear(2, 2).load_state_dict,
        {"state_dict": nn.Linear(2, 2).state_dict(), "strict": True},
    ),
    "Module.apply": lambda: (nn.ReLU().apply, {"fn": repr}),
    "Module.to": lambda: (nn.Linear(2, 2).to, {"dtype": float32}),
    "Module.train": lambda: (nn.ReLU().train, {"mode": True}),
    "Module.requires_grad_": lambda: (
        nn.Linear(2, 2).requires_grad_,
        {"requires_grad": True},
    ),
    "Module.register_buffer": lambda: (
        nn.ReLU().register_buffer,
        {"name": "seen", "tensor": tt.ones(1)},
    ),
    "Module.register_forward_hook": lambda: (
        nn.ReLU().register_forward_hook,
        {"hook": repr},
    ),
    "Module.register_forward_pre_hook": lambda: (
        nn.ReLU().register_forward_pre_hook,
        {"hook": repr},
    ),
    "clip_grad_norm_": lambda: (
        nn_utils.clip_grad_norm_,
        {"parameters": parameters(), "max_norm": 1.0, "error_if_nonfinite": False},
    ),
    "clip_grad_value_": lambda: (
        nn_utils.clip_grad_value_,
        {"parameters": parameters(), "clip_value": 1.0},
    ),
    "replace_module": lambda: (
        nn_utils.replace_module,
        {"model": perceptron(), "name": "0", "new": nn.Identity()},
    ),
    "shared_weights": lambda: (nn_utils.shared_weights, {"model": perceptron()}),
    "hooked": lambda: (
        lambda model, hook: nn_utils.hooked(model, hook).__enter__(),
        {"model": perceptron(), "hook": print},
    ),
    "KVCache": lambda: (
        nn.KVCache,
        {"batch": 1, "num_heads": 2, "length": 4, "width": 4, "dtype": float32},
    ),
    "KVCache.append": lambda: (
        nn.KVCache(1, 2, 8, 4).append,
        {"keys": HEADS(), "values": HEADS()},
    ),
    # Optimizers and schedules
    "SGD": lambda: (
        optim.SGD,
        {
            **{"params": parameters(), "lr": 0.1, "momentum": 0.9, "dampening": 0.0},
            **{"weight_decay": 0.0, "nesterov": True},
        },
    ),
    "Adam": lambda: (
        optim.Adam,
        {
            **{"params": parameters(), "lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8},
            "weight_decay": 0.0,
        },
    ),
    "AdamW": lambda: (
        optim.AdamW,
        {
            **{"params": parameters(), "lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8},
            "weight_decay": 0.0,
        },
    ),
    "Adagrad": lambda: (
        optim.Adagrad,
        {
            **{"params": parameters(), "lr": 0.1, "lr_decay": 0.0, "eps": 1e-8},
            **{"weight_decay": 0.0, "initial_accumulator_value": 0.0},
        },
    ),
    "RMSprop": lambda: (
        optim.RMSprop,
        {
            **{"params": parameters(), "lr": 0.1, "alpha": 0.9, "eps": 1e-8},
            **{"weight_decay": 0.0, "momentum": 0.0, "centered": True},
        },
    ),
    "Optimizer.add_param_group": lambda: (
        sgd().add_param_group,
        {"param_group": {"params": parameters()}},
    ),
    "Optimizer.load_state_dict": lambda: (
        sgd().load_state_dict,
        {"state_dict": sgd().state_dict()},
    ),
    "StepLR": lambda: (
        lr_scheduler.StepLR,
        {"optimizer": sgd(), "step_size": 2, "gamma": 0.1},
    ),
    "ExponentialLR": lambda: (
        lr_scheduler.ExponentialLR,
        {"optimizer": sgd(), "gamma": 0.1},
    ),
    "LinearLR": lambda: (
        lr_scheduler.LinearLR,
        {"optimizer": sgd(), "start_factor": 0.1, "end_factor": 1.0, "total_iters": 3},
    ),
    "CosineAnnealingLR": lambda: (
        lr_scheduler.CosineAnnealingLR,
        {"optimizer": sgd(), "T_max": 3, "eta_min": 0.0},
    ),
    "SequentialLR": lambda: (
        lambda optimizer, schedulers, milestones: lr_scheduler.SequentialLR(
            optimizer, schedulers, milestones
        ),
        one_schedule(),
    ),
    "OneCycleLR": lambda: (
        lr_scheduler.OneCycleLR,
        {
            **{"optimizer": sgd(), "max_lr": 0.1, "total_steps": 3, "pct_start": 0.3},
            **{"anneal_strategy": "cos", "div_factor": 2.0, "final_div_factor": 2.0},
        },
    ),
    "OneCycleLR by epochs": lambda: (
        lr_scheduler.OneCycleLR,
        {"optimizer": sgd(), "max_lr": 0.1, "epochs": 3, "steps_per_epoch": 2},
    ),
    "ReduceLROnPlateau": lambda: (
        lr_scheduler.ReduceLROnPlateau,
        {
            **{"optimizer": sgd(), "mode": "min", "factor": 0.1, "patience": 3},
            **{"threshold": 0.1, "threshold_mode": "abs", "cooldown": 1, "min_lr": 0},
            "eps": 1e-8,
        },
    ),
    "ReduceLROnPlateau.step": lambda: (
        lr_scheduler.ReduceLROnPlateau(sgd()).step,
        {"metrics": 1.0},
    ),
    "LRScheduler.load_state_dict": lambda: (
        lr_scheduler.StepLR(sgd(), 2).load_state_dict,
        {"state_dict": lr_scheduler.StepLR(sgd(), 2).state_dict()},
    ),
    # Training
    "fit": lambda: (fit, fitting()),
    "evaluate": lambda: (
        evaluate,
        {"model": perceptron(), "loader": pairs(), "metric": accuracy},
    ),
    "measure": lambda: (
        measure,
        {"model": perceptron(), "loader": pairs(), "metrics": {"x": accuracy}},
    ),
    "predict": lambda: (predict, {"model": perceptron(), "loader": pairs()}),
    "accuracy": lambda: (accuracy, {"outputs": ROW(), "targets": CLASSES()}),
    "EarlyStopping": lambda: (
        EarlyStopping,
        {"monitor": "loss", "patience": 3, "mode": "min", "min_delta": 0.0},
    ),
    "BestWeights": lambda: (BestWeights, {"monitor": "loss", "mode": "min"}),
    "Progress": lambda: (Progress, {"unit": "words"}),
    "Checkpoint": lambda: (Checkpoint, {"path": "x", "seconds": 3.0}),
    # Data
    "TensorDataset": lambda: (data.TensorDataset, {"x": ROW()}),
    "Subset": lambda: (
        data.Subset,
        {"dataset": data.TensorDataset(ROW()), "indices": [0]},
    ),
    "random_split": lambda: (
        data.random_split,
        {
            **{"dataset": data.TensorDataset(ROW()), "lengths": [1, 1]},
            "generator": None,
        },
    ),
    "DataLoader": lambda: (
        lambda **arguments: next(iter(data.DataLoader(**arguments))),
        {
            **{"dataset": data.TensorDataset(ROW()), "batch_size": 2, "shuffle": True},
            **{"collate_fn": None, "drop_last": False, "generator": None},
        },
    ),
    "default_collate": lambda: (data.default_collate, {"batch": [1, 2]}),
    "RandomSampler": lambda: (
        data.RandomSampler,
        {
            **{"data_source": [1, 2], "replacement": True, "num_samples": 2},
            "generator": None,
        },
    ),
    "SequentialSampler": lambda: (data.SequentialSampler, {"data_source": [1, 2]}),
    "BatchSampler": lambda: (
        data.BatchSampler,
        {"sampler": [1, 2], "batch_size": 2, "drop_last": True},
    ),
    "cut_sheet": lambda: (data.cut_sheet, {"pixels": np.ones((4, 4, 3)), "size": 2}),
    **{
        f"make_{name}": lambda name=name, more=more: (
            getattr(data, f"make_{name}"),
            {"n": 8, "noise": 0.1, "generator": None, **more},
        )
        for name, more in [
            ("xor", {}),
            ("blobs", {"classes": 2}),
            ("moons", {}),
            ("circles", {"factor": 0.5}),
            ("spirals", {"classes": 2}),
        ]
    },
    "Compose": lambda: (transforms.Compose, {"transforms": [repr]}),
    "Normalize": lambda: (transforms.Normalize, {"mean": [0.5] * 3, "std": [1.0] * 3}),
    "Normalize()": lambda: (
        transforms.Normalize([0.5] * 3, [1.0] * 3),
        {"images": photos()},
    ),
    "RandomHorizontalFlip": lambda: (
        transforms.RandomHorizontalFlip,
        {"p": 0.5, "generator": None},
    ),
    "RandomHorizontalFlip()": lambda: (
        transforms.RandomHorizontalFlip(),
        {"images": photos()},
    ),
    "RandomCrop": lambda: (
        transforms.RandomCrop,
        {"size": 4, "padding": 1, "padding_mode": "edge", "generator": None},
    ),
    "RandomCrop()": lambda: (transforms.RandomCrop(4), {"images": photos()}),
    "Cutout": lambda: (transforms.Cutout, {"size": 2, "value": 0.0, "generator": None}),
    "Cutout()": lambda: (transforms.Cutout(2), {"images": photos()}),
    "channel_statistics": lambda: (
        transforms.channel_statistics,
        {"images": photos(), "chunk": 2},
    ),
    # Models' use
    "GPT.generate": lambda: (
        models.GPT(5, 4, 4, 2, 1).generate,
        {
            **{"ids": IDS(), "max_new_tokens": 2, "use_cache": True},
            **{"temperature": 1.0, "top_k": 2, "top_p": 0.5, "generator": None},
        },
    ),
    "GPT.forward": lambda: (
        models.GPT(5, 4, 4, 2, 1),
        {"input": IDS(), "cache": None, "padding": [1]},
    ),
    "GPT.stream": lambda: (
        lambda **arguments: next(models.GPT(5, 4, 4, 2, 1).stream(**arguments)),
        {"ids": IDS(), "use_cache": True, "padding": [1]},
    ),
    "pad_left": lambda: (models.pad_left, {"prompts": [[1], [1, 2]], "fill": 0}),
    "GPT.new_cache": lambda: (models.GPT(5, 4, 4, 2, 1).new_cache, {"batch": 1}),
    "sample": lambda: (
        models.sample,
        {
            **{"logits": ROW(), "temperature": 1.0, "top_k": 2, "top_p": 0.5},
            "generator": None,
        },
    ),
    "keep_top_k": lambda: (models.keep_top_k, {"logits": ROW(), "k": 2}),
    "keep_top_p": lambda: (models.keep_top_p, {"logits": ROW(), "p": 0.5}),
    # Files
    "save_file": lambda: (
        saving.save_file,
        {"tensors": {"a": ROW()}, "path": FOLDER / "new", "metadata": {"a": "b"}},
    ),
    "save": lambda: (saving.save, {"tensors": {"a": ROW()}, "metadata": {"a": "b"}}),
    "load_file": lambda: (saving.load_file, {"path": weights_file()}),
    "load_metadata": lambda: (saving.load_metadata, {"path": weights_file()}),
    "load": lambda: (saving.load, {"data": saving.save({"a": ROW()})}),
    # Smaller models
    "quantize": lambda: (
        quantization.quantize,
        {"x": ROW(), "params": None, "symmetric": False, "axis": 0},
    ),
    "choose_qparams": lambda: (
        quantization.choose_qparams,
        {"low": -1.0, "high": 1.0, "symmetric": True, "axis": None},
    ),
    "dequantize": lambda: (
        quantization.dequantize,
        {
            "values": quantization.quantize(ROW()).values,
            "params": quantization.quantize(ROW()).params,
        },
    ),
    "extremes": lambda: (quantization.extremes, {"array": np.ones((2, 3)), "axis": 0}),
    "PercentileObserver": lambda: (
        quantization.PercentileObserver,
        {"percentile": 99.0},
    ),
    "MinMaxObserver.observe": lambda: (
        quantization.MinMaxObserver().observe,
        {"x": ROW()},
    ),
    "quantize_dynamic": lambda: (
        quantization.quantize_dynamic,
        {"model": perceptron()},
    ),
    "quantize_static": lambda: (
        quantization.quantize_static,
        {
            **{"model": perceptron(), "calibration": [tt.ones(4, 2)]},
            "observer": quantization.MinMaxObserver,
        },
    ),
    "fold_batch_norm": lambda: (
        quantization.fold_batch_norm,
        {"model": models.CNN((2, 3), size=8)},
    ),
    "pack_groups": lambda: (
        quantization.pack_groups,
        {"weight": np.ones((2, 4), np.float32), "group": 2},
    ),
    "unpack_groups": lambda: (
        lambda packed: quantization.unpack_groups(packed, np.ones((2, 1))),
        {"packed": np.ones((2, 2), np.uint8)},
    ),
    "quantize_four_bit": lambda: (
        quantization.quantize_four_bit,
        {"model": nn.Linear(4, 2), "group": 4},
    ),
    "FourBitLinear": lambda: (
        quantization.FourBitLinear,
        {"layer": nn.Linear(4, 2), "group": 4, "shared": None},
    ),
    "FourBitLinear()": lambda: (
        quantization.FourBitLinear(nn.Linear(4, 2), 4),
        {"input": ROW()},
    ),
    "FourBitEmbedding": lambda: (
        quantization.FourBitEmbedding,
        {"layer": nn.Embedding(4, 2), "group": 2, "shared": None},
    ),
    "FourBitEmbedding()": lambda: (
        quantization.FourBitEmbedding(nn.Embedding(4, 2), 2),
        {"input": IDS()},
    ),
    "QuantizedLinear": lambda: (
        quantization.QuantizedLinear,
        {"layer": nn.Linear(4, 2), "input_params": None},
    ),
    "QuantizedLinear()": lambda: (
        quantization.QuantizedLinear(nn.Linear(4, 2)),
        {"input": ROW()},
    ),
    "QuantizedConv2d": lambda: (
        quantization.QuantizedConv2d,
        {"layer": nn.Conv2d(4, 2, 3), "input_params": None},
    ),
    "QuantizedConv2d()": lambda: (
        quantization.QuantizedConv2d(nn.Conv2d(4, 2, 3)),
        {"input": IMAGE()},
    ),
    "magnitude_masks": lambda: (
        compression.magnitude_masks,
        {"model": perceptron(), "amount": 0.5, "scope": "layer"},
    ),
    "apply_masks": lambda: (
        lambda model, masks: compression.apply_masks(model, masks),
        {
            "model": perceptron(),
            "masks": compression.magnitude_masks(perceptron(), 0.5),
        },
    ),
    "KeepPruned": lambda: (
        compression.KeepPruned,
        {"masks": compression.magnitude_masks(perceptron(), 0.5)},
    ),
    "sparsity": lambda: (compression.sparsity, {"model": perceptron()}),
    "prunable": lambda: (compression.prunable, {"model": perceptron()}),
    "prune_channels": lambda: (
        compression.prune_channels,
        {"model": perceptron(), "amount": 0.5},
    ),
    "prune_channels, followed": lambda: (
        lambda model, amount, input: compression.prune_channels(model, amount, input),
        {"model": models.CNN((2, 3), size=8), "amount": 0.5, "input": photos_in()},
    ),
    "low_rank": lambda: (compression.low_rank, {"layer": nn.Linear(4, 4), "rank": 2}),
    "rank_for_energy": lambda: (
        compression.rank_for_energy,
        {"layer": nn.Linear(4, 4), "energy": 0.9},
    ),
    "factorize": lambda: (
        compression.factorize,
        {"model": perceptron(), "energy": 0.9},
    ),
    "distillation_loss": lambda: (
        compression.distillation_loss,
        {
            **{"logits": ROW(), "teacher_logits": ROW(), "targets": CLASSES()},
            **{"temperature": 2.0, "alpha": 0.5},
        },
    ),
    "distill": lambda: (
        compression.distill,
        {
            **{k: v for k, v in fitting().items() if k in ("loader", "epochs")},
            **distilling(),
            **{"temperature": 2.0, "alpha": 0.5},
        },
    ),
    # Measuring
    "Timer": lambda: (
        Timer,
        {
            **{"repeats": 5, "warmup": 1, "min_sample": 0.0, "time_budget": 0.0},
            "clock": float,
        },
    ),
    "Timer.measure": lambda: (Timer(5, 0, 0.0, 0.0).measure, {"function": tuple}),
    "Timer.compare": lambda: (
        Timer(5, 0, 0.0, 0.0).compare,
        {"first": tuple, "second": tuple},
    ),
    "seconds": lambda: (benchmark.seconds, {"function": tuple, "at_least": 0.0}),
    "duration": lambda: (benchmark.duration, {"seconds": 1.5}),
    "clock_step": lambda: (
        benchmark.clock_step,
        {"clock": iter(range(99)).__next__, "rounds": 2},
    ),
    "peak_memory": lambda: (benchmark.peak_memory, {"function": tuple}),
    "count_parameters": lambda: (benchmark.count_parameters, {"model": perceptron()}),
    "count_flops": lambda: (
        lambda model, input: benchmark.count_flops(model, input),
        {"model": perceptron(), "input": tt.ones(1, 2)},
    ),
    "memory": lambda: (benchmark.memory, {"model": perceptron(), "optimizer": sgd()}),
    "activation_bytes": lambda: (
        benchmark.activation_bytes,
        {"output": ROW(), "model": perceptron()},
    ),
    "summary": lambda: (
        lambda model, input: benchmark.summary(model, input),
        {"model": perceptron(), "input": tt.ones(1, 2)},
    ),
    "profile": lambda: (
        lambda model, input, timer: benchmark.profile(model, input, timer=timer),
        {
            **{"model": perceptron(), "input": tt.ones(1, 2)},
            "timer": Timer(5, 0, 0.0, 0.0),
        },
    ),
    # Pictures
    "line_plot": lambda: (
        plot.line_plot,
        {"series": {"a": ([1, 2], [3, 4])}, "x_label": "x", "y_label": "y"},
    ),
    "bar_plot": lambda: (
        plot.bar_plot,
        {"names": ["a"], "series": {"b": [1.0]}, "unit": "s"},
    ),
    "image_grid": lambda: (
        images.image_grid,
        {"images": np.ones((2, 4, 4)), "captions": ["a", "b"], "columns": 2, "size": 9},
    ),
    "landscape_plot": lambda: (
        landscape.landscape_plot,
        {
            **{"height": np.add, "walks": {"a": [(0, 0), (1, 1)]}},
            **{"x": (0, 1), "y": (0, 1)},
        },
    ),
}


def one_schedule():
    optimizer = sgd()
    schedule = lr_scheduler.StepLR(optimizer, 2)
    return {"optimizer": optimizer, "schedulers": [schedule], "milestones": []}


def distilling():
    student = perceptron()
    optimizer = optim.SGD(student.parameters(), lr=0.1)
    return {"student": student, "teacher": perceptron(), "optimizer": optimizer}


def calls():
    """Return every call by name: each makes a function and its right arguments."""
    found = dict(OTHERS)
    found["TensorDataset"] = lambda: (lambda x: data.TensorDataset(x), {"x": ROW()})
    for layer, arguments, given in LAYERS:
        name = layer.__name__
        found[name] = lambda k=layer, a=arguments: (k, dict(a))
        found[f"{name}()"] = lambda k=layer, a=arguments, g=given: (
            k(**a),
            {"input": g()},
        )
    for loss, arguments, given in LOSSES:
        name = loss.__name__
        found[name] = lambda k=loss, a=arguments: (k, dict(a))
        found[f"{name}()"] = lambda k=loss, a=arguments, g=given: (
            k(**a),
            {"input": ROW(), "target": g()},
        )
    found["MultiheadAttention()"] = lambda: (
        nn.MultiheadAttention(4, 2),
        {
            **{"query": tt.ones(1, 3, 4), "key": None, "value": None},
            **{"attn_mask": None, "is_causal": False, "cache": None},
        },
    )
    return found


# What may stand for any argument, and is never meant.
HOSTILE = {
    "None": None,
    "text": "x",
    "array": np.ones((2, 3)),
    "nan": float("nan"),
    "inf": float("inf"),
    "-1": -1,
    "1.5": 1.5,
    "dict": {},
    "list": [],
    "huge": 10**20,
    "file": io.StringIO("x"),
}
