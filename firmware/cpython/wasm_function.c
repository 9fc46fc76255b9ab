// SPDX-License-Identifier: Apache-2.0
// Calls between Python and wasm code, in both directions.
#include "wasm_typed.h"

#include <string.h>

typedef struct {
    PyObject_HEAD Instance *instance;
    struct motet_wasm_function function;
    vectorcallfunc vectorcall;
    char text[MOTET_WASM_SIGNATURE_TEXT]; // outlives the instance, unlike function.signature
} Function;

static bool store_integer(PyObject *object, uint64_t *slot) {
    PyObject *integer = PyNumber_Index(object);
    if (integer == NULL) {
        return false;
    }
    *slot = PyLong_AsUnsignedLongLongMask(integer);
    Py_DECREF(integer);
    return true;
}

static bool store_float(PyObject *object, uint8_t type, uint64_t *slot) {
    double value = PyFloat_AsDouble(object);
    float single = (float)value;
    if (value == -1.0 && PyErr_Occurred()) {
        return false;
    }
    *slot = 0;
    memcpy(slot, type == MOTET_WASM_F32 ? (void *)&single : (void *)&value,
           type == MOTET_WASM_F32 ? sizeof single : sizeof value);
    return true;
}

static bool store(PyObject *object, uint8_t type, uint64_t *slot) {
    return type <= MOTET_WASM_I64 ? store_integer(object, slot) : store_float(object, type, slot);
}

static PyObject *load(const uint64_t *slot, uint8_t type) {
    int32_t i32;
    float f32;
    double f64;
    switch (type) {
    case MOTET_WASM_I32:
        memcpy(&i32, slot, sizeof i32);
        return PyLong_FromLong(i32);
    case MOTET_WASM_I64:
        return PyLong_FromLongLong((int64_t)*slot);
    case MOTET_WASM_F32:
        memcpy(&f32, slot, sizeof f32);
        return PyFloat_FromDouble((double)f32);
    default:
        memcpy(&f64, slot, sizeof f64);
        return PyFloat_FromDouble(f64);
    }
}

static PyObject *call_python(const struct motet_wasm_import *import, const uint64_t *slots) {
    const struct motet_wasm_signature *signature = &import->signature;
    PyObject *arguments[MOTET_WASM_MAX_ARGUMENTS];
    size_t count = 0;
    PyObject *result = NULL;
    while (count < signature->arguments) {
        arguments[count] = load(slots + count, signature->types[signature->results + count]);
        if (arguments[count] == NULL) {
            break;
        }
        count++;
    }
    if (count == signature->arguments) {
        result = PyObject_Vectorcall(import->callable, arguments, count, NULL);
    }
    while (count > 0) {
        Py_DECREF(arguments[--count]);
    }
    return result;
}

static const char *call_untyped(const struct motet_wasm_import *import, uint64_t *stack) {
    PyObject *result = call_python(import, stack + import->signature.results);
    bool good = result != NULL && (import->signature.results == 0 || store(result, import->signature.types[0], stack));
    Py_XDECREF(result);
    return good ? NULL : motet_wasm_host_failed;
}

const char *wasm_call_host(struct motet_wasm *engine, const struct motet_wasm_import *import, uint64_t *stack) {
    Instance *self = (Instance *)((char *)engine - offsetof(Instance, engine));
    PyEval_RestoreThread(self->released);
    PyObject *callable = import->callable;
    const char *answer =
        Py_IS_TYPE(callable, &wasm_import_type) ? wasm_call_typed(callable, stack) : call_untyped(import, stack);
    self->released = PyEval_SaveThread();
    // An exception stays set in the thread state until the call has come back to Python.
    return answer;
}

// Around every run of wasm code, which does without the GIL.
static PyThreadState *begin(Instance *self) {
    PyThreadState *outer = self->released;
    self->depth++;
    self->thread = PyThread_get_thread_ident();
    self->released = PyEval_SaveThread();
    return outer;
}

static void end(Instance *self, PyThreadState *outer) {
    PyEval_RestoreThread(self->released);
    self->released = outer;
    self->depth--;
}

