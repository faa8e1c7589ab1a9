"""Training in a tab, with progress, a file and a picture."""

import re

CODE = """
import time
import tinytorch
from tinytorch import nn, optim
from tinytorch.training import Checkpoint, Progress, evaluate, fit
from tinytorch.utils.data import DataLoader, Digits, transforms

scale = transforms.Normalize([5 / 255], [6 / 255])
train = DataLoader(Digits(True, transform=scale), 64, shuffle=True)
test = DataLoader(Digits(False, transform=scale), 360)

def run(epochs, **options):
    tinytorch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    optimizer = optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    cycle = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 30 * len(train))
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    return model, fit(model, train, loss, optimizer, epochs, scheduler=cycle, **options)

start = time.perf_counter()
model, history = run(30)
print(f"read {evaluate(model, test):.4f} after {time.perf_counter() - start:.2f} s")
"""

RESUMED = """
run(2, callbacks=[Progress("images"), Checkpoint("run.safetensors")])
_, history = run(3, callbacks=[Checkpoint("run.safetensors")],
                 resume_from="run.safetensors")
print("losses", len(history.epochs["loss"]))
history.plot()
"""


def test_a_perceptron_learns_digits(open_notebook):
    notebook = open_notebook("welcome.ipynb")
    for index, _ in enumerate(notebook.cells()):
        notebook.set_source(index, "")
    notebook.set_source(0, CODE + RESUMED)
    shown = notebook.run_all()[0]
    assert float(re.search(r"read (\S+) after", shown)[1]) >= 0.97
    assert re.search(r"epoch 2/2, loss .* accuracy .* images/s", shown)
    assert "losses 3" in shown
    assert notebook.page.locator("svg polyline").count() == 1
