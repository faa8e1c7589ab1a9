"""Training: one loop, what watches it, and what saves it."""

from .callbacks import BestWeights, EarlyStopping, Progress
from .checkpoint import Checkpoint, run_state
from .evaluation import accuracy, evaluate, measure, predict
from .loop import accumulate_gradients, fit, train_epoch, train_step
from .run import Callback, History, Run
