/* Writes small login accounting files as other systems leave them: independent of acctrecover, from the structs of the sources.
 *
 *     login_records KIND ORDER SAMPLE ORACLE
 *
 * KIND is utmp_384, utmp_400 (glibc bits/utmp.h), lastlog (the same), futx (FreeBSD utxdb.h), utmpx_darwin (macOS utmpx-darwin.h),
 * futmpx (illumos sys/utmpx.h), utmp_44 (FreeBSD utmp.h before 9.0) or utx_log (utx.log, as FreeBSD's pututxline.c appends to it);
 * ORDER is le or be. The oracle's first lines are
 * `layout RECORD SIZE field=offset:size ...` of the struct, or of each kind of record, the others are
 * offset|size|type|pid|id|line|user|host|seconds|microseconds of a record, or offset|never of an empty slot.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRUCTS(ORDER, END) \
	struct utmp_384_##ORDER { \
		int16_t type; char pad[2]; int32_t pid; char line[32], id[4], user[32], host[256]; \
		int16_t termination, exit; int32_t session, sec, usec; unsigned char addr[16], unused[20]; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct utmp_400_##ORDER { \
		int16_t type; char pad[2]; int32_t pid; char line[32], id[4], user[32], host[256]; \
		int16_t termination, exit; int64_t session, sec, usec; unsigned char addr[16], unused[20], end[4]; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct lastlog_##ORDER { \
		int32_t sec; char line[32], host[256]; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct futx_##ORDER { \
		uint8_t type; uint64_t tv; char id[8]; uint32_t pid; char user[32], line[16], host[128]; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct utmpx_darwin_##ORDER { \
		char user[256], id[4], line[32]; int32_t pid; int16_t type; char align[2]; \
		int32_t sec, usec; char host[256]; uint32_t pad[16]; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct futmpx_##ORDER { \
		char user[32], id[4], line[32]; int32_t pid; int16_t type, termination, exit; char align[2]; \
		int32_t sec, usec, session, pad[5]; int16_t syslen; char host[257], end; \
	} __attribute__((packed, scalar_storage_order(END))); \
	struct utmp_44_##ORDER { \
		char line[8], user[16], host[16]; int32_t sec; \
	} __attribute__((packed, scalar_storage_order(END)));

STRUCTS(le, "little-endian")
STRUCTS(be, "big-endian")

_Static_assert(sizeof(struct utmp_384_le) == 384 && sizeof(struct utmp_400_be) == 400, "glibc");
_Static_assert(sizeof(struct lastlog_le) == 292 && sizeof(struct futx_be) == 197, "lastlog, futx");
_Static_assert(sizeof(struct utmpx_darwin_le) == 628 && sizeof(struct futmpx_be) == 372, "utmpx");
_Static_assert(sizeof(struct utmp_44_le) == 44, "utmp before FreeBSD 9.0");

static const char *USERS[] = {"root", "ana", "bo", "system-operator-of-the-night-shi", "j\303\266rg"};
static const char *HOSTS[] = {"", "10.0.0.159", "fe80::1:4", "a-rather-long-host-name-for-a-login-record.dept.example.edu", "h5.example.org"};
static FILE *sample, *oracle;
static long seconds = 1387020174;
static int number;

struct login { int type, pid; const char *id, *line, *user, *host; long sec, usec; };

static void put(char *field, size_t width, const char *text)
{
	strncpy(field, text, width);
}

static void told(const struct login *l, size_t bytes, int type, int pid, const char *id, size_t line, size_t user, size_t host, long usec)
{
	fprintf(oracle, "%ld|%zu|%d|%d|%s|%.*s|%.*s|%.*s|%ld|%ld\n", ftell(sample), bytes, type, pid, id, (int)line, l->line, (int)user, l->user,
		(int)host, l->host, l->sec, usec);
}

#define WRITE(R) fwrite(&(R), sizeof(R), 1, sample)
#define WRITERS(ORDER) \
	static void utmp_384_put_##ORDER(const struct login *l) { \
		struct utmp_384_##ORDER r = {.type = l->type, .pid = l->pid, .session = l->type == 7 ? l->pid : 0, .sec = l->sec, .usec = l->usec}; \
		put(r.line, 32, l->line); put(r.id, 4, l->id); put(r.user, 32, l->user); put(r.host, 256, l->host); \
		told(l, sizeof r, l->type, l->pid, l->id, 32, 32, 256, l->usec); WRITE(r); } \
	static void utmp_400_put_##ORDER(const struct login *l) { \
		struct utmp_400_##ORDER r = {.type = l->type, .pid = l->pid, .session = l->type == 7 ? l->pid : 0, .sec = l->sec, .usec = l->usec}; \
		put(r.line, 32, l->line); put(r.id, 4, l->id); put(r.user, 32, l->user); put(r.host, 256, l->host); \
		told(l, sizeof r, l->type, l->pid, l->id, 32, 32, 256, l->usec); WRITE(r); } \
	static void lastlog_put_##ORDER(const struct login *l) { \
		struct lastlog_##ORDER r = {.sec = l->sec}; \
		if (number % 7 != 0 && number % 7 != 3) { memset(&r, 0, sizeof r); fprintf(oracle, "%ld|never\n", ftell(sample)); } \
		else { put(r.line, 32, l->line); put(r.host, 256, l->host); told(l, sizeof r, 0, 0, "", 32, 0, 256, 0); } \
		WRITE(r); } \
	static void futx_put_##ORDER(const struct login *l) { \
		static const int types[] = {0, 0, 1, 3, 2, 5, 6, 4, 7}; /* glibc's numbers to FreeBSD's */ \
		struct futx_##ORDER r = {.type = types[l->type], .pid = l->pid, .tv = (uint64_t)l->sec * 1000000 + l->usec}; \
		struct login kept = *l; /* utx_to_futx: a time has no more than that, the end of a session an id and a pid */ \
		if (r.type != 4 && r.type != 6) kept.line = kept.user = kept.host = ""; \
		if (r.type < 4) kept.id = ""; \
		put(r.line, 16, kept.line); put(r.id, 8, kept.id); put(r.user, 32, kept.user); put(r.host, 128, kept.host); \
		told(&kept, sizeof r, r.type, l->pid, kept.id, 16, 32, 128, l->usec); WRITE(r); } \
	static void utx_log_put_##ORDER(const struct login *l) { \
		static const int types[] = {0, 0, 1, 3, 2, 5, 6, 4, 7}; \
		struct futx_##ORDER r = {.type = types[l->type], .tv = (uint64_t)l->sec * 1000000 + l->usec}; \
		struct login kept = *l; \
		if (r.type != 4) kept.line = kept.user = kept.host = ""; \
		if (r.type < 4) kept.id = ""; else r.pid = kept.pid; \
		put(r.line, 16, kept.line); put(r.id, 8, kept.id); put(r.user, 32, kept.user); put(r.host, 128, kept.host); \
		size_t n = sizeof r; \
		while (n > 0 && ((const char *)&r)[n - 1] == 0) n--; \
		told(&kept, 2 + n, r.type, r.pid, kept.id, 16, 32, 128, l->usec); \
		fputc(n >> 8, sample); fputc(n & 255, sample); fwrite(&r, n, 1, sample); } \
	static void utmpx_darwin_put_##ORDER(const struct login *l) { \
		struct utmpx_darwin_##ORDER r = {.type = l->type, .pid = l->pid, .sec = l->sec, .usec = l->usec}; \
		put(r.line, 32, l->line); put(r.id, 4, l->id); put(r.user, 256, l->user); put(r.host, 256, l->host); \
		told(l, sizeof r, l->type, l->pid, l->id, 32, 256, 256, l->usec); WRITE(r); } \
	static void futmpx_put_##ORDER(const struct login *l) { \
		struct futmpx_##ORDER r = {.type = l->type, .pid = l->pid, .session = 0, .sec = l->sec, .usec = l->usec}; \
		put(r.line, 32, l->line); put(r.id, 4, l->id); put(r.user, 32, l->user); put(r.host, 257, l->host); \
		r.syslen = *l->host ? strlen(l->host) + 1 : 0; \
		told(l, sizeof r, l->type, l->pid, l->id, 32, 32, 257, l->usec); WRITE(r); } \
	static void utmp_44_put_##ORDER(const struct login *l) { \
		struct utmp_44_##ORDER r = {.sec = l->sec}; \
		put(r.line, 8, l->line); put(r.user, 16, l->user); put(r.host, 16, l->host); \
		told(l, sizeof r, 0, 0, "", 8, 16, 16, 0); WRITE(r); }
