"""Attempts to break out of the box, to forge a verdict, and to harm the next one.

Each is the body of a part. None gets points, none reaches this machine, and a right and
a wrong body that come after it in the same box still get what they deserve.
"""

from __future__ import annotations

import socketserver
import textwrap
from threading import Thread

import pytest

from tinytorch.workshop.grading import rules
from tinytorch.workshop.grading.verdicts import Job
from tinytorch.workshop.place import find, reference_source

ADD, RELU, MATMUL = (f"backends.LoopsBackend.{n}" for n in ("add", "relu", "matmul"))
RIGHT = reference_source(find(RELU))
WRONG = "def relu(self, x):\n    return x\n"

ATTEMPTS = {
    # out to the page around Python, and through it to the machine
    "import js": "import js\nreturn js.Deno.readTextFileSync('/etc/passwd')",
    "pyodide_js": "import pyodide_js\nreturn pyodide_js._module.FS.readdir('/')",
    "run_js": "from pyodide.code import run_js\nreturn run_js('Deno.exit(0)')",
    "the core module": "import _pyodide_core\nreturn _pyodide_core.run_sync(1)",
    "a builtin core module": """
        import _imp, importlib.machinery as m
        spec = m.ModuleSpec('_pyodide_core', None, origin='built-in')
        core = _imp.create_builtin(spec)
        return core.raw_call('(() => Deno.exit(0))()')
        """,
    "a proxy that is left over": """
        import gc
        left = [o for o in gc.get_objects() if 'JsProxy' in type(o).__mro__[0].__name__]
        return left[0].constructor.constructor('return Deno.exit(0)')()
        """,
    "memory by its number": "import ctypes\nreturn ctypes.string_at(0, 10**6)",
    # files, network and programs of the machine
    "a file of the machine": "return open('/etc/passwd').read()",
    "a folder of the machine": "import os\nreturn os.listdir('/root')",
    "writing a file": "open('MARKER', 'w').write('here')\nreturn a + b",
    "a socket": """
        import socket
        s = socket.create_connection(('127.0.0.1', PORT), timeout=2)
        s.sendall(b'out')
        return s.recv(1)
        """,
    "a download": """
        import urllib.request
        return urllib.request.urlopen('http://127.0.0.1:PORT/', timeout=2).read()
        """,
    "another program": "import subprocess\nreturn subprocess.run(['touch', 'MARKER'])",
    "a fork bomb": "import os\nwhile True:\n    os.fork()",
    "threads without end": """
        import threading
        while True:
            threading.Thread(target=lambda: [0] * 10**6).start()
        """,
    # ends of the process
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "os.abort": "import os\nos.abort()",
    "no stack left": "f = lambda g: g(g)\nreturn f(f)",
    "no memory left": "x = [0]\nwhile True:\n    x += x",
    # a forged verdict
    "a line that looks like an answer": """
        import json, os, sys
        answer = '{"failure": null, "seen": []}'
        line = json.dumps({'id': 0, 'answer': answer}) + chr(10)
        print(line); sys.__stdout__.write(line); os.write(1, line.encode())
        """,
    "patched cases": """
        from tinytorch.workshop import bench, session
        bench.Bench.judge = bench.Bench.earlier_results = lambda *a, **k: None
        bench._Verdict.failure = session.verdict = lambda *a, **k: None
        return a
        """,
    "a patched comparison": """
        from tinytorch.workshop import bench, compare
        bench.difference = compare.difference = lambda *a, **k: None
        return a
        """,
    "a patched harness": """
        from tinytorch.workshop.grading import inside
        import json
        inside.json.dumps = lambda *a, **k: '{"failure": null, "seen": []}'
        """,
    "patched numpy": "np.isclose = lambda *a, **k: np.array([True])\nreturn a * 0",
    "an array that is equal to all": """
        class Yes(np.ndarray):
            def __eq__(self, other): return True
            def tobytes(self, *a): return b''
        return np.zeros(np.shape(a), a.dtype).view(Yes)
        """,
    "an error that never ends": """
        class Long(Exception):
            def __str__(self): return 'x' * 10**9
        raise Long
        """,
    # harm for the next one
    "a patched package": """
        from tinytorch import backends, Tensor
        for name in vars(backends.LoopsBackend):
            setattr(backends.LoopsBackend, name, None)
        Tensor.__init__ = None
        """,
    "patched builtins": """
        import builtins, sys
        builtins.len = builtins.range = builtins.isinstance = None
        sys.modules.clear()
        """,
    "a file that shadows a module": """
        for place in ('/lib/box/numpy.py', 'numpy.py', '/tmp/numpy.py'):
            open(place, 'w').write('raise SystemExit')
        """,
    "something left running": """
        import atexit, signal, sys
        atexit.register(print, 1)
        sys.setrecursionlimit(10)
        sys.settrace(lambda *a: 1 / 0)
        """,
}
ENDLESS = {
    "a loop": "import sys\nsys.settrace(None)\nwhile True: pass",
    "a loop in C": "return sum(iter(int, 1))",
    "a number": "return 10 ** 10 ** 9",
    "a limit that is swallowed": """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
}


def body(code: str) -> str:
    lines = textwrap.indent(textwrap.dedent(code).strip(), "    ")
    return f"def add(self, a, b):\n{lines}\n"


@pytest.fixture(scope="module")
def visitors():
    """Return (port, visits): a server on this machine that nobody may reach."""
    visits = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            visits.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], visits
        server.shutdown()


@pytest.fixture(scope="module")
def outcome(unfenced, visitors, tmp_path_factory):
    """Return `outcome[name]`: verdicts on an attempt, a right and a wrong body.

    All run one after the other, in the box that the one before has left.
    """
    marker = tmp_path_factory.mktemp("machine") / "marker"
    jobs = []
    for code in ATTEMPTS.values():
        code = code.replace("MARKER", str(marker)).replace("PORT", str(visitors[0]))
        jobs += [Job(ADD, body(code)), Job(RELU, RIGHT), Job(RELU, WRONG)]
    found = [verdict for verdict, _ in unfenced.run(jobs)]
    assert not marker.exists()
    return {name: found[3 * i : 3 * i + 3] for i, name in enumerate(ATTEMPTS)}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_gets_out_or_gets_points(outcome, visitors, name):
    attempt, right, wrong = outcome[name]
    assert attempt is not None
    assert right is None
    assert wrong.kind == "values"
    assert visitors[1] == []


def test_what_never_ends_is_ended(unfenced, monkeypatch):
    monkeypatch.setattr(unfenced, "seconds", 4)
    jobs = [Job(ADD, body(code)) for code in ENDLESS.values()]
    found = dict(zip(ENDLESS, unfenced.run(jobs), strict=True))
    kinds = {name: verdict.kind for name, (verdict, _) in found.items()}
    assert set(kinds.values()) <= {"endless", "raised"}
    assert kinds["a number"] == "endless"  # no meter counts inside one operation
    assert not found["a number"][1]  # which is this run's verdict, not a source's


# What steals the right values inside the box is not run: the fence names it.
THEFTS = {
    "the checker's frame": "import sys\nreturn sys._getframe(4).f_locals['case']",
    "a frame of an error": """
        try:
            1 / 0
        except ZeroDivisionError as e:
            return e.__traceback__.tb_frame.f_back.f_locals['expected']
        """,
    "our own body": """
        from tinytorch.workshop.place import find
        return find('backends.LoopsBackend.add').reference(self, a, b)
        """,
    "through a function": "return type(self).add.__globals__['np'].add(a, b)",
    "through getattr": "return getattr(type(self).add, '__globals__')['np'].add(a, b)",
    "through a module's own import": "return np.os.sys.exit()",
    "a name of its own": "sys = 1\nreturn np.sys._getframe(4)",
    "text that is code": "return eval('a + b')",
    "a module by its name": "return __import__('sys').exit()",
}


@pytest.mark.parametrize("name", THEFTS)
def test_the_fence_does_not_run_a_thief(judge, name):
    assert judge.judge({ADD: (body(THEFTS[name]), 1)})[ADD].kind == "reaches"


@pytest.mark.parametrize(
    "code",
    [
        "code = a\ntypes = b\nreturn code + types",
        "import operator\nreturn operator.add(a, b)",
        "import math\nimport numpy as np\nreturn np.add(a, b) * math.cos(0)",
        "out = np.empty_like(a)\nfor i in range(len(a)):\n    out[i] = a[i]",
        "def inner(x):\n    '''Reads sys.'''\n    return x\nreturn inner(a)",
        "raise ValueError('expected eval, got exec')",
        "this is no Python",
    ],
)
def test_the_fence_lets_plain_bodies_through(code):
    assert rules.reaches_for(body(code)) is None
