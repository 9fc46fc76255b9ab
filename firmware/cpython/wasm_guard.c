// SPDX-License-Identifier: Apache-2.0
// Guard: the callable behind an import that a grant covers. At each call it asks the grant, then the capability, then
// does the work; what is raised becomes what motet_core/imports.py makes of it.
#include "wasm_guard.h"

#include <string.h>

// As many as any function of the contracts has, and some more.
#define MOST_ARGUMENTS 8

static PyObject *grant_name, *good_name, *clock_name, *check_now_name, *failed_name, *free_name, *tag, *ok, *val;

bool wasm_guard_ready(void) {
    static const struct {
        PyObject **name;
        const char *text;
    } names[] = {{&grant_name, "grant"},
                 {&good_name, "good"},
                 {&clock_name, "clock"},
                 {&check_now_name, "check_now"},
                 {&failed_name, "failed"},
                 {&free_name, "free"},
                 {&tag, "tag"},
                 {&ok, "ok"},
                 {&val, "val"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *names[i].name = PyUnicode_InternFromString(names[i].text);
        if (*names[i].name == NULL) {
            return false;
        }
    }
    return true;
}

bool wasm_guard_check_grant(const Guard *self) {
    // Taken anew each time: it may have been renewed.
    PyObject *grant = PyObject_GetAttr(self->imports, grant_name);
    PyObject *good = grant == NULL ? NULL : PyObject_GetAttr(grant, good_name);
    PyObject *clock = good == NULL ? NULL : PyObject_GetAttr(self->device, clock_name);
    bool counts = clock != NULL;
    if (counts && good != clock) {
        PyObject *answer = PyObject_CallMethodOneArg(grant, check_now_name, self->device);
        counts = answer != NULL;
        Py_XDECREF(answer);
    }
    Py_XDECREF(clock);
    Py_XDECREF(good);
    Py_XDECREF(grant);
    return counts;
}

PyObject *wasm_guard_failed(const Guard *self) {
    PyObject *type, *value, *traceback;
    if (PyErr_ExceptionMatches(PyExc_MemoryError) || !PyErr_ExceptionMatches(PyExc_Exception)) {
        return NULL;
    }
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    PyObject *kind = PyLong_FromLong(self->kind), *result = NULL;
    if (kind != NULL) {
        result =
            PyObject_CallMethodObjArgs(self->imports, failed_name, self->path, self->capability, kind, value, NULL);
    }
    Py_XDECREF(kind);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return result;
}

static bool is_allowed(const Guard *self, PyObject *const *all, size_t count) {
    if (!wasm_guard_check_grant(self)) {
        return false;
    }
    PyObject *free = PyObject_GetAttr(self->capability, free_name);
    int is_free = free == NULL ? -1 : PyObject_IsTrue(free);
    Py_XDECREF(free);
    if (is_free != 0) {
        return is_free > 0;
    }
    PyObject *checked = PyObject_Vectorcall(self->check, all, count, NULL);
    Py_XDECREF(checked);
    return checked != NULL;
}

// {"tag": "ok", "val": value}, unless the function has no WIT result. Takes the value over.
static PyObject *wrapped(const Guard *self, PyObject *value) {
    if (self->kind == WASM_GUARD_PLAIN) {
        return value;
    }
    PyObject *result = PyDict_New();
    if (result != NULL &&
        (PyDict_SetItem(result, tag, ok) || (self->kind != WASM_GUARD_EMPTY && PyDict_SetItem(result, val, value)))) {
        Py_CLEAR(result);
    }
    Py_DECREF(value);
    return result;
}

static PyObject *guard_call(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *names) {
    Guard *self = (Guard *)object;
    size_t count = (size_t)PyVectorcall_NARGS(flags);
    PyObject *all[1 + MOST_ARGUMENTS];
    if (names != NULL || count > MOST_ARGUMENTS) {
        PyErr_Format(PyExc_TypeError, "expected at most %d positional arguments", MOST_ARGUMENTS);
        return NULL;
    }
    all[0] = self->capability;
    if (count != 0) {
        memcpy(all + 1, arguments, count * sizeof *all);
    }
    // What it calls may let go of whoever holds this guard.
    Py_INCREF(object);
    PyObject *value = is_allowed(self, all, count + 1) ? PyObject_Vectorcall(self->work, all, count + 1, NULL) : NULL;
    PyObject *result = value == NULL ? wasm_guard_failed(self) : wrapped(self, value);
    Py_DECREF(object);
    return result;
}

static PyObject *guard_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *imports, *path, *capability, *check, *work;
    int kind;
    if ((kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) ||
        !PyArg_ParseTuple(args, "OOOOOi:Guard", &imports, &path, &capability, &check, &work, &kind)) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "Guard() takes no keyword arguments");
    }
    Guard *self = (Guard *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->imports = Py_NewRef(imports);
    self->device = PyObject_GetAttrString(imports, "device");
    self->path = Py_NewRef(path);
    self->capability = Py_NewRef(capability);
    self->check = Py_NewRef(check);
    self->work = Py_NewRef(work);
    self->kind = kind;
    self->vectorcall = guard_call;
    if (self->device == NULL) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int guard_traverse(Guard *self, visitproc visit, void *arg) {
    Py_VISIT(self->imports);
    Py_VISIT(self->device);
    Py_VISIT(self->path);
    Py_VISIT(self->capability);
    Py_VISIT(self->check);
    Py_VISIT(self->work);
    for (unsigned i = 0; i < WASM_ROUTES && self->routes[i] != NULL; i++) {
        int answer = wasm_route_traverse(self->routes[i], visit, arg);
        if (answer != 0) {
            return answer;
        }
    }
    return 0;
}

// Routes lead from component to component and back: dropping them breaks every circle that nothing else does.
static int guard_clear(Guard *self) {
    for (unsigned i = 0; i < WASM_ROUTES; i++) {
        Route *route = self->routes[i];
        self->routes[i] = NULL;
        wasm_route_free(route);
    }
    Py_CLEAR(self->imports);
    Py_CLEAR(self->device);
    Py_CLEAR(self->path);
    Py_CLEAR(self->capability);
    Py_CLEAR(self->check);
    Py_CLEAR(self->work);
    return 0;
}

static void guard_dealloc(Guard *self) {
    PyObject_GC_UnTrack(self);
    guard_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef guard_methods[] = {
    {"route", wasm_guard_route, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject wasm_guard_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm.Guard",
    .tp_basicsize = sizeof(Guard),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(Guard, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_new = guard_new,
    .tp_traverse = (traverseproc)guard_traverse,
    .tp_clear = (inquiry)guard_clear,
    .tp_dealloc = (destructor)guard_dealloc,
    .tp_methods = guard_methods,
};
