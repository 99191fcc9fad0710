"""SCANs: Siamese convolutional attention networks on slices (Veasey et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.network import ROI_SIZE, ClassificationHead, Network, scale_channels

# Convolutions of VGG-16, group by group [K]; every group ends in a max pool of 2.
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
COLORS = 3  # VGG-16 takes colour images


def vgg16_layers(width: float) -> nn.Sequential:
    """Return the convolutions of VGG-16, as many times as wide, in the order of torchvision's ``features``.

    At width 1 the ``features.*`` tensors of a VGG-16 trained on ImageNet therefore load as they are.
    """
    layers: list[nn.Module] = []
    channels = COLORS
    for group in VGG16:
        for out_channels in group:
            convolution = nn.Conv2d(channels, scale_channels(out_channels, width), 3, padding=1)
            # He's start [G]: without normalisation, PyTorch's default start lets the signal fade out over 13 layers.
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
            layers += [convolution, nn.ReLU()]
            channels = convolution.out_channels
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class SCANs(Network):
    """VGG-16 on every slice, an attention over the slices of each scan, both scans' vectors side by side, classifier.

    [K] The weights of VGG-16 are shared over slices and scans; the attention is over slices; FC 128, FC 2; image only,
    both scans. [G] The attention is a learned score for each slice and a softmax over them; the slice's vector is its
    flattened map. Left out: the start from ImageNet (weights start at random here; see :func:`vgg16_layers`). Clinical
    data and interval are ignored.

    Args:
        width: factor on the channels of the convolutions.
        roi_size: (D, H, W) of the ROIs in voxels.

    Raises:
        ValueError: H or W is below 32, so that the last max pool leaves nothing.
    """

    takes_clinical = False

    def __init__(self, width: float = 1.0, roi_size: Sequence[int] = ROI_SIZE) -> None:
        super().__init__()
        self.width = width
        self.roi_size = roi_size
        reduction = 2 ** len(VGG16)
        if min(roi_size[1:]) < reduction:
            raise ValueError(f"roi_size is {tuple(roi_size)}, SCANs needs a height and width of at least {reduction}")
        features = scale_channels(VGG16[-1][-1], width) * (roi_size[1] // reduction) * (roi_size[2] // reduction)

        self.features = vgg16_layers(width)
        self.slice_score = nn.Linear(features, 1, bias=False)  # a bias would shift all scores alike
        self.head = ClassificationHead(2 * features)

    def forward(self, image: Tensor, clinical: Tensor | None = None, interval_days: Tensor | None = None) -> Tensor:
        """Return the logits (B, 2) from the image (B, 2, D, H, W) alone."""
        slices = image.flatten(0, 2).unsqueeze(1).expand(-1, 3, -1, -1)  # (B*2*D, 3, H, W), grey as colour
        vectors = self.features(slices).flatten(1)  # (B*2*D, F)
        vectors = vectors.unflatten(0, (image.shape[0], image.shape[1], image.shape[2]))  # (B, 2, D, F)
        attention = torch.softmax(self.slice_score(vectors), dim=2)  # (B, 2, D, 1)
        scans = (attention * vectors).sum(dim=2)  # (B, 2, F)
        return self.head(scans.flatten(1))
