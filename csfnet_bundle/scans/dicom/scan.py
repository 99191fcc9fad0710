"""Finding the series in a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.scans.dicom import tags
from csfnet_bundle.scans.dicom.bare import bare_data_set
from csfnet_bundle.scans.dicom.elements import PREAMBLE_BYTES, HeaderError
from csfnet_bundle.scans.dicom.header import Header, Skip, read_header
from csfnet_bundle.scans.dicom.index import KnownFile, file_state, index_path, load_index, save_index
from csfnet_bundle.scans.dicom.instance import Fault, Instance, instance_from_header
from csfnet_bundle.scans.dicom.multiframe import is_multiframe, multiframe_instances
from csfnet_bundle.scans.dicom.reconstructions import take_apart
from csfnet_bundle.scans.dicom.series import Series
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED, DEFLATED_UID
from csfnet_bundle.scans.dicom.tolerances import HEADER_BYTES


def holds_dicom(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder, or a file that is DICOM."""
    path = Path(path)
    if not path.is_file():
        return path.is_dir()
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    return head[PREAMBLE_BYTES:].startswith(b"DICM") or bare_data_set(head) is not None


@dataclass
class FolderContents:
    """What the files of a folder are.

    Attributes:
        instances: slices, sound and faulty.
        skipped: files that are no slices, by reason.
    """

    instances: list[Instance] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, found: Sequence[Instance] | Skip) -> None:
        """Add what one file is."""
        if isinstance(found, Skip):
            self.skipped[found.value] += 1
        else:
            self.instances.extend(found)


def scan_folder(
    path: str | os.PathLike[str], *, index: str | os.PathLike[str] | None = None, follow_links: bool = False
) -> list[Series]:
    """Find the series in a folder and its subfolders (or in one DICOM file) by the headers alone.

    Symbolic links are not followed unless that is asked for: what they point to within the folder is read where it
    lies, and what lies outside is not the folder's.

    Args:
        path: the folder.
        index: folder where headers are kept between calls. Every file is looked up each time, and read again if
            anything about it changed; the result is the same with and without.
        follow_links: read what symbolic links to files and folders point to, each file once, as for folders that
            git-annex or DataLad keeps. A link whose content is not there counts as an unreadable file.

    Returns:
        The series, by study date, SeriesInstanceUID and kernel. Each may still be refused: see :attr:`Series.refusal`.

    Raises:
        BundleError: there is no such folder or file.
        Refusal: NO_DICOM, there is no DICOM image in it.
    """
    if index is None or Path(path).is_file():
        contents = read_headers(list_files(path, follow_links=follow_links))
    else:
        contents = _read_through_index(os.fspath(path), index, follow_links=follow_links)
    return group_series(contents, str(path))


def list_files(path: str | os.PathLike[str], *, follow_links: bool = False) -> Iterator[str | Skip]:
    """Yield the regular files below a folder, in no particular order, and a reason for each entry left out."""
    if Path(path).is_file():
        yield os.fspath(path)
        return
    if not Path(path).is_dir():
        raise BundleError(f"there is no folder {path}", remedy="Give a folder of DICOM files.")
    folders = [os.fspath(path)]
    seen = {os.path.realpath(path)} if follow_links else set()
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                found = list(entries)
        except OSError:
            yield Skip.UNREADABLE
            continue
        for entry in found:
            if entry.is_symlink():
                if not follow_links:
                    yield Skip.LINK
                    continue
                target = os.path.realpath(entry.path)
                if target not in seen:  # links may lead round in circles, and several to one place
                    seen.add(target)
                    if entry.is_dir():
                        folders.append(entry.path)
                    else:
                        yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path
            else:
                yield Skip.SPECIAL


def read_headers(files: Iterable[str | Skip]) -> FolderContents:
    """Read the header of every file."""
    contents = FolderContents()
    for file in files:
        contents.add(file if isinstance(file, Skip) else read_instances(file))
    return contents


