/* Where records begin: a compiled search of every offset of some bytes, by gates and by a program of the rules, or by the cookie
 * of their headers.
 *
 * Plain C without Python's headers, called through ctypes (kernel.py), which lets go of the interpreter's lock meanwhile. Who calls
 * it answers for the bounds: every gate and every field lies inside a record, and so many bytes stand behind the last offset.
 * program.py writes the programs; what each instruction does is what numpy and Python do of the same numbers. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("avx2", "default"))) /* the same loops for processors with longer registers */
#else
#define WIDE
#endif

enum { BLOCK = 256, LANES = 256, DEPTH = 32, LOADED = 32 };

/* The byte at `offset` of a record is from `low` to `low + span`, or where `table` is not negative 1 in the table there. */
typedef struct {
    int64_t offset, low, span, table;
} gate;

/* One instruction: what it does, and its operands. program.py has the same numbers. */
typedef struct {
    int64_t op, a, b, c;
} step;

enum {
    HOLDS, NUMBER, LITTLE, LITTLE_SIGNED, BIG, BIG_SIGNED, LITTLE_SINGLE, BIG_SINGLE, BYTE, PADDED, CLEAN, AGAIN, WORD, FLOOR,
    ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, LEFT, RIGHT, EQ, NE, LT, LE, GT, GE,
    REAL_EQ, REAL_NE, REAL_LT, REAL_LE, REAL_GT, REAL_GE
};

/* Of which of `room` offsets, at most BLOCK, every gate passes, a byte each of BLOCK; whether of any. */
WIDE static int passed(const uint8_t *octets, int64_t room, const gate *gates, int64_t count, const uint8_t *tables,
                       uint8_t *restrict out)
{
    memset(out, 0, BLOCK);
    memset(out, 1, (size_t)room);
    for (const gate *now = gates; now < gates + count; now++) {
        const uint8_t *at = octets + now->offset, *passing = tables + now->table;
        const uint8_t low = (uint8_t)now->low, span = (uint8_t)now->span;
        uint8_t any = 0;
        if (now->table < 0)
            for (int64_t i = 0; i < room; i++)
                any |= out[i] &= (uint8_t)(at[i] - low) <= span;
        else
            for (int64_t i = 0; i < room; i++)
                any |= out[i] &= passing[at[i]];
        if (!any)
            return 0;
    }
    return 1;
}

static uint64_t number_at(const uint8_t *at, int64_t width, int big)
{
    uint64_t value = 0;
    switch (width) { /* the usual widths by themselves: one load each */
    case 1: return at[0];
    case 2: return big ? (uint64_t)at[0] << 8 | at[1] : (uint64_t)at[1] << 8 | at[0];
    case 4:
        return big ? (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3]
                   : (uint64_t)at[3] << 24 | (uint64_t)at[2] << 16 | (uint64_t)at[1] << 8 | at[0];
    }
    for (int64_t i = 0; i < width; i++)
        value |= (uint64_t)at[big ? width - 1 - i : i] << 8 * i;
    return value;
}

static int64_t signed_of(uint64_t value, int64_t width)
{
    return (int64_t)(value << (64 - 8 * width)) >> (64 - 8 * width);
}

/* What is too large for a signed number is only compared with small ones, of which the largest says the same. */
static int64_t clamped(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static uint64_t eight_at(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) /* one load, where the lowest byte comes first */
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* Whether something other than a NUL follows one in a string. */
static int rises(const uint8_t *at, int64_t width)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    uint64_t any = 0, ended = 0; /* the highest bit of each byte tells */
    for (; width >= 8; width -= 8, at += 8) {
        const uint64_t eight = eight_at(at), held = ((eight & low) + low) | eight;
        any |= (~held << 8 | ended) & held & ~low;
        ended = (~held & ~low) >> 56;
    }
    for (; width; width--, at++) {
        any |= *at ? ended : 0;
        ended = *at ? 0 : 0x80;
    }
    return any != 0;
}

static int holds_one(const uint8_t *at, int64_t width, const uint8_t *wrong)
{
    for (int64_t i = 0; i < width; i++)
        if (wrong[at[i]])
            return 1;
    return 0;
}

static int64_t floor_div(int64_t left, int64_t right)
{
    return left / right - (left % right < 0);
}

