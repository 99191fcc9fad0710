from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from csfnet_bundle.networks.medst import SIZES, EncoderSettings, ImageEncoder, MedST, MedSTObjective


def test_embeddings_have_their_shapes_and_length_one(medst: Callable[..., MedST], studies: Callable) -> None:
    network, batch = medst(), studies()
    embeddings = network(batch)
    assert embeddings.image.shape == embeddings.text.shape == (6, 128)
    assert embeddings.patches.shape == (6, 2 * 16, 128)
    for vectors in (
        embeddings.image,
        embeddings.patches[embeddings.patch_mask],
        embeddings.words[embeddings.word_mask],
    ):
        torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(vectors.shape[:-1]))
    assert embeddings.change is None


@pytest.mark.parametrize(
    ("weighting", "negatives"), [("uniform", "study"), ("modality", "study"), ("modality", "batch")]
)
def test_absent_views_and_padding_change_no_loss_and_no_gradient(
    weighting: str, negatives: str, medst: Callable[..., MedST], studies: Callable
) -> None:
    network, batch = medst(weighting=weighting), studies()
    batch["view_present"][[0, 3], [1, 0]] = False
    spoilt = {**batch, "views": batch["views"].clone()}
    spoilt["views"][~batch["view_present"]] = 0.7
    spoilt["token_ids"] = F.pad(torch.where(batch["token_mask"], batch["token_ids"], 9), (0, 5), value=9)
    spoilt["token_mask"], spoilt["word_index"] = (
        F.pad(batch["token_mask"], (0, 5)),
        F.pad(batch["word_index"], (0, 5), value=-1),
    )
    results = []
    for given in (batch, spoilt):
        network.zero_grad()
        losses = MedSTObjective(local_negatives=negatives)(network(given), given)
        losses["total"].backward()
        gradients = [parameter.grad for parameter in network.parameters()]
        results.append((losses, [gradient.clone() for gradient in gradients if gradient is not None]))
    (losses, before), (other_losses, after) = results
    torch.testing.assert_close(losses, other_losses)
    torch.testing.assert_close(before, after, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("negatives", ["study", "batch"])
def test_every_parameter_gets_a_gradient(negatives: str, medst: Callable[..., MedST], studies: Callable) -> None:
    """But for the weights of patches, which the published local loss alone has."""
    network, batch = medst(), studies()
    MedSTObjective(local_negatives=negatives)(network(batch), batch)["total"].backward()
    asked = [
        (name, parameter.grad)
        for name, parameter in network.named_parameters()
        if negatives == "study" or not name.startswith("patch_weights")
    ]
    dead = [name for name, gradient in asked if gradient is None or not gradient.abs().max() > 1e-9]
    # The bias of keys shifts all of a query's scores alike; of biases before it, LayerNorm and softmax leave nothing.
    assert [name for name in dead if "bias" not in name] == []


def test_sentences_on_changes_are_those_of_later_studies(
    medst: Callable[..., MedST], studies: Callable, text: Callable
) -> None:
    network = medst().eval()
    batch = {**studies(), **text(6, 12, "change_"), **text(6, 12, "reversed_")}
    batch["change_known"] = later = batch["position"] > 0
    later[2] = False  # nobody tells what has changed there
    embeddings = network(batch)
    for kind, vectors in (("change", embeddings.change), ("reversed", embeddings.reversed_change)):
        alone = network.encode_text(*(batch[f"{kind}_{name}"] for name in ("token_ids", "token_mask", "word_index")))
        torch.testing.assert_close(vectors[later], alone.text[later])
        assert not vectors[~later].any()


def test_a_frozen_encoder_stays_as_it_is(medst: Callable[..., MedST], studies: Callable) -> None:
    network, batch = medst(freeze=("text_encoder",)).train(), studies()
    assert not network.text_encoder.training
    assert network.image_encoder.training
    MedSTObjective()(network(batch), batch)["total"].backward()
    assert all(parameter.grad is None for parameter in network.text_encoder.parameters())
    assert all(parameter.grad is not None for parameter in network.image_encoder.parameters())
    with pytest.raises(ValueError, match="freeze names 'heads'"):
        medst(freeze=("heads",))


def test_a_study_without_views_is_named(medst: Callable[..., MedST], studies: Callable) -> None:
    batch = studies()
    batch["view_present"][4] = False
    with pytest.raises(ValueError, match="study 4 of the batch has no view"):
        medst()(batch)


def test_view_means_against_a_loop(medst: Callable[..., MedST], studies: Callable) -> None:
    network, batch = medst().eval(), studies()
    batch["view_present"][0, 1] = False
    batch["views"][1, 0, :, :8] = 0.0
    before, after = network.view_means(batch["views"], batch["view_present"])
    tokens = network.image_encoder(batch["views"], batch["view_present"])
    for study in range(6):
        for view in range(2):
            patches = [place for place in range(16 * view, 16 * view + 16) if tokens.mask[study, place]]
            for means, source in ((before, tokens.embedded), (after, tokens.patches)):
                expected = source[study, patches].mean(dim=0) if patches else torch.zeros(24)
                torch.testing.assert_close(means[study, view], expected)
    assert not after[0, 1].any()


def test_where_words_look(medst: Callable[..., MedST], studies: Callable) -> None:
    network, batch = medst().eval(), studies()
    batch["view_present"][0, 1] = False
    embeddings = network(batch)
    looks = network.word_patch_attention(embeddings)
    torch.testing.assert_close(looks.sum(dim=2), embeddings.word_mask.float())
    assert not looks[0, :, 16:].any()


@pytest.mark.parametrize("published", [False, True])
def test_a_size_by_its_name(published: bool) -> None:
    """No weights but those of the published form differ: its one class token, and no embedding of a view."""
    encoder = ImageEncoder(EncoderSettings("tiny", shared_class_token=published, mask_blank=not published)).eval()
    edge = SIZES["tiny"].image_size
    tokens = encoder(torch.rand(2, 2, 3, edge, edge), torch.ones(2, 2, dtype=torch.bool))
    assert tokens.patches.shape == (2, 128, SIZES["tiny"].width)
    assert encoder.class_tokens.shape[0] == (1 if published else 2)
