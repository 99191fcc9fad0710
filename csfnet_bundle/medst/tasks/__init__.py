"""The four evaluations of Med-ST: on embeddings alone, so that CT and radiographs are judged alike."""

from csfnet_bundle.medst.tasks.probe import probe_classification
from csfnet_bundle.medst.tasks.temporal_image import temporal_image_classification
from csfnet_bundle.medst.tasks.temporal_sentence import temporal_sentence_similarity
from csfnet_bundle.medst.tasks.zero_shot import zero_shot_classification

__all__ = [
    "probe_classification",
    "temporal_image_classification",
    "temporal_sentence_similarity",
    "zero_shot_classification",
]
