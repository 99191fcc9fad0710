"""CSF-Net as a MONAI bundle: malignancy of a lung nodule from two CT scans and clinical variables.

The package's layers, lowest first; a module imports only from layers above its own in this list
(``tests/test_layers.py`` fails otherwise):

``errors`` -> ``geometry`` -> ``dicom``, ``volume_files``, ``tables`` -> ``pairs`` -> ``roi`` -> ``transforms``;
``networks`` beside them, importing torch and MONAI blocks only;
``evaluation`` -> ``report`` -> ``dicom_out``; ``training``, ``phantom``, ``cohort``;
``export``, ``federated``, ``benchmark``, ``medst``, ``monai_label``; ``commands`` on top.
"""

__version__ = "0.1.0"
