// SPDX-License-Identifier: Apache-2.0
#include "cobs.h"

#define LONGEST 0xff // code of a block of 254 bytes that no zero follows

enum { IDLE, LEADING_ZERO, CODE, DATA, END };

void cobs_encode(cobs_encoder_t *encoder, const uint8_t *data, size_t length, bool leading_zero) {
    *encoder = (cobs_encoder_t){.data = data, .length = length, .state = leading_zero ? LEADING_ZERO : CODE};
}

bool cobs_encoding(const cobs_encoder_t *encoder) {
    return encoder->state != IDLE;
}

// The code byte of the block that starts at `at`: one more than the number of bytes before the next zero.
static uint8_t block_code(const cobs_encoder_t *encoder) {
    uint8_t code = 1;
    for (size_t i = encoder->at; i < encoder->length && encoder->data[i] != 0 && code < LONGEST; i++) {
        code++;
    }
    return code;
}

// A block ends before a zero, which it stands for, or after 254 bytes, or with the data.
static void end_block(cobs_encoder_t *encoder) {
    if (encoder->at == encoder->length) {
        encoder->state = END;
        return;
    }
    encoder->at += encoder->code != LONGEST;
    encoder->state = CODE;
}

static uint8_t read_code(cobs_encoder_t *encoder) {
    encoder->code = block_code(encoder);
    encoder->left = encoder->code - 1;
    encoder->state = DATA;
    if (encoder->left == 0) {
        end_block(encoder);
    }
    return encoder->code;
}

static uint8_t read_data(cobs_encoder_t *encoder) {
    uint8_t byte = encoder->data[encoder->at++];
    if (--encoder->left == 0) {
        end_block(encoder);
    }
    return byte;
}

static uint8_t read_byte(cobs_encoder_t *encoder) {
    switch (encoder->state) {
    case CODE:
        return read_code(encoder);
    case DATA:
        return read_data(encoder);
    default:
        encoder->state = encoder->state == LEADING_ZERO ? CODE : IDLE;
        return 0;
    }
}

size_t cobs_read(cobs_encoder_t *encoder, uint8_t *out, size_t room) {
    size_t count = 0;
    while (count < room && encoder->state != IDLE) {
        out[count++] = read_byte(encoder);
    }
    return count;
}

static void start_frame(cobs_decoder_t *decoder) {
    decoder->length = 0;
    decoder->left = 0;
    decoder->code = 0;
    decoder->overrun = false;
}

void cobs_decoder_init(cobs_decoder_t *decoder, uint8_t *buffer, uint32_t size) {
    decoder->buffer = buffer;
    decoder->size = size;
    start_frame(decoder);
}

static void keep(cobs_decoder_t *decoder, uint8_t byte) {
    if (decoder->length == decoder->size) {
        decoder->overrun = true;
        return;
    }
    decoder->buffer[decoder->length++] = byte;
}

static void take(cobs_decoder_t *decoder, uint8_t byte) {
    if (decoder->left) {
        decoder->left--;
        keep(decoder, byte);
        return;
    }
    // The block before stood for a zero, which only this further block makes real: a last block stands for
    // none.
    if (decoder->code != 0 && decoder->code != LONGEST) {
        keep(decoder, 0);
    }
    decoder->code = byte;
    decoder->left = byte - 1;
}

// A zero: what the bytes since the last one were.
static cobs_event_t judge(const cobs_decoder_t *decoder) {
    if (decoder->code == 0) {
        return COBS_MORE;
    }
    if (decoder->overrun) {
        return COBS_OVERRUN;
    }
    return decoder->left ? COBS_BROKEN : COBS_FRAME;
}

cobs_event_t cobs_decode(cobs_decoder_t *decoder, uint8_t byte) {
    if (byte != 0) {
        take(decoder, byte);
        return COBS_MORE;
    }
    cobs_event_t event = judge(decoder);
    uint32_t length = decoder->length;
    start_frame(decoder);
    decoder->frame_length = event == COBS_FRAME ? length : 0;
    return event;
}
