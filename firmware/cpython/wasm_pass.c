// SPDX-License-Identifier: Apache-2.0
// Messages that go along a route of a Guard, from guest to guest.
//
// All that decides about a message is read anew from the objects that decide on the way over values
// (motet_core/imports.py, imports_messaging.py, services/messages.py): who changes them need not tell. Whatever is not
// as it was is left to that way.
#include "wasm_guard.h"

#include <string.h>

static Route *find(const Guard *self, const char *to, size_t length) {
    for (unsigned i = 0; i < WASM_ROUTES && self->routes[i] != NULL; i++) {
        Py_ssize_t own;
        const char *name = PyUnicode_AsUTF8AndSize(self->routes[i]->to, &own);
        if (name != NULL && (size_t)own == length && memcmp(name, to, length) == 0) {
            return self->routes[i];
        }
    }
    return NULL;
}

// Whether an attribute is that very object.
static bool is_still(PyObject *owner, const char *name, PyObject *wanted) {
    PyObject *found = PyObject_GetAttrString(owner, name);
    Py_XDECREF(found);
    return found == wanted;
}

static bool get_number(PyObject *owner, const char *name, long *number) {
    PyObject *found = PyObject_GetAttrString(owner, name);
    *number = found == NULL ? -1 : PyLong_AsLong(found);
    Py_XDECREF(found);
    return *number >= 0;
}

// The number of hands that the message goes through; false when it may not.
static bool get_hops(const Route *route, long depth, long *hops) {
    if (depth == 0) {
        *hops = 0;
        return true;
    }
    if (depth >= route->most_nested || !get_number(route->service, "hops", hops) || *hops >= route->most_hops) {
        return false;
    }
    ++*hops;
    return true;
}

static bool is_there(const Route *route) {
    const Instance *instance = route->handler->instance;
    if (instance->depth != 0 || !motet_wasm_loaded(&instance->engine)) {
        return false;
    }
    PyObject *found = PyObject_CallMethod(route->service, "find", "O", route->to);
    Py_XDECREF(found);
    return found == route->target && is_still(route->target, "busy", Py_False) &&
           is_still(route->target, "_instance", (PyObject *)instance);
}

// Asked last: it counts.
static bool is_in_time(const Route *route) {
    if (route->bucket == Py_None) {
        return true;
    }
    PyObject *taken = PyObject_CallMethod(route->bucket, "take", NULL);
    bool in_time = taken == Py_True;
    Py_XDECREF(taken);
    return in_time;
}

static bool set_number(PyObject *owner, const char *name, long number) {
    PyObject *value = PyLong_FromLong(number);
    bool good = value != NULL && PyObject_SetAttrString(owner, name, value) == 0;
    Py_XDECREF(value);
    return good;
}

static bool count(PyObject *owner, const char *name) {
    PyObject *counters = PyObject_GetAttrString(owner, "counters");
    PyObject *before = counters == NULL ? NULL : PyMapping_GetItemString(counters, name);
    long number = before == NULL ? -1 : PyLong_AsLong(before);
    PyObject *after = number < 0 ? NULL : PyLong_FromLong(number + 1);
    bool good = after != NULL && PyMapping_SetItemString(counters, name, after) == 0;
    Py_XDECREF(after);
    Py_XDECREF(before);
    Py_XDECREF(counters);
    return good;
}

static bool mark(const Route *route, long depth, long hops, PyObject *busy) {
    return set_number(route->service, "depth", depth) && set_number(route->service, "hops", hops) &&
           PyObject_SetAttrString(route->target, "busy", busy) == 0;
}

// What one message is about to do.
struct passage {
    struct motet_wasm_message message;
    long depth, hops, outer_hops;
};

