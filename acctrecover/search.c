/* What takes longest, compiled. Where records begin, of every offset of some bytes, by gates and by a program of the rules, or by
 * the cookie of their headers; which of these follow each other, and what they tell; and for rows of text which values are the
 * same, and the lines laid of their pieces.
 *
 * Plain C without Python's headers, called through ctypes (kernel.py), which lets go of the interpreter's lock meanwhile. Who calls
 * it answers for the bounds: every gate and every field lies inside a record, and so many bytes stand behind the last offset.
 * program.py writes the programs; what each instruction does is what numpy and Python do of the same numbers. */

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* Of which of `room` offsets, at most BLOCK, one gate passes and, but for the first one that is asked, it was so before: a byte each
 * of BLOCK; whether of any. */
WIDE static int passed_one(const uint8_t *octets, int64_t room, const gate *now, const uint8_t *tables, int first,
                           uint8_t *restrict out)
{
    const uint8_t *at = octets + now->offset, *passing = tables + now->table;
    const uint8_t low = (uint8_t)now->low, span = (uint8_t)now->span;
    uint8_t any = 0;
    if (first)
        memset(out, 1, BLOCK);
    if (now->table >= 0)
        for (int64_t i = 0; i < room; i++)
            any |= out[i] &= passing[at[i]];
    else if (room == BLOCK)
        for (int64_t i = 0; i < BLOCK; i++)
            any |= out[i] &= (uint8_t)(at[i] - low) <= span;
    else
        for (int64_t i = 0; i < room; i++)
            any |= out[i] &= (uint8_t)(at[i] - low) <= span;
    return any;
}

/* Of which of them every gate passes. The one that `turn` names is asked first: what told there that nothing is, will likely tell it
 * of what stands behind. */
