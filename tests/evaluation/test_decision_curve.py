import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.evaluation.decision_curve import net_benefit


def test_worked_example():
    # At t = .25 three are acted on, two of them malignant: 2/4 - 1/4 * 1/3.
    curve = net_benefit(np.array([0.9, 0.3, 0.25, 0.1]), np.array([1, 0, 1, 0]), np.array([0.25, 0.5]))
    assert curve["model"].tolist() == pytest.approx([0.5 - 0.25 / 3, 0.25])
    assert curve["act_on_all"].tolist() == pytest.approx([0.5 - 0.5 / 3, 0.0])
    assert curve["act_on_none"].tolist() == [0, 0]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_bounds(rows):
    probability, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    curve = net_benefit(probability, labels)
    assert (curve["model"] <= labels.mean() + 1e-12).all()
    perfect = net_benefit(labels.astype(float), labels)
    assert perfect["model"].to_numpy() == pytest.approx(np.full(99, labels.mean()))
    everyone = net_benefit(np.ones(len(labels)), labels)
    assert everyone["model"].to_numpy() == pytest.approx(everyone["act_on_all"].to_numpy())
