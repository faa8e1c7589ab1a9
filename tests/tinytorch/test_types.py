"""A type checker sees a Tensor where a tensor comes back, and each wrong use."""

import re
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parent.parent.parent
USES = Path(__file__).with_name("typical_uses.py")


def test_a_type_checker_finds_the_errors_that_are_there_and_no_others() -> None:
    report, problems, _ = api.run(
        [str(USES), f"--config-file={ROOT / 'pyproject.toml'}", "--no-error-summary"]
    )
    assert problems == ""
    found = dict(re.findall(r"typical_uses\.py:(\d+): error: (.*)", report))
    lines = USES.read_text().splitlines()
    wanted = {
        str(number): line.partition("  # ")[2]
        for number, line in enumerate(lines, start=1)
        if "  # " in line
    }
    assert found.keys() == wanted.keys(), report
    assert all(wanted[number] in found[number] for number in wanted), report
