/*
 * An independent writer of SGI CSA pacct files: it shares no code with acctrecover.
 *
 *     gcc -std=gnu11 -DABI=csa_lp64 -DORDER=little csa.c        csa SEED ENTRIES OUT TRUTH
 *
 * The structs are those of csa.h, csa_delay.h and csaacct.h (Linux CSA), in their order and words, with the widths that an ABI gives
 * the types; the compiler lays them out and turns their byte order (gcc, scalar_storage_order). ABI is csa_lp64, csa_ilp32
 * (64-bit numbers at multiples of 8, as PowerPC and MIPS) or csa_i386 (at multiples of 4). TRUTH gets a line
 * `layout RECORD SIZE field=offset:size ...` for each struct, then a line `OFFSET SIZE RECORD field=value ...` for each record;
 * numbers in decimal, names up to their NUL, doubles as %.17g.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(word) #word
#define ORDERED_(order) __attribute__((scalar_storage_order(TEXT(order) "-endian")))
#define ORDERED(order) ORDERED_(order)
#define csa_lp64 64
#define csa_ilp32 32
#define csa_i386 386
#define little 1
#define big 2
#if ORDER == 1
#define MAGIC 0x314a
#else
#define MAGIC 0x3148
#endif
#undef little
#undef big
#if ABI == 64
typedef int64_t time;
#else
typedef int32_t time;
#endif
#if ABI == 386
typedef uint64_t u64 __attribute__((aligned(4)));
typedef int64_t i64 __attribute__((aligned(4)));
typedef double f64 __attribute__((aligned(4)));
#else
typedef uint64_t u64;
typedef int64_t i64;
typedef double f64;
#endif
typedef uint32_t u32;
typedef int32_t i32;
typedef uint16_t u16;
typedef int16_t i16;
typedef uint8_t u8;

#define HEADER N(u16, ah_magic) N(u16, ah_revision) N(u8, ah_type) N(u8, ah_flag) N(u16, ah_size)
#define HEADER2 N(u16, hdr2_magic) N(u16, hdr2_revision) N(u8, hdr2_type) N(u8, hdr2_flag) N(u16, hdr2_size)
#define ACCTCSA \
	HEADER HEADER2 N(u64, ac_sbu) N(u8, ac_stat) N(u8, ac_nice) N(u8, ac_sched) N(u8, pad0) N(u32, ac_uid) N(u32, ac_gid) \
	N(u64, ac_ash) N(u64, ac_jid) N(u64, ac_prid) N(u32, ac_pid) N(u32, ac_ppid) N(time, ac_btime) S(ac_comm, 16) \
	N(u64, ac_etime) N(u64, ac_utime) N(u64, ac_stime) N(u64, ac_spare) N(u64, ac_spare1)
#define MEMINT(name) N(u64, name##_himem) N(u64, name##_mem1) N(u64, name##_mem2) N(u64, name##_mem3)
#define ACCTMEM \
	HEADER N(u64, ac_sbu) MEMINT(ac_core) MEMINT(ac_virt) N(u64, ac_pgswap) N(u64, ac_minflt) N(u64, ac_majflt) N(u64, ac_spare)
#define ACCTIO HEADER N(u64, ac_sbu) N(u64, ac_chr) N(u64, ac_chw) N(u64, ac_scr) N(u64, ac_scw) N(u64, ac_spare)
#define ACCTDELAY \
	HEADER N(u64, ac_cpu_count) N(u64, ac_cpu_delay_total) N(u64, ac_blkio_count) N(u64, ac_blkio_delay_total) \
	N(u64, ac_swapin_count) N(u64, ac_swapin_delay_total) N(u64, ac_cpu_run_real_total) N(u64, ac_cpu_run_virtual_total)
#define ACCTSOJ \
	HEADER N(u8, ac_type) N(u8, ac_init) N(u16, pad0) N(u32, ac_uid) N(u64, ac_jid) N(time, ac_btime) N(time, ac_rstime)
#define ACCTEOJ \
	HEADER HEADER2 N(u64, ac_sbu) N(u8, ac_init) N(u8, ac_nice) N(u16, pad0) N(u32, ac_uid) N(u32, ac_gid) N(u64, ac_ash) \
	N(u64, ac_jid) N(u64, ac_prid) N(time, ac_btime) N(time, ac_etime) N(u64, ac_corehimem) N(u64, ac_virthimem) \
	N(u64, ac_utime) N(u64, ac_stime) N(u32, ac_spare)
#define ACCTCFG \
	HEADER N(u32, ac_kdmask) N(u32, ac_rmask) N(i64, ac_uptimelen) N(u8, ac_event) S(pad0, 3) N(time, ac_boottime) \
	N(time, ac_curtime) S(sysname, 26) S(nodename, 26) S(release, 42) S(version, 41) S(machine, 26)
#define WKMGMTBS \
	HEADER N(f64, sbu) N(i16, type) N(i16, subtype) N(i32, arrayid) S(serv_provider, 16) N(time, time) N(time, enter_time) \
	N(i32, qtype) N(u32, uid) N(u64, prid) N(u64, ash) N(u64, jid) S(machname, 16) S(reqname, 16) S(quename, 16) N(i64, reqid) \
	N(i64, code) N(i64, utime) N(i64, stime) N(i64, ctime) N(i64, mem_reserved) N(i16, ncpus) N(i16, term_subtype) \
	N(i32, spare) N(i64, qwtime) N(f64, sbu_wt)
#define EACH(DO) \
	DO(ACCTCSA, acctcsa) DO(ACCTMEM, acctmem) DO(ACCTIO, acctio) DO(ACCTDELAY, acctdelay) DO(ACCTSOJ, acctsoj) \
	DO(ACCTEOJ, accteoj) DO(ACCTCFG, acctcfg) DO(WKMGMTBS, wkmgmtbs)

#define N(type, name) type name;
#define S(name, bytes) char name[bytes];
#define DECLARE(fields, name) struct ORDERED(ORDER) name { fields };
EACH(DECLARE)
#undef N
#undef S

static FILE *out, *truth;
static long at;

#define N(type, name) printed(#name, offsetof(struct_, name), sizeof r.name);
#define S(name, bytes) N(char, name)
static void printed(const char *name, size_t offset, size_t size) { fprintf(truth, "\t%s=%zu:%zu", name, offset, size); }
#define LAYOUT(fields, name) \
	static void layout_##name(void) \
	{ \
		typedef struct name struct_; \
		struct_ r; \
		fprintf(truth, "layout\t" #name "\t%zu", sizeof r); \
		fields fputc('\n', truth); \
	}
EACH(LAYOUT)
#undef N
#undef S

static void put(const void *record, size_t size, const char *name)
{
	fwrite(record, size, 1, out);
	fprintf(truth, "%ld\t%zu\t%s", at, size, name);
	at += (long)size;
}
#define N(type, name) \
	if (_Generic((type)0, f64: 1, default: 0)) \
		fprintf(truth, "\t" #name "=%.17g", (double)r->name); \
	else if ((type)-1 > 0) \
		fprintf(truth, "\t" #name "=%llu", (unsigned long long)r->name); \
	else \
		fprintf(truth, "\t" #name "=%lld", (long long)r->name);
#define S(name, bytes) fprintf(truth, "\t" #name "=%.*s", (int)(bytes), r->name);
#define WRITE(fields, name) \
	static void write_##name(const struct name *r) \
	{ \
		put(r, sizeof *r, #name); \
		fields fputc('\n', truth); \
	}
EACH(WRITE)

static uint64_t state;
static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}
/* Small numbers as likely as large ones on a scale of powers of two. */
static uint64_t ragged(int bits) { return ((uint64_t)chance(1u << 30) << 30 | chance(1u << 30)) >> (60 - chance(bits + 1)); }

