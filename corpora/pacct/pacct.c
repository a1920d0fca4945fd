/*
 * An independent writer of process accounting files: it shares no code with acctrecover.
 *
 *     pacct FORMAT le|be RECORDS OUT TRUTH
 *
 * Each layout is the struct of its system's header, in its order and words, with the widths that its ABI gives the types; the compiler
 * lays it out and turns its byte order (gcc, scalar_storage_order). TRUTH gets a line `layout RECORD SIZE field=offset:size ...` and one
 * line of tab-separated values a record: numbers in decimal, names up to their NUL.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t comp_t;
/* i386 lays 64-bit numbers at multiples of 4, m68k 32-bit numbers at multiples of 2. */
typedef int64_t i386_int64 __attribute__((aligned(4)));
typedef uint64_t i386_uint64 __attribute__((aligned(4)));
typedef uint32_t m68k_uint32 __attribute__((aligned(2)));

/* A layout is a list of S(name, bytes) for a char array, N(type, name), and U(name) for a trailer as wide as 32 bits. */
#define ACCTV1(TIME) \
	S(ac_comm, 16) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(TIME, ac_btime) N(uint32_t, ac_uid) \
	N(uint32_t, ac_gid) N(uint16_t, ac_mem) N(comp_t, ac_io) N(uint32_t, ac_tty) N(uint8_t, ac_flag)
#define ACCTV2_HEAD(TIME) \
	N(uint8_t, ac_zero) N(uint8_t, ac_version) N(uint16_t, ac_len) S(ac_comm, 16) N(float, ac_utime) N(float, ac_stime) \
	N(float, ac_etime) N(TIME, ac_btime) N(uint32_t, ac_uid) N(uint32_t, ac_gid) N(float, ac_mem) N(float, ac_io)
#define ACCTV2(TIME) ACCTV2_HEAD(TIME) N(uint32_t, ac_tty) N(uint16_t, ac_len2) U(ac_flag)
#define ACCTV3(TIME, DEV) ACCTV2_HEAD(TIME) N(DEV, ac_tty) N(uint32_t, ac_pad0) N(uint16_t, ac_len2) U(ac_flag)
#define FREEBSD_V1_ILP32 ACCTV1(int32_t)
#define FREEBSD_V1_LP64 ACCTV1(int64_t)
#define FREEBSD_V2_ILP32 ACCTV2(int32_t)
#define FREEBSD_V2_LP64 ACCTV2(int64_t)
#define FREEBSD_V3_ILP32 ACCTV3(int32_t, i386_uint64)
#define FREEBSD_V3_LP64 ACCTV3(int64_t, uint64_t)
#define NETBSD_ACCT(TIME, DEV) \
	S(ac_comm, 16) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(TIME, ac_btime) N(uint32_t, ac_uid) \
	N(uint32_t, ac_gid) N(uint16_t, ac_mem) N(comp_t, ac_io) N(DEV, ac_tty) N(uint8_t, ac_flag)
#define NETBSD NETBSD_ACCT(int64_t, uint64_t)
#define NETBSD_I386 NETBSD_ACCT(i386_int64, i386_uint64)
#define OPENBSD_ACCT(COMM) \
	S(ac_comm, COMM) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(comp_t, ac_io) N(int64_t, ac_btime) \
	N(uint32_t, ac_uid) N(uint32_t, ac_gid) N(uint32_t, ac_mem) N(int32_t, ac_tty) N(int32_t, ac_pid) N(uint32_t, ac_flag)
#define OPENBSD OPENBSD_ACCT(24)
#define OPENBSD_56 OPENBSD_ACCT(16)
#define MACOS_ACCT(TIME) \
	S(ac_comm, 10) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(TIME, ac_btime) N(uint32_t, ac_uid) \
	N(uint32_t, ac_gid) N(uint16_t, ac_mem) N(comp_t, ac_io) N(int32_t, ac_tty) N(uint8_t, ac_flag)
#define MACOS_ILP32 MACOS_ACCT(int32_t)
#define MACOS_LP64 MACOS_ACCT(int64_t)
#define BSD \
	S(ac_comm, 10) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(int32_t, ac_btime) N(uint16_t, ac_uid) \
	N(uint16_t, ac_gid) N(uint16_t, ac_mem) N(comp_t, ac_io) N(uint16_t, ac_tty) N(uint8_t, ac_flag)
