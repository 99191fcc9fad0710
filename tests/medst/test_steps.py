import copy

import pytest
import torch
from ignite.engine import Engine, Events

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import (
    ClipGradients,
    FollowSchedule,
    ObjectiveLoss,
    PretrainingNetwork,
    negative_objective,
    parameter_groups,
)
from csfnet_bundle.networks.medst import MedSTObjective


def _weights(schedule: str, epochs: int, start: int = 0) -> list[float]:
    objective = MedSTObjective()
    engine = Engine(lambda *_: None)
    FollowSchedule(objective, schedule).attach(engine)  # type: ignore[arg-type]
    seen: list[float] = []
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda _: seen.append(objective.reverse_mapping_weight))
    engine.state.max_epochs = epochs
    engine.state.epoch, engine.state.iteration, engine.state.epoch_length = start, start, 1
    engine.run([0], max_epochs=epochs)
    return seen


def test_forward_mapping_goes_first() -> None:
    assert _weights("joint", 4) == [1, 1, 1, 1]
    assert _weights("forward-then-reverse", 4) == [0, 0, 1, 1]


def test_another_schedule_is_refused() -> None:
    with pytest.raises(BundleError, match="backwards"):
        FollowSchedule(MedSTObjective(), "backwards")


@pytest.mark.parametrize("weights", [{"temporal_weight": 0.0}, {"forward_mapping_weight": 0.0}])
def test_a_schedule_that_begins_with_nothing_is_refused(weights: dict[str, float]) -> None:
    with pytest.raises(BundleError, match="forward mapping, which comes first, has weight 0"):
        FollowSchedule(MedSTObjective(**weights), "forward-then-reverse")  # type: ignore[arg-type]
    FollowSchedule(MedSTObjective(**weights), "joint")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "weights", [{"temporal_weight": 0.0}, {"forward_mapping_weight": 0.0, "reverse_mapping_weight": 0.0}]
)
def test_an_objective_of_nothing_is_refused(weights: dict[str, float]) -> None:
    nothing = MedSTObjective(**{"global_weight": 0.0, "local_weight": 0.0, **weights})  # type: ignore[arg-type]
    with pytest.raises(BundleError, match="weights of all losses are 0"):
        ObjectiveLoss(nothing)


def test_validation_does_not_follow_the_schedule() -> None:
    """Epochs of another objective could not be compared."""
    objective = MedSTObjective(gather=True)
    metric = negative_objective(objective)
    objective.forward_mapping_weight = 0.0
    fixed = metric._output_transform.__closure__[0].cell_contents  # type: ignore[union-attr]
    assert fixed.forward_mapping_weight == 1.0
    assert fixed.gather is False
    assert fixed.local_weight == fixed.reverse_mapping_weight == 0.0, "they do not choose, and take time"
    assert objective.local_weight == 1.0


@pytest.mark.parametrize(
    ("weights", "choosing"),
    [
        ({}, {"global": 2.0, "forward_mapping": 8.0}),
        ({"temporal_weight": 0.0}, {"global": 2.0}),
        ({"global_weight": 0.0, "local_weight": 0.0}, {"forward_mapping": 8.0}),
        ({"global_weight": 0.0, "temporal_weight": 0.0}, {"total": 31.0}),
    ],
)
def test_losses_that_need_no_image_do_not_choose_the_epoch(
    weights: dict[str, float], choosing: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"global": 2.0, "local": 4.0, "forward_mapping": 8.0, "reverse_mapping": 16.0, "total": 31.0}
    names = {"global": "global_weight", "local": "local_weight"}

    def parts(self: MedSTObjective, *_: object) -> dict[str, torch.Tensor]:
        here = {name: value for name, value in told.items() if getattr(self, names.get(name, "temporal_weight"))}
        return {name: torch.tensor(value) for name, value in {**here, "total": 31.0}.items()}

    monkeypatch.setattr(MedSTObjective, "forward", parts)
    transform = negative_objective(MedSTObjective(**weights))._output_transform  # type: ignore[arg-type]
    assert float(transform({"pred": None, "label": None})) == -sum(choosing.values())


def test_the_language_model_has_a_learning_rate_of_its_own(network: PretrainingNetwork) -> None:
    groups = parameter_groups(network, 1e-5)
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 1e-5]
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in network.parameters())
    assert {id(one) for one in groups[1]["params"]} == {id(one) for one in network.text_encoder.parameters()}
    frozen = copy.deepcopy(network)
    frozen.text_encoder.requires_grad_(False)
    assert [len(parameter_groups(frozen, 1e-5)), "lr" in parameter_groups(frozen, 1e-5)[0]] == [1, False]
    with pytest.raises(BundleError, match="nothing would be trained"):
        parameter_groups(frozen.requires_grad_(False), 1e-5)


def test_long_gradients_are_cut() -> None:
    layer = torch.nn.Linear(3, 1)
    (layer(torch.full((1, 3), 1e3)) ** 2).sum().backward()

    class Trainer:
        scaler = None
        network = layer

    ClipGradients(1.0)._clip(Trainer())  # type: ignore[arg-type]
    norms = torch.stack([part.grad.norm() for part in layer.parameters() if part.grad is not None])
    assert norms.norm() == pytest.approx(1.0, abs=1e-4)
