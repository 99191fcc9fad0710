"""The bundle behind a MONAI Label server: clicks of viewers, requests of programs, errors as HTTP statuses.

`app.py` is the app that `csfnet label-app` writes; `configs/monai_label.json` puts the parts of the classification
together; docs/monai_label.md says how it is served. They run in MONAI Label's own environment, which is older than this
package's: nothing on the way needs more than NumPy 1.26, pydicom 2.
"""

from csfnet_bundle.serving.monai_label.answer import AnswerRequestd
from csfnet_bundle.serving.monai_label.http_errors import HttpErrors
from csfnet_bundle.serving.monai_label.inferer import CarryInputsd, FollowUpInferer
from csfnet_bundle.serving.monai_label.request import ReadRequestd

__all__ = ["AnswerRequestd", "CarryInputsd", "FollowUpInferer", "HttpErrors", "ReadRequestd"]
