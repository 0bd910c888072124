"""MammoView: read mammography studies with AI on the reader's own computer. Research software, not a medical device."""

import os

__version__ = "0.1.0"

# Since 1.29 ONNX Runtime reports to its maker over the network unless this is set before its library is loaded, here or
# in a child. Nothing that happens here is anybody else's business.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
