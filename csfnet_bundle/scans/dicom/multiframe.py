"""The frames of an Enhanced CT instance, from its functional groups (DICOM PS3.3, C.7.6.16)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from struct import Struct
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
from csfnet_bundle.scans.dicom.tolerances import MAX_ELEMENTS, MAX_FRAMES, MAX_ITEMS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_GROUPS: Mapping[int, tuple[int, ...]] = {
    tags.FRAME_CONTENT: (tags.FRAME_ACQUISITION, tags.STACK_ID, tags.TEMPORAL_INDEX),
    tags.FRAME_TYPE: (tags.FRAME_TYPE_VALUE, tags.VOLUME_CALCULATION),
    tags.PLANE_POSITION: (tags.IMAGE_POSITION,),
    tags.PLANE_ORIENTATION: (tags.IMAGE_ORIENTATION,),
    tags.PIXEL_MEASURES: (tags.PIXEL_SPACING, tags.SLICE_THICKNESS),
    tags.VALUE_TRANSFORMATION: (tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT, tags.RESCALE_TYPE),
    tags.RECONSTRUCTION: (tags.CONVOLUTION_KERNEL, tags.RECONSTRUCTION_DIAMETER),
    tags.CARDIAC_SYNCHRONIZATION: (tags.CARDIAC_PHASE,),
}
"""The functional groups that are read, and the elements of each."""

Groups = dict[int, dict[int, bytes]]
"""Raw values by functional group and element."""


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
    if frames is None or frames > MAX_FRAMES:
        problem = f"{frames} frames of {whole.rows} x {whole.columns}, at most {MAX_FRAMES} are read"
        return [replace(whole, fault=Fault(RefusalCode.TOO_LARGE, problem))]
    try:
        shared, per_frame = _functional_groups(path, header)
        places = _places(path, header, whole, frames)
    except _TooManyElementsError:
        problem = f"a header of over {MAX_ELEMENTS} elements or {MAX_ITEMS} items"
        return [replace(whole, fault=Fault(RefusalCode.TOO_LARGE, problem))]
    except EncapsulationError as error:
        return [replace(whole, fault=Fault(RefusalCode.UNREADABLE_SLICE, str(error)))]
    except OSError as error:
        return [replace(whole, fault=Fault(RefusalCode.UNREADABLE_SLICE, f"cannot be read: {error.strerror}"))]
    except _DamagedGroupsError as error:
        return [_refused(whole, f"the functional groups cannot be read ({error})")]
    if len(per_frame) != frames:
        return [_refused(whole, f"functional groups of {len(per_frame)} frames, {frames} frames")]
    return [
        _frame_instance(whole, header, index, {**shared, **own}, place)
        for index, (own, place) in enumerate(zip(per_frame, places, strict=True))
    ]


class _TooManyElementsError(Exception):
    """The header would keep pydicom busy for too long."""


class _DamagedGroupsError(Exception):
    """The sequences of the functional groups are no sequences."""


def _refused(whole: Instance, problem: str) -> Instance:
    return replace(whole, fault=Fault(RefusalCode.MULTIFRAME, problem))


def _functional_groups(path: str, header: Header) -> tuple[Groups, list[Groups]]:
    """Return the shared functional groups, and those of each frame."""
    with open(path, "rb") as file:  # noqa: PTH123 - the header pass works on plain paths
        data = file.read(header.pixel_element)
    if has_more_elements(data, header.explicit_vr, header.syntax.little_endian, MAX_ELEMENTS, MAX_ITEMS):
        raise _TooManyElementsError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parse(data)
    except Exception as error:  # pydicom raises many kinds on damaged sequences; nothing else runs in there
        raise _DamagedGroupsError(type(error).__name__) from None


def _parse(data: bytes) -> tuple[Groups, list[Groups]]:
    import pydicom  # only this and the decoders need it, and a folder of classic slices is read faster without

    wanted = [tags.SHARED_FUNCTIONAL_GROUPS, tags.PER_FRAME_FUNCTIONAL_GROUPS]
    dataset = pydicom.dcmread(io.BytesIO(data), specific_tags=wanted)
    shared = dataset.get(tags.SHARED_FUNCTIONAL_GROUPS)
    per_frame: Iterable[Dataset] = dataset[tags.PER_FRAME_FUNCTIONAL_GROUPS].value
    return _groups(shared.value[0]) if shared and shared.value else {}, list(map(_groups, per_frame))


def _groups(item: Dataset) -> Groups:
    """Return the raw values of an item's functional groups: what they mean is for the reader's own code to say."""
    found: Groups = {}
    for group, elements in _GROUPS.items():
        sequence = item.get(group)
        if sequence is None or not sequence.value:
            continue
        found[group] = {}
        for tag in elements:
            element = sequence.value[0].get_item(tag) if tag in sequence.value[0] else None
            if element is not None and isinstance(element.value, bytes):
                found[group][tag] = element.value
    return found


def _places(path: str, header: Header, whole: Instance, frames: int) -> list[tuple[int, int]]:
    """Return offset and length of each frame's pixels in the file."""
    if header.syntax.codestream is not None:
        with open(path, "rb") as file:  # noqa: PTH123
            return locate_frames(file, header.pixel_offset, frames)
    length = whole.pixel_length // frames
    return [(whole.pixel_offset + index * length, length) for index in range(frames)]


def _frame_instance(whole: Instance, header: Header, index: int, groups: Groups, place: tuple[int, int]) -> Instance:
    values = {tag: value for elements in groups.values() for tag, value in elements.items()}
    values[tags.SPECIFIC_CHARACTER_SET] = header.values.get(tags.SPECIFIC_CHARACTER_SET, b"")
    little = header.syntax.little_endian
    return replace(
        whole,
        frame=index,
        image_number=index + 1,
        pixel_offset=place[0],
        pixel_length=place[1],
        excess=whole.excess if index == whole.frames - 1 else 0,
        position=tags.decimals(values, tags.IMAGE_POSITION, 3),  # type: ignore[arg-type]  # three, as asked
        orientation=tags.decimals(values, tags.IMAGE_ORIENTATION, 6),  # type: ignore[arg-type]
        pixel_spacing=possible_spacing(tags.decimals(values, tags.PIXEL_SPACING, 2)),
        slice_thickness=tags.positive_decimal(values, tags.SLICE_THICKNESS),
        reconstruction_diameter=tags.decimal(values, tags.RECONSTRUCTION_DIAMETER),
        kernel=tags.text(values, tags.CONVOLUTION_KERNEL),
        image_type=tags.text(values, tags.FRAME_TYPE_VALUE) or whole.image_type,
        calculation=tags.text(values, tags.VOLUME_CALCULATION) or whole.calculation,
        acquisition=_number(values.get(tags.FRAME_ACQUISITION), little),
        phase=_number(values.get(tags.TEMPORAL_INDEX), little) or _cardiac_phase(values, little),
        stack_id=tags.text(values, tags.STACK_ID),
        slope=hounsfield_slope(tags.decimal(values, tags.RESCALE_SLOPE), tags.text(values, tags.RESCALE_TYPE)),
        intercept=tags.decimal(values, tags.RESCALE_INTERCEPT),
    )


def _number(raw: bytes | None, little: bool) -> str:
    """Return an unsigned number as text, empty if absent."""
    return str(int.from_bytes(raw, "little" if little else "big")) if raw else ""


def _cardiac_phase(values: Mapping[int, bytes], little: bool) -> str:
    raw = values.get(tags.CARDIAC_PHASE, b"")
    return f"{Struct('<f' if little else '>f').unpack(raw)[0]:g} %" if len(raw) == 4 else ""
