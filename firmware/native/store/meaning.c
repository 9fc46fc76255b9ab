// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

static const struct store_meaning meanings[] = {
    {"missing", "there is no such thing in the store"},
    {"full", "the store has no room for it"},
    {"quota", "the namespace has used up its quota"},
    {"corrupt", "the flash holds something that is no store"},
    {"foreign", "the flash holds the store of another board or layout"},
    {"worn", "sectors of the flash fail, and no spare is left"},
    {"invalid", "an argument is out of range"},
    {"differs", "bytes that were written already come again as others"},
    {"closed", "the stage is over"},
    {"power", "the power has failed"},
};

struct store_meaning store_meaning(int result) {
    return meanings[-result - 1];
}
