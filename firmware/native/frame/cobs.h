// SPDX-License-Identifier: Apache-2.0
// Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): a frame without zero bytes, ended by one zero
// byte. Both directions work byte by byte, so that an interrupt handler can run them on a few bytes at a
// time.
#ifndef MOTET_FRAME_COBS_H
#define MOTET_FRAME_COBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes on the wire for a frame of n bytes, the ending zero included.
#define COBS_ENCODED_SIZE(n) ((n) + (n) / 254 + 2)

// Encodes pull-style: whoever has room on the wire asks for the next bytes. `data` stays as it is until the
// encoder is idle.
typedef struct {
    const uint8_t *data;
    size_t length;
    size_t at;    // next byte of data
    uint8_t code; // of the block that is being written
    uint8_t left; // its bytes that are still to be written
    uint8_t state;
} cobs_encoder_t;

// `leading_zero` starts the frame with a delimiter of its own, which ends whatever noise the line carried
// before.
void cobs_encode(cobs_encoder_t *encoder, const uint8_t *data, size_t length, bool leading_zero);
bool cobs_encoding(const cobs_encoder_t *encoder);
// Writes up to `room` bytes and returns how many; less than `room` means that the frame is complete.
size_t cobs_read(cobs_encoder_t *encoder, uint8_t *out, size_t room);

typedef enum {
    COBS_MORE,    // inside a frame, or between two
    COBS_FRAME,   // buffer[0..frame_length) holds a frame until the next byte
    COBS_BROKEN,  // the zero came inside a block
    COBS_OVERRUN, // the frame was longer than the buffer
} cobs_event_t;

// Safe against any input; what it keeps of a frame never exceeds `size`.
typedef struct {
    uint8_t *buffer;
    uint32_t size;
    uint32_t length;       // collected so far
    uint32_t frame_length; // of the frame in the buffer, set at COBS_FRAME
    uint8_t left;          // bytes before the next code byte
    uint8_t code;          // of the block that is being read, 0 before the first one
    bool overrun;
} cobs_decoder_t;

void cobs_decoder_init(cobs_decoder_t *decoder, uint8_t *buffer, uint32_t size);
// Empty frames (two zeros in a row) are no events.
cobs_event_t cobs_decode(cobs_decoder_t *decoder, uint8_t byte);

#endif
