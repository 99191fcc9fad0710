"""What the bundle's configs call: data sets, preparation, the training session, checkpoints and output handlers."""

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.core.error_hook import one_line_errors
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.inputs.transforms.preprocessing import preprocessing
from csfnet_bundle.prediction.checkpoint import (
    ModelCheckpoint,
    find_checkpoint,
    load_checkpoint,
    load_weights,
    shipped_model,
)
from csfnet_bundle.prediction.data import datalist_hash, datalist_items
from csfnet_bundle.prediction.evaluation_handler import WriteEvaluation
from csfnet_bundle.prediction.joined_checkpoint import ensemble_checkpoint
from csfnet_bundle.prediction.outputs import malignancy_scores
from csfnet_bundle.prediction.predictions_handler import WritePredictions
from csfnet_bundle.training.batch_augmentation import FlipsAndTurns
from csfnet_bundle.training.best_model import BestModel
from csfnet_bundle.training.mean_loss import MeanLoss
from csfnet_bundle.training.memory_loader import MemoryLoader
from csfnet_bundle.training.options import check_options
from csfnet_bundle.training.point_sources import check_point_sources
from csfnet_bundle.training.preparation import prepare
from csfnet_bundle.training.prior_use import check_prior_use
from csfnet_bundle.training.progress import EpochProgress
from csfnet_bundle.training.seeded_items import training_loader
from csfnet_bundle.training.seeding import SeedEpochs, set_random_state
from csfnet_bundle.training.session import TrainingSession
from csfnet_bundle.training.stepping import TrainingStep
from csfnet_bundle.training.transfer import transfer_weights, weights_digest

__all__ = [
    "BestModel",
    "EpochProgress",
    "FlipsAndTurns",
    "MeanLoss",
    "MemoryLoader",
    "ModelCheckpoint",
    "SeedEpochs",
    "TrainingSession",
    "TrainingStep",
    "WriteEvaluation",
    "WritePredictions",
    "check_options",
    "check_point_sources",
    "check_prior_use",
    "datalist_hash",
    "datalist_items",
    "ensemble_checkpoint",
    "find_checkpoint",
    "load_checkpoint",
    "load_weights",
    "malignancy_scores",
    "nlst_code_book",
    "one_line_errors",
    "prepare",
    "preprocessing",
    "require_extra",
    "set_random_state",
    "shipped_model",
    "training_loader",
    "transfer_weights",
    "weights_digest",
]
