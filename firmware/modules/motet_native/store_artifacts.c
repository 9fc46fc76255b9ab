// SPDX-License-Identifier: Apache-2.0
// Artifacts of the Store type: their slots and their directory.
#include <string.h>

#include "py/objarray.h"
#include "py/runtime.h"
#include "store.h"

// A read-only view of the flash. Memory of the heap is referred to by its head, so that the collector keeps it.
static mp_obj_t view(const motet_store_obj_t *self, const uint8_t *data, uint32_t size) {
    mp_obj_array_t *array = m_new_obj(mp_obj_array_t);
    uint8_t *head = self->flash->heap;
    if (head != NULL) {
        mp_obj_memoryview_init(array, 'B', (size_t)(data - head), size, head);
    } else {
        mp_obj_memoryview_init(array, 'B', 0, size, (void *)(uintptr_t)data);
    }
    return MP_OBJ_FROM_PTR(array);
}

static uint32_t number_from(mp_obj_t object) {
    return (uint32_t)mp_obj_get_int_truncated(object);
}

static mp_obj_t store_py_begin(mp_obj_t self_in, mp_obj_t size) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint32_t number = 0;
    motet_store_check(store_begin(&self->store, number_from(size), &number));
    return mp_obj_new_int_from_uint(number);
}
MP_DEFINE_CONST_FUN_OBJ_2(motet_store_begin_obj, store_py_begin);

static mp_obj_t store_py_write(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    motet_store_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    uint32_t number = number_from(args[1]);
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[3], &data, MP_BUFFER_READ);
    motet_store_check(store_write(&self->store, number, number_from(args[2]), data.buf, (uint32_t)data.len));
    return mp_obj_new_int_from_uint(store_stage(&self->store, number)->received);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_write_obj, 4, 4, store_py_write);

static mp_obj_t store_py_finish(mp_obj_t self_in, mp_obj_t number) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const uint8_t *data = NULL;
    motet_store_check(store_finish(&self->store, number_from(number), &data));
    return view(self, data, store_stage(&self->store, number_from(number))->size);
}
MP_DEFINE_CONST_FUN_OBJ_2(motet_store_finish_obj, store_py_finish);

static mp_obj_t store_py_commit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    motet_store_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    struct store_artifact artifact = {0};
    struct store_text name = motet_store_text(args[3]), digest = motet_store_text(args[5]);
    if (name.length > STORE_NAME_LENGTH || digest.length != STORE_DIGEST_LENGTH) {
        motet_store_check(STORE_INVALID);
    }
    artifact.kind = (uint8_t)mp_obj_get_int(args[2]);
    artifact.revision = number_from(args[4]);
    artifact.name_length = (uint8_t)name.length;
    memcpy(artifact.name, name.bytes, name.length);
    memcpy(artifact.digest, digest.bytes, digest.length);
    motet_store_check(store_commit(&self->store, number_from(args[1]), &artifact));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_commit_obj, 6, 6, store_py_commit);

static mp_obj_t store_py_abort(mp_obj_t self_in, mp_obj_t number) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    store_abort(&self->store, number_from(number));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(motet_store_abort_obj, store_py_abort);

static mp_obj_t row_of(const struct store_artifact *artifact) {
    mp_obj_t row[] = {
        MP_OBJ_NEW_SMALL_INT(artifact->kind),
        mp_obj_new_str(artifact->name, artifact->name_length),
        mp_obj_new_int_from_uint(artifact->revision),
        mp_obj_new_int_from_uint(artifact->size),
        mp_obj_new_bytes(artifact->digest, STORE_DIGEST_LENGTH),
        artifact->reason_length ? mp_obj_new_str(artifact->reason, artifact->reason_length) : mp_const_none,
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(row), row);
}

static mp_obj_t store_py_artifacts(mp_obj_t self_in) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct store_walk walk = {0};
    struct store_artifact artifact;
    mp_obj_t rows = mp_obj_new_list(0, NULL);
    while (store_next_artifact(&self->store, &walk, &artifact)) {
        mp_obj_list_append(rows, row_of(&artifact));
    }
    return rows;
}
MP_DEFINE_CONST_FUN_OBJ_1(motet_store_artifacts_obj, store_py_artifacts);

static mp_obj_t store_py_data(mp_obj_t self_in, mp_obj_t kind, mp_obj_t name) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct store_artifact artifact;
    if (store_find(&self->store, (uint8_t)mp_obj_get_int(kind), motet_store_text(name), &artifact) != STORE_OK) {
        return mp_const_none;
    }
    return view(self, store_data(&self->store, &artifact), artifact.size);
}
MP_DEFINE_CONST_FUN_OBJ_3(motet_store_data_obj, store_py_data);

static mp_obj_t store_py_mark(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    motet_store_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    struct store_text reason = motet_store_text(args[3]);
    reason.length = MIN(reason.length, STORE_REASON_LENGTH);
    motet_store_check(store_mark(&self->store, (uint8_t)mp_obj_get_int(args[1]), motet_store_text(args[2]), reason));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(motet_store_mark_obj, 4, 4, store_py_mark);

static mp_obj_t store_py_remove(mp_obj_t self_in, mp_obj_t kind, mp_obj_t name) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int result = store_remove(&self->store, (uint8_t)mp_obj_get_int(kind), motet_store_text(name));
    if (result != STORE_NOT_FOUND) {
        motet_store_check(result);
    }
    return mp_obj_new_bool(result == STORE_OK);
}
MP_DEFINE_CONST_FUN_OBJ_3(motet_store_remove_obj, store_py_remove);
