"""What predictions are worth: metrics with intervals, calibration, paired tests, subgroups, plots.

Everything works on a predictions table (:mod:`csfnet_bundle.evaluation.predictions`) and knows nothing of networks.
The patient is the unit of every interval: nodules of one patient are never taken for independent.
"""
