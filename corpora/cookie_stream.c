/* Writes a cookie stream and its truth, independently of acctrecover: from the specification's tables alone.
 * Usage: cookie_stream le|be SEED RECORDS BUFFER STREAM TRUTH   (BUFFER 0, 512 or 4096)
 * TRUTH has one line a record: offset size type, and "fill offset size" for fill bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int big;
static uint64_t state;
static unsigned char rec[4 + 255];
static int len;
static FILE *out, *truth;
static long at, buffer;

static uint32_t rnd(uint32_t n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % n;
}
static void num(unsigned char *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[big ? bytes - 1 - i : i] = (unsigned char)(v >> (8 * i));
}
static void put(uint64_t v, int bytes) { num(rec + 4 + len, v, bytes); len += bytes; }
static void emit(int type)
{
    num(rec, 0x2B91, 2);
    rec[2] = (unsigned char)type;
    rec[3] = (unsigned char)len;
    fwrite(rec, 1, (size_t)(4 + len), out);
    fprintf(truth, "%ld %d %d\n", at, 4 + len, type);
    at += 4 + len;
}
static void finish(int type)
{
    if (buffer) {
        long room = buffer - at % buffer;
        if (room < 4 + len) {
            unsigned char kept[259];
            int keptlen = len;
            memcpy(kept, rec, sizeof kept);
            while (room >= 4) { /* PAD holds at most 255 zero bytes */
                long pad = room - 4 > 255 ? 255 : room - 4;
                memset(rec + 4, 0, 255);
                len = (int)pad;
                emit(0x00);
                room -= 4 + pad;
            }
            if (room > 0) {
                fwrite("\0\0\0", 1, (size_t)room, out);
                fprintf(truth, "fill %ld %ld\n", at, room);
                at += room;
            }
            memcpy(rec, kept, sizeof kept);
            len = keptlen;
        }
    }
    emit(type);
}
static uint32_t pid(void) { return 1 + rnd(40000); }
static void acct(uint32_t seconds)
{
    static const char *names[] = {"sh", "true", "python3", "rm", "make", "cc1"};
    char comm[16] = {0};
    float etime = (float)rnd(5000);
    uint32_t word;
    strcpy(comm, names[rnd(6)]);
    memcpy(&word, &etime, 4);
    put(rnd(3), 1); put(big ? 0x83 : 0x03, 1); put(0x8800, 2); put(rnd(3) << 8, 4);
    put(rnd(2) * 1000, 4); put(100, 4); put(pid(), 4); put(rnd(2000), 4); put(seconds, 4); put(word, 4);
    put(rnd(8192), 2); put(rnd(8192), 2); put(0x2400 + rnd(1000), 2); put(0, 2); put(0, 2); put(rnd(8192), 2); put(0, 2); put(0, 2);
    memcpy(rec + 4 + len, comm, 16);
    len += 16;
}
int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    big = !strcmp(argv[1], "be");
    state = strtoull(argv[2], 0, 10);
    long records = strtol(argv[3], 0, 10);
    buffer = strtol(argv[4], 0, 10);
    out = fopen(argv[5], "wb");
    truth = fopen(argv[6], "w");
    if (!out || !truth) return 2;
    uint64_t ns = 1700000000ULL * 1000000000ULL;
    len = 0; for (int i = 0; i < 16; i++) put(rnd(256), 1);
    finish(0x0E);
    len = 0; memcpy(rec + 4, "node7.example", 13); len = 13;
    finish(0x0D);
    for (long i = 0; i < records; i++) {
        len = 0;
        uint32_t which = rnd(16);
        switch (which) {
        case 0: ns += rnd(1000000000); put(ns, 8); finish(0x0B); break;
        case 1: case 2: case 3: put(pid(), 4); put(pid(), 4); finish(0x01); break;
        case 4: case 5: put(pid(), 4); finish(0x02); break;
        case 6: case 7: put(pid(), 4); put(rnd(256) << 8, 4); finish(0x03); break;
        case 8: put(pid(), 4); put(rnd(60000), 4); put(rnd(60000), 4); finish(0x04 + (int)rnd(2)); break;
        case 9: put(pid(), 4); finish(0x06); break;
        case 10: put(pid(), 4); memset(rec + 8, 0, 16); memcpy(rec + 8, "worker", 6); len += 16; finish(0x07); break;
        case 11: put(pid(), 4); put(pid(), 4); finish(0x08); break;
        case 12: put(pid(), 4); put((uint64_t)rnd(1u << 30) << 20, 8); finish(0x09); break;
        case 13: case 14: acct((uint32_t)(ns / 1000000000)); finish(0x0A); break;
        default: { /* site record: random bytes, bare cookies, or a whole little stream of its own */
            int size = (int)rnd(256), how = (int)rnd(3), site = 0x80 + (int)rnd(128);
            for (int k = 0; k < size; k++) rec[4 + k] = (unsigned char)rnd(256);
            if (how == 1) for (int k = 0; k + 2 <= size; k += 16) num(rec + 4 + k, 0x2B91, 2);
            if (how == 2) for (int k = 0; k + 12 <= size; k += 12) {
                num(rec + 4 + k, 0x2B91, 2); rec[6 + k] = 0x01; rec[7 + k] = 8;
                num(rec + 8 + k, pid(), 4); num(rec + 12 + k, pid(), 4);
            }
            len = size; finish(site);
        } }
    }
    return fclose(out) | fclose(truth);
}
