"""Training: one loop, what watches it, and what saves it."""

from .callbacks import BestWeights, EarlyStopping, Progress
from .checkpoint import Checkpoint
from .evaluation import accuracy, evaluate, predict
from .loop import fit
from .run import Callback, History, Run
