/*
 * Where a compiler puts the fields of the structs that Linux writes: it shares no code with acctrecover.
 *
 *     structs FORMAT LAYOUT
 *
 * The structs are those of include/uapi/linux/acct.h (2.4's for version 0), netlink.h, genetlink.h, connector.h, cn_proc.h,
 * taskstats.h (versions 8 to 17) and blktrace_api.h, in their order and words. LAYOUT gets a line
 * `layout RECORD SIZE field=offset:size ...` for each struct, for messages with the headers before them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t u64;
typedef int64_t s64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;
typedef uint16_t comp_t;
/* m68k lays 32-bit numbers at multiples of 2. */
typedef uint32_t m68k_u32 __attribute__((aligned(2)));
/* taskstats.h asks for this alignment by name. */
typedef uint32_t u32_at_8 __attribute__((aligned(8)));
typedef uint64_t u64_at_8 __attribute__((aligned(8)));

#define TIMES(U32) N(U32, ac_btime) N(comp_t, ac_utime) N(comp_t, ac_stime) N(comp_t, ac_etime)
#define USE N(comp_t, ac_mem) N(comp_t, ac_io) N(comp_t, ac_rw) N(comp_t, ac_minflt) N(comp_t, ac_majflt) N(comp_t, ac_swaps)
#define HEAD(U32) N(u8, ac_flag) N(u8, ac_version) N(u16, ac_uid16) N(u16, ac_gid16) N(u16, ac_tty) TIMES(U32) USE
#define TAIL(U32) N(U32, ac_exitcode) S(ac_comm, 17) N(u8, ac_etime_hi) N(u16, ac_etime_lo) N(U32, ac_uid) N(U32, ac_gid)
#define ACCT_V0 HEAD(u32) N(u32, ac_exitcode) S(ac_comm, 17) S(ac_pad, 10)
#define ACCT_V1 HEAD(m68k_u32) TAIL(m68k_u32)
#define ACCT_V2 HEAD(u32) N(u16, ac_ahz) TAIL(u32)
#define ACCT_V3 \
	N(u8, ac_flag) N(u8, ac_version) N(u16, ac_tty) N(u32, ac_exitcode) N(u32, ac_uid) N(u32, ac_gid) N(u32, ac_pid) \
	N(u32, ac_ppid) N(u32, ac_btime) N(float, ac_etime) N(comp_t, ac_utime) N(comp_t, ac_stime) USE S(ac_comm, 16)

#define BLK_IO_TRACE \
	N(u32, magic) N(u32, sequence) N(u64, time) N(u64, sector) N(u32, bytes) N(u32, action) N(u32, pid) N(u32, device) \
	N(u32, cpu) N(u16, error) N(u16, pdu_len)

#define NLMSGHDR N(u32, nlmsg_len) N(u16, nlmsg_type) N(u16, nlmsg_flags) N(u32, nlmsg_seq) N(u32, nlmsg_pid)
#define CN_MSG N(u32, idx) N(u32, val) N(u32, seq) N(u32, ack) N(u16, len) N(u16, flags)
#define GENLMSGHDR N(u8, cmd) N(u8, genl_version) N(u16, reserved)
#define NLATTR(name) N(u16, name##_len) N(u16, name##_type)

/* Those of proc_event's union: it takes 24 bytes. */
#define PROCESS N(u32, process_pid) N(u32, process_tgid)
#define FORK N(u32, parent_pid) N(u32, parent_tgid) N(u32, child_pid) N(u32, child_tgid)
#define EXEC PROCESS
#define UID PROCESS N(u32, ruid) N(u32, euid)
#define GID PROCESS N(u32, rgid) N(u32, egid)
#define SID PROCESS
#define PTRACE PROCESS N(u32, tracer_pid) N(u32, tracer_tgid)
#define COMM PROCESS S(comm, 16)
#define COREDUMP PROCESS N(u32, parent_pid) N(u32, parent_tgid)
#define EXIT PROCESS N(u32, exit_code) N(u32, exit_signal) N(u32, parent_pid) N(u32, parent_tgid)
#define ACK N(u32, err)
#define EVENTS(DO) \
	DO(FORK) DO(EXEC) DO(UID) DO(GID) DO(SID) DO(PTRACE) DO(COMM) DO(COREDUMP) DO(EXIT) DO(ACK)

