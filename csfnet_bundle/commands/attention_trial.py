"""``python -m csfnet_bundle attention-trial``: whether cross-modal attention can select."""

from __future__ import annotations

from pathlib import Path


def attention_trial(
    out: str,
    training: int = 2048,
    test: int = 512,
    seeds: int = 3,
    epochs: int = 30,
    learning_rate: float = 2e-4,
    trunk: str = "frozen",
    workers: int = 1,
) -> int:
    """Train CSF-Net, the same with uniform attention and the printed form on phantoms with two nodules in each ROI.

    A clinical value says which of the two counts. Writes results.json and table.md into ``out`` after every training;
    an interrupted trial goes on with the same command. The exit status is 0 if every seed is accepted.

    Args:
        out: folder for all that is made.
        training: training pairs.
        test: test pairs.
        seeds: trainings a system.
        epochs: of every training.
        learning_rate: at the start.
        trunk: encoder and temporal fusion: frozen (of the shipped weights, not trained), start (trained further) or
            random.
        workers: processes that render the ROIs.

    Examples:
        csfnet attention-trial --out output/attention_trial
        csfnet attention-trial output/quick --training 64 --test 64 --seeds 1 --epochs 2
    """
    from csfnet_bundle.studies.attention.trial import run_trial, trial_markdown
    from csfnet_bundle.studies.trial_results import RESULTS_NAME

    folder = Path(out).resolve()
    document = run_trial(
        folder,
        training=training,
        test=test,
        seeds=seeds,
        epochs=epochs,
        learning_rate=learning_rate,
        trunk=trunk,
        workers=workers,
    )
    print(f"{trial_markdown(document)}\n{folder / RESULTS_NAME}")
    return 0 if document["verdict"]["accepted"] else 1
