import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from helpers.medst_cohort import ROI, make_radiographs
from ignite.engine import Engine
from ignite.metrics import Average
from monai.engines import SupervisedEvaluator

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import (
    BestPretraining,
    PretrainingNetwork,
    SentenceTokenizer,
    describe_dataset,
    load_pretrained,
    study_sequences,
    text_config,
)
from csfnet_bundle.medst.model_file import FORMAT, kept_epoch, settings_hash
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, check_judged, seen_among
from csfnet_bundle.prediction.weights_file import read_weights
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.training.transfer import transfer_weights

FIELDS = ("age", "sct_long_dia")
SETTINGS = {"lr": 0.001}

Make = Callable[..., BestPretraining]


@pytest.fixture
def make_best(screens: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path: Path) -> Make:
    """Give what makes the writer of ``tmp_path/model.pt``."""

    def make(settings: dict[str, object] = SETTINGS, network: PretrainingNetwork = network) -> BestPretraining:  # type: ignore[assignment]
        sequences = study_sequences(screens, "training")
        return BestPretraining(network, tokenizer, ROI, FIELDS, sequences, screens, tmp_path, settings)

    return make


@pytest.fixture(scope="module")
def model_file(
    screens: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A file of a pre-training; read only."""
    sequences = study_sequences(screens, "training")
    folder = tmp_path_factory.mktemp("pretraining")
    best = BestPretraining(network, tokenizer, ROI, FIELDS, sequences, screens, folder, SETTINGS)
    trainer = Engine(lambda *_: None)
    best.follow(trainer)  # type: ignore[arg-type]
    trainer.run(range(7), max_epochs=2)
    _validate(best, [-2.5])
    return folder / "model.pt"


def _validate(best: BestPretraining, scores: Iterable[float], after: Callable[[], object] = lambda: None) -> None:
    """Validate once for each score, in MONAI's own evaluator, which compares them."""
    current = [0.0]
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=[{"image": torch.zeros(1), "label": torch.zeros(1)}],
        network=torch.nn.Identity(),
        key_val_metric={"negative_objective": Average(output_transform=lambda _: current[0])},
        decollate=False,
    )
    best.attach(evaluator)
    for epoch, score in enumerate(scores, start=1):
        current[0] = score
        evaluator.run(epoch)
        after()


def test_a_saved_file_loads_to_the_same_weights_and_answers(model_file: Path, network: PretrainingNetwork) -> None:
    again = load_pretrained(model_file)
    assert not again.network.training
    weights = network.state_dict()
    assert again.network.state_dict().keys() == weights.keys()
    for name, tensor in again.network.state_dict().items():
        assert torch.equal(tensor, weights[name]), name
    text = ["Part-solid nodule with spiculated margins.", "Nodule."]
    views, present = torch.rand(2, 2, 3, 64, 64), torch.ones(2, 2, dtype=torch.bool)
    batch = {"views": views, "view_present": present, **again.tokenizer.encode(text)}
    with torch.no_grad():
        before, after = network(batch), again.network(batch)
    assert torch.equal(before.image, after.image)
    assert torch.equal(before.text, after.text)


def test_a_file_brings_all_that_its_use_needs(model_file: Path, tokenizer: SentenceTokenizer) -> None:
    again = load_pretrained(str(model_file))
    assert again.fields == FIELDS
    assert again.roi == ROI
    assert (again.size, again.views) == ("tiny", ["coronal", "sagittal"])
    text = ["Ground-glass nodule, 4.5 mm."]
    assert torch.equal(again.tokenizer.encode(text)["token_ids"], tokenizer.encode(text)["token_ids"])
    views = again.study_views()
    assert (list(views.views), views.pixels, views.roi.to_plain()) == (["coronal", "sagittal"], 64, ROI)


