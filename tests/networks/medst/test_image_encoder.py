import pytest
import torch

from csfnet_bundle.networks import count_parameters
from csfnet_bundle.networks.medst import SIZES, EncoderSettings, ImageEncoder
from csfnet_bundle.networks.medst.image_encoder import Size

PARAMETERS = {"tiny": 770_208, "small": 4_497_216, "full": 142_487_808}
MILLIONS = {"tiny": 0.8, "small": 4.5, "full": 142.5}
"""What the specification says of two views, in millions."""


def make_encoder(views: int = 2, **switches: bool) -> ImageEncoder:
    settings = EncoderSettings(views=[f"view {number}" for number in range(views)], **switches)
    return ImageEncoder(settings, Size(32, 8, 24, 2, 2, 32))


@pytest.mark.parametrize("size", SIZES)
def test_parameters_of_each_size(size: str) -> None:
    with torch.device("meta"):  # shapes alone
        count = count_parameters(ImageEncoder(EncoderSettings(size)))
    assert count == PARAMETERS[size]
    assert round(count / 1e6, 1) == MILLIONS[size]


def test_shapes() -> None:
    tokens = make_encoder(3)(torch.rand(4, 3, 3, 32, 32), torch.ones(4, 3) > 0)
    assert tokens.study.shape == (4, 24)
    assert tokens.patches.shape == tokens.embedded.shape == (4, 3 * 16, 24)
    assert tokens.mask.all()


@pytest.mark.parametrize("faithful", [False, True])
def test_an_absent_view_changes_nothing(faithful: bool) -> None:
    encoder = make_encoder(shared_class_token=faithful, mask_blank=not faithful)
    views = torch.rand(3, 2, 3, 32, 32)
    present = torch.tensor([[True, True], [True, False], [False, True]])
    other = torch.where(present[:, :, None, None, None], views, torch.rand_like(views))
    before, after = encoder(views, present), encoder(other, present)
    for name in ("study", "patches", "mask"):
        torch.testing.assert_close(getattr(before, name), getattr(after, name), rtol=0, atol=0)
    assert not before.patches[~before.mask].any()
    assert before.mask.unflatten(1, (2, -1)).any(dim=2).equal(present)


def test_blank_patches_are_skipped_or_masked_alike() -> None:
    """Alone, a low view's padding is not computed; beside a full one it is computed and masked."""
    encoder = make_encoder()
    low, full = torch.rand(2, 2, 3, 32, 32), torch.rand(1, 2, 3, 32, 32)
    low[:, :, :, :8] = low[:, :, :, 24:] = 0.0
    alone = encoder(low, torch.ones(2, 2) > 0)
    together = encoder(torch.cat([low, full]), torch.ones(3, 2) > 0)
    torch.testing.assert_close(together.study[:2], alone.study)
    torch.testing.assert_close(together.patches[:2], alone.patches)
    rows = alone.mask.unflatten(1, (2, 4, 4))
    assert rows[:, :, 1:3].all()
    assert not rows[:, :, [0, 3]].any()
    assert make_encoder(mask_blank=False)(low, torch.ones(2, 2) > 0).mask.all()


@pytest.mark.parametrize("published", [False, True])
def test_a_compiler_gets_one_graph_with_the_same_answer(published: bool) -> None:
    """What is left out otherwise is masked there: how much it is would depend on the values."""
    encoder = make_encoder(shared_class_token=published).eval()
    views, present = torch.rand(2, 2, 3, 32, 32), torch.tensor([[True, True], [True, False]])
    views[:, :, :, :8] = 0.0
    compiled = torch.compile(encoder, fullgraph=True, backend="eager")
    with torch.no_grad():
        for name, part in compiled(views, present)._asdict().items():
            torch.testing.assert_close(part, getattr(encoder(views, present), name))


def test_a_study_does_not_depend_on_its_batch() -> None:
    encoder = make_encoder()
    views, present = torch.rand(3, 2, 3, 32, 32), torch.ones(3, 2) > 0
    together = encoder(views, present)
    for row in range(3):
        apart = encoder(views[row : row + 1], present[row : row + 1])
        torch.testing.assert_close(together.study[row : row + 1], apart.study)
        torch.testing.assert_close(together.patches[row : row + 1], apart.patches)


def test_what_tells_the_views_apart() -> None:
    """With one class token and one expert nothing does; either a view embedding or experts do."""
    views, present = torch.rand(2, 2, 3, 32, 32), torch.ones(2, 2) > 0
    for shared_experts, shared_class_token in ((True, True), (True, False), (False, True)):
        encoder = make_encoder(shared_experts=shared_experts, shared_class_token=shared_class_token)
        change = (encoder(views, present).study - encoder(views.flip(1), present).study).abs().max()
        assert bool(change < 1e-5) == (shared_experts and shared_class_token)


@pytest.mark.parametrize(
    ("values", "problem"),
    [({"size": "huge"}, "size is 'huge', expected one of tiny, small, full"), ({"views": []}, "views is empty")],
)
def test_settings_that_no_encoder_has_are_refused(values: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        EncoderSettings(**values)


def test_settings_come_back_from_plain_values() -> None:
    settings = EncoderSettings("tiny", ["axial"], shared_experts=True, mask_blank=False)
    assert EncoderSettings(**settings.to_plain()) == settings
    assert hash(settings) == hash(EncoderSettings(**settings.to_plain()))
