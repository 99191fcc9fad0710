"""The fixtures of tests/helpers/model_fixtures.py."""

from helpers.model_fixtures import checkpoint, checkpoint_file, engine_with, network, seen, without_attention

__all__ = ["checkpoint", "checkpoint_file", "engine_with", "network", "seen", "without_attention"]
