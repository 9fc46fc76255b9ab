# SPDX-License-Identifier: Apache-2.0
"""A component that uses WASI: waits, writes, throws dice, tries to get out. `PARTS` are its imports, by the part of WASI."""

from __future__ import annotations

import wasmtime

CONTRACT = """package a:guest@0.1.0;
world w {
  import wasi:clocks/monotonic-clock@0.2.0;
  /// Waits so many milliseconds, and says for how many it has.
  export nap: func(ms: u32) -> u64;
  /// The same, after it has written something.
  export doze: func(ms: u32) -> u64;
  /// Writes a line and a half; true.
  export say: func() -> bool;
  /// A random number.
  export dice: func() -> u64;
  /// Whether it has got a socket.
  export knock: func() -> bool;
  /// Reads; whether there was something.
  export listen: func() -> bool;
  /// Ends itself.
  export leave: func();
  /// Takes handles and gives none back.
  export hoard: func();
  /// Seconds since 1970.
  export date: func() -> u64;
}
"""
_CODES = '"unknown" "access-denied" "not-supported"'
_IMPORTS = f"""
 (import "wasi:io/poll@0.2.3" (instance $poll (export "pollable" (type (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow 0))))
  (export "poll" (func (param "in" (list (borrow 0))) (result (list u32))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
 (alias export $error "error" (type $failure))
 (import "wasi:io/streams@0.2.3" (instance $streams
  (export "output-stream" (type $out (sub resource)))
  (export "input-stream" (type $in (sub resource)))
  (alias outer 1 $failure (type $outer)) (export "error" (type $e (eq $outer)))
  (type $v (variant (case "last-operation-failed" (own $e)) (case "closed")))
  (export "stream-error" (type $failed (eq $v)))
  (export "[method]output-stream.blocking-write-and-flush"
   (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failed)))))
  (export "[method]input-stream.blocking-read"
   (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $failed)))))))
 (alias export $streams "output-stream" (type $out))
 (alias export $streams "input-stream" (type $in))
 (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
  (alias outer 1 $pollable (type $outer)) (export "pollable" (type $p (eq $outer)))
  (export "now" (func (result u64)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
 (import "wasi:clocks/wall-clock@0.2.3" (instance $wall
  (type $t (record (field "seconds" u64) (field "nanoseconds" u32))) (export "datetime" (type $time (eq $t)))
  (export "now" (func (result $time)))))
 (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))
  (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
 (import "wasi:cli/stdout@0.2.3" (instance $stdout
  (alias outer 1 $out (type $outer)) (export "output-stream" (type $o (eq $outer)))
  (export "get-stdout" (func (result (own $o))))))
 (import "wasi:cli/stdin@0.2.3" (instance $stdin
  (alias outer 1 $in (type $outer)) (export "input-stream" (type $i (eq $outer)))
  (export "get-stdin" (func (result (own $i))))))
 (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
 (import "wasi:sockets/tcp@0.2.3" (instance $tcp (export "tcp-socket" (type (sub resource)))))
 (alias export $tcp "tcp-socket" (type $socket))
 (import "wasi:sockets/tcp-create-socket@0.2.3" (instance $sockets
  (alias outer 1 $socket (type $outer)) (export "tcp-socket" (type $s (eq $outer)))
  (type $f (enum "ipv4" "ipv6")) (export "ip-address-family" (type $family (eq $f)))
  (type $c (enum {_CODES})) (export "error-code" (type $code (eq $c)))
  (export "create-tcp-socket" (func (param "address-family" $family) (result (result (own $s) (error $code)))))))"""
