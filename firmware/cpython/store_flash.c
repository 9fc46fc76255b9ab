// SPDX-License-Identifier: Apache-2.0
// The Flash type of motet_native.store: memory or a file that behaves as NOR flash.
#include "store.h"

#include <fcntl.h>
#include <structmember.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/memory_nor.h"

#define REGION_MOST (1u << 28)

static bool region_from(PyObject *pair, uint32_t at, struct store_region *region) {
    unsigned int sectors, erase;
    if (!PyArg_ParseTuple(pair, "II;expected (sectors, bytes of a sector)", &sectors, &erase)) {
        return false;
    }
    if (erase == 0 || (uint64_t)sectors * erase > REGION_MOST) {
        PyErr_SetString(PyExc_ValueError, "a region is up to 268435456 bytes of sectors that are not empty");
        return false;
    }
    *region = (struct store_region){at, sectors * erase, erase};
    return true;
}

// The file's content, or ones where it is new. A file of another length is not touched.
static uint8_t *map_file(FlashObject *self, PyObject *path, uint32_t size) {
    struct stat status;
    PyObject *name = NULL;
    if (!PyUnicode_FSConverter(path, &name)) {
        return NULL;
    }
    self->file = open(PyBytes_AS_STRING(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    Py_DECREF(name);
    if (self->file < 0 || fstat(self->file, &status)) {
        return (uint8_t *)PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    bool fresh = status.st_size == 0;
    if (!fresh && status.st_size != (off_t)size) {
        return (uint8_t *)PyErr_Format(PyExc_ValueError, "%S has %lld bytes, a flash of this layout has %u", path,
                                       (long long)status.st_size, size);
    }
    if (fresh && ftruncate(self->file, (off_t)size)) {
        return (uint8_t *)PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, 0);
    if (memory == MAP_FAILED) {
        return (uint8_t *)PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    if (fresh) {
        memset(memory, 0xFF, size);
    }
    return memory;
}

static uint8_t *allocate(uint32_t size) {
    uint8_t *memory = PyMem_RawMalloc(size);
    if (memory == NULL) {
        return (uint8_t *)PyErr_NoMemory();
    }
    memset(memory, 0xFF, size);
    return memory;
}

static bool set_up(FlashObject *self, PyObject *path, uint32_t unit) {
    uint32_t size = self->layout.log.size + self->layout.slots.size, slot = self->layout.slots.erase;
    uint32_t erase = self->layout.log.erase < slot ? self->layout.log.erase : slot;
    self->memory = path == Py_None ? allocate(size) : map_file(self, path, size);
    self->erases = PyMem_Calloc(size / erase + 1, sizeof *self->erases);
    self->worn = PyMem_Calloc(size / erase + 1, 1);
    if (self->memory == NULL || self->erases == NULL || self->worn == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_NoMemory();
        }
        return false;
    }
    memory_nor_init(&self->flash, self->memory, size, erase, unit);
    store_flash_connect(self);
    return true;
}

static PyObject *flash_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"path", "log", "slots", "unit", NULL};
    PyObject *path = Py_None, *log, *slots;
    unsigned int unit = 4;
    struct store_layout layout;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O!O!I:Flash", names, &path, &PyTuple_Type, &log, &PyTuple_Type,
                                     &slots, &unit)) {
        return NULL;
    }
    if (!region_from(log, 0, &layout.log) || !region_from(slots, layout.log.size, &layout.slots)) {
        return NULL;
    }
    FlashObject *self = (FlashObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->file = -1;
        self->layout = layout;
        if (!set_up(self, path, unit)) {
            Py_CLEAR(self);
        }
    }
    return (PyObject *)self;
}

static void flash_dealloc(FlashObject *self) {
    if (self->file < 0) {
        PyMem_RawFree(self->memory);
    } else {
        if (self->memory != NULL) {
            munmap(self->memory, self->layout.log.size + self->layout.slots.size);
        }
        close(self->file);
    }
    PyMem_Free(self->erases);
    PyMem_Free(self->worn);
    Py_TYPE(self)->tp_free(self);
}

static int flash_buffer(FlashObject *self, Py_buffer *view, int flags) {
    return PyBuffer_FillInfo(view, (PyObject *)self, self->memory, self->flash.size, 1, flags);
}

static PyBufferProcs buffer = {.bf_getbuffer = (getbufferproc)flash_buffer};

static PyMemberDef members[] = {
    {"operations", T_ULONGLONG, offsetof(FlashObject, operations), READONLY, NULL},
    {"dead", T_BOOL, offsetof(FlashObject, dead), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject store_flash_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.store.Flash",
    .tp_basicsize = sizeof(FlashObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = flash_new,
    .tp_dealloc = (destructor)flash_dealloc,
    .tp_methods = store_flash_methods,
    .tp_members = members,
    .tp_as_buffer = &buffer,
};
