"""Small networks learn small things, in seconds."""

import pytest

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.models import CNN, GPT, LeNet
from tinytorch.nn import functional as F
from tinytorch.text import CharTokenizer
from tinytorch.utils.data import make_xor


def train(model, inputs, targets, loss, steps, **options):
    optimizer = optim.SGD(model.parameters(), momentum=0.9, **options)
    for _ in range(steps):
        value = loss(model(inputs), targets)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return value.item()


@pytest.mark.parametrize("seed", range(20))
def test_xor_from_every_seed(seed):
    tt.manual_seed(seed)
    x, y = make_xor()
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    loss = F.binary_cross_entropy_with_logits
    train(model, x, y.float().unsqueeze(1), loss, steps=200, lr=0.5)
    assert (model(x).squeeze(1) > 0).long().tolist() == y.tolist()


def test_gpt_learns_a_rhyme_by_heart():
    tt.manual_seed(0)
    text = "row, row, row your boat, gently down the stream. "
    tokenizer = CharTokenizer(text)
    ids = tt.tensor([tokenizer.encode(text * 2)[: len(text) + 1]])
    model = GPT(len(tokenizer), context=len(text), embed_dim=32, num_layers=2)

    def loss(logits, targets):  # (B, T, V) and (B, T)
        return F.cross_entropy(logits.transpose(1, 2), targets)

    final = train(model, ids[:, :-1], ids[:, 1:], loss, steps=250, lr=0.1)
    assert final < 0.05
    written = model.generate(ids[:, :8], len(text) - 8, temperature=0)
    assert tokenizer.decode(written[0].tolist()) == text


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (lambda: LeNet(size=8, kernel_size=3, padding=(1, 1)), 8),
        (lambda: LeNet(), 28),
        (lambda: LeNet(in_channels=3, size=32, padding=(0, 0)), 32),
        (lambda: CNN((8, 16), in_channels=1, size=8), 8),
    ],
    ids=["LeNet-8", "LeNet-28", "LeNet-32", "CNN"],
)
def test_a_convolutional_network_learns_ten_images(model, size):
    tt.manual_seed(0)
    network = model()
    channels = next(network.parameters()).shape[1]
    images = tt.randn(10, channels, size, size)
    labels = tt.arange(10)
    final = train(network, images, labels, F.cross_entropy, steps=150, lr=0.05)
    assert final < 0.1
    assert network(images).argmax(1).tolist() == labels.tolist()


def test_lenet_as_published_has_60_thousand_parameters():
    model = LeNet(size=32, padding=(0, 0))
    assert sum(p.numel() for p in model.parameters()) == 61_706


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: LeNet(size=8), "two windows of 5 to fit, got size 8"),
        (lambda: CNN((8,) * 4, size=8), "blocks from 1 to 3, got 4"),
        (lambda: LeNet()(tt.ones(1, 1, 32, 32)), "last dimension 400"),
    ],
)
def test_bad_use(bad, message):
    with pytest.raises(ValueError, match=message):
        bad()
