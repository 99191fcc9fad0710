"""Training over sites that keep their scans: averaging of weights, and a federation on one machine to try it."""

from csfnet_bundle.training.federated.averaging import average_weights
from csfnet_bundle.training.federated.initial_model import initial_model
from csfnet_bundle.training.federated.simulation import Round, Site, simulate_federation

__all__ = ["Round", "Site", "average_weights", "initial_model", "simulate_federation"]
