# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of a running Motet: metrics (Prometheus) and logs (text or JSON lines on stderr)."""

from motet.observe.logs import redact, setup_logging
from motet.observe.metrics import Metrics

__all__ = ["Metrics", "redact", "setup_logging"]
