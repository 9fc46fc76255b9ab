// SPDX-License-Identifier: Apache-2.0
// A message straight from one guest to another, and the answer back: bytes are copied from memory to memory, and no
// value of the host stands in between.
//
// Both functions have fixed types: `call` of wit/device/messaging.wit and `handle` of wit/component/component.wit. What
// does not have them, or asks for anything out of the ordinary, is not for here: the way over the host's values serves
// it, and says what is wrong with it. Guests see no difference but in the order in which memory is asked for and freed.
#ifndef MOTET_WASM_MESSAGE_H
#define MOTET_WASM_MESSAGE_H

#include "canonical.h"

struct motet_wasm_message {
    struct motet_abi_guest *sender, *receiver; // the import `call` of the one, the export `handle` of the other
    const char *from;                          // the sender's name: characters of ASCII
    uint32_t from_length;
    uint32_t fuel; // the receiver's
    // What motet_wasm_message_read finds, in the memory of the sender.
    uint32_t to, to_length, data, length, result;
};

// What became of it at the receiver.
enum motet_wasm_delivery {
    MOTET_WASM_ANSWERED,
    MOTET_WASM_REFUSED, // the handler gave an error
    MOTET_WASM_LOST,    // the receiver is at fault, as after a trap
};

// Whether an import has the types of `call`, and an export those of `handle`.
bool motet_wasm_sends(const struct motet_abi_guest *guest);
bool motet_wasm_receives(const struct motet_abi_guest *guest);

// Takes the sender's arguments from what the engine gave. False when they are not inside of its memory.
bool motet_wasm_message_read(struct motet_wasm_message *message, const uint64_t *slots);
// The name it is for. Valid until the sender runs again.
const char *motet_wasm_message_to(const struct motet_wasm_message *message);
// Whether the receiver could take it by its size, and this thread's stack has room for the call.
bool motet_wasm_message_fits(const struct motet_wasm_message *message);

// Runs the handler and puts an answer where the sender wants it; what else there is to say the host has to. The
// sender's fuel pays for the receiver's. *error is of the receiver and *fault of the sender, both as of motet_abi_call:
// after a fault the sender must not go on, whatever became of the message.
enum motet_wasm_delivery motet_wasm_deliver(const struct motet_wasm_message *message, const char **error,
                                            const char **fault);
// What motet_abi_explain is to say of a fault that is motet_abi_mismatch, in a call of the sender's import that has
// just begun.
void motet_wasm_message_blame(struct motet_abi_call *call);

#endif
