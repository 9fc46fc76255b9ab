# SPDX-License-Identifier: Apache-2.0
"""The part of unittest that tests/dual uses, for MicroPython, which has none.

Every ``tests/dual/test_*.py`` is an ordinary unittest file (``import unittest``, ``class X(unittest.TestCase)``) limited to
what is below. ``pytest tests/dual`` runs it on CPython as usual and once more, as one item, under build/edge/motet-edge.
By hand::

    make -C firmware/edge
    build/edge/motet-edge tests/dual/unittest_lite.py tests/dual/test_wasm.py [name of a test ...]

Asynchronous code is run with ``asyncio.run`` inside an ordinary test. ``firmware/`` and ``tests/dual/`` are importable.
"""

import sys


class SkipTest(Exception):
    pass


class _AssertRaises:
    def __init__(self, expected):
        self.expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError("%r was not raised" % (self.expected,))
        if not issubclass(kind, self.expected):
            return False
        self.exception = value
        return True


class _SubTest:
    def __init__(self, case, label):
        self.case = case
        self.label = label

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        self.case._failures.append((self.label, value))
        return True


class TestCase:
    def __init__(self):
        self._failures = []
        self._cleanups = []

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def addCleanup(self, function, *args):  # noqa: N802
        self._cleanups.append((function, args))

    def subTest(self, label="", **values):  # noqa: N802
        return _SubTest(self, "%s %r" % (label, values))

    def skipTest(self, reason):  # noqa: N802
        raise SkipTest(reason)

    def fail(self, message=None):
        raise AssertionError(message or "failed")

    def assertTrue(self, value, message=None):  # noqa: N802
        if not value:
            raise AssertionError(message or "%r is not true" % (value,))

    def assertFalse(self, value, message=None):  # noqa: N802
        self.assertTrue(not value, message or "%r is not false" % (value,))

    def assertEqual(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first == second, message or "%r != %r" % (first, second))

    def assertNotEqual(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first != second, message or "both are %r" % (first,))

    def assertAlmostEqual(self, first, second, places=7, message=None, delta=None):  # noqa: N802
        apart = abs(first - second)
        near = apart <= delta if delta is not None else round(apart, places) == 0
        self.assertTrue(near, message or "%r and %r differ by %r" % (first, second, apart))

    def assertIs(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first is second, message or "%r is not %r" % (first, second))

    def assertIsNot(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first is not second, message or "both are %r" % (first,))

    def assertIsNone(self, value, message=None):  # noqa: N802
        self.assertIs(value, None, message)

    def assertIsNotNone(self, value, message=None):  # noqa: N802
        self.assertIsNot(value, None, message)

    def assertIn(self, member, container, message=None):  # noqa: N802
        self.assertTrue(member in container, message or "%r is not in %r" % (member, container))

    def assertNotIn(self, member, container, message=None):  # noqa: N802
        self.assertTrue(member not in container, message or "%r is in %r" % (member, container))

    def assertIsInstance(self, value, kinds, message=None):  # noqa: N802
        self.assertTrue(isinstance(value, kinds), message or "%r is no %r" % (value, kinds))

    def assertLess(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first < second, message or "%r is not less than %r" % (first, second))

    def assertLessEqual(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first <= second, message or "%r is greater than %r" % (first, second))

    def assertGreater(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first > second, message or "%r is not greater than %r" % (first, second))

    def assertGreaterEqual(self, first, second, message=None):  # noqa: N802
        self.assertTrue(first >= second, message or "%r is less than %r" % (first, second))

    def assertRaises(self, expected, function=None, *args, **kwargs):  # noqa: N802
        if function is None:
            return _AssertRaises(expected)
        with _AssertRaises(expected):
            function(*args, **kwargs)


def skip(reason):
    return skipIf(True, reason)


def skipIf(condition, reason):  # noqa: N802
    def decorate(function):
        def skipped(self):
            raise SkipTest(reason)

        return skipped if condition else function

    return decorate


def skipUnless(condition, reason):  # noqa: N802
    return skipIf(not condition, reason)


def _run_parts(case, name):
    """The test between its set-up and clean-up."""
    try:
        case.setUp()
        try:
            getattr(case, name)()
        finally:
            case.tearDown()
    finally:
        for function, args in reversed(case._cleanups):
            function(*args)


def _report(title, error):
    print("FAIL", title)
    getattr(sys, "print_exception", print)(error)


def _run_one(kind, name):
    """Returns 'ok', 'failed' or 'skipped'."""
    title = "%s.%s" % (kind.__name__, name)
    case = kind()
    try:
        _run_parts(case, name)
    except SkipTest as reason:
        print("SKIP", title, reason)
        return "skipped"
    except Exception as error:
        case._failures.append(("", error))
    for label, error in case._failures:
        _report(title + " " + label, error)
    return "failed" if case._failures else "ok"


def run(module, names=()):
    """Run the tests of a module, or only those named. Returns the number of tests that did not pass."""
    count = {"ok": 0, "failed": 0, "skipped": 0}
    for kind in [getattr(module, key) for key in sorted(dir(module))]:
        if isinstance(kind, type) and issubclass(kind, TestCase) and kind is not TestCase:
            for name in sorted(dir(kind)):
                if name.startswith("test") and (not names or name in names):
                    count[_run_one(kind, name)] += 1
    print("%(ok)d ok, %(failed)d failed, %(skipped)d skipped" % count)
    return count["failed"] or (0 if count["ok"] or count["skipped"] else 1)


def main(path, names):
    folder, _, file = path.rpartition("/")
    folder = folder or "."
    sys.path[:0] = [folder, folder + "/../../firmware"]
    # This file as a module: the tests' TestCase must be the one that run() looks for.
    lite = sys.modules["unittest"] = __import__("unittest_lite")
    return lite.run(__import__(file.rpartition(".")[0]), names)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("usage: unittest_lite.py tests/dual/test_X.py [test ...]")
        sys.exit(2)
    sys.exit(1 if main(sys.argv[1], sys.argv[2:]) else 0)
