// SPDX-License-Identifier: Apache-2.0
// Typed calls: the Component Model's Canonical ABI over an instance of the engine.
//
// Types come as a descriptor (docs/components.md): a table of types in which each refers to earlier ones only, and
// functions over them. Values of the binding are never copied in between: lowering asks a `source` for what it needs
// and writes it into linear memory, lifting reads linear memory and tells a `sink`. Nothing here allocates; memory of
// the guest comes from its own realloc. Recursion follows the types, whose depth is bounded.
//
// Whatever the guest hands out (addresses, lengths, discriminants, text) is checked. A guest that breaks the ABI ends
// the call as a trap does: the instance must not be used again.
#ifndef MOTET_WASM_CANONICAL_H
#define MOTET_WASM_CANONICAL_H

#include "engine.h"

#define MOTET_ABI_VERSION          1
#define MOTET_ABI_MAX_DEPTH        12
#define MOTET_ABI_MAX_FLAT_PARAMS  16
#define MOTET_ABI_MAX_FLAT_RESULTS 1
#define MOTET_ABI_MAX_FLAGS        32
// Aliased addresses let a small memory describe a huge value: reading one ends when it takes so much more than the
// memory.
#define MOTET_ABI_SLACK (64u * 1024)

// Kinds, with the numbers of the descriptor.
enum motet_abi_kind {
    MOTET_ABI_NONE,
    MOTET_ABI_BOOL,
    MOTET_ABI_S8,
    MOTET_ABI_U8,
    MOTET_ABI_S16,
    MOTET_ABI_U16,
    MOTET_ABI_S32,
    MOTET_ABI_U32,
    MOTET_ABI_S64,
    MOTET_ABI_U64,
    MOTET_ABI_F32,
    MOTET_ABI_F64,
    MOTET_ABI_CHAR,
    MOTET_ABI_STRING,
    MOTET_ABI_FIRST = 16, // references from here on are to the table
    MOTET_ABI_LIST = MOTET_ABI_FIRST,
    MOTET_ABI_RECORD,
    MOTET_ABI_TUPLE,
    MOTET_ABI_VARIANT,
    MOTET_ABI_ENUM,
    MOTET_ABI_OPTION,
    MOTET_ABI_RESULT,
    MOTET_ABI_FLAGS,
};

// Size and alignment in linear memory, and the core values it flattens to.
struct motet_abi_type {
    uint32_t shape; // the first sixteen core types, two bits each
    uint8_t kind;
    uint8_t align;
    uint8_t flat; // how many core values; more than 255 count as 255
    uint8_t depth;
    uint8_t discriminant; // bytes of it; of flags, all their bytes
    uint8_t payload;      // where that of a variant begins
    bool owns;            // has strings or lists, which need memory of their own
    bool nullable;        // an option whose absence is null
    uint16_t size;
    uint16_t count; // members
    uint16_t first; // its first member; of a list, the type of its elements
};

// A field, case, flag or parameter. `key` belongs to the binding: its object for the name.
struct motet_abi_member {
    uint16_t type;   // 0 for none
    uint16_t offset; // of a field
    uint16_t name;   // where its length and bytes stand in the descriptor; 0 for none
    void *key;
};

struct motet_abi_function {
    struct motet_abi_type params; // laid out as a record
    uint16_t name;
    uint16_t result; // type, 0 for none
};

// A descriptor made ready for use. The arrays are the binding's, of the sizes that motet_abi_measure finds.
struct motet_abi_types {
    const uint8_t *data;
    uint16_t type_count, member_count, function_count;
    struct motet_abi_type *types;
    struct motet_abi_member *members;
    struct motet_abi_function *functions;
};

// The counts of a descriptor, from its head. NULL, or why it is none.
const char *motet_abi_measure(struct motet_abi_types *types, const uint8_t *data, size_t size);
// Fills the arrays. `data` must stay where it is as long as `types` is used.
const char *motet_abi_compile(struct motet_abi_types *types, size_t size);
// NULL when there is no function of that name.
const struct motet_abi_function *motet_abi_find(const struct motet_abi_types *types, const char *name, size_t length);

static inline const char *motet_abi_name(const struct motet_abi_types *types, uint16_t name, size_t *length) {
    *length = types->data[name];
    return (const char *)types->data + name + 1;
}

const struct motet_abi_type *motet_abi_primitive(unsigned kind);
static inline const struct motet_abi_type *motet_abi_type(const struct motet_abi_types *types, unsigned number) {
    return number < MOTET_ABI_FIRST ? motet_abi_primitive(number) : &types->types[number - MOTET_ABI_FIRST];
}

// A value of the binding; never 0.
typedef uintptr_t motet_abi_value;

// What a source answers: the value does not fit what was asked for, or the binding has an exception under way.
enum motet_abi_answer { MOTET_ABI_OK, MOTET_ABI_MISMATCH, MOTET_ABI_RAISED };

