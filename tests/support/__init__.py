# SPDX-License-Identifier: Apache-2.0
"""What several test suites share: simulated devices, noisy lines, waiting for conditions."""
