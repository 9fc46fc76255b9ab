# SPDX-License-Identifier: Apache-2.0
"""Renode's Robot Framework keywords on QEMU and on attached boards, so that one suite runs on all of them.

``library.Renode`` is the Robot library, ``device.Device`` the one that talks the framed link, ``remote`` serves the
keywords as Renode does, ``runner`` runs suites on one board after the other or side by side.
"""