/* A PDP-11's long: the higher 16-bit word first. */
#define BSD_PDP11 \
	S(ac_comm, 10) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(uint16_t, ac_btime_high) \
	N(uint16_t, ac_btime_low) N(uint16_t, ac_uid) N(uint16_t, ac_gid) N(uint16_t, ac_mem) N(comp_t, ac_io) N(uint16_t, ac_tty) \
	N(uint8_t, ac_flag)
#define SYSV(ID) \
	N(uint8_t, ac_flag) N(uint8_t, ac_stat) N(ID, ac_uid) N(ID, ac_gid) N(ID, ac_tty) N(int32_t, ac_btime) N(comp_t, ac_utime) \
	N(comp_t, ac_stime) N(comp_t, ac_etime) N(comp_t, ac_mem) N(comp_t, ac_io) N(comp_t, ac_rw) S(ac_comm, 8)
#define SVR3 SYSV(uint16_t)
#define SVR4 SYSV(uint32_t)
#define HPUX SYSV(uint32_t)
#define AIX \
	N(uint8_t, ac_flag) N(uint8_t, ac_stat) N(uint8_t, ac_version) N(uint8_t, ac_len) N(uint32_t, ac_uid) N(uint32_t, ac_gid) \
	N(uint32_t, ac_tty) N(uint64_t, ac_tty64) N(uint64_t, ac_wlmkey) N(int64_t, ac_btime) N(comp_t, ac_utime) \
	N(comp_t, ac_stime) N(comp_t, ac_etime) N(comp_t, ac_mem) N(comp_t, ac_io) N(comp_t, ac_rw) S(ac_comm, 12) \
	N(uint64_t, ac_ctime) S(reserved, 24)
#define ACCT_V0_M68K \
	N(uint8_t, ac_flag) N(uint16_t, ac_uid16) N(uint16_t, ac_gid16) N(uint16_t, ac_tty) N(m68k_uint32, ac_btime) \
	N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime) N(comp_t, ac_mem) N(comp_t, ac_io) N(comp_t, ac_rw) \
	N(comp_t, ac_minflt) N(comp_t, ac_majflt) N(comp_t, ac_swaps) N(m68k_uint32, ac_exitcode) S(ac_comm, 17) S(ac_pad, 10)

/* One exited process, its values as the struct's fields want them. */
static struct {
	char ac_comm[32], ac_pad[32], reserved[32];
	int64_t ac_zero, ac_version, ac_len, ac_len2, ac_pad0, ac_utime, ac_stime, ac_etime, ac_btime, ac_btime_high, ac_btime_low, ac_uid, ac_gid,
	    ac_uid16, ac_gid16, ac_mem, ac_io, ac_rw, ac_tty, ac_tty64, ac_wlmkey, ac_ctime, ac_pid, ac_stat, ac_flag, ac_minflt, ac_majflt,
	    ac_swaps, ac_exitcode;
} p;

static uint64_t state = 1;

static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

/* Small numbers as likely as large ones on a scale of powers of two. */
static uint64_t ragged(int bits)
{
	return chance(1u << 30) >> (30 - chance(bits + 1));
}

static uint16_t encode_comp_t(uint64_t value)
{
	int exponent = 0, rounds = 0;

	for (; value > 8191; value >>= 3, exponent++)
		rounds = value >> 2 & 1;
	value += rounds;
	if (value > 8191) {
		value >>= 3;
		exponent++;
	}
	return exponent << 13 | value;
}

#define LE __attribute__((scalar_storage_order("little-endian")))
#define BE __attribute__((scalar_storage_order("big-endian")))
#define S(name, bytes) char name[bytes];
#define N(type, name) type name;
#define U(name) union { uint32_t ac_align; uint8_t name; };
#define DECLARE(fields, name) struct LE name##_le { fields }; struct BE name##_be { fields };
#define EACH(DO) \
	DO(FREEBSD_V1_ILP32, freebsd_v1_ilp32) DO(FREEBSD_V1_LP64, freebsd_v1_lp64) DO(FREEBSD_V2_ILP32, freebsd_v2_ilp32) \
	DO(FREEBSD_V2_LP64, freebsd_v2_lp64) DO(FREEBSD_V3_ILP32, freebsd_v3_ilp32) DO(FREEBSD_V3_LP64, freebsd_v3_lp64) \
	DO(NETBSD, netbsd) DO(NETBSD_I386, netbsd_i386) DO(OPENBSD, openbsd) DO(OPENBSD_56, openbsd_56) \
	DO(MACOS_ILP32, macos_ilp32) DO(MACOS_LP64, macos_lp64) DO(BSD, bsd) DO(SVR3, svr3) DO(SVR4, svr4) DO(HPUX, hpux) DO(AIX, aix) \
	DO(ACCT_V0_M68K, acct_v0_m68k) DO(BSD_PDP11, bsd_pdp11)
