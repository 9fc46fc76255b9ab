// SPDX-License-Identifier: Apache-2.0
// motet_native.crypto on CPython.
#include "native.h"

#include "crypto/ed25519.h"
#include "crypto/sha2.h"

static PyObject *hashed(PyObject *message, void (*hash)(const void *, size_t, uint8_t *), Py_ssize_t length) {
    uint8_t digest[SHA512_LENGTH];
    Py_buffer data;
    if (PyObject_GetBuffer(message, &data, PyBUF_SIMPLE)) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    hash(data.buf, (size_t)data.len, digest);
    Py_END_ALLOW_THREADS;
    PyBuffer_Release(&data);
    return PyBytes_FromStringAndSize((const char *)digest, length);
}

static PyObject *hash256(PyObject *Py_UNUSED(module), PyObject *message) {
    return hashed(message, motet_sha256, SHA256_LENGTH);
}

static PyObject *hash512(PyObject *Py_UNUSED(module), PyObject *message) {
    return hashed(message, motet_sha512, SHA512_LENGTH);
}

// Whether the buffer has `length` bytes; else sets ValueError naming the argument.
static bool sized(const Py_buffer *data, Py_ssize_t length, const char *name) {
    if (data->len == length) {
        return true;
    }
    PyErr_Format(PyExc_ValueError, "%s: expected %zd bytes, got %zd", name, length, data->len);
    return false;
}

static PyObject *verify(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer key, signature, message;
    PyObject *answer = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*:ed25519_verify", &key, &signature, &message)) {
        return NULL;
    }
    if (sized(&key, ED25519_KEY_LENGTH, "key") && sized(&signature, ED25519_SIGNATURE_LENGTH, "signature")) {
        bool valid;
        Py_BEGIN_ALLOW_THREADS;
        valid = ed25519_verify(key.buf, signature.buf, message.buf, (size_t)message.len);
        Py_END_ALLOW_THREADS;
        answer = PyBool_FromLong(valid);
    }
    PyBuffer_Release(&key);
    PyBuffer_Release(&signature);
    PyBuffer_Release(&message);
    return answer;
}

static PyObject *usable(PyObject *Py_UNUSED(module), PyObject *object) {
    Py_buffer key;
    PyObject *answer = NULL;
    if (PyObject_GetBuffer(object, &key, PyBUF_SIMPLE)) {
        return NULL;
    }
    if (sized(&key, ED25519_KEY_LENGTH, "key")) {
        answer = PyBool_FromLong(ed25519_key_usable(key.buf));
    }
    PyBuffer_Release(&key);
    return answer;
}

static PyMethodDef functions[] = {
    {"sha256", hash256, METH_O, NULL},
    {"sha512", hash512, METH_O, NULL},
    {"ed25519_verify", verify, METH_VARARGS, NULL},
    {"ed25519_key_usable", usable, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "motet_native.crypto", .m_doc = "Hashes and signature checks.",
    .m_size = -1,          .m_methods = functions,
};

PyObject *motet_crypto_module(void) {
    return PyModule_Create(&definition);
}
