// SPDX-License-Identifier: Apache-2.0
// Routes of a Guard: where messages may go without values of Python in between.
#include "wasm_guard.h"

int wasm_route_traverse(const Route *route, visitproc visit, void *arg) {
    Py_VISIT(route->target);
    Py_VISIT(route->bucket);
    Py_VISIT(route->rows);
    Py_VISIT(route->service);
    Py_VISIT(route->failed);
    Py_VISIT(route->handler);
    return 0;
}

void wasm_route_free(Route *route) {
    if (route != NULL) {
        PyObject *const all[] = {route->to,   route->sender,  route->target, route->bucket,
                                 route->rows, route->service, route->failed, (PyObject *)route->handler};
        PyMem_Free(route);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            Py_DECREF(all[i]);
        }
    }
}

Route *wasm_route_keep(const Route *wanted) {
    Route *route = PyMem_Malloc(sizeof *route);
    if (route == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *route = *wanted;
    PyObject *const all[] = {route->to,   route->sender,  route->target, route->bucket,
                             route->rows, route->service, route->failed, (PyObject *)route->handler};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Py_INCREF(all[i]);
    }
    return route;
}

static void put(Guard *self, Route *route) {
    unsigned place = 0;
    while (place < WASM_ROUTES && self->routes[place] != NULL &&
           PyUnicode_Compare(self->routes[place]->to, route->to) != 0) {
        place++;
    }
    if (place == WASM_ROUTES) {
        place = self->next;
        self->next = (self->next + 1) % WASM_ROUTES;
    }
    Route *before = self->routes[place];
    self->routes[place] = route;
    wasm_route_free(before);
}

PyObject *wasm_guard_route(PyObject *guard, PyObject *args) {
    Route wanted;
    PyObject *handler;
    if (!PyArg_ParseTuple(args, "UUOOIOOOO(Ill):route", &wanted.to, &wanted.sender, &wanted.target, &handler,
                          &wanted.fuel, &wanted.bucket, &wanted.rows, &wanted.service, &wanted.failed,
                          &wanted.most_bytes, &wanted.most_nested, &wanted.most_hops)) {
        return NULL;
    }
    if (!Py_IS_TYPE(handler, &wasm_typed_type) || !motet_wasm_receives(&((Typed *)handler)->guest)) {
        Py_RETURN_FALSE;
    }
    wanted.handler = (Typed *)handler;
    Route *route = wasm_route_keep(&wanted);
    if (route == NULL) {
        return NULL;
    }
    put((Guard *)guard, route);
    Py_RETURN_TRUE;
}
