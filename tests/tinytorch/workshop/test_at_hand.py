"""What stands above an exercise: taken from the package's own body."""

from __future__ import annotations

import pytest

from tinytorch.workshop import curriculum
from tinytorch.workshop.at_hand import at_hand, in_words, sentence
from tinytorch.workshop.place import find


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("optim.Optimizer.step", {"self.param_groups", "self._update"}),
        ("utils.data.RandomSampler.__iter__", {"self.data_source"}),
        ("training.train_step", {"run.notify", "run.max_norm", "clip_grad_norm_"}),
        ("ops.MatMul.backward", {"ctx.saved", "ctx.needs_input_grad"}),
        ("autograd.backward", {"topological_order", "_accumulate"}),
    ],
)
def test_attributes_and_helpers_are_named(address, names):
    assert names <= dict(at_hand(find(address))).keys()


@pytest.mark.parametrize("address", curriculum.parts())
def test_every_part_has_its_line(address):
    text = in_words(find(address))
    assert text.startswith("*At hand:* `")
    assert "`no_grad`" in text
    assert " at 0x" not in text
    assert f"`{find(address).name}`" not in text, "its own name helps nobody"


def test_where_the_lesson_is_the_loop_it_is_said():
    place = find("backends.LoopsBackend.matmul")
    assert "The lesson is the loop" in in_words(place, loop=True)
    assert "The lesson is the loop" not in in_words(place)


def test_a_sentence_is_the_first_one_or_the_arguments():
    def documented(a):
        """Say one thing. And another."""

    def plain(a, b):
        pass

    assert sentence(documented) == "Say one thing"
    assert sentence(plain) == "takes a, b"