WRITERS(le)
WRITERS(be)

/* The names of the fields as the sources have them, and as the structs above. */
#define TIMES F(tv_sec, sec) F(tv_usec, usec)
#define GLIBC \
	F(ut_type, type) F(ut_pad, pad) F(ut_pid, pid) F(ut_line, line) F(ut_id, id) F(ut_user, user) F(ut_host, host) \
	F(e_termination, termination) F(e_exit, exit) F(ut_session, session) TIMES F(ut_addr_v6, addr) F(ut_unused, unused)
#define LASTLOG F(ll_time, sec) F(ll_line, line) F(ll_host, host)
#define FUTX F(fu_type, type) F(fu_tv, tv) F(fu_id, id) F(fu_pid, pid) F(fu_user, user) F(fu_line, line) F(fu_host, host)
#define DARWIN \
	F(ut_user, user) F(ut_id, id) F(ut_line, line) F(ut_pid, pid) F(ut_type, type) F(ut_align, align) TIMES F(ut_host, host) \
	F(ut_pad, pad)
#define FUTMPX \
	F(ut_user, user) F(ut_id, id) F(ut_line, line) F(ut_pid, pid) F(ut_type, type) F(e_termination, termination) \
	F(e_exit, exit) F(ut_align, align) TIMES F(ut_session, session) F(ut_pad, pad) F(ut_syslen, syslen) F(ut_host, host) \
	F(ut_end, end)
