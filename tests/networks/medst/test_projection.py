import torch

from csfnet_bundle.networks.medst.projection import EMBEDDING_WIDTH, ProjectionHead


def test_length_is_one() -> None:
    vectors = ProjectionHead(6, 16)(torch.rand(9, 6))
    assert vectors.shape == (9, EMBEDDING_WIDTH)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(9))


def test_tokens_that_do_not_count_are_no_part_of_the_statistics() -> None:
    head = ProjectionHead(6, 16)
    tokens, mask = torch.rand(3, 5, 6), torch.rand(3, 5) > 0.4
    spoilt = torch.where(mask[:, :, None], tokens, torch.tensor(1e6))
    projected = head.tokens(spoilt, mask)
    torch.testing.assert_close(projected[mask], head(tokens[mask]))
    assert not projected[~mask].any()
    hidden = head.layers[0](tokens[mask])
    head.layers[1].reset_running_stats()
    head.layers[1].momentum = 1.0
    head.tokens(spoilt, mask)
    torch.testing.assert_close(head.layers[1].running_mean, hidden.mean(dim=0))
