# SPDX-License-Identifier: Apache-2.0
"""Values and artifacts in flash: what was stored is there after a restart, and whatever cannot be is refused."""

import unittest

from motet_native import store

LOG = (4, 2048)
SLOTS = (8, 4096)
DIGEST = bytes(range(32))


def make_flash(log=LOG, slots=SLOTS, unit=4):
    return store.Flash(log=log, slots=slots, unit=unit)


def mounted(flash):
    return store.Store(flash, "board")


def install(kept, name="kit", data=b"artifact", revision=1, kind=1):
    number = kept.begin(len(data))
    kept.write(number, 0, data)
    assert bytes(kept.finish(number)) == data
    kept.commit(number, kind, name, revision, DIGEST)


class Case(unittest.TestCase):
    def refused(self, word, call, *args):
        try:
            call(*args)
        except store.Error as error:
            self.assertEqual(error.args[1], word)
            self.assertTrue(error.args[0])
        else:
            self.fail("no error, expected " + word)


class ValueTest(Case):
    def test_a_value_is_there_after_a_restart_and_its_latest(self):
        for unit in (1, 2, 4, 8, 16):
            flash = make_flash(unit=unit)
            kept = mounted(flash)
            kept.put("core", "id", b"one")
            kept.put("core", "id", b"another, longer")
            kept.put("other", "id", b"")
            kept = mounted(flash)
            self.assertEqual(kept.get("core", "id"), b"another, longer")
            self.assertEqual(kept.get("other", "id"), b"")
            self.assertIsNone(kept.get("core", "none"))

    def test_keys_are_of_one_namespace_and_deleted_ones_stay_away(self):
        flash = make_flash()
        kept = mounted(flash)
        for name in ("a", "b", "c"):
            kept.put("one", name, b"x")
            kept.put("two", name, b"y")
        self.assertTrue(kept.delete("one", "b"))
        self.assertFalse(kept.delete("one", "b"))
        kept = mounted(flash)
        self.assertEqual(sorted(kept.keys("one")), [b"a", b"c"])
        self.assertEqual(len(kept.keys("two")), 3)
        self.assertEqual(kept.keys("three"), [])

    def test_thousands_of_updates_fit_because_old_ones_are_dropped(self):
        flash = make_flash()
        kept = mounted(flash)
        kept.put("n", "still", b"here")
        for i in range(3000):
            kept.put("n", "key%d" % (i % 7), bytes([i & 255]) * 20)
        kept = mounted(flash)
        self.assertEqual(kept.get("n", "still"), b"here")
        self.assertEqual(kept.get("n", "key0"), bytes([2996 & 255]) * 20)
        stats = kept.stats()
        self.assertTrue(stats["most_erases"] - stats["least_erases"] <= 1, stats)

    def test_a_full_store_says_so_and_deleting_makes_room(self):
        flash = make_flash()
        kept = mounted(flash)
        count = 0
        try:
            while True:
                kept.put("n", "key%d" % count, bytes(100))
                count += 1
        except store.Error as error:
            self.assertEqual(error.args[1], "full")
        self.assertTrue(count > 20)
        kept = mounted(flash)
        self.assertEqual(len(kept.keys("n")), count)
        for i in range(count):
            self.assertTrue(kept.delete("n", "key%d" % i))
        kept.put("n", "new", bytes(1000))
        self.assertEqual(kept.keys("n"), [b"new"])

    def test_a_quota_holds_for_its_namespace(self):
        kept = mounted(make_flash())
        kept.put("small", "a", bytes(50), 100)
        self.refused("quota", kept.put, "small", "b", bytes(50), 100)
        kept.put("small", "a", bytes(60), 100)
        kept.put("large", "b", bytes(50), 1000)
        self.assertTrue(kept.usage("small") <= 100)

    def test_arguments_out_of_range_are_refused(self):
        kept = mounted(make_flash())
        for space, key, value in (
            ("", "k", b""),
            ("s" * 41, "k", b""),
            ("s", "", b""),
            ("s", "k" * 65, b""),
            ("s", "k", bytes(1025)),
        ):
            self.refused("invalid", kept.put, space, key, value)

    def test_the_same_value_again_costs_no_wear(self):
        kept = mounted(make_flash())
        kept.put("n", "k", b"value")
        usage = kept.stats()
        for _ in range(1000):
            kept.put("n", "k", b"value")
        self.assertEqual(kept.stats(), usage)


