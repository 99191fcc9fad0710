"""Tables from the result files of single measurements: times, memory, bytes, ROIs unlike the training set."""

from __future__ import annotations

from collections.abc import Callable

from result_files import load

from csfnet_bundle.evaluation.markdown import markdown_table


def latency() -> str:
    """Predictions by batch size and runtime."""
    from csfnet_bundle.studies.latency import latency_markdown

    return latency_markdown(load("latency.json"))


def store_formats() -> str:
    """Formats for the ROI store."""
    result = load("store_formats.json")
    lines = ["| format | open, ms | reads/s | writes/s | kB a pair | files |", "|---|---|---|---|---|---|"]
    for row in result["rows"]:
        lines.append(
            f"| {row['format']} | {row['open_ms']:g} | {row['reads_per_s']:,} | {row['writes_per_s']:,} | "
            f"{row['kB_a_pair']} | {row['files']} |"
        )
    lines += [
        "",
        f"{result['pairs']} pairs of 2x20x72x72 float32 values, {result['reads']} random reads with checksums; "
        "processor time of one thread on a shared machine.",
    ]
    return "\n".join(lines)


def range_bytes() -> str:
    """What a cohort without images reads of its series."""
    result = load("range_bytes.json")
    lines = [
        "| slices, mm | point in t0 | pairs | MB read of MB | share, % | largest, % | place off at most, mm |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        size = f"{row['megabytes']:g} of {row['whole_megabytes']:g}"
        figures = (row["slice_mm"], row["way"], row["pairs"], size, row["share_percent"], row["largest_percent"])
        lines.append(f"| {' | '.join(map(str, (*figures, row['farthest_off_mm'])))} |")
    lines += [
        "",
        f"{', '.join(result['series'])}; of each file {result['head_bytes'] / 1024:g} kB for its header. t0 is t1 "
        "shifted, with noise; slices of half the spacing are interpolated. Places and ROIs are those of whole series, "
        "bit for bit.",
    ]
    return "\n".join(lines)


def fit_memory() -> str:
    """What finished fits of a benchmark leave in memory."""
    result = load("fit_memory.json")
    count = result["fits"]
    lines = [
        f"| | {' | '.join(['before', *(f'after fit {number}' for number in range(1, count + 1))])} |",
        f"|{'---|' * (count + 2)}",
    ]
    for row in result["rows"]:
        name = "MB of tensors alive" if row["collected"] else "the same without the collection after a fit"
        lines.append(f"| {name} | {' | '.join(f'{value:g}' for value in row['living_mb'])} |")
    parameters = result["rows"][0]["parameters"]
    lines += ["", f"CSF-Net at width {result['width']:g} ({parameters:,} parameters), on a CPU, one after the other."]
    return "\n".join(lines)


def training_speed() -> str:
    """Rates of the loaders and of a training step."""
    from csfnet_bundle.studies.training_speed import training_speed_markdown

    return training_speed_markdown(load("training_speed.json"))


def unlike_rois() -> str:
    """How many ROIs of each kind the nodule weights call unlike their training set."""
    result = load("unlike_rois.json")
    head = ("place", "rule", "places", "beyond the limit", "doubted", "either")
    counts = ("places", "beyond", "doubted", "either")
    rows = [(row["kind"], row["rule"], *(row[name] for name in counts)) for row in result["places"]]
    phantoms, boxes, compared = (result[name] for name in ("phantoms", "boxes", "filled_against_whole"))
    differences = dict(compared["largest_difference_sd"])
    rim = differences.pop("rim_tissue")
    others = max(map(abs, differences.values()))
    return (
        f"{markdown_table(head, rows)}\n"
        f"Of {phantoms['pairs']} phantom pairs (seed {phantoms['seed']}), {phantoms['t0']} are beyond the limit in t0, "
        f"{phantoms['t1']} in t1, {phantoms['either']} in either. Of the {boxes['nodules']} boxes with plain padding, "
        f"{boxes['padded_beyond']} are beyond it; filled, and each judged by the mean and the covariance of folds "
        f"without it, {boxes['filled_beyond_out_of_fold']}. For {compared['nodules']} nodules the whole scan was "
        f"compared with the filled box: the largest difference of the share of tissue at the ROI's surface is "
        f"{rim:+.2f} SD over nodules, that of the other {len(differences)} statistics {others:.2f} SD. Limit "
        f"{result['limit']:.2f}; made by `{result['command']}`, places by seed {result['seed']}."
    )


RESOURCE_TABLES: dict[str, Callable[[], str]] = {
    function.__name__: function
    for function in (latency, store_formats, range_bytes, fit_memory, training_speed, unlike_rois)
}