static double real_of(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static int64_t widened(uint32_t narrow)
{
    float value;
    memcpy(&value, &narrow, sizeof value);
    return bits_of(value);
}

#define FILL(value)                                                                                                                \
    for (int64_t i = 0; i < count; i++)                                                                                            \
        top[i] = (int64_t)(value)
#define EACH(value)                                                                                                                \
    FILL(value);                                                                                                                   \
    break
#define PUSH(value)                                                                                                                \
    top += LANES;                                                                                                                  \
    EACH(value)
/* What AGAIN has of it later is kept, where `c` is not negative. */
#define LOAD(value)                                                                                                                \
    top += LANES;                                                                                                                  \
    FILL(value);                                                                                                                   \
    if (at->c >= 0)                                                                                                                \
        memcpy(loaded + at->c * LANES, top, (size_t)count * sizeof *top);                                                          \
    break
#define BINARY(value)                                                                                                              \
    if (at->b) {                                                                                                                   \
        const int64_t right = at->a;                                                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            const int64_t left = top[i];                                                                                           \
            top[i] = (int64_t)(value);                                                                                             \
        }                                                                                                                          \
    } else {                                                                                                                       \
        top -= LANES;                                                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                                                      \
            const int64_t left = top[i], right = top[LANES + i];                                                                   \
            top[i] = (int64_t)(value);                                                                                             \
        }                                                                                                                          \
    }                                                                                                                              \
    break
#define REAL(operator) BINARY(real_of(left) operator real_of(right))

/* Which of up to LANES records keep every rule of a program, 1 or 0 each in `good`: every instruction is done for all of them
 * before the next. What an instruction has two operands of is the top of the stack and what stands below it, or, where `b` is 1, the
 * constant `a` and the top. Where `early`, rules are no longer asked once every record has broken one. */
WIDE static void judge(const uint8_t *const *records, int64_t count, const step *code, int64_t steps, const uint8_t *tables,
                       int early, int64_t *restrict good)
{
    int64_t stack[DEPTH * LANES], loaded[LOADED * LANES], *top = stack - LANES;
    for (int64_t i = 0; i < count; i++)
        good[i] = 1;
    for (const step *at = code; at < code + steps; at++) {
        const int64_t where = at->a, width = at->b;
        const uint8_t *table = tables + at->c;
        switch (at->op) {
        case HOLDS: {
            int64_t any = 0;
            for (int64_t i = 0; i < count; i++)
                any |= good[i] &= top[i] != 0;
            if (early && !any)
                return;
            top -= LANES;
            break;
        }
        case NUMBER: PUSH(where);
        case LITTLE:
            switch (width) { /* the usual widths by themselves: one load each */
            case 1: LOAD(records[i][where]);
            case 2: LOAD(number_at(records[i] + where, 2, 0));
            case 4: LOAD(number_at(records[i] + where, 4, 0));
            default: LOAD(clamped(number_at(records[i] + where, width, 0)));
            }
            break;
        case BIG:
            switch (width) {
            case 1: LOAD(records[i][where]);
            case 2: LOAD(number_at(records[i] + where, 2, 1));
            case 4: LOAD(number_at(records[i] + where, 4, 1));
            default: LOAD(clamped(number_at(records[i] + where, width, 1)));
            }
            break;
        case LITTLE_SIGNED: LOAD(signed_of(number_at(records[i] + where, width, 0), width));
        case BIG_SIGNED: LOAD(signed_of(number_at(records[i] + where, width, 1), width));
        case LITTLE_SINGLE: LOAD(widened((uint32_t)number_at(records[i] + where, 4, 0)));
        case BIG_SINGLE: LOAD(widened((uint32_t)number_at(records[i] + where, 4, 1)));
        case BYTE: PUSH(table[records[i][where]]);
        case PADDED: PUSH(good[i] && !rises(records[i] + where, width)); /* of a record that is out it is of no use */
        case CLEAN: PUSH(good[i] && !holds_one(records[i] + where, width, table));
        case AGAIN: PUSH(loaded[where * LANES + i]);
        case WORD: PUSH(!memcmp(records[i] + where, table, (size_t)width));
        case FLOOR: EACH(bits_of(floor(real_of(top[i]))));
        case ADD: BINARY(left + right);
        case SUB: BINARY(left - right);
        case MUL: BINARY(left * right);
        case DIV: BINARY(floor_div(left, right));
        case MOD: BINARY(left - floor_div(left, right) * right);
        case AND: BINARY(left & right);
        case OR: BINARY(left | right);
        case XOR: BINARY(left ^ right);
        case LEFT: BINARY((uint64_t)left << right);
        case RIGHT: BINARY(left >> right);
        case EQ: BINARY(left == right);
        case NE: BINARY(left != right);
        case LT: BINARY(left < right);
        case LE: BINARY(left <= right);
        case GT: BINARY(left > right);
        case GE: BINARY(left >= right);
        case REAL_EQ: REAL(==);
        case REAL_NE: REAL(!=);
        case REAL_LT: REAL(<);
        case REAL_LE: REAL(<=);
        case REAL_GT: REAL(>);
        case REAL_GE: REAL(>=);
        }
    }
}

