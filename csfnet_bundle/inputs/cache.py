"""Reads pairs through a ROI store: from it where it has them, else from the images, and then keeps them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle import __version__
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.inputs.locating import scan_path
from csfnet_bundle.inputs.pair_reader import PairRois, read_pair
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.store.entry import Source, StoredRoi
from csfnet_bundle.inputs.store.identity import PairIdentity, origin_of, source_of, state_of
from csfnet_bundle.inputs.store.purging import HEADERS
from csfnet_bundle.inputs.store.store import DamagedEntry, RoiStore, open_store
from csfnet_bundle.inputs.store.views import covers, cut_out, sampled_again
from csfnet_bundle.records import FollowUpPair, Scan
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


class Kept(StrEnum):
    """What a store has of a pair."""

    CURRENT = "current"
    CHANGED = "changed"
    """Its ROIs, but other files lie where they were read from."""
    MISSING = "missing"


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
        entry, kept = self._find(pair, datalist_folder, identity)
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
            return self._find(pair, datalist_folder, self._identity(pair))[1]
        except BundleError:
            return Kept.MISSING  # reading it says why

    def _identity(self, pair: FollowUpPair) -> PairIdentity:
        return PairIdentity.of(pair, repeat_missing_prior=self.repeat_missing_prior)

    def _find(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> tuple[StoredRoi | None, Kept]:
        store = self.store
        token = self._token(pair, folder, identity)
        if token in store.checked:
            return store.checked[token], Kept.CURRENT
        entries = store.entries(identity.key)
        if not any(self._fits(entry, identity) for entry in entries):
            store.refresh()
            entries = store.entries(identity.key)
        exact = [entry for entry in entries if self._fits(entry, identity)]
        if images_are_here(pair, folder):
            states = self._states(pair, folder)
            origins = [origin for origin, _ in states]
            current = [entry for entry in exact if entry.reader_version == READER_VERSION]
            found = next((entry for entry in current if _matches(store.all_sources(entry), states)), None)
            if found is None:
                was_here = any([source.origin for source in entry.sources] == origins for entry in exact)
                return None, Kept.CHANGED if was_here else Kept.MISSING
        else:
            origins = [origin_of(folder / scan.path) for scan in _scans(pair)]
            found = self._one_of(exact, origins, pair.name) or self._derivable(pair, entries)
            if found is None:
                return None, Kept.MISSING
        store.checked[token] = found
        return found, Kept.CURRENT

    def _token(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> object:
        """What the store remembers in a run that this pair was looked up by."""
        return identity, self.settings, str(folder), *(scan.path for scan in _scans(pair))

    def _fits(self, entry: StoredRoi, identity: PairIdentity) -> bool:
        return entry.places == identity.places and covers(entry, self.settings)

    def _one_of(self, entries: Sequence[StoredRoi], origins: Sequence[str], name: str) -> StoredRoi | None:
        """Return the entry that stands for images which are not here: the newest of the files that the record names.

        Raises:
            BundleError: the store has ROIs from several other images, and nothing says which are meant.
        """
        newest: dict[tuple[str, ...], StoredRoi] = {}
        for entry in entries:
            for sources in self.store.all_sources(entry):
                newest.setdefault(tuple(source.origin for source in sources), entry)
        if tuple(origins) in newest:
            return newest[tuple(origins)]
        images = {tuple(source.digest for source in entry.sources) for entry in newest.values()}
        if len(images) > 1:
            raise BundleError(
                f"the store has ROIs of this record from {len(images)} different images, and none of them is here",
                record=f"pair {name}, {self.folder}",
                remedy="Use the store of one cohort alone, or get the images.",
            )
        return next(iter(newest.values()), None)

    def _derivable(self, pair: FollowUpPair, entries: Sequence[StoredRoi]) -> StoredRoi | None:
        """Return an entry that the ROI lies within, around another point or at another spacing.

        Raises:
            BundleError: there are entries of these scans, and none of them holds the ROI.
        """
        for entry in entries:
            try:
                if sampled_again(entry, self.store.values(entry), pair, self.settings) is not None:
                    return entry
            except DamagedEntry:
                continue
        if not entries:
            return None
        entry = entries[0]
        raise BundleError(
            f"the images are not here, and the store has {_words(entry.shape[1:], entry.spacing)} around its points, "
            f"which does not hold {_words(self.settings.size, self.settings.spacing)} around those of the record",
            record=f"pair {pair.name}, {self.folder}",
            remedy="Get the images, ask for a smaller ROI, or go back to the points that were stored.",
        )

    def _view(self, entry: StoredRoi, pair: FollowUpPair, identity: PairIdentity) -> PairRois:
        values = self.store.values(entry)
        if self._fits(entry, identity):
            rois = cut_out(entry, values, self.settings)
        else:
            sampled = sampled_again(entry, values, pair, self.settings)
            assert sampled is not None  # it was found by this
            rois = sampled
        if entry.reader_version == READER_VERSION:
            return rois
        told = f"the ROIs were read by version {entry.reader_version} of the readers, this is {READER_VERSION}"
        return PairRois(rois.array, rois.affines, (*rois.findings, told), rois.series)

    def _states(self, pair: FollowUpPair, folder: Path) -> list[tuple[str, str]]:
        try:
            paths = [scan_path(scan, folder) for scan in _scans(pair)]
            return [(origin_of(path), state_of(path, follow_links=self.follow_links)) for path in paths]
        except BundleError as error:
            raise error.for_record(f"pair {pair.name}") from None

    def _read_and_keep(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> PairRois:
        if not images_are_here(pair, folder):
            return self._read_images(pair, folder, self.settings)  # which says what is not there
        states = self._states(pair, folder)  # before the files are read: a change meanwhile then shows
        rois, margin = self._read_with_margin(pair, folder)
        scans = _scans(pair)
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
            self.store.checked[self._token(pair, folder, identity)] = self._keep(entry, values)
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


def _scans(pair: FollowUpPair) -> list[Scan]:
    return [scan for scan in (pair.t0, pair.t1) if scan is not None]


def images_are_here(pair: FollowUpPair, folder: Path) -> bool:
    """Say whether something lies where the record's scans should be."""
    return all((folder / scan.path).exists() for scan in _scans(pair))


def _matches(known: Sequence[Sequence[Source]], states: Sequence[tuple[str, str]]) -> bool:
    return any([(source.origin, source.state) for source in sources] == list(states) for sources in known)


def _words(size: Sequence[int], spacing: Sequence[float]) -> str:
    return f"{'x'.join(map(str, size))} voxels of {' x '.join(f'{mm:g}' for mm in spacing)} mm"


def series_to_json(series: tuple[SeriesSummary | None, SeriesSummary | None]) -> str:
    """Return the series of t0 and t1 as one text, which collating and caching leave alone."""
    return json.dumps([None if item is None else item.to_plain() for item in series])


def series_from_json(text: str) -> tuple[SeriesSummary | None, SeriesSummary | None]:
    """Return what :func:`series_to_json` wrote."""
    t0, t1 = (None if item is None else SeriesSummary.from_plain(item) for item in json.loads(text))
    return t0, t1
