// SPDX-License-Identifier: Apache-2.0
// The Flash type of motet_native.store: memory of the GC heap, a port's own part, or where there are files, one of
// them.
#include <string.h>

#include "module.h"
#include "py/runtime.h"
#include "store.h"
#include "store/memory_nor.h"

#ifdef __unix__
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#define REGION_MOST (1u << 28)

static struct store_region region_from(mp_obj_t pair, uint32_t at) {
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(pair, 2, &items);
    mp_int_t sectors = mp_obj_get_int(items[0]), erase = mp_obj_get_int(items[1]);
    if (sectors < 0 || erase <= 0 || (uint64_t)sectors * (uint64_t)erase > REGION_MOST) {
        mp_raise_ValueError(MP_ERROR_TEXT("a region is up to 268435456 bytes of sectors that are not empty"));
    }
    return (struct store_region){at, (uint32_t)(sectors * erase), (uint32_t)erase};
}

#ifdef __unix__
static int sync_file(struct motet_flash *flash) {
    return msync((void *)(uintptr_t)flash->map, flash->size, MS_SYNC);
}

static void *map_file(const char *path, uint32_t size) {
    struct stat status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || fstat(file, &status)) {
        mp_raise_OSError_with_filename(errno, path);
    }
    bool fresh = status.st_size == 0;
    if (!fresh && status.st_size != (off_t)size) {
        close(file);
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s has %d bytes, a flash of this layout has %u"), path,
                          (int)status.st_size, (unsigned)size);
    }
    void *memory = fresh && ftruncate(file, (off_t)size)
                       ? MAP_FAILED
                       : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) {
        mp_raise_OSError_with_filename(errno, path);
    }
    if (fresh) {
        memset(memory, 0xFF, size);
    }
    return memory;
}
#endif

static void *make_memory(motet_flash_obj_t *self, mp_obj_t path, uint32_t size) {
#ifdef __unix__
    if (path != mp_const_none) {
        return map_file(mp_obj_str_get_str(path), size);
    }
#endif
    if (path != mp_const_none) {
        mp_raise_ValueError(MP_ERROR_TEXT("there are no files here"));
    }
    self->heap = m_malloc(size);
    memset(self->heap, 0xFF, size);
    return self->heap;
}

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_path, MP_ARG_OBJ, {.u_obj = mp_const_none}},
        {MP_QSTR_log, MP_ARG_REQUIRED | MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_slots, MP_ARG_REQUIRED | MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_unit, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 4}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    motet_flash_obj_t *self = mp_obj_malloc(motet_flash_obj_t, type);
    self->flash = m_new(struct motet_flash, 1);
    self->heap = NULL;
    self->layout.log = region_from(args[1].u_obj, 0);
    self->layout.slots = region_from(args[2].u_obj, self->layout.log.size);
    uint32_t size = self->layout.log.size + self->layout.slots.size;
    uint32_t erase = MIN(self->layout.log.erase, self->layout.slots.erase);
    void *memory = make_memory(self, args[0].u_obj, size);
    memory_nor_init(self->flash, memory, size, erase, (uint32_t)args[3].u_int);
#ifdef __unix__
    if (self->heap == NULL) {
        self->flash->do_sync = sync_file;
    }
#endif
    return MP_OBJ_FROM_PTR(self);
}

mp_obj_t motet_flash_make(struct motet_flash *flash, const struct store_layout *layout) {
    motet_flash_obj_t *self = mp_obj_malloc(motet_flash_obj_t, &motet_flash_type);
    self->flash = flash;
    self->layout = *layout;
    self->heap = NULL;
    return MP_OBJ_FROM_PTR(self);
}

static mp_int_t flash_buffer(mp_obj_t self_in, mp_buffer_info_t *buffer, mp_uint_t flags) {
    const motet_flash_obj_t *self = MP_OBJ_TO_PTR(self_in);
    buffer->buf = (void *)(uintptr_t)self->flash->map;
    buffer->len = self->flash->size;
    buffer->typecode = 'B';
    return flags & MP_BUFFER_WRITE;
}

MP_DEFINE_CONST_OBJ_TYPE(motet_flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE, make_new, flash_make_new, buffer,
                         flash_buffer);
