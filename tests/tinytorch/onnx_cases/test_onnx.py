"""ONNX's own test cases, computed by tinytorch's public functions.

A case is a small graph with inputs and the outputs that ONNX's authors expect. Its
nodes are looked up in the tables beside this file. Every case passes, or is left out
for a reason that is named here.
"""

import inspect
import warnings
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest

from tests.tinytorch.onnx_cases import elementwise, layers, shapes
from tinytorch import Tensor

OPERATORS: dict[str, Callable[..., Any]] = {
    **elementwise.OPERATORS,
    **shapes.OPERATORS,
    **layers.OPERATORS,
}

# Operators of ONNX that tinytorch has not, by the reason.
OPERATORS_LEFT_OUT = {
    "a function that no lesson needs": """
        Acos Acosh Asin Asinh Atan Atanh BitCast BitShift CumProd Det LpPool LRN
        NonZero ReverseSequence SwiGLU TensorScatter Unique
    """,
    "image geometry and detection, not deep learning": """
        AffineGrid CenterCropPad Col2Im DeformConv GridSample ImageDecoder MaxUnpool
        NonMaxSuppression Resize RoiAlign Upsample
    """,
    "a layer that the course does not have": """
        CausalConvWithState ConvTranspose FlexAttention GRU LinearAttention LSTM RNN
        RotaryEmbedding
    """,
    "signal processing": """
        BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT
    """,
    "text, sequences, optional values and control flow, which Python has itself": """
        If Loop OptionalGetElement OptionalHasElement RegexFullMatch Scan SequenceEmpty
        SequenceInsert SequenceLength SequenceMap SplitToSequence StringConcat
        StringNormalizer StringSplit TfIdfVectorizer
    """,
    "classical machine learning": """
        ArrayFeatureExtractor Binarizer LabelEncoder TreeEnsemble
    """,
    "random: its numbers cannot be compared": "Bernoulli RandomUniformLike",
    "quantization here stores int8 only, and this is uint8": """
        DynamicQuantizeLinear QLinearConv
    """,
    "ONNX's Adam corrects the bias outside, and not at all at step 0; ours follows "
    "PyTorch": "Adam",
}

# Cases of operators that we have, by the reason; * stands for anything. The expanded
# form of a case, made of simpler operators, is matched only by patterns that say so.
CASES_LEFT_OUT = {
    "attention: scores capped or handed out, ragged keys, and sliding windows": """
        test_attention_*softcap* test_attention_*qk_matmul* test_attention_*nonpad*
        test_attention_*padded_kv test_attention_*window*
    """,
    "attention: float16 is rounded at other places": "test_attention_*_fp16",
    "convolution and pooling are 2-D here": """
        test_*pool_1d_* test_*pool_3d_* test_causal_conv_with_state_*expanded
    """,
    "pooling: sizes rounded up, dilated means, the places of the largest": """
        test_*pool_2d_ceil* test_averagepool_2d_dilations test_maxpool_with_argmax_*
    """,
    "quantization here stores int8 only": """
        test_quantizelinear test_quantizelinear_axis test_quantizelinear_*int16
        test_qlinearmatmul_*uint8* test_dynamicquantizelinear*expanded
    """,
    "quantization in blocks": "test_*quantizelinear_blocked*",
    "random: its numbers cannot be compared": """
        test_training_dropout_default test_training_dropout
        test_training_dropout_default_mask test_training_dropout_mask
    """,
    "einsum takes one operand's letter once": "test_einsum_batch_diagonal",
    "only constant padding": "test_edge_pad test_reflect_pad test_wrap_pad",
    "the largest of nothing is an error here, as in PyTorch": """
        test_reduce_max_empty_set test_reduce_min_empty_set
    """,
    "writing to one place twice, with a rule": """
        test_scatter_elements_with_duplicate_indices
        test_scatter_elements_with_reduction_* test_scatternd_add
        test_scatternd_m*
    """,
}

