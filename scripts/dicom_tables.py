"""Tables of docs/dicom_reader.md from the result files of the DICOM reader's commands."""

from __future__ import annotations

from typing import Any

from result_files import load


def readers_counts() -> str:
    """How often each reader was right, refused, or wrong."""
    result = load("readers.json")
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    kinds = ("right", "refused", "unfounded", "wrong", "crash")
    lines = [
        f"{len(result['classes'])} classes of folders ({versions}).",
        "",
        "| reader | read right | refused | unfounded | wrong, and nobody told | crashed |",
        "|---|---|---|---|---|---|",
    ]
    for reader, counts in result["counts"].items():
        lines.append(f"| {reader} | " + " | ".join(str(counts[kind]) for kind in kinds) + " |")
    return "\n".join(lines)


def readers_classes() -> str:
    """Every class of input, and what each reader did with it."""
    result = load("readers.json")
    readers = list(result["counts"])
    lines = [f"| class | required | {' | '.join(readers)} |", "|---" * (2 + len(readers)) + "|"]
    for row in result["classes"]:
        cells = [_verdict(reader, row["results"][reader]) for reader in readers]
        required = "read" if row["required"] == "read" else f"`{row['required']}`"
        lines.append(f"| {row['class']} | {required} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _verdict(reader: str, result: dict[str, str]) -> str:
    if result["verdict"] in ("wrong", "crash"):
        detail = result["detail"] if result["verdict"] == "wrong" else ""
        return f"**{result['verdict']}** {detail}".strip()
    if result["verdict"] == "refused" and reader == "this bundle":
        return f"refused `{result['detail']}`"
    return result["verdict"]


def benchmark_roi() -> str:
    """One ROI by every route."""
    result = load("benchmark_roi.json")
    floor = result["routes"]["floor"]["cpu_ms"]
    lines = [
        f"{result['slices']} slices of {result['matrix']} x {result['matrix']}, {_machine(result['machine'])}.",
        "",
        "| route | processor ms | times the floor | clock ms | peak MB above the import |",
        "|---|---|---|---|---|",
    ]
    for route in result["routes"].values():
        share = route["cpu_ms"] / floor
        lines.append(
            f"| {route['label']} | {_figure(route['cpu_ms'])} | {_figure(share)} | {_figure(route['wall_ms'])} | "
            f"{route['peak_mb']:.1f} |"
        )
    return "\n".join(lines)


def benchmark_goals() -> str:
    """What the reader had to reach."""
    lines = ["| goal | wanted | found | reached |", "|---|---|---|---|"]
    for goal in load("benchmark_roi.json")["goals"]:
        reached = "yes" if goal["reached"] else "**no**"
        lines.append(f"| {goal['what']} | {goal['wanted']} | {_figure(goal['found'])} | {reached} |")
    return "\n".join(lines)


def benchmark_syntaxes() -> str:
    """Compressed series by syntax and plugin."""
    lines = [
        "| transfer syntax | plugin | slices | pydicom decodes them, ms | one ROI by this reader, ms |",
        "|---|---|---|---|---|",
    ]
    for row in load("benchmark_roi.json")["syntaxes"]:
        ours = _figure(row["roi_ms"]) if row["roi_ms"] else "not used"
        lines.append(f"| {row['syntax']} | {row['plugin']} | {row['slices']} | {_figure(row['decode_ms'])} | {ours} |")
    return "\n".join(lines)


def fuzz() -> str:
    """Damaged DICOM files by transfer syntax and outcome."""
    return _fuzz("fuzz.json", "transfer syntax")


def fuzz_volumes() -> str:
    """Damaged NIfTI and MetaImage files by kind and outcome."""
    return _fuzz("fuzz_volumes.json", "file")


def _fuzz(name: str, head: str) -> str:
    result = load(name)
    groups = list(next(iter(result["groups"].values())))
    lines = [
        f"{result['files']:,} damaged files, seed {result['seed']}; at most {result['most_seconds']:.2f} s of "
        f"processor time and {result['most_megabytes']:.0f} MB for one file (limits: "
        f"{result['limits']['seconds']:g} s, "
        f"{result['limits']['megabytes']:g} MB).",
        "",
        f"| {head} | {' | '.join(groups)} |",
        "|---" * (1 + len(groups)) + "|",
    ]
    for kind, counts in result["groups"].items():
        lines.append(f"| {kind} | {' | '.join(str(counts[group]) for group in groups)} |")
    codes = ", ".join(f"`{code}` {number}" for code, number in result["outcomes"].items() if code.isupper())
    return "\n".join([*lines, "", f"The refusals by code: {codes}."])


def many_series() -> str:
    """Times of many small series."""
    result = load("many_series.json")
    first = result["cohorts"][0]
    lines = [
        f"Series of {first['slices']} slices of {first['matrix']} x {first['matrix']}; ROIs over {first['workers']} "
        f"processes; {_machine(result['machine'])}.",
        "",
        "| what | "
        + " | ".join(f"{row['series']:,} series: processor s, ms each, clock s" for row in result["cohorts"])
        + " |",
        "|---" * (1 + len(result["cohorts"])) + "|",
    ]
    for name in first["times"]:
        cells = []
        for row in result["cohorts"]:
            spent = row["times"][name]
            each = 1e3 * spent["processor_seconds"] / row["series"]
            cells.append(f"{_figure(spent['processor_seconds'])}, {_figure(each)}, {_figure(spent['seconds'])}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


DICOM_TABLES = {
    function.__name__: function
    for function in (
        readers_counts,
        readers_classes,
        benchmark_roi,
        benchmark_goals,
        benchmark_syntaxes,
        fuzz,
        fuzz_volumes,
        many_series,
    )
}


def _machine(machine: dict[str, Any]) -> str:
    load = "" if machine["load"] is None else f", shared with other work (load {machine['load']:g})"
    return f"{machine['processor']}, {machine['cores']} cores{load}, Python {machine['python']}"


def _figure(value: float) -> str:
    """Return a number with three digits that count, never in powers of ten."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
