# The first two commands of README.md; each sets up .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Where `make model` keeps what it makes on the way to models/nodules.
NODULES := output/make_nodule_model

.PHONY: demo test test-long lint docs notebook model phantom-model nodule-volumes nodule-model clean

demo: $(STAMP)
	$(BIN)/python -m csfnet_bundle demo

# In parallel; the tests of a file stay in one process and share its fixtures. The order is that of tests/conftest.py.
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Full-width training on a CPU, wide fuzz runs, whole real series: what takes minutes each.
test-long: $(STAMP)
	$(BIN)/python -m pytest -m long

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The reference of the Python interface, from the docstrings, as HTML in build/api.
docs: $(STAMP)
	$(BIN)/pdoc --docformat google --output-directory build/api csfnet_bundle

# Runs the notebook anew and keeps what it printed and drew.
notebook: $(STAMP)
	$(BIN)/jupyter execute --inplace docs/notebooks/phantom.ipynb

# Makes models/model.pt and models/nodules/model.pt again: make model VOI=FOLDER (models/measure.ts: train-measure)
model: nodule-volumes phantom-model nodule-model

# models/model.pt alone: trained on phantoms and judged beside the oracle; about an hour and a half of one core.
phantom-model: $(STAMP)
	$(BIN)/python -m csfnet_bundle make-model

# models/nodules/model.pt alone, and the five folds that choose its temperature and threshold.
nodule-model: nodule-volumes $(STAMP)
	$(BIN)/python -m csfnet_bundle cohort lidc-voi --dir '$(VOI)' --out $(NODULES)/cohort
	$(BIN)/python -m csfnet_bundle make-nodule-model --dataset_dir $(NODULES)/cohort --out $(NODULES)/study

nodule-volumes:
	@test -f '$(VOI)/labels.csv' || { \
		echo 'No LIDC nodule volumes: VOI="$(VOI)" holds no labels.csv. Name their folder (docs/nlst.md):' \
			'make $(MAKECMDGOALS) VOI=FOLDER. `make phantom-model` needs none.'; exit 1; }

# The test extra is part of the set-up, so that one environment serves demo, test and lint.
$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
		{ echo "Python 3.11 or 3.12 is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) data output demo build dist *.egg-info
