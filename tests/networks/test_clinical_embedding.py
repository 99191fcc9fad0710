import pytest
import torch

from csfnet_bundle.core.code_book import UNKNOWN, nlst_code_book
from csfnet_bundle.networks.clinical_embedding import CLINICAL_VOCABULARY, ClinicalEmbedding
from csfnet_bundle.networks.network import count_parameters


def test_default_vocabulary_is_that_of_the_code_book() -> None:
    assert ClinicalEmbedding().table.num_embeddings == sum(nlst_code_book().sizes)


@pytest.mark.parametrize("token", [-1, 3, 8, 10_000])
def test_a_token_that_the_variable_does_not_have_is_unknown(token: int) -> None:
    """And reads no row of its neighbour, nor none at all."""
    embedding = ClinicalEmbedding((3, 2, 4))
    strange = embedding(torch.tensor([[token, 0, 3]]), None, 1)
    torch.testing.assert_close(strange, embedding(torch.tensor([[UNKNOWN, 0, 3]]), None, 1))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_another_number_of_variables_is_refused(count: int) -> None:
    """One alone would else be taken for each of the three."""
    with pytest.raises(ValueError, match=f"{count} clinical variables, expected 3"):
        ClinicalEmbedding((3, 2, 4))(torch.zeros(5, count, dtype=torch.int64), None, 5)


def test_every_variable_has_rows_of_its_own() -> None:
    embedding = ClinicalEmbedding((3, 2, 4))
    first = embedding(torch.tensor([[0, 0, 0]]), None, 1)
    last = embedding(torch.tensor([[2, 1, 3]]), None, 1)
    assert len(torch.cat([first, last], dim=1)[0].unique(dim=0)) == 6
    expected = embedding.projection(embedding.table.weight[[2, 4, 8]])
    torch.testing.assert_close(last[0], expected)


def test_none_is_all_missing() -> None:
    embedding = ClinicalEmbedding(use_interval=True)
    missing = embedding(torch.zeros(2, 6, dtype=torch.int64), torch.full((2,), torch.nan), 2)
    torch.testing.assert_close(embedding(None, None, 2), missing)
    assert missing.shape == (2, 7, 128)


def test_interval_is_a_token_of_its_own() -> None:
    embedding = ClinicalEmbedding(use_interval=True)
    short, long, unknown = embedding(None, torch.tensor([180.0, 365.0, torch.nan]), 3)
    torch.testing.assert_close(short[:6], long[:6])
    assert not torch.allclose(short[6], long[6])
    torch.testing.assert_close(unknown, embedding(None, None, 1)[0])


def test_a_missing_interval_leaves_no_nan_in_the_gradient() -> None:
    embedding = ClinicalEmbedding(use_interval=True)
    embedding(None, torch.tensor([torch.nan, 365.0]), 2).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in embedding.parameters())


def test_interval_is_ignored_where_off() -> None:
    embedding = ClinicalEmbedding()
    torch.testing.assert_close(embedding(None, torch.tensor([180.0]), 1), embedding(None, None, 1))
    assert count_parameters(embedding) == sum(CLINICAL_VOCABULARY) * 512 + 512 * 128 + 128