#define PAIR(name) N(u64, name##_count) N(u64, name##_delay_total)
#define FOUR(name) PAIR(name) N(u64, name##_delay_max) N(u64, name##_delay_min)
#define EXTREMES(name) N(u64, name##_delay_max) N(u64, name##_delay_min)
#define LATEST(name) N(s64, name##_delay_max_ts_sec) N(s64, name##_delay_max_ts_nsec)
#define EACH(DO) DO(cpu) DO(blkio) DO(swapin) DO(freepages) DO(thrashing) DO(compact) DO(wpcopy) DO(irq)
#define BASE(DELAY) \
	N(u16, version) N(u32, ac_exitcode) N(u8, ac_flag) N(u8, ac_nice) DELAY(cpu) DELAY(blkio) DELAY(swapin) \
	N(u64, cpu_run_real_total) N(u64, cpu_run_virtual_total) S(ac_comm, 32) N(u8, ac_sched) S(ac_pad, 3) N(u32_at_8, ac_uid) \
	N(u32, ac_gid) N(u32, ac_pid) N(u32, ac_ppid) N(u32, ac_btime) N(u64_at_8, ac_etime) N(u64, ac_utime) N(u64, ac_stime) \
	N(u64, ac_minflt) N(u64, ac_majflt) N(u64, coremem) N(u64, virtmem) N(u64, hiwater_rss) N(u64, hiwater_vm) \
	N(u64, read_char) N(u64, write_char) N(u64, read_syscalls) N(u64, write_syscalls) N(u64, read_bytes) N(u64, write_bytes) \
	N(u64, cancelled_write_bytes) N(u64, nvcsw) N(u64, nivcsw) N(u64, ac_utimescaled) N(u64, ac_stimescaled) \
	N(u64, cpu_scaled_run_real_total) DELAY(freepages)
#define GROUP N(u32, ac_tgid) N(u64_at_8, ac_tgetime) N(u64, ac_exe_dev) N(u64, ac_exe_inode)
#define V8 BASE(PAIR)
#define V9 V8 PAIR(thrashing)
#define V10 V9 N(u64, ac_btime64)
#define V11 V10 PAIR(compact)
#define V12 V11 GROUP
#define V13 V12 PAIR(wpcopy)
#define V14 V13 PAIR(irq)
#define V15 BASE(FOUR) FOUR(thrashing) N(u64, ac_btime64) FOUR(compact) GROUP FOUR(wpcopy) FOUR(irq)
#define V16 V14 EACH(EXTREMES)
#define V17 V16 EACH(LATEST)

static FILE *layout;
static const char *wanted;

/* A struct behind a header that a message has before it; `room` bytes at least. */
#define N(type, name) type name;
#define S(name, bytes) char name[bytes];
#define DECLARE(id, head, fields) \
	struct head_##id { head } __attribute__((packed)); \
	struct id { fields };
#define ACCT(n) DECLARE(acct_v##n, , ACCT_V##n)
ACCT(0) ACCT(1) ACCT(2) ACCT(3)
DECLARE(blktrace, , BLK_IO_TRACE)
#define EVENT(name) DECLARE(event_##name, NLMSGHDR CN_MSG N(u32, what) N(u32, cpu) N(u64, timestamp_ns), name)
EVENTS(EVENT)
#define AGGREGATE NLATTR(aggr) NLATTR(id) N(u32, id) NLATTR(stats)
#define VERSIONS(DO) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15) DO(16) DO(17)
#define STATS(n) DECLARE(taskstats_##n, NLMSGHDR GENLMSGHDR AGGREGATE, V##n)
VERSIONS(STATS)
#undef N
#undef S

static size_t base;
static void printed(const char *name, size_t offset, size_t size) { fprintf(layout, "\t%s=%zu:%zu", name, base + offset, size); }
#define N(type, name) printed(#name, offsetof(struct_, name), sizeof r.name);
#define S(name, bytes) N(char, name)
#define TELL(format, record, id, head, fields, room) \
	if (!strcmp(wanted, #format)) { \
		size_t before = sizeof(struct head_##id); \
		fprintf(layout, "layout\t" record "\t%zu", before + (room > sizeof(struct id) ? room : sizeof(struct id))); \
		{ typedef struct head_##id struct_; struct_ r; (void)sizeof r; base = 0; head } \
		{ typedef struct id struct_; struct_ r; (void)sizeof r; base = before; fields } \
		fputc('\n', layout); \
	}

int main(int argc, char **argv)
{
	if (argc != 3 || !(layout = fopen(argv[2], "w")))
		return 2;
	wanted = argv[1];
#define TELL_ACCT(n) TELL(acct_v##n, "acct", acct_v##n, , ACCT_V##n, 0)
	TELL_ACCT(0) TELL_ACCT(1) TELL_ACCT(2) TELL_ACCT(3)
	TELL(blktrace, "header", blktrace, , BLK_IO_TRACE, 0)
#define TELL_EVENT(name) \
	TELL(connector, #name, event_##name, NLMSGHDR CN_MSG N(u32, what) N(u32, cpu) N(u64, timestamp_ns), name, 24)
	EVENTS(TELL_EVENT)
#define TELL_STATS(n) TELL(taskstats, "PID", taskstats_##n, NLMSGHDR GENLMSGHDR AGGREGATE, V##n, 0)
	VERSIONS(TELL_STATS)
	return fclose(layout) ? 2 : 0;
}