static int passed(const uint8_t *octets, int64_t room, const gate *gates, int64_t count, const uint8_t *tables, int64_t *turn,
                  uint8_t *restrict out)
{
    if (!count)
        memset(out, 1, BLOCK);
    else if (!passed_one(octets, room, gates + *turn, tables, 1, out))
        return 0;
    for (int64_t i = 0; i < count; i++)
        if (i != *turn && !passed_one(octets, room, gates + i, tables, 0, out)) {
            *turn = i;
            return 0;
        }
    memset(out + room, 0, (size_t)(BLOCK - room));
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
 * return how many. `passing` are the tables of the gates. None is there where a record is all NUL bytes if these, `nul`, are none. */
int64_t acctrecover_search(const uint8_t *octets, int64_t count, int64_t size, int64_t nul, const gate *gates, int64_t gated,
                           const uint8_t *passing, const step *code, int64_t steps, const uint8_t *tables, int64_t *out)
{
    uint8_t block[BLOCK];
    const uint8_t *waiting[LANES];
    int64_t found = 0, waits = 0, turn = 0;
    for (int64_t low = 0; low < count; low += BLOCK) {
        const int64_t room = count - low < BLOCK ? count - low : BLOCK;
        if (!nul && all_nul(octets + low, room + size - 1))
            continue;
        if (!passed(octets + low, room, gates, gated, passing, &turn, block))
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

/* What acctrecover_search is told of one layout, `gates` and what stands behind them as addresses; of how many bytes at its end none
 * need be there, and `near` where a record is of no use but beside another one of its layout. */
typedef struct {
    int64_t size, peek, near, nul, gates, gated, passing, code, steps, tables;
} sought;

/* Offsets that are searched at once, and the largest record that is looked for beside another one. */
enum { CHUNK = 1 << 18, NEAREST = 1 << 12, WORDS = (CHUNK + NEAREST) / 64 + 2 };

/* The 64 of some bits from one on; those behind the last of `count` are 1. */
static uint64_t from_bit(const uint64_t *words, int64_t at, int64_t count)
{
    if (at >= count)
        return ~(uint64_t)0;
    const int64_t by = at & 63, left = count - at;
    const uint64_t low = words[at >> 6] >> by, high = by && left > 64 - by ? words[(at >> 6) + 1] << (64 - by) : 0;
    return left >= 64 ? low | high : (low | high) | ~(uint64_t)0 << left;
}

/* At which of the first `count` offsets, at most CHUNK, and as many behind them as a record is long, every gate passes: a bit each.
 * `blank` tells how many NUL bytes stand from each BLOCK on, of those there. Return of how many offsets that is. */
static int64_t gated_bits(const uint8_t *octets, int64_t count, int64_t all, const sought *one, const int64_t *blank,
                          uint64_t *words)
{
    uint8_t block[BLOCK];
    const int64_t last = all + one->peek - one->size + 1, some = one->near && count + one->size < last ? count + one->size : last;
    const int64_t end = one->near || some < count ? some : count;
    int64_t turn = 0;
    for (int64_t low = 0; low < end; low += BLOCK) {
        const int64_t room = end - low < BLOCK ? end - low : BLOCK;
        uint64_t *const into = words + low / 64;
        if ((!one->nul && blank[low / BLOCK] >= room + one->size - 1) ||
            !passed(octets + low, room, (const gate *)(intptr_t)one->gates, one->gated, (const uint8_t *)(intptr_t)one->passing, &turn,
                    block))
            memset(into, 0, BLOCK / 8);
        else
            for (int64_t i = 0; i < BLOCK; i += 64)
                into[i / 64] = bits(block + i);
    }
    return end;
}

/* Where records of some layouts begin, of the first `count` offsets, at most CHUNK, of `all` bytes, behind which NUL bytes stand that
 * none is long enough to reach over: the offsets of each of the `kinds` behind those of the one before, and in `counts` how many. */
void acctrecover_sight(const uint8_t *octets, int64_t count, int64_t all, const sought *some, int64_t kinds, int64_t *out,
                       int64_t *counts)
{
    uint64_t words[WORDS];
    int64_t blank[(CHUNK + NEAREST) / BLOCK + 2];
    for (int64_t low = (count + NEAREST) / BLOCK * BLOCK, nul = 0; low >= 0; low -= BLOCK) {
        const int64_t room = all - low < BLOCK ? all - low : BLOCK;
        nul = room <= 0 ? 0 : all_nul(octets + low, room) ? nul + room : 0;
        blank[low / BLOCK] = nul;
    }
    for (const sought *one = some; one < some + kinds; one++) {
        const step *code = (const step *)(intptr_t)one->code;
        const uint8_t *tables = (const uint8_t *)(intptr_t)one->tables, *waiting[LANES];
        int64_t found = 0, waits = 0;
        const int64_t known = gated_bits(octets, count, all, one, blank, words), end = known < count ? known : count;
        for (int64_t low = 0; low < end; low += 64) {
            uint64_t here = words[low / 64] & (end - low < 64 ? ~(~(uint64_t)0 << (end - low)) : ~(uint64_t)0);
            if (here && one->near) {
                const int64_t before = low - one->size;
                const uint64_t behind = from_bit(words, low + one->size, known);
                here &= behind | (before >= 0       ? from_bit(words, before, known)
                                  : before <= -64 ? ~(uint64_t)0
                                                  : words[0] << -before | ~(~(uint64_t)0 << -before));
            }
            for (; here; here &= here - 1) {
                waiting[waits++] = octets + low + lowest(here);
                if (waits == LANES) {
                    found += settled(octets, waiting, waits, code, one->steps, tables, out + found);
                    waits = 0;
                }
            }
        }
        found += waits ? settled(octets, waiting, waits, code, one->steps, tables, out + found) : 0;
        counts[one - some] = found;
        out += found;
    }
}

static int passes(const gate *one, const uint8_t *record, const uint8_t *tables)
{
    const uint8_t value = record[one->offset];
    return one->table < 0 ? (uint8_t)(value - (uint8_t)one->low) <= (uint8_t)one->span : tables[one->table + value];
}

/* Of which of the `kinds` a whole record begins some bytes, and ends them: 1 or 0 each, two of every one. */
void acctrecover_edges(const uint8_t *octets, int64_t all, const sought *some, int64_t kinds, uint8_t *out)
{
    for (const sought *one = some; one < some + kinds; one++)
        for (int last = 0; last < 2; last++, out++) {
            const uint8_t *const record = last ? octets + (all - one->size) : octets;
            int64_t good[LANES] = {0}, i = 0;
            const gate *const gates = (const gate *)(intptr_t)one->gates;
            if (one->size <= all)
                while (i < one->gated && passes(gates + i, record, (const uint8_t *)(intptr_t)one->passing))
                    i++;
            if (one->size <= all && i == one->gated)
                judge(&record, 1, (const step *)(intptr_t)one->code, one->steps, (const uint8_t *)(intptr_t)one->tables, 1, good);
            *out = good[0] != 0;
        }
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

/* What headers of a cookie, a byte of type and one of length announce, as pairs.py has it: where the `opening` bytes stand, how many
 * they are; where in a header type and length stand; and where the `sizes` of records do, by type << 8 | length, -1 for none. */
typedef struct {
    int64_t opening, width, kind, room, sizes;
} pairs;

/* At which of up to 64 offsets the bytes stand that begin a header, the first two of them at least, as bits. */
static inline uint64_t opened(const uint8_t *at, int64_t room, const uint8_t *opening, int64_t next)
{
#ifdef __SSE2__
    if (room >= 64) {
        const __m128i one = _mm_set1_epi8((char)opening[0]), other = _mm_set1_epi8((char)opening[next]);
        uint64_t out = 0;
        for (int i = 0; i < 64; i += 16) {
            const __m128i here = _mm_loadu_si128((const __m128i *)(at + i)), behind = _mm_loadu_si128((const __m128i *)(at + i + next));
            const __m128i both = _mm_and_si128(_mm_cmpeq_epi8(here, one), _mm_cmpeq_epi8(behind, other));
            out |= (uint64_t)_mm_movemask_epi8(both) << i;
        }
        return out;
    }
#endif
    uint8_t block[64] = {0};
    for (int64_t i = 0; i < (room < 64 ? room : 64); i++)
        block[i] = (at[i] == opening[0]) & (at[i + next] == opening[next]);
    return bits(block);
}

/* The type and length in a header. */
static inline uint16_t key_of(const uint8_t *header, const pairs *told)
{
    return (uint16_t)(header[told->kind] << 8 | header[told->room]);
}

/* The bytes of the record that a header of them announces, -1 where it is none. */
static inline int64_t announced(const uint8_t *header, const pairs *told, uint16_t key)
{
    if (told->width > 2 && memcmp(header, (const uint8_t *)(intptr_t)told->opening, (size_t)told->width))
        return -1;
    return ((const int32_t *)(intptr_t)told->sizes)[key];
}

/* Write the offsets, of the first `count`, at which a header announces a record; its size, and its type and length. Return how many. */
WIDE int64_t acctrecover_heads(const uint8_t *octets, int64_t count, const pairs *told, int64_t *starts, int64_t *sizes,
                               uint16_t *keys)
{
    const uint8_t *opening = (const uint8_t *)(intptr_t)told->opening;
    int64_t found = 0;
    for (int64_t low = 0; low < count; low += 64)
        for (uint64_t some = opened(octets + low, count - low, opening, told->width > 1); some; some &= some - 1) {
            const int64_t at = low + lowest(some);
            keys[found] = key_of(octets + at, told);
            sizes[found] = announced(octets + at, told, keys[found]);
            starts[found] = at;
            found += sizes[found] >= 0;
        }
    return found;
}

/* Where the record behind a `stop` must start: there, or behind the NUL bytes, fewer than a header's, before a multiple of `fill`. */
static inline int64_t landing(const uint8_t *octets, int64_t size, int64_t base, int64_t head, int64_t fill, int64_t stop)
{
    if (!fill)
        return stop;
    const int64_t at = base + stop, over = fill & (fill - 1) ? at % fill : at & (fill - 1), room = over ? fill - over : 0;
    if (room >= head || room > size - stop)
        return stop;
    for (int64_t i = 0; i < room; i++)
        if (octets[stop + i])
            return stop;
    return stop + room;
}

/* A walk over the records that are whole in some bytes, which stand at `base`: each is one that the one before leads to, or another. */
typedef struct {
    const uint8_t *octets;
    int64_t size, base, head, fill;
    pairs told;
    int64_t low, next; /* the next 64 offsets; where the next one that is followed must start, -1 where none is left */
    uint64_t some;     /* of those before, the ones at which a header may begin */
    int64_t at, length, lands;
    uint16_t key;
} cursor;

enum { OVER, LED_TO, OTHER };

static inline int onward(cursor *walk)
{
    for (;;) {
        while (!walk->some) {
            const int64_t room = walk->size - walk->head + 1 - walk->low;
            if (room <= 0)
                return OVER;
            walk->some = opened(walk->octets + walk->low, room, (const uint8_t *)(intptr_t)walk->told.opening, walk->told.width > 1);
            walk->low += 64;
        }
        walk->at = walk->low - 64 + lowest(walk->some);
        walk->some &= walk->some - 1;
        walk->key = key_of(walk->octets + walk->at, &walk->told);
        walk->length = announced(walk->octets + walk->at, &walk->told, walk->key);
        if (walk->length < 0 || walk->length > walk->size - walk->at)
            continue;
        const int on = walk->at == walk->next;
        if (!on && walk->at > walk->next)
            walk->next = -1;
        walk->lands = landing(walk->octets, walk->size, walk->base, walk->head, walk->fill, walk->at + walk->length);
        if (on)
            walk->next = walk->lands;
        return on ? LED_TO : OTHER;
    }
}

/* Where each of some records starts, its size, where the one behind it must start, its type and length. */
typedef struct {
    int64_t *starts, *sizes, *landings;
    uint16_t *keys;
} noted;

static inline void note(const noted *into, int64_t index, const cursor *walk)
{
    into->starts[index] = walk->at;
    into->sizes[index] = walk->length;
    into->landings[index] = walk->lands;
    into->keys[index] = walk->key;
}

/* Follow the records that the one at `start` leads to, and note them, and all others behind it with the last one before each by its
 * index in `owners`. Return how many there are of each in `counts`; 0 where the arrays, of `room`, are too small, else 1. */
WIDE int64_t acctrecover_follow(const uint8_t *octets, int64_t start, int64_t size, int64_t base, int64_t head, int64_t fill,
                                const pairs *told, int64_t room, const noted *followed, const noted *others, int64_t *owners,
                                int64_t *counts)
{
    cursor walk = {octets, size, base, head, fill, *told, start, start, 0, 0, 0, 0, 0};
    const noted a = *followed, b = *others;
    int64_t found = 0, aside = 0;
    for (int what; (what = onward(&walk)) != OVER && (found || what == LED_TO);) {
        if (found == room || aside == room)
            return 0;
        if (what == LED_TO)
            note(&a, found++, &walk);
        else {
            owners[aside] = found - 1;
            note(&b, aside++, &walk);
        }
    }
    counts[0] = found;
    counts[1] = aside;
    return 1;
}

/* Follow them without a note of each: their number, and where the one behind the last must start, in `counts`; where the last ones
 * start in `ring`, by their number & `mask`. Noted are only, in order, those that take others in which lead to where they land,
 * by their index in `takers`; all that begins inside these; and what begins behind before so many `more` are followed. The numbers of
 * takers and of what is noted are in `counts`, too. Return 0 where the arrays, of `room`, are too small, else 1. */
WIDE int64_t acctrecover_run(const uint8_t *octets, int64_t start, int64_t size, int64_t base, int64_t head, int64_t fill,
                             const pairs *told, int64_t room, const noted *into, int64_t *takers, int64_t more, int64_t *ring,
                             int64_t mask, int64_t *counts)
{
    cursor walk = {octets, size, base, head, fill, *told, start, start, 0, 0, 0, 0, 0};
    const noted out = *into;
    int64_t followed = 0, at = 0, kept = 0, took = 0, last = -1, ahead = start, near = 0;
    for (int what; (what = onward(&walk)) != OVER && (followed || what == LED_TO);) {
        if (at == room)
            return 0;
        if (what == LED_TO) {
            if (near && --near == 0)
                kept = at;
            else if (!near)
                at = kept; /* what was noted since is of no use */
            ring[followed++ & mask] = walk.at;
            ahead = walk.lands;
            last = at;
        } else if (walk.next >= 0 && walk.lands == walk.next && (!took || takers[took - 1] != last)) {
            takers[took++] = last;
            near = more + 1;
        } else if (walk.next < 0 && !near)
            break;
        note(&out, at++, &walk);
    }
    counts[0] = followed;
    counts[1] = ahead;
    counts[2] = took;
    counts[3] = near ? at : kept;
    return 1;
}

/* Which of some records, that begin at `starts`, keep every rule: 1 or 0 each in `out`. */
void acctrecover_kept(const uint8_t *octets, const int64_t *starts, int64_t count, const step *code, int64_t steps,
                      const uint8_t *tables, uint8_t *out)
{
    const uint8_t *some[LANES];
    int64_t good[LANES];
    for (int64_t number = 0; number < count; number += LANES) {
        const int64_t room = count - number < LANES ? count - number : LANES;
        for (int64_t i = 0; i < room; i++)
            some[i] = octets + starts[number + i];
        judge(some, room, code, steps, tables, 0, good);
        for (int64_t i = 0; i < room; i++)
            out[number + i] = good[i] != 0;
    }
}

/* The rules of a payload: where a program, and the tables that it reads, stand. */
typedef struct {
    int64_t code, steps, tables;
} program;

/* Of each type and length of records there is the number of the program of its payload, the first one of which is that of no rules;
 * UNASKED where they are to be asked elsewhere. */
enum { UNASKED = -1, PROGRAMS = 32, TOGETHER = 128, WITHIN = 1024 };

/* Records of which a program is to be asked together. */
typedef struct {
    const uint8_t *payloads[TOGETHER];
    int64_t indices[TOGETHER], starts[TOGETHER], count;
} waiting;

/* Ask it, and write the index and the start of each that breaks a rule; return how many do. */
static int64_t asked(waiting *some, const program *rules, int64_t *wrong)
{
    int64_t good[TOGETHER], out = 0;
    if (!rules->steps) {
        some->count = 0;
        return 0;
    }
    judge(some->payloads, some->count, (const step *)(intptr_t)rules->code, rules->steps, (const uint8_t *)(intptr_t)rules->tables, 0,
          good);
    for (int64_t i = 0; i < some->count; i++)
        if (!good[i]) {
            wrong[2 * out] = some->indices[i];
            wrong[2 * out++ + 1] = some->starts[i];
        }
    some->count = 0;
    return out;
}

/* What begins inside a record, by where it starts and stops behind that record's start. */
typedef struct {
    uint16_t starts[WITHIN], stops[WITHIN], numbers[WITHIN + 1]; /* the numbers count from 1, by the start */
    int64_t count;
} carried;

/* How many of the records inside one follow each other. */
static int64_t linked(carried *within)
{
    int64_t out = 0;
    uint8_t in[WITHIN];
    if (!within->count)
        return 0;
    memset(in, 0, (size_t)within->count);
    for (int64_t i = 0; i < within->count; i++) {
        const int64_t behind = within->numbers[within->stops[i]];
        if (behind)
            in[i] = in[behind - 1] = 1;
    }
    for (int64_t i = 0; i < within->count; i++) {
        out += in[i];
        within->numbers[within->starts[i]] = 0;
    }
    within->count = 0;
    return out;
}

/* Records with a clock: where they start, their types and lengths, and the eight bytes from the clock on, NUL bytes behind the last. */
typedef struct {
    int64_t *starts;
    uint16_t *keys;
    uint64_t *octets;
} timed;

/* Follow them as far as they start before `last` and stop at `stop` or before, and tell what they hold: of each its type and length in
 * `keys`; those that have a clock, which stands so many bytes behind a record's start as `stamps` says of its type, less than 0 where
 * there is none; where those start of which `asks` has UNASKED, with their indices; in `wrong` the index and the start, in no order, of
 * those that break a rule of the programs that it has of others; and how many have each type and length in `times`, where that is to
 * be told. `counts` are: how many; where the one behind must start; how many have a clock, are unasked, wrong; how many carry records
 * that follow each other, how many these are, and where the first one starts that does. No record is longer than WITHIN. Return 0
 * where the arrays, of `room`, are too small, else 1. */
WIDE int64_t acctrecover_tally(const uint8_t *octets, int64_t start, int64_t size, int64_t base, int64_t head, int64_t fill,
                               const pairs *told, int64_t last, int64_t stop, const int16_t *asks, const program *programs,
                               const int16_t *stamps, int64_t room, uint16_t *keys, const timed *clocked, int64_t *unasked,
                               int64_t *indices, int64_t *wrong, uint32_t *times, int64_t *counts)
{
    const timed when = *clocked;
    cursor walk = {octets, size, base, head, fill, *told, start, start, 0, 0, 0, 0, 0};
    waiting some[PROGRAMS];
    carried within;
    int64_t followed = 0, ahead = start, clocks = 0, open = 0, bad = 0, carriers = 0, inside = 0, first = -1, now = 0, stops = 0;
    for (int i = 0; i < PROGRAMS; i++)
        some[i].count = 0;
    memset(&within, 0, sizeof within);
    for (int what; (what = onward(&walk)) != OVER && (followed || what == LED_TO);) {
        if (what == OTHER) {
            if (walk.at + walk.length <= stops) {
                within.starts[within.count] = (uint16_t)(walk.at - now);
                within.stops[within.count] = (uint16_t)(walk.at + walk.length - now);
                within.numbers[walk.at - now] = (uint16_t)++within.count;
            } else if (walk.next < 0)
                break;
            continue;
        }
        if (walk.at >= last || walk.at + walk.length > stop)
            break;
        if (followed == room)
            return 0;
        if (within.count) {
            const int64_t held = linked(&within);
            if (held && !carriers++)
                first = now;
            inside += held;
        }
        now = walk.at;
        stops = now + walk.length;
        ahead = walk.lands;
        keys[followed] = walk.key;
        if (times)
            times[walk.key]++;
        const int64_t stamp = stamps[walk.key >> 8], from = now + (stamp > 0 ? stamp : 0);
        when.starts[clocks] = now; /* without a branch, which none could foresee, as below */
        when.keys[clocks] = walk.key;
        when.octets[clocks] = 0;
        memcpy(&when.octets[clocks], octets + from, size - from < 8 ? (size_t)(size - from) : 8);
        clocks += stamp >= 0;
        const int16_t rules = asks[walk.key];
        if (rules == UNASKED) {
            indices[open] = followed;
            unasked[open++] = now;
        } else {
            waiting *const more = &some[rules];
            more->payloads[more->count] = octets + now + head;
            more->starts[more->count] = now;
            more->indices[more->count++] = followed;
            if (more->count == TOGETHER)
                bad += asked(more, &programs[rules], wrong + 2 * bad);
        }
        followed++;
    }
    const int64_t held = linked(&within);
    if (held && !carriers++)
        first = now;
    inside += held;
    for (int i = 0; i < PROGRAMS; i++)
        if (some[i].count)
            bad += asked(&some[i], &programs[i], wrong + 2 * bad);
    const int64_t all[] = {followed, ahead, clocks, open, bad, carriers, inside, first};
    memcpy(counts, all, sizeof all);
    return 1;
}

/* Byte strings that stand in lines: `octets`, `all` of them, have one every `width`, of which the first `sizes` are meant; which one a
 * row has is told by `codes`, or where there are none by `own`: 1 for the one with its number, 0 for the first. */
typedef struct {
    int64_t octets, all, width, sizes, codes, own;
} piece;

static inline int64_t code_of(const piece *part, int64_t row)
{
    return part->codes ? ((const int64_t *)(intptr_t)part->codes)[row] : part->own ? row : 0;
}

/* Write how many bytes the pieces of each of some rows take, where `rows` says. */
void acctrecover_measure(const piece *line, int64_t pieces, const int64_t *rows, int64_t count, int64_t *sizes)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t size = 0;
        for (const piece *part = line; part < line + pieces; part++)
            size += ((const int64_t *)(intptr_t)part->sizes)[code_of(part, i)];
        sizes[rows[i]] = size;
    }
}

/* Copy so many bytes: few as they are, two words that overlap do. */
static inline void copy(uint8_t *to, const uint8_t *from, int64_t size)
{
    if (size >= 8 && size <= 16) {
        uint64_t first, last;
        memcpy(&first, from, 8);
        memcpy(&last, from + size - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
    } else if (size >= 4 && size < 8) {
        uint32_t first, last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
    } else if (size < 4) {
        for (int64_t i = 0; i < size; i++)
            to[i] = from[i];
    } else
        memcpy(to, from, (size_t)size);
}

/* Lay the pieces of each of some rows side by side, from where `starts` says of the rows in `rows`, or where there are none one row
 * behind another; return where the last one ends. What stands behind a piece up to `spare` may be overwritten: it is laid later. */
int64_t acctrecover_lay(const piece *line, int64_t pieces, const int64_t *rows, int64_t count, const int64_t *starts, uint8_t *out,
                        int64_t spare)
{
    const uint8_t *const end = out + spare;
    uint8_t *at = out;
    for (int64_t i = 0; i < count; i++) {
        at = starts ? out + starts[rows[i]] : at;
        for (const piece *part = line; part < line + pieces; part++) {
            const int64_t code = code_of(part, i), size = ((const int64_t *)(intptr_t)part->sizes)[code];
            const uint8_t *const from = (const uint8_t *)(intptr_t)part->octets + code * part->width;
            if (size <= 16 && code * part->width + 16 <= part->all && end - at >= 16)
                memcpy(at, from, 16); /* a load and a store, which is faster than to ask how many */
            else
                copy(at, from, size);
            at += size;
        }
    }
    return at - out;
}

static inline uint64_t mixed(const uint8_t *value, int64_t width)
{
    uint64_t out = 0;
    for (; width >= 8; width -= 8, value += 8)
        out = (out ^ eight_at(value)) * 0x9E3779B97F4A7C15u, out ^= out >> 29;
    if (width)
        out = (out ^ number_at(value, width, 0)) * 0x9E3779B97F4A7C15u, out ^= out >> 29;
    return out * 0xC2B2AE3D27D4EB4Fu;
}

/* Which of some numbers are the same: as acctrecover_distinct, of values of up to 8 bytes. Those of one or two bytes have a seat each
 * where there are as many. */
static inline int64_t distinct_numbers(const uint8_t *values, int64_t count, int64_t stride, int64_t width, int64_t most,
                                       int64_t bits, int32_t *restrict seats, uint64_t *restrict kept, int64_t *restrict firsts,
                                       int64_t *restrict codes)
{
    const uint64_t last = ((uint64_t)1 << bits) - 1;
    const int own = width <= 2 && 8 * width <= bits;
    int64_t found = 0;
    memset(seats, 0xff, sizeof *seats << (own ? 8 * width : bits));
    for (int64_t i = 0; i < count; i++) {
        const uint64_t value = number_at(values + i * stride, width, 0);
        uint64_t at = own ? value : value * 0x9E3779B97F4A7C15u >> (64 - bits);
        while (!own && seats[at] >= 0 && kept[seats[at]] != value)
            at = (at + 1) & last;
        if (seats[at] < 0) {
            if (found == most)
                return -1;
            kept[found] = value;
            firsts[found] = i;
            seats[at] = (int32_t)found++;
        }
        codes[i] = seats[at];
    }
    return found;
}

/* Which of some values of `width` bytes, one every `stride`, are the same: in `codes` the number of each one's value, in `firsts` the
 * first that has it. There are 2**`bits` seats, more than values, and in `kept` there is room for `most`. Return how many differ, -1
 * where more than `most` do. */
int64_t acctrecover_distinct(const uint8_t *values, int64_t count, int64_t stride, int64_t width, int64_t most, int64_t bits,
                             int32_t *seats, uint64_t *kept, int64_t *firsts, int64_t *codes)
{
    switch (width) { /* the usual widths by themselves: one load each */
    case 1: return distinct_numbers(values, count, stride, 1, most, bits, seats, kept, firsts, codes);
    case 2: return distinct_numbers(values, count, stride, 2, most, bits, seats, kept, firsts, codes);
    case 4: return distinct_numbers(values, count, stride, 4, most, bits, seats, kept, firsts, codes);
    case 8: return distinct_numbers(values, count, stride, 8, most, bits, seats, kept, firsts, codes);
    }
    const uint64_t last = ((uint64_t)1 << bits) - 1;
    int64_t found = 0;
    memset(seats, 0xff, sizeof *seats << bits);
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *value = values + i * stride;
        uint64_t at = mixed(value, width) >> (64 - bits);
        while (seats[at] >= 0 && memcmp(values + firsts[seats[at]] * stride, value, (size_t)width))
            at = (at + 1) & last;
        if (seats[at] < 0) {
            if (found == most)
                return -1;
            firsts[found] = i;
            seats[at] = (int32_t)found++;
        }
        codes[i] = seats[at];
    }
    return found;
}