#define UTMP_44 F(ut_line, line) F(ut_name, user) F(ut_host, host) F(ut_time, sec)
#define F(NAME, OURS) fprintf(oracle, "\t" #NAME "=%zu:%zu", offsetof(record, OURS), sizeof r.OURS);
#define LAYOUT(KIND, RECORD, FIELDS) \
	if (!strcmp(kind, #KIND)) { \
		typedef struct KIND##_le record; \
		record r; \
		fprintf(oracle, "layout\t" RECORD "\t%zu", sizeof r); \
		FIELDS fputc('\n', oracle); \
	}

/* A futx of utx.log up to the end of a field, behind its length. */
#define L(NAME) fprintf(oracle, "\tfu_" #NAME "=%zu:%zu", 2 + offsetof(struct futx_be, NAME), sizeof ((struct futx_be *)0)->NAME);
#define LOGGED(RECORD, LAST, FIELDS) \
	if (!strcmp(kind, "utx_log")) { \
		fprintf(oracle, "layout\t" RECORD "\t%zu\tlength=0:2", \
			2 + offsetof(struct futx_be, LAST) + sizeof ((struct futx_be *)0)->LAST); \
		FIELDS fputc('\n', oracle); \
	}

static void layout(const char *kind)
{
	LAYOUT(utmp_384, "utmp", GLIBC)
	LAYOUT(utmp_400, "utmp", GLIBC F(ut_end, end))
	LAYOUT(lastlog, "lastlog", LASTLOG)
	LAYOUT(futx, "futx", FUTX)
	LAYOUT(utmpx_darwin, "utmpx", DARWIN)
	LAYOUT(futmpx, "futmpx", FUTMPX)
	LAYOUT(utmp_44, "utmp", UTMP_44)
	LOGGED("clock", tv, L(type) L(tv))
	LOGGED("logout", pid, L(type) L(tv) L(id) L(pid))
	LOGGED("session", host, L(type) L(tv) L(id) L(pid) L(user) L(line) L(host))
}

#define KIND(NAME) {#NAME, "le", NAME##_put_le}, {#NAME, "be", NAME##_put_be}
static const struct { const char *kind, *order; void (*put)(const struct login *); } KINDS[] = {
	KIND(utmp_384), KIND(utmp_400), KIND(lastlog), KIND(futx), KIND(utmpx_darwin), KIND(futmpx), KIND(utmp_44), KIND(utx_log),
};

int main(int argc, char **argv)
{
	void (*write_one)(const struct login *) = NULL;
	if (argc != 5)
		return 2;
	for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
		if (!strcmp(argv[1], KINDS[k].kind) && !strcmp(argv[2], KINDS[k].order))
			write_one = KINDS[k].put;
	sample = fopen(argv[3], "wb");
	oracle = fopen(argv[4], "w");
	if (!write_one || !sample || !oracle)
		return 2;
	layout(argv[1]);
	if (!strcmp(argv[1], "utmpx_darwin"))
		write_one(&(struct login){10, 0, "", "", "utmpx-1.00", "", 0, 0});
	write_one(&(struct login){2, 0, "~", "~", "reboot", "", seconds, 0});
	for (number = 1; number < (strcmp(argv[1], "lastlog") ? 40 : 39); number++) { /* a lastlog ends with a slot in use */
		char line[32], id[16];
		int out = number % 3 == 2, tty = (number - out) % 11;
		seconds += 37 + number * 61 % 977;
		if (!strcmp(argv[1], "utx_log") && number % 13 == 6) { /* the clock is set, once to a time whose lowest byte is zero */
			write_one(&(struct login){4, 0, "", "", "", "", seconds - 1, number * 31337L % 1000000});
			write_one(&(struct login){3, 0, "", "", "", "", seconds, number == 19 ? (256 - seconds * 1000000 % 256) % 256 : 7});
		}
		snprintf(line, sizeof line, strcmp(argv[1], "utmp_44") ? "pts/%d" : "ttyp%d", tty);
		snprintf(id, sizeof id, "ts%d", tty);
		int pid = !strcmp(argv[1], "utx_log") && tty == 4 ? 65536 : 700 + 13 * (number - out); /* one that ends in zeros, too */
		write_one(&(struct login){out ? 8 : 7, pid, id, line, out ? "" : USERS[number % 5],
			out ? "" : HOSTS[number % 4 + (number % 8 == 1)], seconds, number * 24571L % 1000000});
	}
	return fclose(sample) || fclose(oracle);
}
