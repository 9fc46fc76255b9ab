// SPDX-License-Identifier: Apache-2.0
// Two links driven by a script of bytes: valid traffic, damage, noise, frames forged with the right checksum,
// restarts. What sanitizers see is an error; so is a message out of order while nothing was forged.
//
// As a libFuzzer target: clang -fsanitize=fuzzer,address,undefined -Ifirmware/native
// tests/native/frame_fuzz.c firmware/native/cancel.c firmware/native/frame/*.c. With a main of its own:
// -DFRAME_FUZZ_MAIN, then ./a.out SEED RUNS.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame/link_internal.h"

typedef struct {
    const uint8_t *at, *end;
} script_t;

// Messages are numbered from 0 in each session; the sender's epoch, which no two sessions share, names it.
typedef struct {
    link_t *link;
    uint32_t session, sent;
    uint32_t heard, expected;
} party_t;

static party_t parties[2];
static uint32_t now;
static bool forged;
static uint32_t delivered, starts;

static uint32_t next(script_t *script) {
    return script->at < script->end ? *script->at++ : 0;
}

static void start(party_t *party, script_t *script) {
    static const uint16_t mtus[] = {16, 40, 300, 512};
    uint32_t mtu = mtus[next(script) & 3], window = 1 + (next(script) & 7);
    free(party->link);
    *party = (party_t){.link = link_init(malloc(link_size(mtu, window)), mtu, window, ++starts * 2654435761u)};
}

static void send(party_t *party, script_t *script) {
    uint8_t message[600];
    size_t length = 8 + next(script) * 2;
    if (party->session != party->link->session.own) {
        party->session = party->link->session.own;
        party->sent = 0;
    }
    memset(message, (int)next(script), sizeof message);
    put_u32(message, party->sent);
    put_u32(message + 4, party->session);
    party->sent += link_send(party->link, (uint8_t)next(script), message, length) == LINK_SENT;
}

static void check(party_t *party, const uint8_t *message) {
    delivered++;
    if (forged) {
        return;
    }
    if (party->heard != get_u32(message + 4)) {
        party->heard = get_u32(message + 4);
        party->expected = 0;
    }
    if (get_u32(message) != party->expected++) {
        fprintf(stderr, "message %u instead of %u\n", get_u32(message), party->expected - 1);
        abort();
    }
}

static void receive(party_t *party) {
    uint8_t channel, message[LINK_MTU_MAX];
    while (link_recv(party->link, &channel, message, sizeof message) >= 0) {
        check(party, message);
    }
    char text[LINK_LOG_MAX];
    for (int32_t length; (length = link_recv_log(party->link, text, sizeof text)) >= 0;) {
        if ((size_t)length > sizeof text) {
            abort();
        }
    }
}

// Moves what one end has to say to the other; `damage` names a byte and the bits to flip in it.
static void pump(party_t *from, party_t *to, size_t room, uint32_t damage) {
    uint8_t bytes[256];
    size_t length = link_output(from->link, bytes, 1 + room % sizeof bytes, now);
    if (length && damage) {
        bytes[damage % length] ^= (uint8_t)damage;
    }
    link_feed(to->link, bytes, length, now);
}

static void noise(party_t *to, script_t *script) {
    uint32_t wanted = next(script) / 4, have = (uint32_t)(script->end - script->at);
    uint32_t length = wanted < have ? wanted : have;
    link_feed(to->link, script->at, length, now);
    script->at += length;
}

// A frame whose checksum is right for the session, with contents of the script's choice.
static void forge(party_t *to, script_t *script) {
    uint8_t body[300], stuffed[COBS_ENCODED_SIZE(sizeof body)];
    uint32_t wanted = next(script), length = 1 + (wanted < 200 ? wanted % 40 : wanted);
    for (uint32_t i = 0; i < length; i++) {
        body[i] = (uint8_t)next(script);
    }
    uint8_t kind = body[0] >> 4;
    frame_seal(body, length, kind == KIND_SYN || kind == KIND_LOG ? 0 : to->link->session.seed_in);
    cobs_encoder_t encoder;
    cobs_encode(&encoder, body, length + FRAME_CRC_LENGTH, true);
    forged = true;
    link_feed(to->link, stuffed, cobs_read(&encoder, stuffed, sizeof stuffed), now);
}

static void step(script_t *script) {
    uint32_t code = next(script);
    party_t *one = &parties[code & 1], *other = &parties[~code & 1];
    switch (code >> 1 & 15) {
    case 0:
        now += next(script) * next(script);
        break;
    case 1:
        noise(one, script);
        break;
    case 2:
        forge(one, script);
        break;
    case 3:
        pump(one, other, next(script), next(script));
        break;
    case 4:
        link_cancel(one->link, next(script));
        link_set_current(other->link, next(script));
        break;
    case 5:
        link_log(one->link, (const char *)script->at, (size_t)(script->end - script->at));
        break;
    case 6:
        (next(script) < 16 ? start : send)(one, script);
        break;
    case 7:
        link_probe(one->link);
        break;
    case 8:
        receive(one);
        break;
    case 9:
        send(one, script);
        break;
    default:
        pump(one, other, next(script), 0);
        receive(other);
        now += code >> 5;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    script_t script = {data, data + size};
    now = next(&script) << 24;
    forged = false;
    start(&parties[0], &script);
    start(&parties[1], &script);
    while (script.at < script.end) {
        step(&script);
        if (link_next_timer(parties[0].link, now) > LINK_LONGEST_SLEEP) {
            abort();
        }
    }
    for (int i = 0; i < 2; i++) {
        free(parties[i].link);
        parties[i].link = NULL;
    }
    return 0;
}

#ifdef FRAME_FUZZ_MAIN
static uint32_t state;

static uint8_t random_byte(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (uint8_t)(state >> 8);
}

int main(int argc, char **argv) {
    static uint8_t script[4096];
    state = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) | 1 : 1;
    unsigned long runs = argc > 2 ? strtoul(argv[2], NULL, 0) : 100;
    for (unsigned long run = 0; run < runs; run++) {
        // Half of the scripts forge nothing, so that the order of messages is checked in them.
        bool tame = run & 1;
        for (size_t i = 0; i < sizeof script; i++) {
            script[i] = random_byte();
            if (tame && (script[i] >> 1 & 15) == 2) {
                script[i] ^= 16;
            }
        }
        LLVMFuzzerTestOneInput(script, sizeof script);
    }
    printf("{\"runs\": %lu, \"delivered\": %u}\n", runs, delivered);
    return 0;
}
#endif
