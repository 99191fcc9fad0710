"""Predicting a table of pairs in one process: resumable, bad rows told and left out."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from csfnet_bundle import __version__
from csfnet_bundle.core.csv_cells import write_cells
from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.core.files import file_stem
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.evaluation.prediction_rows import PREDICTIONS_NAME
from csfnet_bundle.inputs.cache import READER_VERSION
from csfnet_bundle.inputs.matching import MATCHING_VERSION
from csfnet_bundle.inputs.store.identity import files_state
from csfnet_bundle.nodule.measurement import MEASURING_VERSION
from csfnet_bundle.prediction.case_files import write_prediction
from csfnet_bundle.prediction.cases import weights_of
from csfnet_bundle.prediction.list_results import (
    RESULT_FORMAT,
    RESULT_NAME,
    Result,
    read_result,
    result_cells,
)
from csfnet_bundle.prediction.pair_list import ListRow, repeated
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.prediction.request import PairRequest, predicted
from csfnet_bundle.prediction.weights_file import description_path
from csfnet_bundle.report.list_page import ListedCase, write_list_page
from csfnet_bundle.report.patient_report import NodulePage, write_patient_report
from csfnet_bundle.report.words import trained_on

CASES, INDEX_NAME, FAILED_NAME = "cases", "index.html", "failed.csv"


@dataclass
class ListRun:
    """A run over a table.

    Attributes:
        predictor: predicts.
        weights: the file of its weights.
        out: where the results go; what an earlier run left there is used again where nothing changed.
        options: of :meth:`csfnet_bundle.prediction.predictor.Predictor.predict`, the same for all rows.
        dicom_out: also write DICOM objects.
        follow_links: whether links are followed.
        results: by the number of the row, what was predicted.
        errors: by the number of the row, why it was left out.
        computed: how many rows were not taken from an earlier run.
    """

    predictor: Predictor
    weights: Path
    out: Path
    options: dict[str, bool]
    dicom_out: bool = False
    follow_links: bool = False
    results: dict[int, Result] = field(default_factory=dict)
    errors: dict[int, BundleError] = field(default_factory=dict)
    computed: int = 0

    def __post_init__(self) -> None:
        content, beside = self.weights.read_bytes(), description_path(self.weights)
        self._digest = hashlib.sha256(content).hexdigest()
        # Temperature and threshold stand in the description.
        described = beside.read_bytes() if beside.is_file() else b""
        self._weights_key = hashlib.sha256(content + described).hexdigest()
        found = map(read_result, sorted((self.out / CASES).glob(f"[!.]*/{RESULT_NAME}")))
        self._known = {result.key: result for result in found if result is not None}

    def run(self, rows: Sequence[ListRow], *, show: bool = True) -> None:
        """Predict every row, with progress; the tables and the index are written at the end, and on Ctrl-C.

        Args:
            rows: of the table.
            show: show progress on standard error.
        """
        try:
            with progress_bar("predicting pairs", len(rows), show=show) as advance:
                for row in repeated(rows):
                    try:
                        self._row(row)
                    except BundleError as error:
                        record = f"row {row.number}"
                        self.errors[row.number] = error if error.record.startswith(record) else error.for_record(record)
                    advance(1)
        finally:
            self._write(rows)

    def _row(self, row: ListRow) -> None:
        if row.error is not None or row.request is None:
            raise row.error or BundleError("cannot be read")
        key = self._key(row.request)
        known = self._known.get(key)
        if known is None:
            known = self._predict(row, row.request, key)
        self.results[row.number] = known

    def _predict(self, row: ListRow, request: PairRequest, key: str) -> Result:
        with predicted(self.predictor, request, **self.options) as (made, record):
            name = file_stem(made.pair.subject, made.pair.nodule)
            taken = [number for number, result in self.results.items() if result.folder == name]
            if taken:
                raise BundleError(
                    f"nodule {made.pair.nodule!r} of patient {made.pair.subject!r} is that of row {taken[0]} too",
                    remedy="Give each nodule of a patient its own name in the column nodule.",
                )
            new = self.out / CASES / f".{name}.new"
            shutil.rmtree(new, ignore_errors=True)
            try:
                page = write_prediction(
                    made,
                    self.predictor.checkpoint,
                    self.weights,
                    new,
                    dicom_out=self.dicom_out,
                    follow_links=self.follow_links,
                    record=record,
                ).name
                result = Result(key, name, page, result_cells(made, self._digest))
                result.write(new)
                folder = self.out / CASES / name
                shutil.rmtree(folder, ignore_errors=True)
                new.rename(folder)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
        self.computed += 1
        return result

    def _key(self, request: PairRequest) -> str:
        """Return a digest of all that the result of a row depends on."""
        files = [
            sorted(files_state(path.resolve(), follow_links=self.follow_links)) if path.exists() else []
            for path in request.paths
        ]
        parts = {
            "format": [RESULT_FORMAT, READER_VERSION, MATCHING_VERSION, MEASURING_VERSION, __version__],
            "weights": self._weights_key,
            "request": repr(request),
            "files": files,
            "options": [sorted(self.options.items()), self.dicom_out, self.follow_links],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _write(self, rows: Sequence[ListRow]) -> None:
        numbers = [row.number for row in rows if row.number in self.results]
        done = [(number, self.results[number]) for number in numbers]
        write_cells(
            self.out / PREDICTIONS_NAME,
            [
                {"row": number, **result.cells, "page": f"{CASES}/{result.folder}/{result.page}"}
                for number, result in done
            ],
        )
        failed = [_failed(row, self.errors[row.number]) for row in rows if row.number in self.errors]
        write_cells(self.out / FAILED_NAME, failed)
        patients = self._write_patients([result for _, result in done])
        write_list_page(
            self.out / INDEX_NAME,
            [
                ListedCase(
                    number,
                    f"{CASES}/{result.folder}/{result.page}",
                    result.cells,
                    patients.get(str(result.cells["subject"])),
                )
                for number, result in done
            ],
            [(row.number, str(self.errors[row.number])) for row in rows if row.number in self.errors],
            waiting=len(rows) - len(numbers) - len(failed),
            trained_on=self.predictor.checkpoint.trained_on,
        )

    def _write_patients(self, results: Sequence[Result]) -> dict[str, str]:
        """Write a page for each patient with several nodules; return those pages by PatientID, relative to the run."""
        folder, line = self.out / CASES, trained_on(weights_of(self.predictor.checkpoint, self.weights))
        pages: dict[str, list[NodulePage]] = {}
        for result in results:
            cells, page = result.cells, folder / result.folder / result.page
            made = NodulePage(page, str(cells["nodule"]), float(str(cells["probability"])), bool(result.alarms))
            pages.setdefault(str(cells["subject"]), []).append(made)
        written = {}
        for subject, nodules in pages.items():
            if len(nodules) > 1:
                path = write_patient_report(folder, subject, nodules, line)
                written[subject] = path.relative_to(self.out).as_posix()
        for path in folder.glob("*.html"):  # of a patient who had several nodules in an earlier table
            if path.relative_to(self.out).as_posix() not in written.values():
                path.unlink()
        return written


def _failed(row: ListRow, error: BundleError) -> dict[str, object]:
    return {
        "row": row.number,
        "code": str(error.code) if isinstance(error, Refusal) else "",
        "place": error.record.removeprefix(f"row {row.number}").lstrip(", "),
        "problem": error.problem,
        "remedy": error.remedy,
        **{f"given_{name}": cell for name, cell in row.cells.items() if cell},
    }


def print_errors(run: ListRun) -> None:
    """Print a line for each row that was left out, to standard error."""
    for number in sorted(run.errors):
        print(f"left out: {run.errors[number]}", file=sys.stderr)
