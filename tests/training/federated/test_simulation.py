"""Two sites train one network through MONAI's ``MonaiAlgo`` and the bundle's configs."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.workflow_runs import REPOSITORY
from monai.fl.utils.exchange_object import ExchangeObject

from csfnet_bundle.cohorts.splits import SECTIONS
from csfnet_bundle.commands import main
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.seen_patients import ACCEPTED, SEEN_PATIENTS, remember_patients, seen_among
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.training.federated import Site, average_weights, initial_model, simulate_federation

OVERRIDE = {"num_workers": 0, "batch_size": 4, "optimizer#lr": 0.001}


@pytest.fixture(scope="module")
def site_folders(small_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The cohort's patients, every second pair of them at another site."""
    whole = load_datalist(small_cohort)
    folders = []
    for number in range(2):
        folder = tmp_path_factory.mktemp(f"site{number}")
        for path in small_cohort.iterdir():
            if path.is_dir():
                (folder / path.name).symlink_to(path)
        sections = {
            name: tuple(pair for index, pair in enumerate(pairs) if index // 2 % 2 == number)
            for name, pairs in whole.sections.items()
            if name != "inference"
        }
        save_datalist(Datalist(folder, sections, {**whole.header, "name": f"site {number}"}))
        folders.append(folder)
    return folders


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained network."""
    checkpoint = initial_model([REPOSITORY / "configs" / name for name in ("train.json", "cpu_demo.json")])
    torch.manual_seed(0)
    network = CSFNet(widths=[[4], [4], [8]])
    path = tmp_path_factory.mktemp("start") / "model.pt"
    roi = RoiSettings(size=(16, 32, 32))
    replace(checkpoint, weights=network.state_dict(), architecture=network.architecture(), roi=roi).save(path)
    return path


def _sites(folders: list[Path], out: Path) -> list[Site]:
    return [Site(f"site-{number}", folder, out / f"site-{number}") for number, folder in enumerate(folders)]


def _of(folders: list[Path], section: str) -> set[str]:
    return {pair.subject for folder in folders for pair in load_datalist(folder).section(section)}


def _known(checkpoint: ModelCheckpoint, folders: list[Path]) -> set[str]:
    """Those of the sites' patients whom weights say to have seen."""
    everybody = set().union(*(_of(folders, section) for section in SECTIONS))
    return set(seen_among(checkpoint.seen_patients, everybody, "model.pt", data_description(folders[0]).patients_of))


def test_a_round_averages_what_the_sites_learnt(site_folders: list[Path], start: Path, tmp_path: Path) -> None:
    """Step by step as a server does it; then the same by ``simulate_federation``."""
    sites = _sites(site_folders, tmp_path)
    algorithms = [site.algorithm(REPOSITORY, start, 1, {**OVERRIDE, "cache_dir": None}) for site in sites]
    weights = load_checkpoint(start).weights
    trained = []
    for algorithm in algorithms:
        algorithm.train(ExchangeObject(weights={name: tensor.clone() for name, tensor in weights.items()}))
        trained.append({name: tensor.clone() for name, tensor in algorithm.trainer.network.state_dict().items()})
    assert not torch.equal(trained[0]["head.2.weight"], trained[1]["head.2.weight"])
    buffer = "encoder.layers.0.1.running_mean"
    assert not torch.equal(trained[0][buffer], trained[1][buffer])
    assert trained[0]["encoder.layers.0.1.num_batches_tracked"] == 2  # 8 pairs in batches of 4

    averaged = average_weights(trained)
    metrics = algorithms[0].evaluate(ExchangeObject(weights=averaged)).metrics
    assert 0 <= metrics["validation_auc"] <= 1
    evaluated = algorithms[0].evaluator.network.state_dict()
    torch.testing.assert_close(evaluated[buffer], (trained[0][buffer] + trained[1][buffer]) / 2)

    checkpoint, history = simulate_federation(
        _sites(site_folders, tmp_path / "again"), REPOSITORY, start, 1, 1, {**OVERRIDE, "cache_dir": None}
    )
    torch.testing.assert_close(dict(checkpoint.weights), averaged, rtol=0, atol=1e-6)
    assert history[0].metrics["site-0"] == pytest.approx(metrics)
    assert checkpoint.provenance["phantom"] is True
    assert checkpoint.trained_on == "federation of site 0, site 1"
    assert len(checkpoint.seen_patients) == 2
    assert _known(checkpoint, site_folders) == {*_of(site_folders, "training"), *_of(site_folders, "validation")}


def test_the_command_trains_over_rounds(
    site_folders: list[Path], start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "federation"
    words = ["simulate-federation", f"--sites={site_folders[0]},{site_folders[1]}", f"--model={start}", f"--out={out}"]
    assert main([*words, "--rounds=2", "--batch_size=4", "--learning_rate=0.001"]) == 0
    printed = capsys.readouterr().out
    assert "site-1 8, site-2 8" in printed
    assert len([line for line in printed.splitlines() if line.startswith(("| 1", "| 2"))]) == 2
    checkpoint = load_checkpoint(out / "model.pt")
    checkpoint.create_network()
    assert checkpoint.provenance["rounds"] == 2
    # Each site keeps the best network of its own rounds, with a decision of its own.
    own = load_checkpoint(out / "site-1" / "model.pt")
    assert own.trained_on == "site 0, started from weights trained on nothing: random weights"
    assert _known(own, site_folders) == {*_of(site_folders[:1], "training"), *_of(site_folders[:1], "validation")}


def test_a_site_that_holds_out_whom_the_start_has_seen_is_refused(
    site_folders: list[Path], start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is trained; or the result says so. It tells whom the start has seen once, not once a site."""
    patient = load_datalist(site_folders[1]).section("test")[0].subject
    leaking = tmp_path / "leaking.pt"
    seen = {SEEN_PATIENTS: [remember_patients([patient])]}
    replace(load_checkpoint(start), further=seen).save(leaking)
    words = ["simulate-federation", f"--sites={site_folders[0]},{site_folders[1]}", f"--model={leaking}"]
    words += ["--batch_size=4", "--rounds=1", f"--out={tmp_path / 'out'}"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert f"{leaking}: these weights were trained on patient {patient}, who is held out in 'test'" in told
    assert "--accept_seen_patients=true" in told
    assert not (tmp_path / "out" / "site-2" / "model.pt").exists()
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert main([*words, "--accept_seen_patients=true"]) == 0
    made = load_checkpoint(tmp_path / "out" / "model.pt")
    assert made.provenance[ACCEPTED].startswith("site-2: 1 of ")
    assert len(made.seen_patients) == 3


def test_patients_of_cohorts_that_are_not_public_are_listed_where_asked(
    site_folders: list[Path], start: Path, tmp_path: Path
) -> None:
    private = []
    for number, folder in enumerate(site_folders):
        datalist = load_datalist(folder)
        private.append(tmp_path / f"private{number}")
        private[-1].mkdir()
        for path in folder.iterdir():
            if path.is_dir():
                (private[-1] / path.name).symlink_to(path)
        save_datalist(Datalist(private[-1], datalist.sections, {"name": f"hospital {number}"}))

    def seen(**options: object) -> set[str]:
        sites = _sites(private, tmp_path / "out")
        made, _ = simulate_federation(sites, REPOSITORY, start, 0, 1, {**OVERRIDE, "cache_dir": None, **options})
        return _known(made, private)

    assert seen() == set()
    assert seen(remember_patients=True) == {*_of(private, "training"), *_of(private, "validation")}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sites=one", "--model=x.pt", "--out=new"], "two or more"),
        (["--sites=one,two", "--model=x.pt", "--out=new", "--rounds=0"], "0 rounds"),
        (["--sites=one,two", "--model=x.pt", "--out=."], "exists already"),
        (["--sites=one,two", "--model=nowhere.pt", "--out=new"], "nowhere.pt"),
    ],
)
def test_mistakes_are_one_line(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate-federation", *options]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert words in error[0]
    assert not (tmp_path / "new").exists()


def test_initial_models_carry_network_and_roi(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["initial-model", "--configs=train.json,cpu_demo.json"]
    for name in ("one.pt", "same.pt"):
        assert main([*words, f"--out={tmp_path / name}"]) == 0
    assert main([*words, f"--out={tmp_path / 'other.pt'}", "--seed=1"]) == 0
    one, same, other = (load_checkpoint(tmp_path / f"{name}.pt") for name in ("one", "same", "other"))
    assert one.roi.size == (16, 32, 32)
    assert one.trained_on == "nothing: random weights"
    torch.testing.assert_close(dict(one.weights), dict(same.weights), rtol=0, atol=0)
    assert not torch.equal(one.weights["head.0.weight"], other.weights["head.0.weight"])
    assert main([*words, f"--out={tmp_path / 'one.pt'}"]) == 1
    assert main(["initial-model", f"--out={tmp_path / 'x.pt'}", "--configs=nothing.json"]) == 1
    assert "nothing.json" in capsys.readouterr().err
