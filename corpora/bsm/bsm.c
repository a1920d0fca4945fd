/*
 * An independent writer of BSM audit trails: it shares no code with acctrecover.
 *
 *     bsm openbsm|solaris SEED RECORDS OUT TRUTH
 *
 * Tokens as audit.log(5) and audit_record.h have them, big-endian. `openbsm` writes version 11, as FreeBSD and macOS do; `solaris`
 * version 2, 64-bit headers among them, between two file tokens. TRUTH has a line `OFFSET SIZE TOKEN VERSION EVENT MODIFIER SECONDS
 * MSEC` for every record (TOKEN that of its header), and `OFFSET SIZE 17 SECONDS MSEC NAME` for a file token.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char buf[4096];
static size_t len;
static long at;
static FILE *out, *truth;
static uint64_t state;

static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}
static void put(uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf[len++] = (unsigned char)(value >> 8 * i);
}
static void text(const char *s)
{
	put(strlen(s) + 1, 2);
	memcpy(buf + len, s, strlen(s) + 1);
	len += strlen(s) + 1;
}
static uint32_t now = 1280000000;
static const char *const paths[] = {"/etc/passwd", "/bin/ls", "/usr/sbin/auditd", "/tmp/a b", "/var/audit/20100724.current"};

static void file(const char *name)
{
	len = 0;
	put(0x11, 1);
	put(now, 4);
	put(chance(1000), 4);
	text(name);
	fwrite(buf, len, 1, out);
	fprintf(truth, "%ld\t%zu\t17\t%u\t%u\t%s\n", at, len, now, buf[7] << 8 | buf[8], name);
	at += (long)len;
}
static void record(int solaris)
{
	static const uint16_t events[] = {1, 72, 23, 6152, 32800, 45000, 43190};
	int token = solaris ? (chance(4) ? 0x14 : 0x74) : (chance(6) ? 0x14 : 0x15), version = solaris ? 2 : 11;
	uint16_t event = events[chance(7)], modifier = chance(5) ? 0 : 0x8000;
	uint32_t msec = chance(1000), pid = 1 + chance(30000);

	now += chance(3);
	len = 0;
	put((uint64_t)token, 1);
	put(0, 4);
	put((uint64_t)version, 1);
	put(event, 2);
	put(modifier, 2);
	if (token == 0x15) { /* the host: address type 4 or 16, and as many bytes */
		int width = chance(2) ? 4 : 16;
		put((uint64_t)width, 4);
		for (int i = 0; i < width; i++)
			put(chance(256), 1);
	}
	put(now, token == 0x74 ? 8 : 4);
	put(msec, token == 0x74 ? 8 : 4);
	put(0x24, 1); /* subject: audit id, effective and real ids, pid, session, port, address */
	put(chance(2) ? 1001 : 0xffffffff, 4);
	for (int i = 0; i < 4; i++)
		put(chance(2) ? 0 : 1001, 4);
	put(pid, 4);
	put(pid, 4);
	put(0, 4);
	put(0x7f000001, 4);
	for (uint32_t n = chance(4); n > 0; n--)
		switch (chance(4)) {
		case 0: put(0x23, 1); text(paths[chance(5)]); break;
		case 1: put(0x2d, 1); put(1 + chance(3), 1); put(chance(4096), 4); text("flags"); break;
		case 2: put(0x28, 1); text("successful login"); break;
		default: { /* opaque: a trailer's bytes are nothing special in it */
			put(0x29, 1);
			put(12, 2);
			put(0x13b105, 3);
			put(chance(256), 4);
			put(0x1400000000, 5);
		} }
	put(0x27, 1);
	put(chance(4) ? 0 : 13, 1);
	put(0, 4);
	put(0x13, 1);
	put(0xb105, 2);
	put(len + 4, 4);
	for (int i = 0; i < 4; i++)
		buf[1 + i] = (unsigned char)(len >> 8 * (3 - i));
	fwrite(buf, len, 1, out);
	fprintf(truth, "%ld\t%zu\t%d\t%d\t%u\t%u\t%u\t%u\n", at, len, token, version, event, modifier, now, msec);
	at += (long)len;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	int solaris = !strcmp(argv[1], "solaris");
	state = strtoull(argv[2], 0, 10);
	out = fopen(argv[4], "wb");
	truth = fopen(argv[5], "w");
	if (!out || !truth)
		return 2;
	if (solaris)
		file("/var/audit/20100724.not_terminated.host");
	for (long records = strtol(argv[3], 0, 10); records > 0; records--)
		record(solaris);
	if (solaris)
		file("/var/audit/20100725.not_terminated.host");
	return fclose(out) | fclose(truth);
}
