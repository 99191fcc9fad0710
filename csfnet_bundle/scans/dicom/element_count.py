"""How many elements a header holds, nested ones too, before pydicom makes an object of each."""

from __future__ import annotations

from csfnet_bundle.scans.dicom.elements import ELEMENT_BYTES, PREAMBLE_BYTES, UNDEFINED_LENGTH, ElementReader

_ITEM_GROUP = 0xFFFE
_META_GROUP = 0x0002


def has_more_elements(data: bytes, explicit: bool, little: bool, most: int, most_items: int) -> bool:
    """Say whether a header holds over ``most`` elements and items, or over ``most_items`` items.

    Wherever a value could be a sequence, it is counted as one, so that nothing escapes that pydicom would parse.

    Args:
        data: the file up to its pixel data.
        explicit: whether the data set has explicit value representations.
        little: its byte order.
        most: elements and items where counting stops.
        most_items: items where counting stops; one takes pydicom three times as long as an element.
    """
    if data.count(ElementReader(explicit, little).item_tag) > most_items:
        return True
    position, end = PREAMBLE_BYTES + 4, len(data)
    meta, dataset = ElementReader(True, True), ElementReader(explicit, little)
    read, item_tag = meta, dataset.item_tag
    for _ in range(most):
        if position + ELEMENT_BYTES > end:
            return False
        group, length, value = read(data, position)
        if read is meta and group != _META_GROUP:
            read = dataset
            group, length, value = read(data, position)
        position = value
        is_sequence = length == UNDEFINED_LENGTH or group == _ITEM_GROUP or data.startswith(item_tag, value)
        if not is_sequence:
            position += length
    return True
