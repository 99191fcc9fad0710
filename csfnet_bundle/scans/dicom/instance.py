"""One slice: what its header says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom import tags
from csfnet_bundle.scans.dicom.elements import UNDEFINED_LENGTH
from csfnet_bundle.scans.dicom.header import Header
from csfnet_bundle.scans.dicom.tolerances import (
    MAX_EXCESS_BYTES,
    MAX_MATRIX,
    MAX_PIXEL_SPACING_MM,
    MIN_MATRIX,
    MIN_PIXEL_SPACING_MM,
)

BYTES_PER_PIXEL = 2
"""All CT pixels are stored in 16 bits."""

_HU_TYPES = frozenset(("", "HU", "US", "HUMOD", "HOUNSFIELD", "HOUNSFIELDUNIT", "HOUNSFIELDUNITS", "HNSFU", "HNSF"))
"""RescaleType values, letters alone, that can mean HU, as writers spell it (``[hnsf'U]`` is UCUM's); absent and US
(unspecified) are left to the check of the pixels."""

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one slice cannot be used: a refusal code, the reason, and what to do if that is not to get the file again.

    ``lasting`` is False where another try may succeed without any change to the file.
    """

    code: RefusalCode
    problem: str
    remedy: str = ""
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Instance:
    """One slice of a series: an instance, or a frame of a multi-frame instance. Plain values only.

    Attributes:
        path: its file.
        size: bytes of the file.
        modified_ns: the file's time of modification.
        frame: index of the frame in the file; 0 for a classic instance.
        sop_class: SOPClassUID.
        sop_uid: SOPInstanceUID.
        series_uid: SeriesInstanceUID.
        study_uid: StudyInstanceUID.
        patient_id: PatientID.
        study_date: StudyDate, YYYYMMDD.
        modality: Modality.
        manufacturer: Manufacturer.
        description: SeriesDescription.
        study_description: StudyDescription.
        series_number: SeriesNumber.
        image_number: InstanceNumber, or the frame's number from 1; None where it is no number.
        series_time: SeriesTime, HHMMSS with or without fractions.
        kernel: ConvolutionKernel.
        image_type: ImageType, or the frame's type.
        calculation: VolumeBasedCalculationTechnique.
        acquisition: AcquisitionNumber, or the frame's.
        phase: what tells one time from another at the same place: temporal position, trigger time, cardiac phase.
        stack_id: StackID of a frame.
        frame_of_reference: FrameOfReferenceUID.
        slice_thickness: SliceThickness, mm; None where it is absent or not above zero.
        reconstruction_diameter: ReconstructionDiameter, mm.
        position: ImagePositionPatient, LPS mm: the centre of the first pixel.
        orientation: ImageOrientationPatient: direction of growing column index, then of growing row index.
        pixel_spacing: PixelSpacing, mm: between rows, then between columns.
        rows: Rows.
        columns: Columns.
        bits_stored: BitsStored.
        signed: PixelRepresentation is 1.
        slope: RescaleSlope, HU for each stored value.
        intercept: RescaleIntercept, HU.
        padding: smallest and largest stored value that mean padding.
        lossy: LossyImageCompression says that the pixels once were compressed with loss.
        syntax_uid: TransferSyntaxUID.
        pixel_offset: byte of the file at which the pixel data's value starts.
        pixel_length: bytes of the image; ``UNDEFINED_LENGTH`` for compressed frames.
        excess: bytes of native pixel data beyond the image.
        frames: frames in the file.
        fault: why the slice cannot be used; None if its header is sound.
    """

    path: str
    size: int
    modified_ns: int
    frame: int = 0
    sop_class: str = ""
    sop_uid: str = ""
    series_uid: str = ""
    study_uid: str = ""
    patient_id: str = ""
    study_date: str = ""
    modality: str = ""
    manufacturer: str = ""
    description: str = ""
    study_description: str = ""
    series_number: str = ""
    image_number: int | None = None
    series_time: str = ""
    kernel: str = ""
    image_type: str = ""
    calculation: str = ""
    acquisition: str = ""
    phase: str = ""
    stack_id: str = ""
    frame_of_reference: str = ""
    slice_thickness: float | None = None
    reconstruction_diameter: float | None = None
    position: Vector | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    pixel_spacing: tuple[float, float] | None = None
    rows: int = 0
    columns: int = 0
    bits_stored: int = 0
    signed: bool = False
    slope: float | None = None
    intercept: float | None = None
    padding: tuple[int, int] | None = None
    lossy: bool = False
    syntax_uid: str = ""
    pixel_offset: int = -1
    pixel_length: int = 0
    excess: int = 0
    frames: int = 1
    fault: Fault | None = None

    @property
    def is_localizer(self) -> bool:
        """Whether ImageType calls it a localizer."""
        return "LOCALIZER" in self.image_type.upper()

    @property
    def is_page(self) -> bool:
        """Whether it is a picture beside the slices, such as a dose page: of no CT class, and lying nowhere.

        A frame whose functional groups were read is none: if it lies nowhere, it is a damaged one of its volume.
        """
        lies_nowhere = not (self.position or self.orientation) and (self.frames == 1 or self.fault is not None)
        return bool(self.sop_class) and self.sop_class not in tags.CT_CLASSES and lies_nowhere


def instance_from_header(path: str, header: Header, fault: Fault | None = None) -> Instance:
    """Make an instance from the header of a single-frame file (or of the part of it that could be read)."""
    values, little = header.values, header.syntax.little_endian
    text = tags.text
    intercept = tags.decimal(values, tags.RESCALE_INTERCEPT)
    slope = hounsfield_slope(tags.decimal(values, tags.RESCALE_SLOPE), text(values, tags.RESCALE_TYPE))
    signed = tags.whole_number(values, tags.PIXEL_REPRESENTATION, little) == 1
    modality = text(values, tags.MODALITY)
    if fault is None and modality == tags.CT_MODALITY:  # the pixels of another modality are never read
        fault = _fault(header)
    excess = 0 if fault or header.pixel_length == UNDEFINED_LENGTH else excess_bytes(header)
    return Instance(
        path=path,
        size=header.size,
        modified_ns=header.modified_ns,
        sop_class=text(values, tags.SOP_CLASS_UID) or text(values, tags.META_SOP_CLASS),
        sop_uid=text(values, tags.SOP_INSTANCE_UID),
        series_uid=text(values, tags.SERIES_INSTANCE_UID),
        study_uid=text(values, tags.STUDY_INSTANCE_UID),
        patient_id=text(values, tags.PATIENT_ID),
        study_date=text(values, tags.STUDY_DATE),
        modality=modality,
        manufacturer=text(values, tags.MANUFACTURER),
        description=text(values, tags.SERIES_DESCRIPTION),
        study_description=text(values, tags.STUDY_DESCRIPTION),
        series_number=text(values, tags.SERIES_NUMBER),
        image_number=tags.integer(values, tags.INSTANCE_NUMBER),
        series_time=text(values, tags.SERIES_TIME),
        kernel=text(values, tags.CONVOLUTION_KERNEL),
        image_type=text(values, tags.IMAGE_TYPE),
        calculation=text(values, tags.VOLUME_CALCULATION),
        acquisition=text(values, tags.ACQUISITION_NUMBER),
        phase=text(values, tags.TEMPORAL_POSITION) or text(values, tags.TRIGGER_TIME),
        frame_of_reference=text(values, tags.FRAME_OF_REFERENCE_UID),
        slice_thickness=tags.positive_decimal(values, tags.SLICE_THICKNESS),
        reconstruction_diameter=tags.decimal(values, tags.RECONSTRUCTION_DIAMETER),
        position=tags.decimals(values, tags.IMAGE_POSITION, 3),  # type: ignore[arg-type]  # three, as asked
        orientation=tags.decimals(values, tags.IMAGE_ORIENTATION, 6),  # type: ignore[arg-type]
        pixel_spacing=possible_spacing(tags.decimals(values, tags.PIXEL_SPACING, 2)),
        rows=tags.whole_number(values, tags.ROWS, little) or 0,
        columns=tags.whole_number(values, tags.COLUMNS, little) or 0,
        bits_stored=tags.whole_number(values, tags.BITS_STORED, little) or 0,
        signed=signed,
        slope=slope,
        intercept=intercept,
        padding=_padding(values, signed, little),
        lossy=text(values, tags.LOSSY_IMAGE_COMPRESSION) == "01",
        syntax_uid=header.syntax.uid,
        pixel_offset=header.pixel_offset,
        pixel_length=header.pixel_length - excess,
        excess=excess,
        frames=frame_count(header) or 1,
        fault=fault,
    )


def possible_spacing(spacing: tuple[float, ...] | None) -> tuple[float, float] | None:
    """Return PixelSpacing if a detector can have it, else None."""
    if spacing is None or not all(MIN_PIXEL_SPACING_MM <= mm <= MAX_PIXEL_SPACING_MM for mm in spacing):
        return None
    between_rows, between_columns = spacing
    return between_rows, between_columns


def hounsfield_slope(slope: float | None, rescale_type: str) -> float | None:
    """Return RescaleSlope if it can lead to HU, else None."""
    if rescale_type != "HU":  # nearly always it is
        letters = "".join(filter(str.isalpha, rescale_type.upper()))
        if letters not in _HU_TYPES or (rescale_type and not letters):
            return None
    return slope if slope is not None and slope > 0 else None


def excess_bytes(header: Header) -> int:
    """Return how many bytes of native pixel data lie beyond the image; 0 where it cannot be told."""
    values, little = header.values, header.syntax.little_endian
    rows, columns = tags.whole_number(values, tags.ROWS, little), tags.whole_number(values, tags.COLUMNS, little)
    image = (rows or 0) * (columns or 0) * BYTES_PER_PIXEL * (frame_count(header) or 0)
    return max(header.pixel_length - image, 0) if image else 0


def frame_count(header: Header) -> int | None:
    """Return NumberOfFrames, 1 where absent or empty, None where it is no positive whole number."""
    raw = tags.text(header.values, tags.NUMBER_OF_FRAMES)
    if not raw:
        return 1
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 and int(raw) > 0 else None


def _padding(values: tags.Values, signed: bool, little: bool) -> tuple[int, int] | None:
    """Return the range of padding values; both elements may be written signed or unsigned, so the bits decide."""
    value = tags.whole_number(values, tags.PIXEL_PADDING_VALUE, little)
    if value is None:
        return None
    limit = tags.whole_number(values, tags.PIXEL_PADDING_RANGE_LIMIT, little)
    ends = [value, value if limit is None else limit]
    if signed:
        ends = [end - 0x10000 if end >= 0x8000 else end for end in ends]
    return min(ends), max(ends)


def _fault(header: Header) -> Fault | None:
    """Check what the header says about the pixels, before any of them is read."""
    values, syntax = header.values, header.syntax
    number = {tag: tags.whole_number(values, tag, syntax.little_endian) for tag in _PIXEL_NUMBERS}
    rows, columns = number[tags.ROWS] or 0, number[tags.COLUMNS] or 0
    unreadable = RefusalCode.UNREADABLE_SLICE
    if max(rows, columns) > MAX_MATRIX:
        return Fault(RefusalCode.TOO_LARGE, f"{rows} x {columns} pixels, at most {MAX_MATRIX} x {MAX_MATRIX} are read")
    if min(rows, columns) < MIN_MATRIX:
        return Fault(unreadable, f"{rows} x {columns} pixels, at least {MIN_MATRIX} x {MIN_MATRIX} expected")
    photometric = tags.text(values, tags.PHOTOMETRIC_INTERPRETATION)
    samples = number[tags.SAMPLES_PER_PIXEL]
    if samples != 1 or photometric != "MONOCHROME2":
        return Fault(
            unreadable, f"{samples} samples a pixel, {photometric or 'no'} photometry; 1, MONOCHROME2 expected"
        )
    allocated, stored, high = number[tags.BITS_ALLOCATED], number[tags.BITS_STORED] or 0, number[tags.HIGH_BIT]
    if allocated != 8 * BYTES_PER_PIXEL or not 1 < stored <= allocated or high != stored - 1:
        return Fault(
            unreadable,
            f"{allocated} bits allocated, {stored} stored, high bit {high}; 16 allocated, high bit the last expected",
        )
    if number[tags.PIXEL_REPRESENTATION] not in (0, 1):
        return Fault(unreadable, f"pixel representation {number[tags.PIXEL_REPRESENTATION]}, 0 or 1 expected")
    if syntax.codestream is not None:
        if header.pixel_length != UNDEFINED_LENGTH:
            return Fault(unreadable, f"{syntax.name}, but the pixel data are not in fragments")
        return None
    frames = frame_count(header)
    if frames is None:
        return Fault(unreadable, "the number of frames is no positive number")
    expected = rows * columns * BYTES_PER_PIXEL * frames
    if header.pixel_length != expected and not 0 < excess_bytes(header) <= min(MAX_EXCESS_BYTES, expected - 1):
        return Fault(unreadable, f"pixel data of {header.pixel_length} bytes, {expected} expected")
    if header.pixel_offset + header.pixel_length > header.size:
        return Fault(
            unreadable, f"cut off: {header.size} bytes, pixel data end at {header.pixel_offset + header.pixel_length}"
        )
    return None


_PIXEL_NUMBERS = (
    tags.SAMPLES_PER_PIXEL,
    tags.ROWS,
    tags.COLUMNS,
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.HIGH_BIT,
    tags.PIXEL_REPRESENTATION,
)