def _read_through_index(path: str, index: str | os.PathLike[str], *, follow_links: bool) -> FolderContents:
    """Read the headers of the files that the index does not know as they are now, and let it know them."""
    file = index_path(path, index)
    before, after = load_index(file, path), dict[str, KnownFile]()
    contents, is_new = FolderContents(), False
    for name in list_files(path, follow_links=follow_links):
        if isinstance(name, Skip):
            contents.add(name)
            continue
        state = file_state(
            name, follow_links=follow_links
        )  # before the file is read: a change while it is read then shows
        known = before.get(name)
        item = known if known is not None and known.state == state else KnownFile(state, read_instances(name))
        contents.add(item.found)
        if item is known or item.is_lasting:
            after[name] = item
            is_new = is_new or item is not known
    if is_new or len(after) != len(before):
        save_index(file, path, after)
    return contents


def read_instances(path: str) -> list[Instance] | Skip:
    """Read the header of one file: its slice, its frames, or why it has none."""
    try:
        header = read_header(path)
    except OSError as error:  # for all that is known, it is a slice
        problem = f"cannot be read: {error.strerror}"
        fault = Fault(RefusalCode.UNREADABLE_SLICE, problem, "Get the permission to read it, or the file again.", False)
        return [Instance(path=path, size=0, modified_ns=0, fault=fault)]
    except HeaderError as error:
        return Skip.OTHER_KIND if _is_of_another_kind(error.values) else [_damaged(path, error)]
    if isinstance(header, Skip):
        return header
    sop_class = _sop_class(header.values)
    if sop_class == tags.DICOMDIR_CLASS:
        return Skip.DIRECTORY_FILE
    if header.pixel_offset < 0:
        if sop_class in tags.CT_CLASSES:
            return [_damaged(path, HeaderError("a CT image without pixel data", header.values))]
        if not sop_class:  # every data set has one: this file was cut between two elements, before it
            return [_damaged(path, HeaderError("the file ends before it says what it is", header.values))]
        return Skip.NO_IMAGE
    if is_multiframe(header):
        return multiframe_instances(path, header)
    return [instance_from_header(path, header)]


def _sop_class(values: tags.Values) -> str:
    """Return the SOP class that the data set gives, or else the file meta information."""
    return tags.text(values, tags.SOP_CLASS_UID) or tags.text(values, tags.META_SOP_CLASS)


def _is_of_another_kind(values: tags.Values) -> bool:
    """Whether a file whose header cannot be read to its end surely is no CT slice."""
    modality = tags.text(values, tags.MODALITY)
    if modality:
        return modality != tags.CT_MODALITY
    sop_class = _sop_class(values)
    return bool(sop_class) and sop_class not in tags.POSSIBLE_CT_CLASSES


def _damaged(path: str, error: HeaderError) -> Instance:
    """Make a faulty instance of the elements read before the damage."""
    if error.syntax_uid:
        what = (
            "deflated files are not read, as they can inflate without bound" if error.syntax_uid == DEFLATED_UID else ""
        )
        fault = Fault(
            RefusalCode.TRANSFER_SYNTAX,
            f"{error} is not on the allow-list{': ' + what if what else ''}",
            "Convert the series to a lossless transfer syntax of the list in docs/refusals.md.",
        )
    else:
        fault = Fault(error.code, str(error), error.remedy)
    syntax = ALLOWED.get(tags.text(error.values, tags.META_TRANSFER_SYNTAX), next(iter(ALLOWED.values())))
    header = Header(error.values, syntax, True, 0, 0, -1, 0, 0)
    return instance_from_header(path, header, fault)


def group_series(contents: FolderContents, place: str = "") -> list[Series]:
    """Group slices into series.

    Raises:
        Refusal: NO_DICOM if there are none; the fault's code if all files are faulty and name no series.
    """
    sound: dict[str, list[Instance]] = {}
    faulty: dict[str, list[Instance]] = {}
    for item in contents.instances:
        (sound if item.fault is None else faulty).setdefault(item.series_uid, []).append(item)
    strays = faulty.pop("", [])
    if not sound and not faulty:
        _refuse_empty(contents.skipped, strays, place)
    strays_by_folder: dict[str, list[Instance]] = {}
    for item in sorted(strays, key=lambda item: item.path):
        strays_by_folder.setdefault(_folder(item), []).append(item)
    series = [
        part
        for uid in sorted({*sound, *faulty})
        for part in _series_of(uid, sound.get(uid, []), faulty.get(uid, []), strays_by_folder, contents.skipped)
    ]
    # A series of localizers alone is only named where it is all there is.
    scans = [item for item in series if item.instances or any(other.series_uid == item.uid for other in item.faulty)]
    return sorted(scans or series, key=lambda item: (item.study_date, item.uid, item.kernel))


