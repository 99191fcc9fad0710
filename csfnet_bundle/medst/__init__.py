"""Med-ST pre-training on views, text and time: data, workflow pieces, the four evaluations and their experiments."""

from csfnet_bundle.medst.collate import CollateWindows
from csfnet_bundle.medst.data import describe_dataset, prepare_studies, study_sequences, texts_digest
from csfnet_bundle.medst.embedding import StudyEncoder
from csfnet_bundle.medst.model_file import BestPretraining, Pretrained, load_pretrained
from csfnet_bundle.medst.network import PretrainingNetwork
from csfnet_bundle.medst.sentences import ALLOWED_FIELDS
from csfnet_bundle.medst.sequences import RadiographFiles, RoiPlace, Study, StudySequence, all_studies
from csfnet_bundle.medst.steps import (
    ClipGradients,
    FollowSchedule,
    ObjectiveLoss,
    negative_objective,
    parameter_groups,
    prepare_batch,
)
from csfnet_bundle.medst.tasks_handler import EvaluateTasks, make_tasks, single_studies
from csfnet_bundle.medst.text_models import load_tokenizer, text_config, text_digest
from csfnet_bundle.medst.tokenizer import SentenceTokenizer
from csfnet_bundle.medst.views import StudyViews
from csfnet_bundle.medst.window_transforms import ChangeViews, DropPhrases, LoadWindow, OrderStudies
from csfnet_bundle.medst.windows import paired_texts, training_windows, windows, windows_a_batch

__all__ = [
    "ALLOWED_FIELDS",
    "BestPretraining",
    "ChangeViews",
    "ClipGradients",
    "CollateWindows",
    "DropPhrases",
    "EvaluateTasks",
    "FollowSchedule",
    "LoadWindow",
    "ObjectiveLoss",
    "OrderStudies",
    "Pretrained",
    "PretrainingNetwork",
    "RadiographFiles",
    "RoiPlace",
    "SentenceTokenizer",
    "Study",
    "StudyEncoder",
    "StudySequence",
    "StudyViews",
    "all_studies",
    "describe_dataset",
    "load_pretrained",
    "load_tokenizer",
    "make_tasks",
    "negative_objective",
    "paired_texts",
    "parameter_groups",
    "prepare_batch",
    "prepare_studies",
    "single_studies",
    "study_sequences",
    "text_config",
    "text_digest",
    "texts_digest",
    "training_windows",
    "windows",
    "windows_a_batch",
]