// Where values to be lowered come from. Text need not be valid UTF-8: that is checked here.
struct motet_abi_source {
    enum motet_abi_answer (*boolean)(motet_abi_value value, bool *out);
    // The two's complement of an integer that fits 64 bits, signed or not as asked.
    enum motet_abi_answer (*integer)(motet_abi_value value, bool is_signed, uint64_t *out);
    enum motet_abi_answer (*real)(motet_abi_value value, double *out);
    enum motet_abi_answer (*text)(motet_abi_value value, const char **data, size_t *length);
    // A list's length; its bytes too when it is a byte string, else *bytes is NULL.
    enum motet_abi_answer (*list)(motet_abi_value value, size_t *count, const uint8_t **bytes);
    enum motet_abi_answer (*item)(motet_abi_value value, size_t index, motet_abi_value *out);
    // How many names a record has, and the value of one; *out is 0 when it is missing.
    enum motet_abi_answer (*record)(motet_abi_value value, size_t *count);
    enum motet_abi_answer (*field)(motet_abi_value value, void *key, motet_abi_value *out);
    bool (*is_null)(motet_abi_value value);
    // Ends the use of what `item` and `field` gave; NULL when that needs no end.
    void (*release)(motet_abi_value value);
};

// Where lifted values go, in order: containers begin, their keys and values follow, and end. False: an exception is
// under way.
struct motet_abi_sink {
    bool (*boolean)(void *to, bool value);
    bool (*integer)(void *to, uint64_t value, bool is_signed);
    bool (*real)(void *to, double value);
    bool (*text)(void *to, const char *data, size_t length);
    bool (*bytes)(void *to, const uint8_t *data, size_t length);
    bool (*null)(void *to);
    bool (*begin)(void *to, enum motet_abi_kind container, size_t count);
    bool (*key)(void *to, void *key);
    bool (*word)(void *to, void *key); // a key as value: of an enum, a flag, a tag
    bool (*end)(void *to);
};

// One step on the way to a value: a member of a record, else an item's number, or "val".
struct motet_abi_step {
    const struct motet_abi_member *member;
    size_t index;
};
#define MOTET_ABI_PAYLOAD ((size_t)-1)

// What a binding gives for calls of its kind.
struct motet_abi_binding {
    struct motet_abi_source source;
    struct motet_abi_sink sink;
    // Its names for the halves of a variant and for the cases that have none in the descriptor.
    void *tag, *val, *none, *some, *ok, *err;
    // Calls what is ready in the frame: as motet_wasm_call, with what the binding must do around it.
    const char *(*run)(struct motet_wasm *instance, const struct motet_wasm_function *function);
};

// A function of an instance with its types. A handle that is NULL says that there is no such function.
struct motet_abi_guest {
    const struct motet_abi_binding *binding;
    struct motet_wasm *instance;
    const struct motet_abi_types *types;
    const struct motet_abi_function *function;
    struct motet_wasm_function core, post, realloc;
    bool json; // values as JSON has them: numbers are finite, list<u8> is a list
};

// One call on its way: the first two are given, all else is zero at first, or as motet_abi_begin leaves it.
struct motet_abi_call {
    struct motet_abi_guest *guest;
    void *to;                       // the sink's
    const char *expected, *problem; // of a value that did not fit: a kind of value, or what is wrong with it
    unsigned depth;
    struct motet_abi_step path[MOTET_ABI_MAX_DEPTH + 2];
    uint64_t result; // as it came from the guest; of an import its last argument, which may be where its result goes
    uint64_t *slot;  // the next flat value; NULL while in memory
    uint8_t *memory;
    uint64_t length, used;
    bool dry, lifting;
};

// Makes ready a call; `path` is written before it is read.
static inline void motet_abi_begin(struct motet_abi_call *call, struct motet_abi_guest *guest, void *to) {
    call->guest = guest;
    call->to = to;
    call->expected = call->problem = NULL;
    call->depth = 0;
    call->result = call->length = call->used = 0;
    call->slot = NULL;
    call->memory = NULL;
    call->dry = call->lifting = false;
}

// A value did not fit its type: motet_abi_explain says where.
extern const char motet_abi_mismatch[];

// Binds an export, whose core type must be what its types flatten to.
const char *motet_abi_bind(struct motet_abi_guest *guest, const char *export, size_t length);
// Binds the host's side of an import, whose core type is checked likewise.
const char *motet_abi_bind_import(struct motet_abi_guest *guest, struct motet_wasm_signature signature);

// Lowers the arguments, calls, lifts the result (when there is one) and lets the guest free it. The arguments are one
// value each in `values`, or the fields of `record` when `values` is NULL.
const char *motet_abi_call(struct motet_abi_call *call, const motet_abi_value *values, motet_abi_value record);

// For a binding whose sink may leave motet_abi_call by other ways than its return: lets the guest free the result.
void motet_abi_abandon(struct motet_abi_call *call);

// The halves of a host call: the arguments, as a tuple; and its result, to where the guest wants it. `slots` is what
// the engine gave: results, then arguments.
const char *motet_abi_lift_arguments(struct motet_abi_call *call, uint64_t *slots);
const char *motet_abi_lower_result(struct motet_abi_call *call, uint64_t *slots, motet_abi_value value);

// "values[3]: expected f32"; cut off at `size`.
void motet_abi_explain(const struct motet_abi_call *call, char *text, size_t size);

#endif
