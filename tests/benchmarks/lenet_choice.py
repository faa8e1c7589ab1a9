"""How LeNet's milestone got its widths and its rate: by the training digits alone.

Five-fold cross-validation over the digits that the milestone learns from; the 359 that
it is tested on take no part. Prints the mean accuracy of each choice, best first.
"""

from itertools import product

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.models import LeNet
from tinytorch.optim import AdamW
from tinytorch.optim.lr_scheduler import OneCycleLR
from tinytorch.training import evaluate, fit
from tinytorch.utils.data import DataLoader, Digits, Subset, transforms

WIDTHS = [(6, 16), (16, 32)]
RATES = [0.005, 0.01, 0.02, 0.03]
EPOCHS, FOLDS = 10, 5


def validated(train: Digits, fold: int, channels: tuple[int, int], lr: float) -> float:
    """Return the accuracy on one fold of a network that learned from the others."""
    generator = tt.manual_seed(fold)
    number = np.random.default_rng(0).permutation(len(train)) % FOLDS
    learn, held_out = (
        Subset(train, np.flatnonzero(chosen).tolist())
        for chosen in (number != fold, number == fold)
    )
    model = LeNet(size=8, kernel_size=3, padding=(1, 1), channels=channels)
    loader = DataLoader(learn, 32, shuffle=True, generator=generator)
    optimizer = AdamW(model.parameters(), lr=lr, weight_decay=0.3)
    schedule = OneCycleLR(optimizer, max_lr=lr, total_steps=EPOCHS * len(loader))
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    fit(model, loader, loss, optimizer, EPOCHS, scheduler=schedule)
    return evaluate(model, DataLoader(held_out, 500))


def main() -> None:
    """Print a line for each choice."""
    train = Digits(train=True)
    train.transform = transforms.Normalize(train.mean, train.std)
    means = {
        choice: np.mean([validated(train, fold, *choice) for fold in range(FOLDS)])
        for choice in product(WIDTHS, RATES)
    }
    for (channels, lr), mean in sorted(means.items(), key=lambda item: -item[1]):
        print(f"{mean:.2%} with channels={channels}, lr={lr}")


if __name__ == "__main__":
    main()