/* 64 bytes, 1 or 0 each, as bits, the first one lowest. */
static uint64_t bits(const uint8_t *at)
{
    uint64_t out = 0;
    for (int i = 0; i < 8; i++)
        out |= (eight_at(at + 8 * i) * 0x0102040810204080u >> 56) << 8 * i;
    return out;
}

static int lowest(uint64_t some)
{
#ifdef __GNUC__
    return __builtin_ctzll(some);
#else
    int at = 0;
    while (!(some >> at & 1))
        at++;
    return at;
#endif
}

static int all_nul(const uint8_t *at, int64_t count)
{
    return !*at && !memcmp(at, at + 1, (size_t)count - 1);
}

/* Write the offsets of those of some records that keep every rule; return how many. */
static int64_t settled(const uint8_t *octets, const uint8_t *const *records, int64_t count, const step *code, int64_t steps,
                       const uint8_t *tables, int64_t *out)
{
    int64_t good[LANES], found = 0;
    judge(records, count, code, steps, tables, 1, good);
    for (int64_t i = 0; i < count; i++)
        if (good[i])
            out[found++] = records[i] - octets;
    return found;
}

/* Write the offsets, of the first `count`, of records of `size` bytes at which every gate passes and every rule holds, in order;
 * return how many. None is there where a record is all NUL bytes if these, `nul`, are none. */
int64_t acctrecover_search(const uint8_t *octets, int64_t count, int64_t size, int64_t nul, const gate *gates, int64_t gated,
                           const step *code, int64_t steps, const uint8_t *tables, int64_t *out)
{
    uint8_t block[BLOCK];
    const uint8_t *waiting[LANES];
    int64_t found = 0, waits = 0;
    for (int64_t low = 0; low < count; low += BLOCK) {
        const int64_t room = count - low < BLOCK ? count - low : BLOCK;
        if (!nul && all_nul(octets + low, room + size - 1))
            continue;
        if (!passed(octets + low, room, gates, gated, tables, block))
            continue;
        for (int64_t i = 0; i < room; i += 64) {
            for (uint64_t some = bits(block + i); some; some &= some - 1) {
                waiting[waits++] = octets + low + i + lowest(some);
                if (waits == LANES) {
                    found += settled(octets, waiting, waits, code, steps, tables, out + found);
                    waits = 0;
                }
            }
        }
    }
    return waits ? found + settled(octets, waiting, waits, code, steps, tables, out + found) : found;
}

/* How many of the first `count` records of `size` bytes, one right behind another, keep every rule before one does not. */
int64_t acctrecover_leading(const uint8_t *octets, int64_t count, int64_t size, const step *code, int64_t steps,
                            const uint8_t *tables)
{
    const uint8_t *records[LANES];
    int64_t good[LANES];
    for (int64_t number = 0; number < count; number += LANES) {
        const int64_t room = count - number < LANES ? count - number : LANES;
        for (int64_t i = 0; i < room; i++)
            records[i] = octets + (number + i) * size;
        judge(records, room, code, steps, tables, 0, good);
        for (int64_t i = 0; i < room; i++)
            if (!good[i])
                return number + i;
    }
    return count;
}

/* Write the offsets, of the first `count`, at which `width` bytes stand that begin a header and the bytes at `kind` and `room` behind
 * it announce a record, whose size stands in `sizes` by kind << 8 | room, else -1; that size, and the two bytes. Return how many. */
int64_t acctrecover_heads(const uint8_t *octets, int64_t count, const uint8_t *opening, int64_t width, int64_t kind, int64_t room,
                          const int64_t *sizes, int64_t *starts, int64_t *found_sizes, uint16_t *keys)
{
    const int64_t next = width > 1; /* the second byte is looked for with the first */
    int64_t found = 0;
    for (int64_t low = 0; low < count; low += BLOCK) {
        uint8_t block[BLOCK] = {0};
        const int64_t room_left = count - low < BLOCK ? count - low : BLOCK;
        const uint8_t *at = octets + low;
        for (int64_t i = 0; i < room_left; i++)
            block[i] = (at[i] == opening[0]) & (at[i + next] == opening[next]);
        for (int64_t i = 0; i < room_left; i += 64) {
            for (uint64_t some = bits(block + i); some; some &= some - 1) {
                const uint8_t *header = at + i + lowest(some);
                const uint16_t key = (uint16_t)(header[kind] << 8 | header[room]);
                if (sizes[key] >= 0 && (width < 3 || !memcmp(header, opening, (size_t)width))) {
                    starts[found] = header - octets;
                    found_sizes[found] = sizes[key];
                    keys[found++] = key;
                }
            }
        }
    }
    return found;
}
