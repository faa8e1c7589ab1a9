# %% [markdown]
# # Welcome to TinyTorch
#
# This page is a notebook, and everything in it runs inside this browser tab: Python
# itself, numpy, and a deep-learning library small enough to read in an evening.
# Nothing is installed and nothing is sent anywhere.
#
# Click on the grey cell below and press **Shift+Enter** to run it. The first run waits
# a few seconds until Python has started.

# %%
import platform

import numpy as np

import tinytorch

print("tinytorch", tinytorch.__version__)
print("numpy", np.__version__)
print("Python", platform.python_version(), "on", platform.machine())

# %% [markdown]
# If the last line ends in `wasm32`, you are looking at Python compiled to WebAssembly.
# The same code runs on a desktop, unchanged.
