"""Print how many images a second native PyTorch trains on, on one thread."""

import time

import torch
from torch import nn

IMAGES = 128

torch.set_num_threads(1)
layers: list[nn.Module] = []
for before, after in ((3, 16), (16, 32), (32, 64)):
    layers += [
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 10))
options = {"momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, **options)
x, y = torch.randn(IMAGES, 3, 32, 32), torch.randint(0, 10, (IMAGES,))
best, end = float("inf"), time.perf_counter() + 3
while time.perf_counter() < end:
    start = time.perf_counter()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y, label_smoothing=0.1).backward()
    optimizer.step()
    best = min(best, time.perf_counter() - start)
print(IMAGES / best)
