# SPDX-License-Identifier: Apache-2.0
"""What the trainers of this folder share: layers, training, int8 quantisation, and the TensorFlow Lite file. numpy only."""
