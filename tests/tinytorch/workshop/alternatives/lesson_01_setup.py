"""Other right bodies for lesson 01."""

ALTERNATIVES = {
    "dtypes.bytes_of": """
def bytes_of(shape, dtype):
    count = 1
    for length in shape:
        count = count * length
    return count * np.zeros(1, dtype).nbytes
""",
    "benchmark.duration": """
def duration(seconds):
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if seconds * 1000 >= 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds * 1e6 >= 1:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e9:.3g} ns"
""",
    "benchmark.clock_step": """
def clock_step(clock=time.perf_counter, rounds=20):
    steps = []
    while len(steps) < rounds:
        first = clock()
        while True:
            second = clock()
            if second != first:
                break
        steps.append(second - first)
    return min(steps)
""",
    "benchmark.Timer.time_calls": """
def time_calls(self, function, loops):
    before = self.clock()
    left = loops
    while left:
        function()
        left -= 1
    return -before + self.clock()
""",
    "benchmark.Timer.loops_for": """
def loops_for(self, function):
    if self.warmup:
        self.time_calls(function, self.warmup)
    power = 0
    while True:
        if self.time_calls(function, 2**power) >= self.min_sample:
            return 2**power
        power += 1
""",
}
