"""Fill the tables of docs/*.md from the result files in docs/results/.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; whatever is there is replaced by what the function
NAME of this script makes of its result file. No figure in the documents is typed by hand. Run it from the repository's
root: ``python scripts/make_docs.py``; with ``--check`` it only says which page is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from csfnet_bundle.evaluation.markdown import markdown_table
from csfnet_bundle.studies.benchmark.common_pages import common_findings_markdown
from csfnet_bundle.studies.benchmark.pages import benchmark_markdown, findings_markdown
from csfnet_bundle.studies.measuring.pages import TABLE_NAMES as MEASURING
from csfnet_bundle.studies.measuring.pages import measuring_tables
from csfnet_bundle.studies.measuring.study import CHOICES_COMMAND, CHOICES_RESULT, CHOICES_TABLES
from csfnet_bundle.studies.real_nodules.pages import follow_up_markdown, real_nodules_markdown

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

from dicom_tables import DICOM_TABLES  # noqa: E402 - after the path is set
from medst_tables import MEDST_TABLES  # noqa: E402
from resource_tables import RESOURCE_TABLES  # noqa: E402
from result_files import load, number, tables_or_command  # noqa: E402

BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def phantom_cpu() -> str:
    """The shipped network beside the oracle and the simple reference."""
    result = load("phantom_cpu.json")
    pairs = result["cohort"]["pairs"]
    lines = [
        f"Measured on **phantoms**: {pairs['test']} test pairs; training on {pairs['training']}, epoch and threshold "
        f"from {pairs['validation']} others. Widths {result['architecture']['widths']}, ROI {result['roi']['size']} at "
        f"{result['roi']['spacing']} mm, epoch {result['chosen_epoch']} of {result['epochs']} after "
        f"{result['first_epochs']} at a smaller ROI, "
        f"{result['training_seconds'] / 60:.0f} minutes of training, {result['device']} (shared with other work). "
        f"Made by `{result['command']}`.",
        "",
        "| system | AUC (95 %, DeLong) | oracle − system (95 %, paired bootstrap) | accuracy | Brier |",
        "|---|---|---|---|---|",
    ]
    for name, row in result["systems"].items():
        area = _interval(row["auc"], row["auc_delong_lower"], row["auc_delong_upper"])
        behind = _interval(row["difference"], row["difference_lower"], row["difference_upper"])
        lines.append(f"| {name} | {area} | {behind} | {number(row['accuracy'])} | {number(row['brier_score'])} |")
    return "\n".join(lines)


CORE = "csfnet,deepcad,without_temporal_fusion,published_attention,without_cmaf_clinical,uniform_attention"
OTHERS = "scans,nas_lung,t_lstm,mcfn,radfusion,t0_image,t0_image_clinical,t1_image,t1_image_clinical"
COMMON = "benchmark --dataset_dir PHANTOMS --quick --common_test 7000 --out OUT"
BENCHMARKS = {
    "benchmark_core": f"{COMMON} --seeds 5 --systems {CORE}",
    "benchmark_rows": f"{COMMON} --seeds 2 --systems {CORE},{OTHERS}",
    "benchmark_phantom_without_reads": f"{COMMON} --without_reads --systems csfnet,deepcad",
    "benchmark_lidc": "benchmark --dataset_dir LIDC --systems t1_image --out OUT",
}
"""Result files of the benchmark. On the common test set: the core rows, every row, and two of them without what
radiologists say of the nodule; on real nodules one system of one image. Each fills a table of findings and, in the
appendix, all its tables."""


def _benchmark(name: str, markdown: Callable[[Any], str]) -> Callable[[], str]:
    return lambda: tables_or_command(f"{name}.json", f"python -m csfnet_bundle {BENCHMARKS[name]}", markdown)


def _findings(document: Any) -> str:
    """The findings on the common test set, where there is one."""
    return common_findings_markdown(document) if document.get("common_test") else findings_markdown(document)


def nodule_follow_up() -> str:
    """The follow-up part of models/nodules, on phantoms."""
    return follow_up_markdown(load("nodule_follow_up.json"))


def real_nodules() -> str:
    """One-scan networks by the recipe for real nodules, beside the diameter."""
    command = "python -m csfnet_bundle real-nodules --dataset_dir LIDC --out OUT"
    return tables_or_command("real_nodules.json", command, real_nodules_markdown)


def shipped_weights() -> str:
    """Both shipped files of weights on the same phantoms."""
    from csfnet_bundle.studies.weights_comparison import weights_markdown

    return tables_or_command("shipped_weights.json", "compare-weights", weights_markdown)


def paper_choices() -> str:
    """What the paper leaves open."""
    from csfnet_bundle.studies.choices.trial import choices_markdown

    return tables_or_command("paper_choices.json", "paper-choices", choices_markdown)


def training_pairs() -> str:
    """What more training pairs are worth to CSF-Net."""
    from csfnet_bundle.studies.choices.trial import training_pairs_markdown

    return training_pairs_markdown([load(f"paper_choices{name}.json") for name in ("", "_2048")]).rstrip("\n")


def attention() -> str:
    """Whether attention selects the nodule that a clinical value names."""
    from csfnet_bundle.studies.attention.trial import trial_markdown

    return trial_markdown(load("attention.json")).rstrip("\n")


def attention_tried() -> str:
    """The attention trials that selected nothing."""
    from csfnet_bundle.studies.attention.trial import TRUNK_WORDS

    result = load("attention_tried.json")
    head = ["encoder and temporal fusion", "training pairs", "ROI", "rate", "epochs, of planned", "AUC, training pairs"]
    head += ["AUC", "attention made uniform", "map's weight on the named half", "max weight x keys"]
    rows = [
        [
            TRUNK_WORDS[row["trunk"]],
            f"{row['training']:,}",
            "x".join(map(str, row["roi"])),
            f"{row['learning_rate']:g}",
            f"{row['epochs']} of {row['epochs_planned']}",
            *(f"{row[name]:.3f}" for name in ("auc_training", "auc", "auc_made_uniform")),
            *(f"{row[name]:.2f}" for name in ("share", "peak_image")),
        ]
        for row in result["rows"]
    ]
    return f"{markdown_table(head, rows)}\n{result['what']}"


def wrong_inputs() -> str:
    """What happens to wrong inputs."""
    document = load("wrong_inputs.json")
    rows = []
    for row in document["rows"]:
        if row["rejected"]:
            rows.append((row["input"], f"rejected, `{row['rejected']}`", "", ""))
            continue
        band = "" if row["band"] is None else " to ".join(number(value) for value in row["band"])
        rows.append((row["input"], number(row["probability"]), band, "; ".join(row["warnings"])))
    head = ("input", "probability", "27 clicks", "red findings")
    return f"{markdown_table(head, rows)}\nMade by `{document['command']}`, weights: {document['weights_trained_on']}."


def _measuring(name: str) -> Callable[[], str]:
    """One table of docs/measuring.md."""
    return lambda: measuring_tables(load("measuring.json"))[name]


def _measuring_choice(name: str) -> Callable[[], str]:
    """One table of the constants that were tried for docs/measuring.md."""
    return lambda: tables_or_command(CHOICES_RESULT, CHOICES_COMMAND, CHOICES_TABLES[name])


TABLES: dict[str, Callable[[], str]] = (
    {
        function.__name__: function
        for function in (
            phantom_cpu,
            real_nodules,
            nodule_follow_up,
            shipped_weights,
            paper_choices,
            training_pairs,
            attention,
            attention_tried,
            wrong_inputs,
        )
    }
    | DICOM_TABLES
    | MEDST_TABLES
    | RESOURCE_TABLES
)
TABLES |= {name: _benchmark(name, benchmark_markdown) for name in BENCHMARKS}
TABLES |= {f"{name}_findings": _benchmark(name, _findings) for name in BENCHMARKS}
TABLES |= {name: _measuring(name) for name in MEASURING}
TABLES |= {name: _measuring_choice(name) for name in CHOICES_TABLES}


def render(text: str) -> str:
    """Return a page with its tables made anew."""
    return BLOCK.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def main() -> int:
    """Write the pages, or with --check only compare; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="say which page is out of date, and write none")
    check = parser.parse_args().check
    outdated = []
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        made = render(text)
        if made != text:
            outdated.append(page.name)
            if not check:
                page.write_text(made, encoding="utf-8")
    print(f"{'out of date' if check else 'written'}: {', '.join(outdated) or 'none'}")
    return int(check and bool(outdated))


def _interval(value: float | None, lower: float | None, upper: float | None) -> str:
    return "" if value is None else f"{value:.3f} ({number(lower)} to {number(upper)})"


if __name__ == "__main__":
    raise SystemExit(main())