EACH(DECLARE)
#undef S
#undef N
#undef U

/* The layout's line of TRUTH. */
#define S(name, bytes) fprintf(truth, "\t" #name "=%zu:%zu", offsetof(record, name), sizeof r.name);
#define N(type, name) S(name, 0)
#define U(name) S(name, 0)
#define TELL(fields, name) \
	static void tell_##name(FILE *truth) \
	{ \
		typedef struct name##_le record; \
		record r; \
		fprintf(truth, "layout\tacct\t%zu", sizeof r); \
		fields fputc('\n', truth); \
	}
EACH(TELL)
#undef S
#undef N
#undef U

/* One record and its line. Its padding holds garbage where a kernel builds the record on its stack. */
#define S(name, bytes) \
	memcpy(r.name, p.name, bytes); \
	fprintf(truth, "%.*s\t", (int)(bytes), r.name);
#define N(type, name) \
	r.name = (type)p.name; \
	if ((type)-1 > 0) \
		fprintf(truth, "%llu\t", (unsigned long long)r.name); \
	else \
		fprintf(truth, "%lld\t", (long long)r.name);
#define U(name) N(uint8_t, name)
#define WRITE_AS(fields, name, order) \
	static void write_##name##_##order(FILE *out, FILE *truth, int garbage) \
	{ \
		struct name##_##order r; \
		for (size_t i = 0; i < sizeof r; i++) \
			((unsigned char *)&r)[i] = garbage ? chance(256) : 0; \
		fields fputc('\n', truth); \
		fwrite(&r, sizeof r, 1, out); \
	}
#define WRITE(fields, name) WRITE_AS(fields, name, le) WRITE_AS(fields, name, be)
EACH(WRITE)

#define ENTRY(fields, name) {#name, sizeof(struct name##_le), tell_##name, {write_##name##_le, write_##name##_be}},
static const struct {
	const char *name;
	size_t size;
	void (*tell)(FILE *);
	void (*write[2])(FILE *, FILE *, int);
} formats[] = {EACH(ENTRY)};

static const char *const names[] = {"sh", "ls", "cat", "awk", "grep", "sed", "cc", "cc1", "as", "ld", "make", "vi", "mail", "cron",
    "sendmail", "accton", "time", "find", "uucico", "rlogind", "a-rather-long-name-of-a-command", "sixteen-letters.", "ps", "dd"};

/* What a family does that another does not. */
struct habit {
	const char *prefix;
	int64_t epoch;
	unsigned ticks, flags, always;
	int version, garbage, padded, longest, wide;
} static const habits[] = {
    {"freebsd_v1", 1084000000, 64, 0x1f, 0, 0, 1, 0, 16, 1},
    {"freebsd_v2", 1250000000, 1000000, 0x1d, 0x20, 2, 1, 0, 16, 1},
    {"freebsd_v3", 1600000000, 1000000, 0x1d, 0x20, 3, 1, 0, 16, 1},
    {"netbsd", 1400000000, 64, 0x1f, 0, 0, 1, 0, 16, 1},
    {"openbsd_56", 1500000000, 64, 0x7d, 0, 0, 1, 0, 16, 1},
    {"openbsd", 1680000000, 64, 0x1fd, 0, 0, 1, 0, 23, 1},
    {"macos", 1200000000, 64, 0x1f, 0, 0, 1, 0, 16, 1},
    {"bsd_pdp11", 410000000, 64, 0x1b, 0, 0, 0, 0, 14, 0},
    {"bsd", 530000000, 64, 0x1b, 0, 0, 0, 0, 16, 0},
    {"svr3", 600000000, 100, 0x03, 0, 0, 0, 1, 14, 0},
    {"svr4", 950000000, 100, 0x03, 0x20, 0, 0, 0, 16, 1},
    {"hpux", 1050000000, 100, 0x03, 0, 0, 0, 0, 14, 1},
    {"aix", 1130000000, 64, 0x1f, 0, 5, 0, 0, 12, 1},
    {"acct_v0_m68k", 900000000, 100, 0x1b, 0, 0, 0, 1, 15, 0},
};