def test_every_so_many_epochs_can_be_kept_beside_the_best(
    screens: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path: Path
) -> None:
    sequences = study_sequences(screens, "training")
    arguments = (network, tokenizer, ROI, FIELDS, sequences, screens)
    best = BestPretraining(*arguments, tmp_path / "kept", SETTINGS, keep_every=2)
    _validate(best, [-2.0, -3.0, -4.0, -5.0, -6.0])
    kept = [kept_epoch(tmp_path / "kept", epoch) for epoch in (2, 4)]
    assert sorted((tmp_path / "kept" / "epochs").rglob("model.pt")) == kept
    told = [load_pretrained(path).provenance for path in (tmp_path / "kept" / "model.pt", *kept)]
    assert [one["pretraining"]["epoch"] for one in told] == [1, 2, 4]
    assert [one["validation_loss"] for one in told] == [2.0, 3.0, 5.0]
    _validate(BestPretraining(*arguments, tmp_path / "best", SETTINGS), [-2.0, -3.0])
    assert not (tmp_path / "best" / "epochs").exists()
    with pytest.raises(BundleError, match="keep_every: it is -1, expected 0 or more"):
        BestPretraining(*arguments, tmp_path / "none", SETTINGS, keep_every=-1)


def test_a_file_tells_what_it_was_trained_on(model_file: Path, screens: Path) -> None:
    told = load_pretrained(model_file).provenance
    assert told["phantom"] is True
    assert told["datalist_sha256"] == describe_dataset(screens).datalist_sha256
    assert told["validation_loss"] == 2.5
    pretraining = told["pretraining"]
    assert (pretraining["steps"], pretraining["epoch"], pretraining["size"]) == (14, 1, "tiny")


def test_a_file_knows_its_patients_again_and_does_not_name_them(model_file: Path, screens: Path) -> None:
    seen = load_pretrained(model_file).provenance[SEEN_PATIENTS]
    patients = [sequence.patient for sequence in study_sequences(screens, "training")]
    for patient in patients:
        with pytest.raises(BundleError, match=f"trained on patient {patient}, who is judged"):
            check_judged(seen, [patient], "judged", "model.pt", "Leave them out.")
    others = [sequence.patient for sequence in study_sequences(screens, "test")]
    check_judged(seen, others, "judged", "model.pt", "Leave them out.")
    content = model_file.read_bytes()
    assert not any(patient.encode() in content for patient in patients)


def _listed(best: BestPretraining, patients: list[str], cohort: str | None = None) -> list[str]:
    """Write the file, and give those of the patients whom it knows again."""
    _validate(best, [-1.0])
    return seen_among(load_pretrained(best.path).provenance.get(SEEN_PATIENTS, []), patients, "model.pt", cohort)


def test_patients_of_a_cohort_that_is_not_public_are_listed_only_where_asked(
    screens: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path: Path
) -> None:
    """Those of its ancestors are carried on in any case."""
    save_datalist(Datalist(tmp_path, load_datalist(screens).sections, {"name": "a hospital"}))
    shutil.copy(screens / "ctab.csv", tmp_path)
    sequences = study_sequences(screens, "training")
    patients = [sequence.patient for sequence in sequences]
    arguments = (network, tokenizer, ROI, FIELDS, sequences, tmp_path, tmp_path, SETTINGS)
    assert _listed(BestPretraining(*arguments), patients) == []
    assert SEEN_PATIENTS not in load_pretrained(tmp_path / "model.pt").provenance
    assert _listed(BestPretraining(*arguments, remember_patients=True), patients, "") == patients
    transfer = transfer_weights(network, tmp_path / "model.pt")
    assert _listed(BestPretraining(*arguments, transfer=transfer), patients) == patients


def test_patients_of_radiographs_are_listed_only_where_asked(
    network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path: Path
) -> None:
    """As nobody knows whose they are, they are looked for in every cohort."""
    reports = make_radiographs(tmp_path)
    sequences = study_sequences(reports, "training")
    patients = [sequence.patient for sequence in sequences]
    arguments = (network, tokenizer, ROI, (), sequences, reports, tmp_path, SETTINGS)
    assert _listed(BestPretraining(*arguments), patients) == []
    assert _listed(BestPretraining(*arguments, remember_patients=True), patients, "phantom, seed 1") == patients


