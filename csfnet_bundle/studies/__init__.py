"""Experiments over many fits: they use everything below, and nothing but the commands uses them."""
