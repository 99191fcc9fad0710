"""``paper-choices``: what the paper leaves open, tried on phantoms."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.options import Words


def paper_choices(
    out: Path,
    training: int = 512,
    test: int = 2048,
    seeds: int = 3,
    epochs: int = 20,
    choices: Words = (),
    workers: int = 1,
) -> None:
    """Train CSF-Net with each choice that the paper leaves open, one at a time, and compare it with the default.

    Blur or none, the CBAM, an interval token, batch size and the factor of the rate; the course of the temporal
    fusion's two weights is kept. Writes results.json and table.md into ``out`` after every training; an interrupted
    trial goes on with the same command.

    Args:
        out: folder for all that is made.
        training: training pairs.
        test: test pairs.
        seeds: trainings a choice.
        epochs: of every training.
        choices: some of the choices, by commas; by default all.
        workers: processes that render the ROIs.

    Examples:
        csfnet paper-choices output/choices
        csfnet paper-choices --out output/blur --choices default,no_blur --seeds 5
    """
    from csfnet_bundle.studies.choices.trial import CHOICES, choices_markdown, run_choices
    from csfnet_bundle.studies.trial_results import RESULTS_NAME

    folder = out.resolve()
    document = run_choices(
        folder,
        training=training,
        test=test,
        seeds=seeds,
        epochs=epochs,
        choices=choices or tuple(CHOICES),
        workers=workers,
    )
    print(f"{choices_markdown(document)}\n{folder / RESULTS_NAME}")
