// SPDX-License-Identifier: Apache-2.0
// A reliable link over a byte stream that loses, damages and invents bytes: messages of up to `mtu` bytes in
// both directions, exactly once and in order within a session. The same code runs on both ends; neither is
// the master. docs/link.md explains the protocol; this comment is its specification.
//
// Sans-IO: the caller carries bytes and tells the time in milliseconds, modulo 2^32. No memory is allocated,
// no system is called. Nothing in this file blocks.
//
// Two contexts may share a link. The wire's (link_feed, link_output, link_next_timer) may be an interrupt
// handler, or several that do not interrupt one another. The main program calls everything else with those
// interrupts masked. The longest masked section copies one message; link_output copies one message and sums
// up its CRC when a frame starts, link_feed does so when a frame ends (about 12 instructions a byte); all
// other bytes cost some 20 instructions.
//
// FRAMES. COBS(body, CRC-32 little-endian of the body), then 0x00. Bytes that are no valid frame are dropped
// and counted. Numbers are little-endian. The body's first byte is kind << 4 | x.
//
//   1 SYN        0x10  version u8 = 1, flags u8, own u32, known u32, mtu u16, window u8
//                      flags: 1 WANT (answer me), 2 PROVEN (I had sequenced frames of yours in this session)
//   2 DATA       0x2c  seq u8, ack u8, room u8, payload of 0..mtu bytes; c = channel 0..15
//   3 ACK        0x3f  ack u8, room u8; f: 1 GAP (a frame of yours was damaged or is missing)
//   4 CANCEL     0x40  key u32
//   5 CANCELLED  0x50  key u32
//   6 LOG        0x60  text of 0..250 bytes
//
// The CRC is that of zlib. For SYN and LOG its seed is 0; for all others it is the CRC-32 of the sender's
// epoch followed by the receiver's (u32 each), so that a frame of another session, or one's own echo, never
// passes for a valid one.
//
// SESSIONS. Each end has an epoch `own` (not 0, best random) and the epoch of its `peer` (0 unknown). An end is
// live when it knows that the peer knows `own`: by a SYN whose known field says so, or by any frame with the
// session's CRC. Sequenced frames are sent only while live. A session begins with all sequence numbers 0 and an
// empty receiver.
// - Not live: send SYN(own, peer, WANT) at once, then after 200 ms, doubling up to 2 s. Any SYN received makes it
//   200 ms again.
// - SYN received while not live: if the peer was unknown, or if PROVEN and known = own (somebody had a session with
//   a predecessor of mine that drew the same epoch), own changes to a value mixed from own, SYN.own and the time.
//   Then peer = SYN.own; live if SYN.known = own. Answer SYN(own, peer, WANT) if not live now, else SYN(own, peer)
//   if the SYN had WANT.
// - SYN received while live, SYN.own = peer and known = own: nothing new. Answer SYN(own, peer) if it had WANT.
// - SYN received while live, SYN.own new and known = own: the peer restarted and has heard me. End the session;
//   peer = SYN.own; own is mixed again. Answer SYN(own, peer, WANT).
// - SYN received while live, known differs: a restarted peer, or a stale frame. Keep the session and answer
//   SYN(own, known = SYN.own, WANT): only a peer that is really there can come back knowing `own`.
// - SYN.own = own: my echo, dropped. Every third in a row may mean that the other end really drew the same epoch:
//   not live, mix a new one; live, send SYN(own, peer, WANT).
// - Ending a session drops the messages of both queues and all cancels, and counts one reset. An epoch is live at
//   most once in one life of an end: a SYN that says PROVEN to an end that is not live speaks of an earlier life.
// - A SYN with own 0, mtu below 16 or window 0 is dropped; so is one of another version.
//
// DATA. Go-back-N over at most min(own window, SYN.window, last room received) messages. seq counts messages modulo
// 256; ack is the next one expected; room is how many messages of full size the receiver could take (at the start
// of a session its window). An ack that does not lie between the oldest unacknowledged message and the last one
// sent is ignored, room included. The receiver takes only the expected message, and only if it fits.
// - The receiver answers every DATA at once by ACK, or by DATA when it has some to send, except a message ahead of
//   the expected one: this it reports by ACK with GAP once for each pass of the sender (the first one ahead; again
//   when the distance does not grow). It also sends ACK when reading made again half a window of room, or any after
//   none.
// - A damaged frame (while live) is answered by ACK with GAP, which spares the sender the time-out. The third in a
//   row, with no valid sequenced frame in between, also asks SYN(own, peer, WANT); after the eighth nothing is
//   answered: ends in different sessions hear only damage from each other.
// - The sender goes back to the oldest unacknowledged message upon GAP for it (unless that message is just being
//   sent), and when nothing was acknowledged for the time-out: twice the smoothed round trip, within 200 ms to 2 s,
//   counted from the end of the frame, doubled after each time-out until the acknowledgement of a message that was
//   sent once. From the third in a row on it also asks SYN(own, peer, WANT).
// - Messages that wait while room is 0 are probed for: the first one is sent after each time-out.
//
// CANCEL passes all queues. The receiver handles it at once and always answers CANCELLED with the key; a key whose
// call is not running is remembered (the last 8) for the case that the call comes later. The sender repeats it
// every 200 ms, 10 times at most, one key after the other. Key 0 is none.
//
// LOG is neither sequenced nor repeated nor bound to a session: text for a human, lost when there is no room for
// it.
//
// Priority when several wait: SYN, CANCELLED, CANCEL, ACK with GAP, DATA, ACK, LOG. SYN, and the first frame after
// a time-out, start with a 0x00 of their own: it ends whatever noise the line carried.
#ifndef MOTET_FRAME_LINK_H
#define MOTET_FRAME_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_VERSION       1
#define LINK_MTU_MIN       16
#define LINK_MTU_MAX       4096
#define LINK_WINDOW_MAX    32
#define LINK_CHANNEL_MAX   15
#define LINK_LONGEST_SLEEP 10000 // link_next_timer never says more, ms
#define LINK_LOG_MAX       250   // longest text of link_log; the rest is cut off

