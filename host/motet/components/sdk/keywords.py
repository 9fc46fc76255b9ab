# SPDX-License-Identifier: Apache-2.0
"""Words that no name in generated sources may be: the languages' own, and what their bindings define."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


C = _words("""
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict
return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof bool true false NULL
offsetof main memcpy memmove memset memcmp errno
""")
# What <stdint.h>, <stddef.h> and the bindings themselves define.
_WIDTHS = [f"{kind}{bits}" for kind in ("", "_LEAST", "_FAST") for bits in (8, 16, 32, 64)] + ["MAX", "PTR"]
_LIMITS = [f"{sign}{width}_{end}" for sign in ("INT", "UINT") for width in _WIDTHS for end in ("MAX", "MIN", "C")]
_OTHERS = [f"{name}_{end}" for name in ("PTRDIFF", "SIZE", "SIG_ATOMIC", "WCHAR", "WINT") for end in ("MAX", "MIN")]
_TYPES = [f"{sign}int{kind}{bits}_t" for sign in ("", "u") for kind in ("", "_least", "_fast") for bits in (8, 16, 32, 64)]
_DEFINED = _words("""
size_t ptrdiff_t wchar_t max_align_t intptr_t uintptr_t intmax_t uintmax_t motet_string_t motet_alloc motet_mark motet_release
MOTET_TEXT MOVE PUT
""")
C_HEADER = C | _DEFINED | {*_LIMITS, *_OTHERS, *_TYPES}

ZIG = _words("""
addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const continue defer else enum
errdefer error export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse packed pub resume return
struct suspend switch test threadlocal try union unreachable usingnamespace var volatile while anyerror anyopaque bool
comptime_float comptime_int false f16 f32 f64 f80 f128 isize noreturn null true type undefined usize void c_char c_short
c_ushort c_int c_uint c_long c_ulong c_longlong c_ulonglong c_longdouble
""")
ZIG_FILE = _words("List Text Option Result Held held arena top alloc take Mark mark release internal")

RUST_NEVER = _words("self Self super crate _")
RUST = RUST_NEVER | _words("""
abstract as async await become box break const continue do dyn else enum extern false final fn for gen if impl in let loop
macro match mod move mut override priv pub ref return static struct trait true try type typeof union unsafe unsized use
virtual where while yield
""")
RUST_FILE = RUST_NEVER | _words("""
List Text Maybe Outcome State Call Guest Arena Component Option Result Some None Ok Err From Into Copy Clone PartialEq Debug
Sync PhantomData RefCell UnsafeCell ARENA MEMORY
""")

TYPESCRIPT = _words("""
abstract any as async await boolean break case catch class const constructor continue debugger declare default delete do else
enum export extends false finally for from function get if implements import in instanceof interface is keyof let module
namespace never new null number object of package private protected public readonly return set static string super switch
symbol this throw true try type typeof undefined unknown var void while with yield bool i8 i16 i32 i64 isize u8 u16 u32 u64
usize f32 f64 v128 alloc
""")
TYPESCRIPT_FILE = TYPESCRIPT | _words("""
Text ARENA ARENA_SIZE top alloc allocItems mark release copy memory store load changetype unreachable min max clz abs String
Array StaticArray Map Set Error Date Math
""")

PYTHON = _words("""
False None True and as assert async await break class continue def del elif else except finally for from global if import in
is lambda nonlocal not or pass raise return try while with yield match case type
""")
PYTHON_FILE = PYTHON | _words("""
importlib pkgutil Capability T E Ok Err Some Result IMPORTS EXPORTS INSIDE Enum Flag Generic TypeVar dataclass inspect types
typing capability handler component call exported
""")
