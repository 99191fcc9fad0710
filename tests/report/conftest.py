"""A synthetic pair: a blurred sphere in noisy lung, larger at t1."""

import itertools
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers.drawn_spheres import NETWORK, sphere_volume
from helpers.whole_chest import make_whole_chest, write_nifti

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.nodule.growth import growth
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.nodule.reading import measure
from csfnet_bundle.report import Case, CaseImages, Weights
from csfnet_bundle.report.scan_pictures import read_pictures
from csfnet_bundle.scans.scan import open_scan

SIZE = (16, 64, 64)


def sphere(diameter_mm, size=SIZE):
    """HU of a soft-edged sphere (40 HU) at the ROI's centre in lung (-860 HU)."""
    axes = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in size), indexing="ij")
    radius = np.sqrt(sum(axis**2 for axis in axes))
    inside = 1 / (1 + np.exp((radius - diameter_mm / 2) / 0.6))
    noise = np.random.default_rng(7).normal(0, 30, size)
    return -860 + 900 * inside + noise


def windowed(hounsfield, window=(-1200.0, 600.0)):
    return np.clip((hounsfield - window[0]) / (window[1] - window[0]), 0, 1).astype(np.float32)


@pytest.fixture
def images():
    attention = np.full((2, 8, 8), 0.5)
    attention[1, 4, 4] = 4.0
    return CaseImages(
        image=np.stack([windowed(sphere(8.0)), windowed(sphere(12.0))]), attention=attention / attention.sum()
    )


@pytest.fixture
def phantom_weights():
    return Weights(
        name="models/model.pt",
        trained_on="phantom-512",
        phantoms=True,
        temperature=1.31,
        threshold=0.41,
        calibration_pairs=128,
        calibration_malignant=66,
    )


@pytest.fixture
def case(phantom_weights):
    return Case(
        subject="100012",
        nodule="1",
        probability=0.7234,
        weights=phantom_weights,
        date_t0=date(1999, 1, 2),
        date_t1=date(2000, 1, 2),
        interval_days=365,
        clinical={"Race": "White", "Cigarette smoking": "current", "Sex": "female", "Age at T0": "60 to 64 years"},
        missing=("Screening result at T0", "Isolation reading at T0"),
        diameter_t0_mm=8.0,
        diameter_t1_mm=12.0,
        findings=(
            "t1: 2 series matched; the one with the kernel of t0 (STANDARD) was chosen.",
            "t0 and t1: slice thickness differs, 2.5 mm and 1.25 mm.",
        ),
        versions={"csfnet_bundle": "0.1.0", "torch": "2.13.0", "MONAI": "1.6.1"},
        band=(0.69, 0.755),
    )


@pytest.fixture(scope="session")
def measured():
    """Two drawn spheres, measured."""
    center = (2.0, 0.0, -1.0)
    t0, t1 = (
        measure(sphere_volume(size, center=center), Point(center, Space.LPS), clicks=True, network=NETWORK)
        for size in (9.0, 14.0)
    )
    return PairMeasurements(t0, t1, growth(t0, t1, 365.0))


@pytest.fixture(scope="session")
def chest_pictures(tmp_path_factory):
    """What a page shows of a made chest."""
    nodule = (-62.0, 12.0, 25.0)
    path = write_nifti(make_whole_chest(nodule=nodule), tmp_path_factory.mktemp("pictures") / "t1.nii")
    return read_pictures(open_scan(path), np.array(nodule), (16.0, 32.0, 32.0))


class PageReader(HTMLParser):
    """What a test asks of a page: its text, its images, its headings, and what would leave the file."""

    VOID = frozenset({"meta", "img", "br", "line", "circle", "image", "path"})

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags, self.images, self.addresses, self.headings, self.words = [], [], [], [], []
        self.attributes, self._open, self.identifiers, self.pictures = {}, [], [], []
        self._classes = []
        self.feed(self.source)
        self.close()
        assert self._open == [], "elements left open"
        self.text = " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        self.attributes.setdefault(tag, []).append(values)
        if tag == "img":
            self.images.append(values)
        if tag == "svg" and "panel" in self._classes[-1:]:
            self.pictures.append(values)
        self._classes.append(values.get("class", ""))
        if "id" in values:
            self.identifiers.append(values["id"])
        values = {name: value for name, value in values.items() if not (name == "href" and str(value).startswith("#"))}
        self.addresses += [values[name] for name in ("src", "href", "srcset", "action", "data") if name in values]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" in self._open:
            return
        self.words.append(data)
        if self._open and self._open[-1] in {"h1", "h2", "h3"}:
            self.headings.append((int(self._open[-1][1]), data))

    def assert_self_contained_and_accessible(self):
        assert self.images or self.pictures
        assert all(
            picture.get("role") == "img" and picture.get("aria-label") for picture in self.attributes.get("svg", [])
        )
        for address in self.addresses:
            assert address.startswith("data:image/png;base64,")
        for outside in ("http:", "https:", "url(", "@import", "<script", "<link"):
            assert outside not in self.source.lower()
        assert all(image.get("alt") for image in self.images)
        assert self.attributes["html"][0]["lang"] == "en"
        levels = [level for level, _ in self.headings]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.fixture
def read_page():
    return PageReader