class ArtifactTest(Case):
    def test_an_artifact_is_in_one_piece_after_a_restart(self):
        data = bytes([i * 7 & 255 for i in range(9001)])
        flash = make_flash()
        kept = mounted(flash)
        number = kept.begin(len(data))
        for offset in range(0, len(data), 401):
            self.assertEqual(kept.write(number, offset, data[offset : offset + 401]), min(len(data), offset + 401))
        self.assertEqual(bytes(kept.finish(number)), data)
        self.assertEqual(kept.artifacts(), [])
        kept.commit(number, 2, "model", 7, DIGEST)
        kept = mounted(flash)
        self.assertEqual(kept.artifacts(), [(2, "model", 7, len(data), DIGEST, None)])
        self.assertEqual(bytes(kept.data(2, "model")), data)
        self.assertIsNone(kept.data(1, "model"))

    def test_a_new_revision_never_lies_where_the_old_one_is(self):
        flash = make_flash()
        kept = mounted(flash)
        install(kept, data=b"1" * 5000)
        old = kept.data(1, "kit")
        number = kept.begin(5000)
        kept.write(number, 0, b"2" * 5000)
        kept.finish(number)
        self.assertEqual(bytes(old), b"1" * 5000)
        self.assertEqual(bytes(mounted(flash).data(1, "kit")), b"1" * 5000)
        kept.commit(number, 1, "kit", 2, DIGEST)
        self.assertEqual(bytes(mounted(flash).data(1, "kit")), b"2" * 5000)
        self.assertEqual(kept.stats()["slots_free"], 6)

    def test_blocks_may_come_again_but_not_with_other_bytes(self):
        kept = mounted(make_flash())
        number = kept.begin(10)
        self.assertEqual(kept.write(number, 0, b"abcdefg"), 7)
        self.assertEqual(kept.write(number, 2, b"cdefghi"), 9)
        self.assertEqual(kept.write(number, 0, b"abc"), 9)
        self.refused("differs", kept.write, number, 5, b"X")
        self.refused("invalid", kept.write, number, 10, b"j")
        self.refused("invalid", kept.write, number, 9, b"jk")
        self.refused("invalid", kept.finish, number)
        kept.write(number, 9, b"j")
        self.assertEqual(bytes(kept.finish(number)), b"abcdefghij")
        self.assertEqual(bytes(kept.finish(number)), b"abcdefghij")

    def test_slots_run_out_and_come_back(self):
        kept = mounted(make_flash())
        self.refused("full", kept.begin, 8 * 4096 + 1)
        self.refused("invalid", kept.begin, 0)
        install(kept, "a", bytes(4 * 4096))
        install(kept, "b", bytes(3 * 4096))
        self.refused("full", kept.begin, 2 * 4096)
        one = kept.begin(4096)
        self.refused("full", kept.begin, 1)
        kept.abort(one)
        self.refused("closed", kept.write, one, 0, b"x")
        self.refused("closed", kept.finish, one)
        self.refused("closed", kept.commit, one, 1, "a", 1, DIGEST)
        self.assertTrue(kept.remove(1, "b"))
        self.assertFalse(kept.remove(1, "b"))
        install(kept, "c", bytes(4 * 4096))

    def test_quarantine_is_kept_with_its_reason(self):
        flash = make_flash()
        kept = mounted(flash)
        install(kept)
        kept.mark(1, "kit", "it does not start")
        self.assertEqual(mounted(flash).artifacts()[0][5], "it does not start")
        kept.mark(1, "kit", "")
        self.assertIsNone(mounted(flash).artifacts()[0][5])
        self.refused("missing", kept.mark, 1, "none", "x")
        self.refused("invalid", kept.mark, 1, "kit", "line\n")

    def test_wrong_names_and_digests_are_refused(self):
        kept = mounted(make_flash())
        number = kept.begin(4)
        kept.write(number, 0, b"data")
        kept.finish(number)
        for name, digest in (("", DIGEST), ("x" * 33, DIGEST), ("a\x00b", DIGEST), ("kit", b"short")):
            self.refused("invalid", kept.commit, number, 1, name, 1, digest)
        self.assertEqual(kept.artifacts(), [])


class MountTest(Case):
    def test_another_boards_content_is_refused_until_it_is_formatted(self):
        flash = make_flash()
        mounted(flash).put("n", "k", b"v")
        self.refused("foreign", store.Store, flash, "another board")
        self.assertEqual(mounted(flash).get("n", "k"), b"v")
        kept = store.Store(flash, "another board", format=True)
        self.assertIsNone(kept.get("n", "k"))
        self.refused("foreign", mounted, flash)

    def test_a_layout_that_cannot_work_is_refused(self):
        for log, slots, unit in (((1, 4096), SLOTS, 4), ((33, 2048), SLOTS, 4), ((4, 1024), (8, 1024), 4), (LOG, (129, 2048), 4),
                                 (LOG, SLOTS, 3), (LOG, SLOTS, 32), (LOG, (8, 3000), 4)):  # fmt: skip
            self.refused("invalid", mounted, make_flash(log, slots, unit))

    def test_formatting_forgets(self):
        flash = make_flash()
        kept = mounted(flash)
        kept.put("n", "secret", b"v" * 100)
        install(kept)
        kept.format()
        self.assertEqual((kept.keys("n"), kept.artifacts()), ([], []))
        self.assertFalse(b"secret" in bytes(memoryview(flash)))
        self.assertEqual(mounted(flash).keys("n"), [])


if __name__ == "__main__":
    unittest.main()
