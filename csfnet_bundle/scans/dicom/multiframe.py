"""The frames of an Enhanced CT instance, from its functional groups (DICOM PS3.3, C.7.6.16)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom import tags
from csfnet_bundle.scans.dicom.element_count import has_more_elements
from csfnet_bundle.scans.dicom.encapsulation import EncapsulationError, locate_frames
from csfnet_bundle.scans.dicom.header import Header
from csfnet_bundle.scans.dicom.instance import (
    Fault,
    Instance,
    frame_count,
    hounsfield_slope,
    instance_from_header,
    possible_spacing,
)
from csfnet_bundle.scans.dicom.tolerances import MAX_ELEMENTS, MAX_FRAMES, MAX_ITEMS, MAX_VOXELS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def is_multiframe(header: Header) -> bool:
    """Whether the header is that of a multi-frame image."""
    return frame_count(header) != 1 or tags.PER_FRAME_FUNCTIONAL_GROUPS in header.values


def multiframe_instances(path: str, header: Header) -> list[Instance]:
    """Return one instance for each frame; one faulty instance if they cannot be told."""
    whole = instance_from_header(path, header)
    if whole.fault is not None or whole.modality != tags.CT_MODALITY:
        return [whole]
    frames = frame_count(header)
    if tags.PER_FRAME_FUNCTIONAL_GROUPS not in header.values:
        return [_refused(whole, f"{frames} frames without functional groups that say where each lies")]
    if frames is None or frames > MAX_FRAMES or whole.rows * whole.columns * frames > MAX_VOXELS:
        return [
            replace(whole, fault=Fault(RefusalCode.TOO_LARGE, f"{frames} frames of {whole.rows} x {whole.columns}"))
        ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _frame_instances(path, header, whole, frames)
    except _TooManyElementsError:
        return [
            replace(
                whole,
                fault=Fault(RefusalCode.TOO_LARGE, f"a header of over {MAX_ELEMENTS} elements or {MAX_ITEMS} items"),
            )
        ]
    except EncapsulationError as error:
        return [replace(whole, fault=Fault(RefusalCode.UNREADABLE_SLICE, str(error)))]
    except Exception as error:  # pydicom raises many kinds on damaged sequences, some only when a value is asked for
        return [_refused(whole, f"the functional groups cannot be read ({type(error).__name__})")]


def _frame_instances(path: str, header: Header, whole: Instance, frames: int) -> list[Instance]:
    shared, per_frame = _functional_groups(path, header)
    if len(per_frame) != frames:
        return [_refused(whole, f"functional groups of {len(per_frame)} frames, {frames} frames")]
    places = _places(path, header, whole, frames)
    return [
        _frame_instance(whole, index, _Groups(group, shared), place)
        for index, (group, place) in enumerate(zip(per_frame, places, strict=True))
    ]


class _TooManyElementsError(Exception):
    """The header would keep pydicom busy for too long."""


def _refused(whole: Instance, problem: str) -> Instance:
    return replace(whole, fault=Fault(RefusalCode.MULTIFRAME, problem))


def _functional_groups(path: str, header: Header) -> tuple[Dataset | None, Sequence[Dataset]]:
    import pydicom  # only this and the decoders need it, and a folder of classic slices is read faster without

    with open(path, "rb") as file:  # noqa: PTH123 - the header pass works on plain paths
        data = file.read(header.pixel_element)
    if has_more_elements(data, header.explicit_vr, header.syntax.little_endian, MAX_ELEMENTS, MAX_ITEMS):
        raise _TooManyElementsError
    dataset = pydicom.dcmread(
        io.BytesIO(data), specific_tags=[tags.SHARED_FUNCTIONAL_GROUPS, tags.PER_FRAME_FUNCTIONAL_GROUPS]
    )
    shared = dataset.get(tags.SHARED_FUNCTIONAL_GROUPS)
    return (shared.value[0] if shared and shared.value else None), dataset[tags.PER_FRAME_FUNCTIONAL_GROUPS].value


def _places(path: str, header: Header, whole: Instance, frames: int) -> list[tuple[int, int]]:
    """Return offset and length of each frame's pixels in the file."""
    if header.syntax.codestream is not None:
        with open(path, "rb") as file:  # noqa: PTH123
            return locate_frames(file, header.pixel_offset, frames)
    length = whole.pixel_length // frames
    return [(whole.pixel_offset + index * length, length) for index in range(frames)]


class _Groups:
    """Functional groups of one frame: its own, or else the shared ones."""

    def __init__(self, own: Dataset, shared: Dataset | None) -> None:
        self._sources = [own] if shared is None else [own, shared]

    def value(self, group: str, keyword: str) -> object:
        """Return an attribute of the first item of a functional group; None if absent."""
        for source in self._sources:
            items = source.get(group)
            if items:
                return items[0].get(keyword)
        return None

    def decimals(self, group: str, keyword: str, count: int) -> tuple[float, ...] | None:
        """Return ``count`` finite numbers, or None."""
        value = self.value(group, keyword)
        return tags.parse_decimals([value] if count == 1 else value, count)

    def text(self, group: str, keyword: str) -> str:
        """Return a text; several values joined as in the file."""
        value = self.value(group, keyword)
        if value is None:
            return ""
        return str(value) if isinstance(value, str) else "\\".join(map(str, value))  # type: ignore[call-overload]


def _frame_instance(whole: Instance, index: int, groups: _Groups, place: tuple[int, int]) -> Instance:
    slope = groups.decimals("PixelValueTransformationSequence", "RescaleSlope", 1)
    intercept = groups.decimals("PixelValueTransformationSequence", "RescaleIntercept", 1)
    rescale_type = groups.text("PixelValueTransformationSequence", "RescaleType").strip()
    thickness = groups.decimals("PixelMeasuresSequence", "SliceThickness", 1)
    diameter = groups.decimals("CTReconstructionSequence", "ReconstructionDiameter", 1)
    return replace(
        whole,
        frame=index,
        pixel_offset=place[0],
        pixel_length=place[1],
        position=groups.decimals("PlanePositionSequence", "ImagePositionPatient", 3),  # type: ignore[arg-type]
        orientation=groups.decimals("PlaneOrientationSequence", "ImageOrientationPatient", 6),  # type: ignore[arg-type]
        pixel_spacing=possible_spacing(groups.decimals("PixelMeasuresSequence", "PixelSpacing", 2)),
        slice_thickness=thickness[0] if thickness else None,
        reconstruction_diameter=diameter[0] if diameter else None,
        kernel=groups.text("CTReconstructionSequence", "ConvolutionKernel"),
        image_type=groups.text("CTImageFrameTypeSequence", "FrameType") or whole.image_type,
        acquisition=groups.text("FrameContentSequence", "FrameAcquisitionNumber"),
        slope=hounsfield_slope(slope[0] if slope else None, rescale_type),
        intercept=intercept[0] if intercept else None,
    )
