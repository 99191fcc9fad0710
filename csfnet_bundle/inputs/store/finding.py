"""Which entry of a ROI store serves a pair: by its images where they are at hand, else by what the store has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.locating import scan_path
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.store.entry import Source, StoredRoi
from csfnet_bundle.inputs.store.identity import PairIdentity, origin_of, state_of
from csfnet_bundle.inputs.store.store import DamagedEntry, RoiStore
from csfnet_bundle.inputs.store.views import covers, sampled_again
from csfnet_bundle.records import FollowUpPair, Scan


class Kept(StrEnum):
    """What a store has of a pair."""

    CURRENT = "current"
    CHANGED = "changed"
    """Its ROIs, but other files lie where they were read from."""
    MISSING = "missing"


@dataclass(frozen=True)
class EntryFinder:
    """Finds entries of a store.

    Attributes:
        store: the store.
        settings: size and spacing of the ROI.
        reader_version: of the readers at hand; where the images are there, older entries do not serve.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
    """

    store: RoiStore
    settings: RoiSettings
    reader_version: int
    follow_links: bool

    def find(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> tuple[StoredRoi | None, Kept]:
        """Return the entry of a pair and what the store has; what is current needs no other look in this run.

        Args:
            pair: the pair.
            folder: of its datalist.
            identity: of the pair.

        Raises:
            BundleError: the images are not here, and the store's ROIs do not do.
        """
        store = self.store
        token = self.token(pair, folder, identity)
        if token in store.checked:
            return store.checked[token], Kept.CURRENT
        entries = store.entries(identity.key)
        if not any(self.fits(entry, identity) for entry in entries):
            store.refresh()
            entries = store.entries(identity.key)
        exact = [entry for entry in entries if self.fits(entry, identity)]
        if images_are_here(pair, folder):
            states = self.states(pair, folder)
            origins = [origin for origin, _ in states]
            current = [entry for entry in exact if entry.reader_version == self.reader_version]
            found = next((entry for entry in current if _matches(store.all_sources(entry), states)), None)
            if found is None:
                was_here = any([source.origin for source in entry.sources] == origins for entry in exact)
                return None, Kept.CHANGED if was_here else Kept.MISSING
        else:
            origins = [origin_of(folder / scan.path) for scan in scans_of(pair)]
            found = self._one_of(exact, origins, pair.name) or self._derivable(pair, entries)
            if found is None:
                return None, Kept.MISSING
        store.checked[token] = found
        return found, Kept.CURRENT

    def token(self, pair: FollowUpPair, folder: Path, identity: PairIdentity) -> object:
        """Return what the store remembers in a run that this pair was looked up by."""
        return identity, self.settings, str(folder), *(scan.path for scan in scans_of(pair))

    def fits(self, entry: StoredRoi, identity: PairIdentity) -> bool:
        """Say whether an entry holds the pair's ROI voxel for voxel."""
        return entry.places == identity.places and covers(entry, self.settings)

    def states(self, pair: FollowUpPair, folder: Path) -> list[tuple[str, str]]:
        """Return for each scan where it lies, and names, sizes and times of its files in one text."""
        try:
            paths = [scan_path(scan, folder) for scan in scans_of(pair)]
            return [(origin_of(path), state_of(path, follow_links=self.follow_links)) for path in paths]
        except BundleError as error:
            raise error.for_record(f"pair {pair.name}") from None

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
                record=f"pair {name}, {self.store.folder}",
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
            record=f"pair {pair.name}, {self.store.folder}",
            remedy="Get the images, ask for a smaller ROI, or go back to the points that were stored.",
        )


def scans_of(pair: FollowUpPair) -> list[Scan]:
    """Return t0, if there is one, and t1."""
    return [scan for scan in (pair.t0, pair.t1) if scan is not None]


def images_are_here(pair: FollowUpPair, folder: Path) -> bool:
    """Say whether something lies where the record's scans should be."""
    return all((folder / scan.path).exists() for scan in scans_of(pair))


def _matches(known: Sequence[Sequence[Source]], states: Sequence[tuple[str, str]]) -> bool:
    return any([(source.origin, source.state) for source in sources] == list(states) for sources in known)


def _words(size: Sequence[int], spacing: Sequence[float]) -> str:
    return f"{'x'.join(map(str, size))} voxels of {' x '.join(f'{mm:g}' for mm in spacing)} mm"
