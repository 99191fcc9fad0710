from collections.abc import Callable

import torch

from csfnet_bundle.networks.medst.losses.sequences import similarity, sort_into_sequences


def test_rows_in_any_order_find_their_place(unit: Callable) -> None:
    image, text = unit(5), unit(5)
    sequence, position = torch.tensor([1, 0, 1, 0, 1]), torch.tensor([2, 0, 0, 1, 1])
    sequences = sort_into_sequences(image, text, torch.tensor([7, 1, 7, 2, 3]), sequence, position)
    torch.testing.assert_close(sequences.image[1], image[[2, 4, 0]])
    torch.testing.assert_close(sequences.text[0, :2], text[[1, 3]])
    assert sequences.mask.tolist() == [[True, True, False], [True, True, True]]
    assert sequences.repeated().tolist() == [[False, False, False], [True, False, True]]


def test_similarity_against_a_loop(unit: Callable) -> None:
    asking, answering = unit(2, 3), unit(2, 3)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    scores = similarity(asking, answering, mask)
    for row in range(2):
        for i in range(3):
            for j in range(3):
                expected = -((asking[row, i] - answering[row, j]) ** 2).sum() / 0.1
                assert abs(float(scores[row, i, j] - expected)) < 1e-3 or not mask[row, j]
    assert scores[1, :, 2].softmax(dim=0).isfinite().all()
    assert not similarity(asking, answering, mask).softmax(dim=2)[1, :, 2].any()