TYPES_LEFT_OUT = "text, sequences, and numbers that numpy lacks: 8-bit floats and such"

MISSING = [op for ops in OPERATORS_LEFT_OUT.values() for op in ops.split()]
PATTERNS = [pattern for names in CASES_LEFT_OUT.values() for pattern in names.split()]


@cache
def cases() -> list[Any]:
    with warnings.catch_warnings():  # ONNX computes with infinities and casts nan
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return collect_testcases(None)


def operators(case: Any) -> set[str]:
    return {node.op_type for node in case.model.graph.node}


def matches(case: Any, pattern: str) -> bool:
    return fnmatchcase(case.name, pattern) and (
        ("expanded" in case.name) == ("expanded" in pattern)
    )


def has_our_types(case: Any) -> bool:
    values = [v for data in case.data_sets for side in data for v in side]
    return all(
        isinstance(v, np.ndarray | np.generic) and v.dtype.kind in "biuf"
        for v in values
    )


def is_left_out(case: Any) -> bool:
    return (
        not operators(case) <= OPERATORS.keys()
        or not has_our_types(case)
        or any(matches(case, pattern) for pattern in PATTERNS)
    )


def attribute(proto: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(proto)
    if isinstance(value, onnx.TensorProto):
        return Tensor(onnx.numpy_helper.to_array(value))
    return value.decode() if isinstance(value, bytes) else value


def run(graph: onnx.GraphProto, inputs: list[np.ndarray]) -> list[Tensor]:
    """Compute a graph node by node."""
    values: dict[str, Tensor | None] = {"": None}
    for place, array in zip(graph.input, inputs, strict=True):
        values[place.name] = Tensor(np.array(array))
    for node in graph.node:
        function = OPERATORS[node.op_type]
        options = {a.name: attribute(a) for a in node.attribute}
        if "outputs" in inspect.signature(function).parameters:
            options["outputs"] = len(node.output)
        result = function(*(values[name] for name in node.input), **options)
        results = result if isinstance(result, tuple) else (result,)
        values.update(zip(node.output, results, strict=False))
    return [values[place.name] for place in graph.output]


def check(case: Any) -> None:
    for inputs, expected in case.data_sets:
        with np.errstate(all="ignore"):  # infinities are part of the cases
            outputs = run(case.model.graph, inputs)
        for got, wanted in zip(outputs, expected, strict=True):
            assert (got.dtype, got.shape) == (wanted.dtype, np.shape(wanted))
            np.testing.assert_allclose(
                got.numpy(), wanted, rtol=case.rtol, atol=case.atol
            )


@pytest.mark.parametrize("operator", [*OPERATORS, "several operators"])
def test_cases_of(operator: str) -> None:
    mine = {operator} if operator in OPERATORS else None
    wrong = {}
    for case in cases():
        found = operators(case)
        if (found == mine or (mine is None and len(found) > 1)) and not is_left_out(
            case
        ):
            try:
                check(case)
            except Exception as error:  # every case is reported, not just the first
                wrong[case.name] = f"{type(error).__name__}: {error}"
    assert not wrong, "\n\n".join(f"{name}: {why}" for name, why in wrong.items())


def test_how_many_cases_pass() -> None:
    passed = [case for case in cases() if not is_left_out(case)]
    assert len(passed) > 1100


def test_every_operator_is_in_one_table() -> None:
    known = set().union(*(operators(case) for case in cases()))
    assert known - OPERATORS.keys() == set(MISSING)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_case_left_out_would_fail(pattern: str) -> None:
    """A pattern that covers a passing case, or none, is out of date."""
    covered = [
        case
        for case in cases()
        if matches(case, pattern)
        and operators(case) <= OPERATORS.keys()
        and has_our_types(case)
    ]
    assert covered
    for case in covered:
        with pytest.raises((AssertionError, TypeError, ValueError, KeyError)):
            check(case)
