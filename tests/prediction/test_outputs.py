import pytest
import torch
from helpers.tiny_training import TinyNetwork, tiny_evaluator, tiny_items
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.prediction.outputs import PredictionCollector, logit_difference, malignancy_scores

logits = st.lists(st.tuples(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32)), min_size=1, max_size=6)


@given(logits)
def test_the_difference_orders_as_the_probability_does(values: list[tuple[float, float]]) -> None:
    tensor = torch.tensor(values, dtype=torch.float64)
    torch.testing.assert_close(torch.sigmoid(logit_difference(tensor)), torch.softmax(tensor, -1)[:, 1])


@given(logits)
def test_scores_keep_to_their_labels(values: list[tuple[float, float]]) -> None:
    output = [{"pred": torch.tensor(pair), "label": number % 2} for number, pair in enumerate(values)]
    scores, labels = malignancy_scores(output)
    assert [score.shape for score in scores] == [(1,)] * len(values)
    assert [int(label) for label in labels] == [number % 2 for number in range(len(values))]
    for score, (benign, malignant) in zip(scores, values, strict=True):
        assert score.item() == pytest.approx(malignant - benign, rel=1e-5, abs=1e-5)


def test_the_collector_has_a_row_for_every_pair_in_its_order() -> None:
    network, items, collector = TinyNetwork().eval(), tiny_items(3), PredictionCollector()
    evaluator = tiny_evaluator(network, items)
    collector.attach(evaluator)
    for _ in range(2):  # the second run begins anew
        evaluator.run()
        table = collector.table()
    assert table["subject"].tolist() == [item["subject"] for item in items]
    assert table["label"].tolist() == [item["label"] for item in items]
    with torch.no_grad():
        expected = logit_difference(network(torch.stack([item["image"] for item in items])))
    torch.testing.assert_close(torch.tensor(table["logit"].tolist()), expected.float())
