import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.evaluation.calibration import probabilities
from csfnet_bundle.inputs.transforms import MalignancyProbabilityd

numbers = st.floats(-60, 60, width=32)


@given(numbers, numbers, st.floats(0.05, 20))
def test_it_is_the_softmax_of_the_divided_logits(benign: float, malignant: float, temperature: float) -> None:
    record = MalignancyProbabilityd(temperature=temperature)({"pred": torch.tensor([benign, malignant])})
    expected = torch.nn.Softmax(dim=0)(torch.tensor([benign, malignant], dtype=torch.float64) / temperature)
    torch.testing.assert_close(record["probability"].double(), expected, rtol=1e-4, atol=1e-6)
    # The evaluation's own way to the same number: a sigmoid of the logits' difference.
    (one_number,) = probabilities([malignant - benign], temperature)
    assert record["probability"][1].item() == pytest.approx(one_number, rel=1e-4, abs=1e-6)


def test_other_keys_and_half_precision() -> None:
    record = {"logits": torch.tensor([0.0, 0.0], dtype=torch.float16), "pred": 1}
    done = MalignancyProbabilityd(keys="logits")(record)
    assert done["probability"].tolist() == [0.5, 0.5]
    assert done["probability"].dtype == torch.float32
    assert done["pred"] == 1
    assert "probability" not in record
