"""The network where other programs use it: exported formats and MONAI Label."""
