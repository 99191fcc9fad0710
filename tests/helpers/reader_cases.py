"""Every class of input that the reader must read right or reject with a code."""

from helpers import choice_cases, read_cases, rejected_cases  # noqa: F401 - each adds its cases to the list
from helpers.case_registry import CASES, Case

__all__ = ["CASES", "Case"]