def test_phantoms_are_known_again_by_their_seed(
    screens: Path, network: PretrainingNetwork, tokenizer: SentenceTokenizer, tmp_path: Path
) -> None:
    sequences = study_sequences(screens, "training")
    patients = [sequence.patient for sequence in sequences]
    best = BestPretraining(network, tokenizer, ROI, FIELDS, sequences, screens, tmp_path, SETTINGS)
    assert _listed(best, patients, data_description(screens).patients_of) == patients
    assert _listed(best, patients, "phantom, seed 77") == []


def test_only_an_improvement_writes(make_best: Make, tmp_path: Path) -> None:
    best = make_best()
    written: list[int] = []

    def look() -> None:
        written.append(load_pretrained(tmp_path / "model.pt").provenance["pretraining"]["epoch"])

    _validate(best, [-3.0, -2.0, -2.5, -2.0, -1.0], after=look)
    assert written == [1, 2, 2, 2, 5]
    assert best.history == [
        {"epoch": epoch, "validation_loss": loss} for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.0, 1.0], start=1)
    ]


def test_an_objective_that_is_no_number_is_refused_and_the_best_model_stays(make_best: Make, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"diverged: at epoch 2 the objective is no number.*lr") as refused:
        _validate(make_best(), [-3.0, float("nan")])
    assert refused.value.record == str(tmp_path)
    assert load_pretrained(tmp_path / "model.pt").provenance["pretraining"]["epoch"] == 1


def test_a_first_epoch_that_diverges_leaves_no_file(make_best: Make, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="at epoch 1"):
        _validate(make_best(), [float("nan")])
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no pre-trained model .*model\.pt\. Make one with"):
        load_pretrained(tmp_path / "model.pt")


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("damage", [_cut, lambda _: b"no model", lambda content: content[100:]])
def test_a_damaged_file_is_refused(model_file: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(damage(model_file.read_bytes()))
    with pytest.raises(BundleError, match=r"model\.pt: it is damaged.*Make one with"):
        load_pretrained(path)


@pytest.mark.parametrize("content", [{"format": "csfnet_bundle.model/1"}, {"model": {}}, [FORMAT], torch.zeros(2)])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(BundleError, match=rf"model\.pt: it is no file of a pre-training \(format {FORMAT}\)"):
        load_pretrained(path)


def test_nothing_but_tensors_and_plain_values_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"format": FORMAT, "architecture": tmp_path}, path)
    with pytest.raises(BundleError, match="holds more than tensors and plain values"):
        load_pretrained(path)


def test_the_hash_is_that_of_settings_and_network(make_best: Make) -> None:
    same, other_settings = make_best({"lr": 0.001}), make_best({"lr": 0.002})
    other_network = make_best(network=PretrainingNetwork(text_config("untrained"), size="tiny", mask_blank=False))
    hashes = {best.config_sha256 for best in (make_best(), same, other_settings, other_network)}
    assert len(hashes) == 3
    assert make_best().config_sha256 == same.config_sha256


def test_the_order_of_settings_does_not_change_their_hash() -> None:
    settings = {"roi": ROI, "lr": 0.1, "weights": torch.ones(3)}
    assert settings_hash(settings) == settings_hash(dict(reversed(settings.items())))
    assert settings_hash(settings) != settings_hash({**settings, "weights": torch.zeros(3)})
    assert settings_hash({"roi": json.loads(json.dumps(ROI))}) == settings_hash({"roi": ROI})


@pytest.mark.parametrize(
    "change",
    [
        lambda document: {name: part for name, part in document.items() if name != "roi"},
        lambda document: {**document, "architecture": {**document["architecture"], "eyes": 2}},
        lambda document: {**document, "architecture": {**document["architecture"], "shared_experts": True}},
        lambda document: {**document, "tokenizer": "{}"},
    ],
)
def test_parts_that_do_not_fit_together_are_refused(model_file: Path, tmp_path: Path, change: Callable) -> None:
    torch.save(change(read_weights(model_file, "")), tmp_path / "model.pt")
    with pytest.raises(BundleError, match=r"model\.pt: its parts do not fit together"):
        load_pretrained(tmp_path / "model.pt")
