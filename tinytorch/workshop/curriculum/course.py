"""The course around the lessons: fifteen weeks, and the textbook's chapters."""

from tinytorch.workshop.curriculum.model import Weeks

CHAPTERS = {
    1: "Introduction",
    2: "ML Systems",
    3: "DL Primer",
    4: "DNN Architectures",
    5: "AI Workflow",
    6: "Data Engineering",
    7: "AI Frameworks",
    8: "AI Training",
    9: "Efficient AI",
    10: "Model Optimizations",
    11: "AI Acceleration",
    12: "Benchmarking AI",
    13: "ML Operations",
}

WEEKS = (
    Weeks(1, 3, "Foundations", (1, 2, 3), (1, 2, 3)),
    Weeks(4, 6, "Architecture and learning", (4, 5, 6, 7), (4, 5, 7)),
    Weeks(7, 9, "Training systems", (8, 9, 10), (6, 8)),
    Weeks(10, 12, "Language", (11, 12, 13, 14), ()),
    Weeks(13, 14, "Optimisation", (15, 16, 17, 18, 19), (9, 10, 11, 12)),
    Weeks(15, 15, "Capstone", (20,), tuple(range(13, 21))),
)