const char *wasm_run(struct motet_wasm *engine, const struct motet_wasm_function *function) {
    Instance *self = (Instance *)((char *)engine - offsetof(Instance, engine));
    PyObject *type, *value, *traceback;
    // Lifting may have failed before the guest frees its result: imports it then calls must not run into that
    // exception.
    PyErr_Fetch(&type, &value, &traceback);
    PyThreadState *outer = begin(self);
    const char *trap = motet_wasm_call(engine, function);
    end(self, outer);
    if (type != NULL) {
        PyErr_Restore(type, value, traceback);
    }
    return trap;
}

const char *wasm_bind(Instance *self, struct motet_abi_guest *guest, const char *name, size_t length) {
    PyThreadState *outer = begin(self);
    const char *error = motet_abi_bind(guest, name, length);
    end(self, outer);
    return error;
}

static bool convert_arguments(Function *self, PyObject *const *arguments, uint64_t *values) {
    const struct motet_wasm_signature *signature = &self->function.signature;
    for (size_t i = 0; i < signature->arguments; i++) {
        // Conversions run Python code, which might even close the instance.
        if (!wasm_usable(self->instance) ||
            !store(arguments[i], signature->types[signature->results + i], values + i)) {
            return false;
        }
    }
    return wasm_usable(self->instance);
}

static PyObject *invoke(Function *self, const uint64_t *values) {
    const struct motet_wasm_signature *signature = &self->function.signature;
    uint64_t *frame = motet_wasm_frame(&self->instance->engine, &self->function);
    if (frame == NULL) {
        PyErr_SetString(wasm_trap, "stack overflow");
        return NULL;
    }
    memcpy(frame + signature->results, values, signature->arguments * sizeof *values);
    const char *trap = wasm_run(&self->instance->engine, &self->function);
    if (trap != NULL) {
        return wasm_fail(self->instance, trap);
    }
    if (signature->results == 0) {
        Py_RETURN_NONE;
    }
    return load(frame, signature->types[0]);
}

static PyObject *function_call(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *names) {
    Function *self = (Function *)object;
    Py_ssize_t given = PyVectorcall_NARGS(flags);
    uint64_t values[MOTET_WASM_MAX_ARGUMENTS];
    if (names != NULL || given != self->function.signature.arguments) {
        PyErr_Format(PyExc_TypeError, "%s takes %d positional arguments (%zd given)", self->text,
                     (int)self->function.signature.arguments, given + (names == NULL ? 0 : PyTuple_GET_SIZE(names)));
        return NULL;
    }
    // Without arguments no conversion looks at the instance.
    return convert_arguments(self, arguments, values) ? invoke(self, values) : NULL;
}

PyObject *wasm_new_function(Instance *instance, const char *name, size_t length) {
    struct motet_wasm_function found;
    // The start function runs inside, and may call imports.
    PyThreadState *outer = begin(instance);
    const char *error = motet_wasm_find(&instance->engine, name, length, &found);
    end(instance, outer);
    if (error != NULL) {
        return wasm_fail(instance, error);
    }
    Function *self = PyObject_GC_New(Function, &wasm_function_type);
    if (self != NULL) {
        self->instance = (Instance *)Py_NewRef((PyObject *)instance);
        self->function = found;
        self->vectorcall = function_call;
        motet_wasm_signature_text(found.signature, self->text);
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

static int function_traverse(Function *self, visitproc visit, void *arg) {
    Py_VISIT(self->instance);
    return 0;
}

static void function_dealloc(Function *self) {
    PyObject_GC_UnTrack(self);
    Py_DECREF(self->instance);
    PyObject_GC_Del(self);
}

static PyObject *function_signature(Function *self, void *Py_UNUSED(closure)) {
    return PyUnicode_FromString(self->text);
}

static PyGetSetDef function_properties[] = {
    {"signature", (getter)function_signature, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject wasm_function_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm.Function",
    .tp_basicsize = sizeof(Function),
    .tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Function, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_traverse = (traverseproc)function_traverse,
    .tp_dealloc = (destructor)function_dealloc,
    .tp_getset = function_properties,
};