enum { AFORK = 1, ASU = 2, ACORE = 8, AXSIG = 0x10, AMORE = 0x20 };
#define HEAD(r, rev, kind, flags) \
	((r).ah_magic = MAGIC, (r).ah_revision = (rev), (r).ah_type = (kind), (r).ah_flag = (flags), (r).ah_size = sizeof(r))
#define HEAD2(r, rev, kind, size) \
	((r).hdr2_magic = (u16)~MAGIC, (r).hdr2_revision = (rev), (r).hdr2_type = (kind), (r).hdr2_flag = 0, (r).hdr2_size = (size))

static const char *const names[] = {"sh", "ls", "awk", "cc1", "make", "csaswitch", "a-long-command-n", "job_daemon", "dd", "mpirun"};
static int64_t now = 1190000000;
static const uint64_t HOST = 0x7a01ULL << 48;

static void process(void)
{
	struct acctcsa r;
	struct acctmem m;
	struct acctio i;
	struct acctdelay d;
	int has = (int)chance(8), mem = has & 1, io = has >> 1 & 1, delay = has >> 2;

	memset(&r, 0, sizeof r);
	memset(&m, 0, sizeof m);
	memset(&i, 0, sizeof i);
	memset(&d, 0, sizeof d);
	now += chance(3);
	HEAD(r, 06000, 01, (chance(2) ? AFORK : 0) | (chance(3) ? 0 : ASU) | (chance(9) ? 0 : ACORE | AXSIG) | (has ? AMORE : 0));
	/* The writer's slip: 1 is the record's own type and the bit of a memory record. */
	HEAD2(r, 06000, 1 | mem | io << 1 | delay << 2, (mem ? sizeof m : 0) + (io ? sizeof i : 0) + (delay ? sizeof d : 0));
	r.ac_stat = chance(3) ? 0 : (u8)chance(256);
	r.ac_nice = 20;
	r.ac_uid = r.ac_gid = chance(4) ? 1000 + chance(50) : 0;
	r.ac_jid = HOST | chance(60);
	r.ac_pid = 300 + chance(32000);
	r.ac_ppid = 1 + chance(32000);
	r.ac_etime = ragged(34);
	r.ac_utime = ragged(28);
	r.ac_stime = ragged(24);
	r.ac_btime = (time)(now - (int64_t)(r.ac_etime / 1000000));
	strncpy(r.ac_comm, names[chance(10)], sizeof r.ac_comm);
	write_acctcsa(&r);
	HEAD(m, 06000, 02, io || delay ? AMORE : 0);
	m.ac_core_himem = ragged(24);
	m.ac_core_mem1 = ragged(40);
	m.ac_virt_himem = ragged(26);
	m.ac_virt_mem1 = ragged(44);
	m.ac_minflt = ragged(16);
	m.ac_majflt = ragged(6);
	if (mem)
		write_acctmem(&m);
	HEAD(i, 07000, 04, delay ? AMORE : 0);
	i.ac_chr = ragged(30);
	i.ac_chw = ragged(28);
	i.ac_scr = ragged(14);
	i.ac_scw = ragged(14);
	if (io)
		write_acctio(&i);
	HEAD(d, 07000, 010, 0);
	d.ac_cpu_count = ragged(10);
	d.ac_cpu_delay_total = ragged(36);
	d.ac_blkio_count = ragged(8);
	d.ac_blkio_delay_total = ragged(34);
	d.ac_cpu_run_real_total = ragged(38);
	d.ac_cpu_run_virtual_total = ragged(38);
	if (delay)
		write_acctdelay(&d);
}
static void job(void)
{
	struct acctsoj s;
	struct accteoj e;

	memset(&s, 0, sizeof s);
	memset(&e, 0, sizeof e);
	HEAD(s, 06000, 012, 0);
	s.ac_type = 1 + !chance(5);
	s.ac_uid = 1000 + chance(50);
	s.ac_jid = HOST | chance(60);
	s.ac_btime = (time)(now - chance(500));
	s.ac_rstime = s.ac_type == 2 ? (time)now : 0;
	if (chance(2)) {
		write_acctsoj(&s);
		return;
	}
	HEAD(e, 06000, 014, 0);
	HEAD2(e, 06000, 014, 0);
	e.ac_nice = 20;
	e.ac_uid = s.ac_uid;
	e.ac_gid = 100;
	e.ac_jid = s.ac_jid;
	e.ac_btime = s.ac_btime;
	e.ac_etime = (time)now;
	e.ac_corehimem = ragged(24);
	e.ac_virthimem = ragged(26);
	e.ac_utime = ragged(30);
	e.ac_stime = ragged(26);
	write_accteoj(&e);
}
static void config(int event)
{
	struct acctcfg r;

	memset(&r, 0, sizeof r);
	HEAD(r, 06000, 020, 0);
	r.ac_kdmask = 3;
	r.ac_rmask = 7;
	r.ac_event = (u8)event;
	r.ac_boottime = 1189990000;
	r.ac_curtime = (time)now;
	strcpy(r.sysname, "Linux");
	strcpy(r.nodename, "altix.example");
	strcpy(r.release, "2.6.22-rc4-csa");
	strcpy(r.version, "#1 SMP Fri Sep 14 09:12:31 CDT 2007");
	strcpy(r.machine, ABI == 64 ? "ia64" : ABI == 32 ? "ppc" : "i686");
	write_acctcfg(&r);
}
static void workload(void)
{
	struct wkmgmtbs r;

	memset(&r, 0, sizeof r);
	HEAD(r, 06000, 0122, 0);
	r.sbu = chance(100) / 8.0;
	r.type = chance(2) ? 3 : 5;
	r.subtype = (i16)(1 + chance(3));
	r.arrayid = (i32)chance(10);
	strcpy(r.serv_provider, "LSF");
	r.time = (time)now;
	r.enter_time = (time)(now - chance(900));
	r.qtype = 1;
	r.uid = 1000 + chance(50);
	r.jid = HOST | chance(60);
	strcpy(r.machname, "altix");
	strcpy(r.reqname, "render");
	strcpy(r.quename, "night");
	r.reqid = 4000 + chance(1000);
	r.utime = (i64)ragged(30);
	r.stime = (i64)ragged(26);
	r.term_subtype = r.type == 5 ? r.subtype : 0;
	r.sbu_wt = 1.0;
	write_wkmgmtbs(&r);
}
/* A site's record: its header is all that is known of it. */
static void site(void)
{
	static const u8 kinds[] = {0100, 0101, 0200, 0201};
	static const char *const called[] = {"kernel_site0", "kernel_site1", "daemon_site0", "daemon_site1"};
	struct ORDERED(ORDER) { u16 ah_magic, ah_revision; u8 ah_type, ah_flag; u16 ah_size; } r;
	uint32_t which = chance(4);
	unsigned char body[248];
	size_t size = 8 * chance(32);

	memset(&r, 0, sizeof r);
	r.ah_magic = MAGIC;
	r.ah_revision = 1;
	r.ah_type = kinds[which];
	r.ah_size = (u16)(8 + size);
	for (size_t k = 0; k < size; k++)
		body[k] = (unsigned char)chance(256);
	fwrite(&r, sizeof r, 1, out);
	fwrite(body, size, 1, out);
	fprintf(truth, "%ld\t%zu\t%s\tah_type=%d\n", at, 8 + size, called[which], kinds[which]);
	at += (long)(8 + size);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	state = strtoull(argv[1], 0, 10);
	out = fopen(argv[3], "wb");
	truth = fopen(argv[4], "w");
	if (!out || !truth)
		return 2;
#define TELL(fields, name) layout_##name();
	EACH(TELL)
	config(2);
	for (long entries = strtol(argv[2], 0, 10); entries > 0; entries--)
		switch (chance(8)) {
		case 0: job(); break;
		case 1: chance(2) ? workload() : site(); break;
		default: process();
		}
	workload();
	workload();
	config(1);
	return fclose(out) | fclose(truth);
}
