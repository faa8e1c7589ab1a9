"""Training: one loop, what watches it, and what saves it."""

from tinytorch.training.callbacks import BestWeights, EarlyStopping, Progress
from tinytorch.training.checkpoint import Checkpoint
from tinytorch.training.evaluation import accuracy, evaluate, predict
from tinytorch.training.loop import fit
from tinytorch.training.run import Callback, History, Run
