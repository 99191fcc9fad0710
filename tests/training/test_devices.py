"""Devices that are named for long work are checked before it begins."""

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.training.devices import check_device


def test_a_device_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name in ("cpu", "cuda", "cuda:0"):
        check_device(name, "--devices")
    with pytest.raises(BundleError, match="--devices: there is no device cuda:1"):
        check_device("cuda:1", "--devices")
    with pytest.raises(BundleError, match="--devices is 'gpu', expected cpu, cuda or cuda:N"):
        check_device("gpu", "--devices")
