# SPDX-License-Identifier: Apache-2.0
# Frozen; the rp2 port runs it first. Mounts the files in the last part of the flash; at the first start it makes them a system.
import vfs
from _rp2 import Flash


def _mount():
    # The flash is programmed in pages of 256 bytes.
    flash = Flash()
    try:
        files = vfs.VfsLfs2(flash, progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        files = vfs.VfsLfs2(flash, progsize=256)
    vfs.mount(files, "/")


_mount()
