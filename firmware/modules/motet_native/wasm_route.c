// SPDX-License-Identifier: Apache-2.0
// Routes of a Guard: messages that go from component to component without values of Python in between.
//
// All that decides about a message is read anew from the objects that decide on the way over values
// (motet_core/imports.py, imports_messaging.py, services/messages.py): who changes them need not tell. Whatever is not
// as it was is left to that way.
#include "wasm_guard.h"

#include <string.h>

#include "py/runtime.h"

// route(to, sender, target, handler, fuel, bucket, rows, service, failed, (bytes, nested, hops)) -> whether there is
// one now.
static mp_obj_t guard_route(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    wasm_guard_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_obj_t *most;
    if (!mp_obj_is_type(args[4], &wasm_typed_type) ||
        !motet_wasm_receives(&((wasm_typed_t *)MP_OBJ_TO_PTR(args[4]))->guest)) {
        return mp_const_false;
    }
    mp_obj_get_array_fixed_n(args[10], 3, &most);
    wasm_route_t *route = m_new_obj(wasm_route_t);
    route->to = args[1];
    route->sender = args[2];
    route->target = args[3];
    route->handler = MP_OBJ_TO_PTR(args[4]);
    route->fuel = (uint32_t)mp_obj_get_int_truncated(args[5]);
    route->bucket = args[6];
    route->rows = args[7];
    route->service = args[8];
    route->failed = args[9];
    route->most_bytes = (uint32_t)mp_obj_get_int(most[0]);
    route->most_nested = mp_obj_get_int(most[1]);
    route->most_hops = mp_obj_get_int(most[2]);
    unsigned place = 0;
    while (place < WASM_ROUTES && self->routes[place] != NULL && !mp_obj_equal(self->routes[place]->to, route->to)) {
        place++;
    }
    if (place == WASM_ROUTES) {
        place = self->next;
        self->next = (self->next + 1) % WASM_ROUTES;
    }
    self->routes[place] = route;
    return mp_const_true;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_guard_route_obj, 11, 11, guard_route);

static const wasm_route_t *find(const wasm_guard_t *self, const char *to, size_t length) {
    for (unsigned i = 0; i < WASM_ROUTES && self->routes[i] != NULL; i++) {
        size_t own;
        const char *name = mp_obj_str_get_data(self->routes[i]->to, &own);
        if (own == length && memcmp(name, to, length) == 0) {
            return self->routes[i];
        }
    }
    return NULL;
}

// The number of hands that the message goes through, and -1 when it may not. What a sender may is asked by its grant.
static mp_int_t next_hops(const wasm_route_t *route, mp_int_t depth) {
    if (depth == 0) {
        return 0;
    }
    mp_int_t hops = mp_obj_get_int(mp_load_attr(route->service, MP_QSTR_hops));
    return depth < route->most_nested && hops < route->most_hops ? hops + 1 : -1;
}

static bool is_granted(const wasm_guard_t *self, const wasm_route_t *route) {
    nlr_buf_t nlr;
    if (mp_load_attr(self->capability, MP_QSTR_rows) != route->rows || nlr_push(&nlr) != 0) {
        return false;
    }
    wasm_guard_check_grant(self);
    nlr_pop();
    return true;
}

static bool is_there(const wasm_route_t *route) {
    const wasm_instance_t *instance = route->handler->instance;
    mp_obj_t find = mp_load_attr(route->service, MP_QSTR_find);
    return instance->depth == 0 && motet_wasm_loaded(&instance->engine) &&
           mp_call_function_1(find, route->to) == route->target &&
           mp_load_attr(route->target, MP_QSTR_busy) == mp_const_false &&
           mp_load_attr(route->target, MP_QSTR__instance) == MP_OBJ_FROM_PTR(instance);
}

// Asked last: it counts.
static bool is_in_time(const wasm_route_t *route) {
    mp_obj_t method[2];
    if (route->bucket == mp_const_none) {
        return true;
    }
    mp_load_method(route->bucket, MP_QSTR_take, method);
    return mp_obj_is_true(mp_call_method_n_kw(0, 0, method));
}