typedef struct link link_t;

typedef struct {
    uint32_t frames_in;   // valid frames received
    uint32_t frames_out;  // frames sent
    uint32_t crc_errors;  // frames with a wrong checksum or broken stuffing: damage, noise, other sessions
    uint32_t overruns;    // frames longer than any of the protocol
    uint32_t retransmits; // DATA frames sent again
    uint32_t dropped;     // valid frames without effect: repeated, ahead of a gap, no room, malformed, echoes
    uint32_t logs_lost;   // texts that found no room, sent or received
    uint8_t foreign;      // version in the last SYN of another version, 0 none
} link_stats_t;

typedef enum { LINK_SENT, LINK_NO_ROOM, LINK_TOO_LONG, LINK_DOWN } link_send_t;

// Bytes that a link needs; 0 when a parameter is out of range. mtu 512, window 4: under 6.5 KB.
size_t link_size(uint32_t mtu, uint32_t window);
// `memory` has link_size() bytes, aligned like a pointer, and is the link from now on. NULL when a parameter
// is out of range. `epoch` may not be 0 and should differ at each start: random, or at least a boot counter.
// A constant is safe as far as the clock's jitter goes, because the end mixes the peer's epoch and the time
// into it.
link_t *link_init(void *memory, uint32_t mtu, uint32_t window, uint32_t epoch);

// ---- the wire
void link_feed(link_t *link, const uint8_t *bytes, size_t length, uint32_t now_ms);
// The next bytes for the wire, at most `room`; 0 when there is nothing to send now. A frame may span several
// calls.
size_t link_output(link_t *link, uint8_t *out, size_t room, uint32_t now_ms);
// In how many milliseconds link_output may have something to send although nothing else happens; 0: it has
// now.
uint32_t link_next_timer(const link_t *link, uint32_t now_ms);

// ---- the main program
bool link_established(const link_t *link);
// How many sessions ended: each time, messages sent or received but not yet read may be lost.
uint32_t link_resets(const link_t *link);
// Longest message that both ends take; 0 while not established.
uint32_t link_limit(const link_t *link);
// What link_send calls too long is longer than this: the limit, or as long as there is none, this end's own mtu.
uint32_t link_longest(const link_t *link);
// How many messages of link_limit bytes link_send would take now.
uint32_t link_room(const link_t *link);
link_send_t link_send(link_t *link, uint8_t channel, const void *data, size_t length);
bool link_readable(const link_t *link);
// Takes the next message and returns its length; negative when there is none. A length above `room` means
// that nothing was taken: come again with so much room (and expect that a restart of the peer has changed
// everything by then).
int32_t link_recv(link_t *link, uint8_t *channel, void *out, size_t room);
// The same for received texts, which never have more than LINK_LOG_MAX bytes.
int32_t link_recv_log(link_t *link, char *out, size_t room);
// False: no room for it.
bool link_log(link_t *link, const char *text, size_t length);
// Ask the peer to stop the call with this key (not 0). False: not established, or too many cancels wait.
bool link_cancel(link_t *link, uint32_t key);
// From now on the call with this key runs here, 0: none. Clears motet_cancelled, or raises it at once when a
// cancel with this key came earlier; a cancel that comes later raises it.
void link_set_current(link_t *link, uint32_t key);
uint32_t link_current(const link_t *link);
// Ask the peer for a sign of life, a SYN. For whoever wants to know whether a silent line is still alive.
void link_probe(link_t *link);
// Milliseconds since the last valid frame from the peer (from the start when there was none), right up to 24
// days.
uint32_t link_quiet(const link_t *link, uint32_t now_ms);
// True once after each change of link_established or link_resets.
bool link_take_change(link_t *link);
bool link_changed(const link_t *link);
const link_stats_t *link_stats(const link_t *link);

#endif
