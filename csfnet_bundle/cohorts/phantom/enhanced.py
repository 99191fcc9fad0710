"""A series of classic slices as one Enhanced CT instance, with everything that the standard requires of one.

A reader is tried on files that hold what scanners write, not on what it happens to look for: the functional groups are
those of DICOM PS3.3, tables A.38-2 and C.7.6.16-1, with their required attributes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage, generate_uid

_PER_FRAME = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
}
"""Functional groups and the attributes that they take from a classic slice (DICOM PS3.3, C.7.6.16.2)."""

_FRAME_TYPE = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
}
"""Type 1 of both the Enhanced CT Image module and the CT Image Frame Type group (C.8.15.2, C.8.15.3.1)."""

_MOMENT = "20000101120000.000000"
_CHEST = {"CodeValue": "51185008", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Chest"}
_STACK, _POSITION = 0x00209056, 0x00209057
"""StackID and InStackPositionNumber, by which the frames are ordered."""


def write_enhanced(source: Path, target: Path) -> Path:
    """Write the classic slices of a folder as one multi-frame file; return it."""
    data = enhanced_from_slices([dcmread(file) for file in sorted(source.iterdir())])
    target.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(target, enforce_file_format=True)
    return target


def enhanced_from_slices(slices: list[Dataset], acquisitions: list[int] | None = None) -> Dataset:
    """Return one Enhanced CT instance of classic slices; the first one becomes its head.

    Args:
        slices: uncompressed slices, in the order in which the frames are stored.
        acquisitions: FrameAcquisitionNumber of each; by default all are of the first.
    """
    data = slices[0]
    pixels = b"".join(item.PixelData for item in slices)
    frames = [
        _frame(item, number, acquisition)
        for number, (item, acquisition) in enumerate(
            zip(slices, acquisitions or [1] * len(slices), strict=True), start=1
        )
    ]
    shared = _shared(data)
    for keyword in [*(keyword for keywords in _PER_FRAME.values() for keyword in keywords), "ConvolutionKernel"]:
        if keyword in data:
            delattr(data, keyword)
    data.SOPClassUID = EnhancedCTImageStorage
    if hasattr(data, "file_meta"):
        data.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    data.NumberOfFrames = len(slices)
    data.ImageType = _frame_type(data)
    for keyword, value in _FRAME_TYPE.items():
        setattr(data, keyword, value)
    data.AcquisitionDateTime = _MOMENT
    data.ContentQualification = "RESEARCH"
    organization = generate_uid(entropy_srcs=[str(data.SOPInstanceUID), "dimensions"])
    data.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    data.DimensionIndexSequence = [
        _item(DimensionOrganizationUID=organization, DimensionIndexPointer=tag, FunctionalGroupPointer=0x00209111)
        for tag in (_STACK, _POSITION)
    ]
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = frames
    data.PixelData = pixels
    data["PixelData"].VR = "OW"
    return data


def _frame(item: Dataset, number: int, acquisition: int) -> Dataset:
    """Return what is a frame's own, taken from a classic slice."""
    group = Dataset()
    for name, keywords in _PER_FRAME.items():
        setattr(group, name, [_item(**{keyword: item[keyword].value for keyword in keywords if keyword in item})])
    group.FrameContentSequence = [
        _item(
            FrameAcquisitionNumber=acquisition,
            FrameReferenceDateTime=_MOMENT,
            FrameAcquisitionDateTime=_MOMENT,
            FrameAcquisitionDuration=1.0,
            StackID="1",
            InStackPositionNumber=number,
            DimensionIndexValues=[1, number],
        )
    ]
    group.CTImageFrameTypeSequence = [_item(FrameType=_frame_type(item), **_FRAME_TYPE)]
    return group


def _shared(item: Dataset) -> Dataset:
    """Return what all frames have in common."""
    spacing = [float(mm) for mm in item.PixelSpacing]
    position = [float(mm) for mm in item.ImagePositionPatient]
    return _item(
        FrameAnatomySequence=[_item(FrameLaterality="U", AnatomicRegionSequence=[_item(**_CHEST)])],
        IrradiationEventIdentificationSequence=[
            _item(IrradiationEventUID=generate_uid(entropy_srcs=[str(item.SOPInstanceUID), "irradiation"]))
        ],
        FrameVOILUTSequence=[_item(WindowCenter=-600, WindowWidth=1500)],
        CTAcquisitionTypeSequence=[
            _item(AcquisitionType="SPIRAL", TubeAngle=0.0, ConstantVolumeFlag="NO", FluoroscopyFlag="NO")
        ],
        CTAcquisitionDetailsSequence=[
            _item(
                RotationDirection="CW",
                RevolutionTime=0.5,
                SingleCollimationWidth=0.6,
                TableHeight=0.0,
                GantryDetectorTilt=0.0,
            )
        ],
        CTTableDynamicsSequence=[_item(TableSpeed=20.0, TableFeedPerRotation=10.0, SpiralPitchFactor=1.0)],
        CTPositionSequence=[
            _item(DataCollectionCenterPatient=position, ReconstructionTargetCenterPatient=position, TablePosition=0.0)
        ],
        CTGeometrySequence=[_item(DistanceSourceToDetector=1000.0, DistanceSourceToDataCollectionCenter=550.0)],
        CTReconstructionSequence=[
            _item(
                ReconstructionAlgorithm="FILTER_BACK_PROJ",
                ConvolutionKernel=item.get("ConvolutionKernel", "STANDARD"),
                ConvolutionKernelGroup="LUNG",
                ReconstructionDiameter=spacing[1] * item.Columns,
                ReconstructionPixelSpacing=spacing,
                ReconstructionAngle=360.0,
                ImageFilter="NONE",
            )
        ],
        CTExposureSequence=[
            _item(ExposureTimeInms=500.0, XRayTubeCurrentInmA=40.0, ExposureInmAs=20.0, ExposureModulationType="NONE")
        ],
        CTXRayDetailsSequence=[_item(KVP=120, FocalSpots=[1.0], FilterType="NONE", FilterMaterial="ALUMINUM")],
    )


def _frame_type(item: Dataset) -> list[str]:
    """Return four values (C.8.16.1): whether original, primary, the volume, and no technique."""
    first = list(item.get("ImageType", []))[:2] or ["ORIGINAL", "PRIMARY"]
    return [*first, "VOLUME", "NONE"]


def _item(**elements: Any) -> Dataset:
    data = Dataset()
    for name, value in elements.items():
        setattr(data, name, value)
    return data