static void count(mp_obj_t owner, qstr name) {
    mp_obj_t counters = mp_load_attr(owner, MP_QSTR_counters), key = MP_OBJ_NEW_QSTR(name);
    mp_obj_t before = mp_obj_dict_get(counters, key);
    mp_obj_dict_store(counters, key, mp_binary_op(MP_BINARY_OP_ADD, before, MP_OBJ_NEW_SMALL_INT(1)));
}

// The receiver runs, and nothing here can raise: the engine catches what its imports do.
static enum motet_wasm_delivery deliver(const wasm_route_t *route, const struct motet_wasm_message *message,
                                        mp_int_t depth, mp_int_t hops, const char **error, const char **fault) {
    mp_obj_t before = mp_load_attr(route->service, MP_QSTR_hops);
    mp_store_attr(route->service, MP_QSTR_depth, MP_OBJ_NEW_SMALL_INT(depth + 1));
    mp_store_attr(route->service, MP_QSTR_hops, MP_OBJ_NEW_SMALL_INT(hops));
    mp_store_attr(route->target, MP_QSTR_busy, mp_const_true);
    route->handler->instance->depth++;
    enum motet_wasm_delivery delivery = motet_wasm_deliver(message, error, fault);
    route->handler->instance->depth--;
    mp_store_attr(route->target, MP_QSTR_busy, mp_const_false);
    mp_store_attr(route->service, MP_QSTR_hops, before);
    mp_store_attr(route->service, MP_QSTR_depth, MP_OBJ_NEW_SMALL_INT(depth));
    return delivery;
}

// What the guest gets when there is no answer; `raised` is what ended the handler, None when it refused.
static mp_obj_t unanswered(const wasm_guard_t *self, const wasm_route_t *route, mp_obj_t raised) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t value = mp_call_function_1(route->failed, raised);
        nlr_pop();
        return value;
    }
    return wasm_guard_failed(self, MP_OBJ_FROM_PTR(nlr.ret_val));
}

bool wasm_guard_pass(wasm_typed_t *import, const uint64_t *stack, uint64_t *address, mp_obj_t *value,
                     const char **error) {
    const wasm_guard_t *self = MP_OBJ_TO_PTR(import->callable);
    struct motet_wasm_message message = {.sender = &import->guest};
    if (self->routes[0] == NULL || !motet_wasm_sends(&import->guest) || !motet_wasm_message_read(&message, stack)) {
        return false;
    }
    const wasm_route_t *route = find(self, motet_wasm_message_to(&message), message.to_length);
    if (route == NULL || message.length > route->most_bytes) {
        return false;
    }
    size_t length;
    message.receiver = &route->handler->guest;
    message.from = mp_obj_str_get_data(route->sender, &length);
    message.from_length = (uint32_t)length;
    message.fuel = route->fuel;
    mp_int_t depth = mp_obj_get_int(mp_load_attr(route->service, MP_QSTR_depth)), hops = next_hops(route, depth);
    if (hops < 0 || !is_there(route) || !motet_wasm_message_fits(&message) || !is_granted(self, route) ||
        !is_in_time(route)) {
        return false;
    }
    const char *lost, *fault;
    enum motet_wasm_delivery delivery = deliver(route, &message, depth, hops, &lost, &fault);
    if (delivery != MOTET_WASM_LOST) {
        count(route->target, MP_QSTR_calls);
    }
    if (delivery == MOTET_WASM_ANSWERED) {
        count(route->service, MP_QSTR_delivered);
    } else {
        bool is_lost = delivery == MOTET_WASM_LOST;
        *value = unanswered(self, route, is_lost ? wasm_exception(route->handler->instance, lost) : mp_const_none);
        *address = message.result;
    }
    // After a fault its result does not count.
    *value = fault == NULL ? *value : mp_const_none;
    *error = fault;
    return true;
}
