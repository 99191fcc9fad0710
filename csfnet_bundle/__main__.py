"""``python -m csfnet_bundle COMMAND``, the same as ``csfnet COMMAND``."""

from csfnet_bundle.commands import main

if __name__ == "__main__":
    raise SystemExit(main())