def _series_of(
    uid: str,
    sound: Sequence[Instance],
    faulty: Sequence[Instance],
    strays: Mapping[str, Sequence[Instance]],
    skipped: Mapping[str, int],
) -> Iterator[Series]:
    # A damaged file that names no series may be a slice of each series that lies beside it.
    folders = sorted({_folder(item) for item in (*sound, *faulty)}) if strays else ()
    beside = [item for folder in folders for item in strays.get(folder, ())]
    if any(item.position and item.orientation for item in sound):  # else nothing shows that it is not the scan itself
        pages = [item for item in (*sound, *faulty) if item.is_page]
        sound = [item for item in sound if not item.is_page]
        faulty = [item for item in faulty if not item.is_page]
        if pages:
            skipped = {**skipped, Skip.PAGE: len(pages)}
    patients = tuple(sorted({item.patient_id for item in sound}))
    studies: dict[str, list[Instance]] = {}
    for item in sound:
        studies.setdefault(item.study_uid, []).append(item)
    parts = [
        replace(part, named=", ".join(filter(None, (f"study {uid}" if len(studies) > 1 else "", part.named))))
        for uid, study in sorted(studies.items())
        for part in take_apart(study)
    ] or take_apart(())
    for part in parts:
        findings: tuple[str, ...] = ()
        if part.named:
            findings = (f"The SeriesInstanceUID holds {len(parts)} reconstructions; this is the one of {part.named}.",)
        yield Series(
            uid=uid,
            part=part.named,
            instances=part.instances,
            faulty=(*sorted(faulty, key=lambda item: item.path), *beside),
            duplicates=part.duplicates,
            localizers=part.localizers,
            patients=patients,
            skipped=dict(skipped),
            findings=findings,
        )


def _folder(item: Instance) -> str:
    return os.path.dirname(item.path)  # noqa: PTH120 - for thousands of slices, Path costs more than their headers


def _refuse_empty(skipped: Mapping[str, int], strays: Sequence[Instance], place: str) -> None:
    if strays:
        first = min(strays, key=lambda item: item.path)
        assert first.fault is not None
        raise Refusal(
            first.fault.code,
            f"{Path(first.path).name}: {first.fault.problem}"
            + (f" (and {len(strays) - 1} more files)" if len(strays) > 1 else ""),
            series=place,
            figures={"files": len(strays)},
            remedy=first.fault.remedy or "Get the files again, uncompressed or with a lossless transfer syntax.",
        )
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items())) or "no files"
    remedies = [REMEDIES[reason] for reason in sorted(skipped) if reason in REMEDIES]
    raise Refusal(
        RefusalCode.NO_DICOM,
        f"no DICOM image in {place}: {reasons}",
        series=place,
        figures=dict(skipped),
        remedy=" ".join(dict.fromkeys(remedies)) or "Give the folder of the DICOM files.",
    )


REMEDIES: Mapping[str, str] = {
    Skip.ZIP: "Unpack the archive and give the folder of the DICOM files.",
    Skip.ARCHIVE: "Unpack the archive and give the folder of the DICOM files.",
    Skip.GZIP: "Unpack the .gz files; of a .nii.gz give the file itself.",
    Skip.NRRD: "Convert NRRD to NIfTI or MetaImage and give that file, or give the DICOM files.",
    Skip.NIFTI: "Give the NIfTI file itself, not its folder.",
    Skip.METAIMAGE: "Give the MetaImage file itself, not its folder.",
    Skip.HTML: "A web page stands where files should be: download them again, signed in.",
    Skip.LINK: "Give the folder that the links point to, or follow them (--follow_links).",
}
"""What to do about what a folder holds instead of DICOM files."""
