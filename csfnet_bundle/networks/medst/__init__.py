"""Med-ST (arXiv 2405.19654): pre-training on views, text and time. The text model is given from outside."""

from csfnet_bundle.networks.medst.image_encoder import SIZES, EncoderSettings, ImageEncoder
from csfnet_bundle.networks.medst.losses.objective import MedSTObjective
from csfnet_bundle.networks.medst.medst import Embeddings, ImageEmbeddings, MedST, TextEmbeddings
from csfnet_bundle.networks.medst.roi_views import VIEWS, roi_views
from csfnet_bundle.networks.medst.text_encoder import TextEncoder

__all__ = [
    "SIZES",
    "VIEWS",
    "Embeddings",
    "EncoderSettings",
    "ImageEmbeddings",
    "ImageEncoder",
    "MedST",
    "MedSTObjective",
    "TextEmbeddings",
    "TextEncoder",
    "roi_views",
]
