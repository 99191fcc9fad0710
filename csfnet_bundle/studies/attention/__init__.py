"""Whether cross-modal attention can select: a trial on phantoms that ask for it."""