int main(int argc, char **argv)
{
	static char stale[32]; /* a kernel's name buffer: the end of a longer name outlives it */
	const struct habit *h = habits;
	size_t f = 0, count = sizeof formats / sizeof *formats;

	if (argc != 6)
		return fprintf(stderr, "usage: pacct FORMAT le|be RECORDS OUT TRUTH\n"), 2;
	while (f < count && strcmp(formats[f].name, argv[1]))
		f++;
	if (f == count)
		return fprintf(stderr, "pacct: no format %s\n", argv[1]), 2;
	while (strncmp(h->prefix, argv[1], strlen(h->prefix)))
		h++;
	int big = !strcmp(argv[2], "be"), floats = h->ticks == 1000000, berkeley = h->ticks == 64 && strcmp(h->prefix, "aix");
	FILE *out = fopen(argv[4], "wb"), *truth = fopen(argv[5], "w");
	if (!out || !truth)
		return perror("pacct"), 1;
	state = f * 2 + big + 1;
	for (int i = 0; i < 8; i++)
		chance(2);
	formats[f].tell(truth);
	uint64_t now = (uint64_t)h->epoch * h->ticks; /* in ticks */
	for (int i = 0; i < atoi(argv[3]); i++) {
		now += ragged(8) * h->ticks / 16;
		uint64_t elapsed = ragged(24) * h->ticks / 4096, user = elapsed / (1 + ragged(10)) / 2, system = elapsed / (2 + ragged(10)) / 2;
		const char *name = names[chance(sizeof names / sizeof *names)];
		size_t length = strlen(name) < (size_t)h->longest ? strlen(name) : (size_t)h->longest;
		if (h->padded)
			memset(stale, 0, sizeof stale);
		memcpy(stale, name, length);
		stale[length] = 0;
		memcpy(p.ac_comm, stale, sizeof stale);
		uint64_t io = ragged(12) * (berkeley ? 64 : 1);
		p.ac_version = h->version;
		p.ac_len = p.ac_len2 = formats[f].size;
		p.ac_utime = floats ? user : encode_comp_t(user);
		p.ac_stime = floats ? system : encode_comp_t(system);
		p.ac_etime = floats ? elapsed : encode_comp_t(elapsed);
		p.ac_btime = (now - elapsed) / h->ticks;
		p.ac_btime_high = p.ac_btime >> 16;
		p.ac_btime_low = p.ac_btime & 0xffff;
		p.ac_uid16 = p.ac_uid = chance(3) ? (chance(8) ? 100 + chance(400) : h->wide ? 4294967294 : 65534) : 0;
		p.ac_gid16 = p.ac_gid = chance(3) ? 20 + chance(200) : 0;
		p.ac_mem = floats || berkeley ? ragged(15) : encode_comp_t(ragged(20));
		p.ac_io = floats ? io : encode_comp_t(io);
		p.ac_rw = encode_comp_t(ragged(14));
		if (!strcmp(h->prefix, "acct_v0_m68k"))
			p.ac_io = p.ac_rw = 0;
		p.ac_minflt = encode_comp_t(ragged(14));
		p.ac_majflt = encode_comp_t(ragged(6));
		p.ac_tty = p.ac_tty64 = chance(3) ? (chance(2) ? 0x500 : 0x8800) + chance(16) : -1;
		p.ac_pid = 1 + chance(99999);
		p.ac_stat = chance(4) ? 0 : chance(5) ? 1 : 255;
		p.ac_exitcode = chance(4) ? 0 : chance(3) ? 256 * (1 + chance(3)) : 9;
		p.ac_flag = h->always | (chance(3) ? 0 : h->flags & 1u << chance(9));
		formats[f].write[big](out, truth, h->garbage);
	}
	return fclose(out) || fclose(truth) ? perror("pacct"), 1 : 0;
}
