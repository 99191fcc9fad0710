"""CSF-Net as a MONAI bundle: malignancy of a lung nodule from two CT scans and clinical variables.

The package's layers, highest first; a package imports only from those below it (``tests/test_layers.py`` guards this):

``commands`` -> ``studies`` -> ``medst`` -> ``training``, ``serving`` -> ``prediction`` -> ``cohorts`` -> ``report``,
``nodule`` -> ``inputs`` -> ``records``, ``scans`` -> ``geometry`` -> ``core``;
``networks`` (torch and MONAI blocks) and ``evaluation`` (metrics and statistics) beside them, above ``core``.
"""

__version__ = "0.2.0"
