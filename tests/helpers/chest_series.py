"""A synthetic chest with one round nodule, and its files as a CT series."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy import ndimage

from csfnet_bundle.geometry import Volume


def make_chest(
    diameter: float = 14.0,
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
    nodule_hu: float = 30.0,
    noise: float = 20.0,
    affine: NDArray[np.float64] | None = None,
    shape: tuple[int, int, int] = (110, 104, 46),
    seed: int = 0,
) -> Volume:
    """A lung in a wall, vessels along it, and a ball ``offset`` mm (LPS) from the volume's centre."""
    if affine is None:
        affine = np.diag([0.9, 0.9, 2.0, 1.0])
        affine[:3, 3] = -40.0, 25.0, -300.0
    index = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
    place = np.tensordot(affine[:3, :3], index, axes=1) + affine[:3, 3][:, None, None, None]
    center = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
    x, y, z = place - center[:, None, None, None]
    values = np.where((x / 44) ** 2 + (y / 40) ** 2 < 1, -860.0, 40.0)
    for a, b, radius in ((-22.0, 10.0, 2.5), (18.0, -24.0, 2.0)):
        values[(x - a - 0.1 * z) ** 2 + (y - b) ** 2 < radius**2] = 40.0
    distance = np.sqrt((x - offset[0]) ** 2 + (y - offset[1]) ** 2 + (z - offset[2]) ** 2)
    inside = np.clip((diameter / 2 - distance) / 1.2 + 0.5, 0, 1)  # partial volume at the rim
    values = values * (1 - inside) + nodule_hu * inside
    grain = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), (0.7, 0.7, 0))
    values = values + noise * grain / grain.std()
    return Volume(np.maximum(values, -1024).astype(np.float32), affine)


def write_series(volume: Volume, folder: Path, *, signed: bool = True, **tags: object) -> list[Dataset]:
    """Write an axial volume as a CT series (in no order of names), 16 bits signed or 12 bits unsigned."""
    folder.mkdir(parents=True)
    study, series, frame = (generate_uid(entropy_srcs=[str(folder), name]) for name in "abc")
    datasets = []
    intercept = 0 if signed else -1024
    for k in range(volume.array.shape[2]):
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=[series, str(k)])
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, frame
        dataset.PatientID, dataset.PatientName, dataset.Modality = "100042", "", "CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.InstanceNumber = k + 1
        dataset.ImagePositionPatient = [f"{value:.4f}" for value in (volume.affine @ [0, 0, k, 1])[:3]]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = [volume.affine[1, 1], volume.affine[0, 0]]
        dataset.SliceThickness = volume.affine[2, 2]
        dataset.Rows, dataset.Columns = volume.array.shape[1], volume.array.shape[0]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored = 16, 16 if signed else 12
        dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, int(signed)
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, intercept, "HU"
        stored = np.rint(volume.array[:, :, k].T - intercept)
        dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
        dataset["PixelData"].VR = "OW"
        for name, value in tags.items():
            setattr(dataset, name, value)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.save_as(folder / f"{(k * 7) % 101:03d}.dcm", enforce_file_format=True)
        datasets.append(dataset)
    return datasets