_CORE = """
 (core module $m (memory (export "memory") 1) (data (i32.const 16) "whole line\\nhalf") (global $top (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192)))
 (core instance $memory (instantiate $m))
 (core func $block (canon lower (func $poll "[method]pollable.block")))
 (core func $drop (canon resource.drop $pollable))
 (core func $after (canon lower (func $clock "subscribe-duration")))
 (core func $now (canon lower (func $clock "now")))
 (core func $date (canon lower (func $wall "now") (memory (core memory $memory "memory"))))
 (core func $dice (canon lower (func $random "get-random-u64")))
 (core func $stdout (canon lower (func $stdout "get-stdout")))
 (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
  (memory (core memory $memory "memory"))))
 (core func $stdin (canon lower (func $stdin "get-stdin")))
 (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
  (memory (core memory $memory "memory"))
  (realloc (core func $memory "realloc"))))
 (core func $exit (canon lower (func $exit "exit")))
 (core func $open (canon lower (func $sockets "create-tcp-socket") (memory (core memory $memory "memory"))))
 (core module $main
  (import "h" "memory" (memory 1))
  (import "h" "block" (func $block (param i32))) (import "h" "drop" (func $drop (param i32)))
  (import "h" "after" (func $after (param i64) (result i32))) (import "h" "now" (func $now (result i64)))
  (import "h" "date" (func $date (param i32))) (import "h" "dice" (func $dice (result i64)))
  (import "h" "stdout" (func $stdout (result i32))) (import "h" "write" (func $write (param i32 i32 i32 i32)))
  (import "h" "stdin" (func $stdin (result i32))) (import "h" "read" (func $read (param i32 i64 i32)))
  (import "h" "exit" (func $exit (param i32))) (import "h" "open" (func $open (param i32 i32)))
  (func (export "doze") (param i32) (result i64) (drop (call $say)) (call $nap (local.get 0)))
  (func $nap (export "nap") (param i32) (result i64) (local $p i32) (local $began i64)
   (local.set $began (call $now))
   (local.set $p (call $after (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 1000000))))
   (call $block (local.get $p)) (call $drop (local.get $p))
   (loop (nop))
   (i64.div_u (i64.sub (call $now) (local.get $began)) (i64.const 1000000)))
  (func $say (export "say") (result i32)
   (call $write (call $stdout) (i32.const 16) (i32.const 15) (i32.const 1024)) (i32.const 1))
  (func (export "dice") (result i64) (call $dice))
  (func (export "knock") (result i32) (call $open (i32.const 0) (i32.const 1024)) (i32.eqz (i32.load8_u (i32.const 1024))))
  (func (export "listen") (result i32) (call $read (call $stdin) (i64.const 10) (i32.const 1024))
   (i32.eqz (i32.load8_u (i32.const 1024))))
  (func (export "leave") (call $exit (i32.const 0)))
  (func (export "hoard") (loop (drop (call $after (i64.const 1))) (br 0)))
  (func (export "date") (result i64) (call $date (i32.const 1024)) (i64.load (i32.const 1024))))
 (core instance $i (instantiate $main (with "h" (instance (export "memory" (memory $memory "memory"))
  (export "block" (func $block)) (export "drop" (func $drop)) (export "after" (func $after)) (export "now" (func $now))
  (export "date" (func $date)) (export "dice" (func $dice)) (export "stdout" (func $stdout)) (export "write" (func $write))
  (export "stdin" (func $stdin)) (export "read" (func $read)) (export "exit" (func $exit)) (export "open" (func $open))))))
 (func (export "nap") (param "ms" u32) (result u64) (canon lift (core func $i "nap")))
 (func (export "doze") (param "ms" u32) (result u64) (canon lift (core func $i "doze")))
 (func (export "say") (result bool) (canon lift (core func $i "say")))
 (func (export "dice") (result u64) (canon lift (core func $i "dice")))
 (func (export "knock") (result bool) (canon lift (core func $i "knock")))
 (func (export "listen") (result bool) (canon lift (core func $i "listen")))
 (func (export "leave") (canon lift (core func $i "leave")))
 (func (export "hoard") (canon lift (core func $i "hoard")))
 (func (export "date") (result u64) (canon lift (core func $i "date")))"""


def component(more: str = "") -> bytes:
    """`more`: imports besides."""
    return bytes(wasmtime.wat2wasm(f"(component {_IMPORTS} {more} {_CORE})"))
