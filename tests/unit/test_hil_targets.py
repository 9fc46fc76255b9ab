# SPDX-License-Identifier: Apache-2.0
"""The words of `motet hil`: boards and suites."""

from __future__ import annotations

import pytest
from tests.support import images

from motet.hil import HilError, suites, targets


@pytest.fixture
def folder(tmp_path):
    images.board(tmp_path, "esp32c3")
    images.board(tmp_path, "rp2040")
    return tmp_path


def test_an_attached_board_needs_no_firmware(folder):
    (target,) = targets(["esp32c3=/dev/ttyUSB0"], folder)
    assert (target.label, target.attached, target.firmware, target.how) == (
        "esp32c3",
        "/dev/ttyUSB0",
        None,
        "attached at /dev/ttyUSB0",
    )


def test_a_url_may_contain_an_equals_sign(folder):
    (target,) = targets(["esp32c3=rfc2217://host:1?logging=debug"], folder)
    assert target.attached == "rfc2217://host:1?logging=debug"


def test_the_same_board_twice_has_two_labels(folder):
    assert [target.label for target in targets(["esp32c3=/dev/a", "esp32c3=/dev/b"], folder)] == ["esp32c3", "esp32c3-2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name the boards"),
        (["nosuch"], "there are: esp32c3, rp2040"),
        (["esp32c3="], "comes the port"),
        (["esp32c3=/dev/a", "rp2040=/dev/a"], "same port"),
        (["esp32c3"], "cannot be emulated"),
        (["../esp32c3"], "no board is called"),
    ],
)
def test_wrong_words_say_what_to_write(folder, words, said):
    with pytest.raises(HilError, match=said):
        targets(words, folder)


def test_a_suite_is_a_file_or_a_name_of_the_repositorys(tmp_path):
    (tmp_path / "mine.robot").write_text("")
    assert suites([str(tmp_path / "mine.robot")]) == [(tmp_path / "mine.robot").resolve()]


@pytest.mark.parametrize("word", ["nosuch", "nosuch.robot", "some/where", "../boot"])
def test_a_suite_that_is_not_there_is_named(word):
    with pytest.raises(HilError, match="suite"):
        suites([word])
