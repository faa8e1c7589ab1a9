"""Grading: submissions in, points and pages out; their code runs in a box."""
