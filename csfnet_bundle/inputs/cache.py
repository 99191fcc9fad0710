"""Reads pairs through a ROI store: from it where it has them, else from the images, and then keeps them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.inputs.pair_reader import PairRois, read_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.store.entry import StoredRoi
from csfnet_bundle.inputs.store.finding import EntryFinder, Kept, images_are_here, scans_of
from csfnet_bundle.inputs.store.identity import PairIdentity, source_of
from csfnet_bundle.inputs.store.purging import HEADERS
from csfnet_bundle.inputs.store.store import DamagedEntry, RoiStore, open_store
from csfnet_bundle.inputs.store.views import cut_out, sampled_again
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.dicom import SeriesSummary, scan_folder

logger = logging.getLogger(__name__)

READER_VERSION = 2
"""Goes up when a change of the readers or of the resampling changes voxels: older ROIs are then read again, where the
images are at hand."""

MARGIN_MM = (2.0, 4.0, 4.0)
"""Stored around the ROI along (D, H, W): room for twice the shifts that augmentation and clicks make."""


OF_SOME_SLICES = frozenset(
    (
        RefusalCode.SLICE_GAP,
        RefusalCode.INCONSISTENT_GEOMETRY,
        RefusalCode.UNREADABLE_SLICE,
        RefusalCode.DUPLICATE_POSITION,
        RefusalCode.NOT_HU,
    )
)
"""What may reject a ROI with its margin, and not the ROI alone."""


class RoiCache:
    """Reads pairs through a ROI store.

    Where the images are at hand, names, sizes and times of their files are compared with those that the store noted,
    once a run; ROIs of files that have changed are read again. Where they are not, the store stands for them. HU are
    kept before the window is applied, so that any window can be used.

    Args:
        folder: of the store; None reads the images every time.
        settings: size and spacing of the ROI.
        repeat_missing_prior: see :func:`csfnet_bundle.inputs.read_pair`.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        margin_mm: kept on either side of the ROI along (D, H, W); rounded up to voxels. A pair whose scan does not
            allow it (a gap beside the ROI) is kept without.
        keep_headers: keep the headers of DICOM folders in the store, for the next nodule of a scan.
    """

    def __init__(
        self,
        folder: str | Path | None,
        settings: RoiSettings,
        *,
        repeat_missing_prior: bool = False,
        follow_links: bool = False,
        margin_mm: Sequence[float] = MARGIN_MM,
        keep_headers: bool = True,
    ) -> None:
        # Absolute, since workers of a cluster read through it in folders of their own.
        self.folder = None if folder is None else Path(folder).absolute()
        self.settings = settings
        self.repeat_missing_prior = repeat_missing_prior
        self.follow_links = follow_links
        self.margin_mm = tuple(margin_mm)
        self.keep_headers = keep_headers

    @property
    def store(self) -> RoiStore:
        """The store; raises ValueError where there is no folder."""
        if self.folder is None:
            raise ValueError("a cache without a folder has no store")
        return open_store(self.folder)

    @property
    def margin(self) -> tuple[int, int, int]:
        """Voxels that are kept on either side of the ROI along (D, H, W)."""
        depth, height, width = (
            ceil(mm / spacing) for mm, spacing in zip(self.margin_mm, self.settings.spacing, strict=True)
        )
        return depth, height, width

    @property
    def settings_with_margin(self) -> RoiSettings:
        """Settings of what is kept."""
        depth, height, width = (size + 2 * margin for size, margin in zip(self.settings.size, self.margin, strict=True))
        return RoiSettings((depth, height, width), self.settings.spacing, self.settings.window)

    def read(self, pair: FollowUpPair, datalist_folder: Path) -> PairRois:
        """Return the pair's ROIs.

        Raises:
            BundleError: as :func:`read_pair`; or the images are not here and the store's ROIs do not do.
        """
        if self.folder is None:
            return self._read_images(pair, datalist_folder, self.settings)
        identity = self._identity(pair)
        entry, kept = self._finder.find(pair, datalist_folder, identity)
        if entry is not None and kept is Kept.CURRENT:
            try:
                return self._view(entry, pair, identity)
            except DamagedEntry as error:
                if not images_are_here(pair, datalist_folder):
                    raise BundleError(
                        f"its ROIs are damaged ({error}) and its images are not here",
                        record=f"pair {pair.name}, {self.folder}",
                        remedy="Get the images or another copy of the store; `csfnet check` lists what is damaged.",
                    ) from None
                logger.warning("damaged ROIs in %s are read again from the images (%s)", self.folder, error)
        elif kept is Kept.CHANGED:
            logger.warning("images of a follow-up pair have changed since its ROIs were stored: reading them again")
        return self._read_and_keep(pair, datalist_folder, identity)

    def look_up(self, pair: FollowUpPair, datalist_folder: Path) -> Kept:
        """Say what the store has of a pair; what is current needs no other look in this run."""
        try:
            return self._finder.find(pair, datalist_folder, self._identity(pair))[1]
        except BundleError:
            return Kept.MISSING  # reading it says why

    @property
    def _finder(self) -> EntryFinder:
        return EntryFinder(self.store, self.settings, READER_VERSION, self.follow_links)

    def _identity(self, pair: FollowUpPair) -> PairIdentity:
        return PairIdentity.of(pair, repeat_missing_prior=self.repeat_missing_prior)

    def _view(self, entry: StoredRoi, pair: FollowUpPair, identity: PairIdentity) -> PairRois:
        values = self.store.values(entry)
        if self._finder.fits(entry, identity):
            rois = cut_out(entry, values, self.settings)
        else:
            sampled = sampled_again(entry, values, pair, self.settings)
            assert sampled is not None  # it was found by this
            rois = sampled
        if entry.reader_version == READER_VERSION:
            return rois
        told = f"the ROIs were read by version {entry.reader_version} of the readers, this is {READER_VERSION}"
        return PairRois(rois.array, rois.affines, (*rois.findings, told), rois.series)

    def _read_and_keep(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> PairRois:
        if not images_are_here(pair, folder):
            return self._read_images(pair, folder, self.settings)  # which says what is not there
        finder = self._finder
        states = finder.states(pair, folder)  # before the files are read: a change meanwhile then shows
        rois, margin = self._read_with_margin(pair, folder)
        scans = scans_of(pair)
        values = rois.array[-len(scans) :]
        sources = [
            source_of(folder / scan.path, series, follow_links=self.follow_links, state=state)
            for scan, series, (_, state) in zip(scans, rois.series[-len(scans) :], states, strict=True)
        ]
        entry = StoredRoi(
            key=identity.key,
            subject=pair.subject,
            nodule=pair.nodule,
            places=identity.places,
            size=self.settings.size,
            spacing=self.settings.spacing,
            margin=margin,
            shape=values.shape,
            affines=tuple(tuple(map(tuple, affine.tolist())) for affine in rois.affines[-len(scans) :]),
            findings=rois.findings,
            series=tuple(None if item is None else item.to_plain() for item in rois.series),
            sources=tuple(sources),
            reader_version=READER_VERSION,
            bundle_version=__version__,
            written_ns=0,
            offset=0,
            crc32=0,
        )
        try:
            self.store.checked[finder.token(pair, folder, identity)] = self._keep(entry, values)
        except OSError as error:
            if not self.store.is_broken:
                logger.warning("the ROI store cannot be written, going on without it: %s", error)
            self.store.is_broken = True
        return cut_out(entry, values, self.settings)

    def _keep(self, entry: StoredRoi, values: NDArray[np.float32]) -> StoredRoi:
        """Append the entry, or only note its files where the store has the very same ROIs from others."""
        store = self.store
        for known in store.entries(entry.key):
            same = (known.places, known.shape, known.spacing, known.findings, known.series, known.reader_version) == (
                *(entry.places, entry.shape, entry.spacing, entry.findings),
                *(entry.series, entry.reader_version),
            )
            try:
                if same and np.array_equal(store.values(known), values):
                    store.add_sources(known, entry.sources)
                    return known
            except DamagedEntry:
                continue
        return store.append(entry, values)

    def _read_with_margin(self, pair: FollowUpPair, folder: Path) -> tuple[PairRois, tuple[int, int, int]]:
        if any(self.margin):
            try:
                return self._read_images(pair, folder, self.settings_with_margin), self.margin
            except Refusal as refusal:
                if refusal.code not in OF_SOME_SLICES:
                    raise
        return self._read_images(pair, folder, self.settings), (0, 0, 0)

    def _read_images(self, pair: FollowUpPair, folder: Path, settings: RoiSettings) -> PairRois:
        index = None if self.folder is None or not self.keep_headers else self.folder / HEADERS
        return read_pair(
            pair,
            folder,
            settings,
            repeat_missing_prior=self.repeat_missing_prior,
            find_series=partial(scan_folder, index=index, follow_links=self.follow_links),
        )


def series_to_json(series: tuple[SeriesSummary | None, SeriesSummary | None]) -> str:
    """Return the series of t0 and t1 as one text, which collating and caching leave alone."""
    return json.dumps([None if item is None else item.to_plain() for item in series])


def series_from_json(text: str) -> tuple[SeriesSummary | None, SeriesSummary | None]:
    """Return what :func:`series_to_json` wrote."""
    t0, t1 = (None if item is None else SeriesSummary.from_plain(item) for item in json.loads(text))
    return t0, t1