// False, perhaps with an exception set that means nothing: the way over values finds out.
static bool begin(const Guard *self, const Route *route, struct passage *passage) {
    struct motet_wasm_message *message = &passage->message;
    Py_ssize_t length;
    message->receiver = &route->handler->guest;
    message->from = PyUnicode_AsUTF8AndSize(route->sender, &length);
    message->fuel = route->fuel;
    if (message->from == NULL || message->length > route->most_bytes ||
        !get_number(route->service, "depth", &passage->depth) ||
        !get_number(route->service, "hops", &passage->outer_hops) || !get_hops(route, passage->depth, &passage->hops) ||
        !is_still(self->capability, "rows", route->rows) || !wasm_guard_check_grant(self) || !is_there(route)) {
        return false;
    }
    message->from_length = (uint32_t)length;
    return motet_wasm_message_fits(message) && is_in_time(route) && is_there(route);
}

// The receiver runs. False with an exception set when what is marked cannot be.
static bool deliver(const Route *route, const struct passage *passage, enum motet_wasm_delivery *delivery,
                    const char **lost, const char **fault) {
    Instance *instance = route->handler->instance;
    PyObject *type, *value, *traceback;
    if (!mark(route, passage->depth + 1, passage->hops, Py_True)) {
        return false;
    }
    instance->depth++;
    instance->thread = PyThread_get_thread_ident();
    *delivery = motet_wasm_deliver(&passage->message, lost, fault);
    instance->depth--;
    // An import of the receiver's may have raised.
    PyErr_Fetch(&type, &value, &traceback);
    bool good = mark(route, passage->depth, passage->outer_hops, Py_False);
    if (good) {
        PyErr_Restore(type, value, traceback);
    } else {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    return good;
}

// The exception that is set, as an object; NULL when that cannot be had.
static PyObject *taken(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

// What the guest gets when there is no answer; `lost` is why the handler ended, NULL when it refused.
static PyObject *unanswered(const Guard *self, const Route *route, const char *lost) {
    PyObject *raised = Py_NewRef(Py_None);
    if (lost != NULL) {
        Py_DECREF(raised);
        wasm_fail(route->handler->instance, lost);
        raised = taken();
    }
    PyObject *value = PyObject_CallOneArg(route->failed, raised);
    Py_DECREF(raised);
    return value == NULL ? wasm_guard_failed(self) : value;
}

static const char *pass(const Guard *self, const Route *route, const struct passage *passage, PyObject **value) {
    enum motet_wasm_delivery delivery;
    const char *lost, *fault;
    if (!deliver(route, passage, &delivery, &lost, &fault)) {
        return motet_wasm_host_failed;
    }
    // What the sender's own import has raised is for its caller; the receiver may have to be looked after first.
    PyObject *raised = fault == motet_wasm_host_failed && delivery != MOTET_WASM_LOST ? taken() : NULL;
    bool good = delivery == MOTET_WASM_LOST || count(route->target, "calls");
    if (delivery == MOTET_WASM_ANSWERED) {
        good = good && count(route->service, "delivered");
    } else {
        *value = unanswered(self, route, lost);
        good = good && *value != NULL;
    }
    if (raised != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
        Py_DECREF(raised);
    }
    const char *error = good ? fault : motet_wasm_host_failed;
    if (error == motet_wasm_host_failed && !PyErr_Occurred()) {
        // Both have failed, and one exception is all that there can be.
        PyErr_SetString(wasm_error, "an import failed");
    }
    return error;
}

bool wasm_guard_pass(Typed *import, const uint64_t *stack, uint64_t *address, PyObject **value, const char **error) {
    const Guard *self = (Guard *)import->callable;
    struct passage passage = {.message = {.sender = &import->guest}};
    struct motet_wasm_message *message = &passage.message;
    if (self->routes[0] == NULL || !motet_wasm_sends(&import->guest) || !motet_wasm_message_read(message, stack)) {
        return false;
    }
    const Route *found = find(self, motet_wasm_message_to(message), message->to_length);
    // The message may lead to another one, and that to another route in its place.
    Route *route = found == NULL ? NULL : wasm_route_keep(found);
    bool passes = route != NULL && begin(self, route, &passage);
    if (passes) {
        *error = pass(self, route, &passage, value);
        *address = message->result;
        if (*error != NULL) {
            Py_CLEAR(*value);
        }
    } else {
        PyErr_Clear();
    }
    wasm_route_free(route);
    return passes;
}
