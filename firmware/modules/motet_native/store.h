// SPDX-License-Identifier: Apache-2.0
// motet_native.store on MicroPython: what its files and a port's own flash share.
#ifndef MOTET_MICROPYTHON_STORE_H
#define MOTET_MICROPYTHON_STORE_H

#include "py/obj.h"
#include "store/store.h"

typedef struct {
    mp_obj_base_t base;
    struct motet_flash *flash;
    struct store_layout layout;
    void *heap; // the block of the GC heap that is the flash, NULL when it lies elsewhere
} motet_flash_obj_t;

typedef struct {
    mp_obj_base_t base;
    motet_flash_obj_t *flash;
    struct store store;
} motet_store_obj_t;

extern const mp_obj_type_t motet_flash_type, motet_store_type;

// A Flash object over a port's own part; `flash` and its map must live on.
mp_obj_t motet_flash_make(struct motet_flash *flash, const struct store_layout *layout);

// Raises motet_native.store.Error unless the result is STORE_OK.
void motet_store_check(int result);
struct store_text motet_store_text(mp_obj_t object);

MP_DECLARE_CONST_FUN_OBJ_2(motet_store_begin_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_write_obj);
MP_DECLARE_CONST_FUN_OBJ_2(motet_store_finish_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_commit_obj);
MP_DECLARE_CONST_FUN_OBJ_2(motet_store_abort_obj);
MP_DECLARE_CONST_FUN_OBJ_1(motet_store_artifacts_obj);
MP_DECLARE_CONST_FUN_OBJ_3(motet_store_data_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_mark_obj);
MP_DECLARE_CONST_FUN_OBJ_3(motet_store_remove_obj);

#endif
