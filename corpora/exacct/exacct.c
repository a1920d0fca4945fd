/*
 * An independent writer of Solaris extended accounting files: it shares no code with acctrecover.
 *
 *     exacct kernel|library SEED GROUPS OUT TRUTH
 *
 * `kernel` writes what exacct(9) of the kernel does: a header of version, file type, creator and host name, then groups of processes,
 * of tasks, of flows, and tags put by putacct(2). `library` writes what a program does through libexacct: the header in its order,
 * and groups of the local catalog with groups in them, embedded objects and every type of item. All numbers are big-endian.
 * TRUTH has a line `DEPTH OFFSET SIZE TAG VALUE` for every object, groups before their items: TAG in hexadecimal, VALUE the number
 * of objects of a group, a number in decimal, a double as %.17g, the text of a string, or hexadecimal bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXT_UINT8 = 1, EXT_UINT16, EXT_UINT32, EXT_UINT64, EXT_DOUBLE, EXT_STRING, EXT_OBJECT, EXT_RAW, EXT_GROUP = 15 };
enum { DEFAULT = 0, LOCAL = 1 };

static unsigned char buf[1 << 16];
static size_t len;
static long at;
static int depth;
static FILE *out, *truth;
static char lines[1 << 18];
static size_t told;
static uint64_t state;

static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}
static void number(uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf[len++] = (unsigned char)(value >> 8 * i);
}
static uint32_t tag(int type, int catalog, uint32_t id) { return (uint32_t)type << 28 | (uint32_t)catalog << 24 | id; }
static void tell(size_t start, size_t size, uint32_t kind, const char *value)
{
	told += (size_t)sprintf(lines + told, "%d\t%ld\t%zu\t%08x\t%s\n", depth, at + (long)start, size, kind, value);
}
static void fixed(uint32_t kind, uint64_t value)
{
	static const int widths[] = {0, 1, 2, 4, 8, 8};
	char text[64];
	size_t start = len;
	int width = widths[kind >> 28];

	number(kind, 4);
	number(value, width);
	number(4 + (uint64_t)width + 4, 4);
	if (kind >> 28 == EXT_DOUBLE) {
		double d;
		memcpy(&d, &value, 8);
		sprintf(text, "%.17g", d);
	} else
		sprintf(text, "%llu", (unsigned long long)value);
	tell(start, len - start, kind, text);
}
static void bytes(uint32_t kind, const void *data, size_t size)
{
	char text[600];
	size_t start = len;

	number(kind, 4);
	number(size + 4, 8);
	memcpy(buf + len, data, size);
	len += size;
	number(12 + size + 4, 4);
	if (kind >> 28 == EXT_STRING)
		strcpy(text, data);
	else
		for (size_t i = 0; i < size; i++)
			sprintf(text + 2 * i, "%02x", ((const unsigned char *)data)[i]);
	tell(start, len - start, kind, text);
}
static void string(int catalog, uint32_t id, const char *text) { bytes(tag(EXT_STRING, catalog, id), text, strlen(text) + 1); }
static void u32(uint32_t id, uint32_t value) { fixed(tag(EXT_UINT32, DEFAULT, id), value); }
static void u64(uint32_t id, uint64_t value) { fixed(tag(EXT_UINT64, DEFAULT, id), value); }

/* A group is told before its objects: its line is written when they are known, and moved before theirs. */
struct open { size_t start, line; uint32_t kind; };
static struct open opened(uint32_t kind)
{
	struct open g = {len, told, kind};

	number(kind, 4);
	number(0, 8);
	number(0, 4);
	number(20, 4);
	depth++;
	return g;
}
static void closed(struct open g, uint32_t objects, int header)
{
	char text[16], line[128];
	size_t end = len, size = 8 + (end - g.start - 20), width;

	len = g.start + 4;
	number(size, 8);
	number(objects, 4);
	len = end;
	number(header ? 0 : 16 + size, 4);
	depth--;
	sprintf(text, "%u", objects);
	width = (size_t)sprintf(line, "%d\t%ld\t%zu\t%08x\t%s\n", depth, at + (long)g.start, len - g.start, g.kind, text);
	memmove(lines + g.line + width, lines + g.line, told - g.line);
	memcpy(lines + g.line, line, width);
	told += width;
}
static void flush(void)
{
	fwrite(buf, len, 1, out);
	fwrite(lines, told, 1, truth);
	at += (long)len;
	len = told = 0;
}

static void header(int library)
{
	struct open g = opened(tag(EXT_GROUP, DEFAULT, 0xff));

	u32(1, 1);
	if (library)
		string(DEFAULT, 3, "pool-accounting");
	string(DEFAULT, 2, "exacct");
	if (!library)
		string(DEFAULT, 3, "SunOS");
	string(DEFAULT, 4, "zeus.example");
	closed(g, 4, 1);
	flush();
}
static uint32_t now = 1100000000;
static const char *const names[] = {"sh", "ls", "nfsd", "sendmail", "cron", "java", "a.out", "zoneadmd"};

static void process(uint32_t group)
{
	struct open g = opened(tag(EXT_GROUP, DEFAULT, group));
	uint32_t n = 0;

	now += chance(4);
	u32(0x1000, 100 + chance(29000)), n++;
	u32(0x1001, chance(3) ? 1000 + chance(40) : 0), n++;
	u32(0x1002, 10), n++;
	u32(0x1004, chance(5)), n++;
	u32(0x1003, 50 + chance(300)), n++;
	u64(0x100b, chance(90)), n++;
	u64(0x100c, chance(1000000000)), n++;
	u64(0x100d, chance(20)), n++;
	u64(0x100e, chance(1000000000)), n++;
	u64(0x1007, now - chance(600)), n++;
	u64(0x1008, chance(1000000000)), n++;
	u64(0x1009, now), n++;
	u64(0x100a, chance(1000000000)), n++;
	string(DEFAULT, 0x1006, names[chance(8)]), n++;
	u32(0x100f, chance(2) ? 24 : 0xffffffff), n++;
	u32(0x1010, chance(2) ? chance(9) : 0xffffffff), n++;
	if (chance(2)) {
		u64(0x1011, chance(20)), n++;
		u64(0x1012, chance(900)), n++;
		u64(0x1017, chance(1u << 30)), n++;
		u64(0x1018, chance(500)), n++;
		u64(0x1019, chance(80)), n++;
	}
	u32(0x101d, chance(4)), n++;
	u32(0x101f, 1 + chance(29000)), n++;
	u32(0x1020, chance(3) ? 0 : chance(256) << 8), n++;
	string(DEFAULT, 0x1021, chance(3) ? "global" : "web"), n++;
	u64(0x1022, chance(1u << 20)), n++;
	u64(0x1023, chance(1u << 22)), n++;
	closed(g, n, 0);
	flush();
}
static void task(uint32_t group)
{
	struct open g = opened(tag(EXT_GROUP, DEFAULT, group));

	u32(0x2000, 50 + chance(300));
	u32(0x2001, chance(5));
	u64(0x2003, now - chance(9000));
	u64(0x2004, chance(1000000000));
	u64(0x2005, now);
	u64(0x2006, chance(1000000000));
	u64(0x2007, chance(90));
	u64(0x2008, chance(1000000000));
	string(DEFAULT, 0x2002, "zeus");
	closed(g, 9, 0);
	flush();
}
static void mark(void)
{
	struct open g = opened(tag(EXT_GROUP, DEFAULT, 0x103));
	unsigned char raw[200];
	size_t size = chance(200);

	for (size_t i = 0; i < size; i++)
		raw[i] = (unsigned char)chance(256);
	u32(0x1000, 100 + chance(29000));
	bytes(tag(EXT_RAW, DEFAULT, 0x101e), raw, size);
	closed(g, 2, 0);
	flush();
}
static void flow(void)
{
	struct open g = opened(tag(EXT_GROUP, DEFAULT, 0x109));

	u32(0x3000, 0x0a000001 + chance(200));
	u32(0x3001, 0x0a000101 + chance(200));
	fixed(tag(EXT_UINT16, DEFAULT, 0x3004), 1024 + chance(60000));
	fixed(tag(EXT_UINT16, DEFAULT, 0x3005), 80);
	fixed(tag(EXT_UINT8, DEFAULT, 0x3006), 6);
	fixed(tag(EXT_UINT8, DEFAULT, 0x3007), 0);
	u64(0x3008, chance(1u << 20));
	u64(0x3009, 1 + chance(900));
	u64(0x300a, now - 10);
	u64(0x300b, now);
	closed(g, 10, 0);
	flush();
}
/* A group of a program's own catalog: groups in groups, an object in an item, every type. */
static void own(void)
{
	struct open g = opened(tag(EXT_GROUP, LOCAL, 0x200 + chance(3))), inner, innermost;
	unsigned char object[] = {0x30, 0, 0x10, 0, 0, 0, 0, 7, 0, 0, 0, 12};
	double load = chance(1000) / 7.0;
	uint64_t word;

	memcpy(&word, &load, 8);
	fixed(tag(EXT_DOUBLE, LOCAL, 0x2001), word);
	inner = opened(tag(EXT_GROUP, DEFAULT, 0x100));
	u32(0x1000, 100 + chance(29000));
	innermost = opened(tag(EXT_GROUP, LOCAL, 0x300));
	fixed(tag(EXT_UINT8, LOCAL, 1), chance(256));
	fixed(tag(EXT_UINT16, LOCAL, 2), chance(65536));
	closed(innermost, 2, 0);
	string(DEFAULT, 0x1006, names[chance(8)]);
	closed(inner, 3, 0);
	bytes(tag(EXT_OBJECT, LOCAL, 3), object, sizeof object);
	closed(g, 3, 0);
	flush();
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	int library = !strcmp(argv[1], "library");
	state = strtoull(argv[2], 0, 10);
	out = fopen(argv[4], "wb");
	truth = fopen(argv[5], "w");
	if (!out || !truth)
		return 2;
	header(library);
	for (long groups = strtol(argv[3], 0, 10); groups > 0; groups--)
		switch (chance(8)) {
		case 0: task(chance(2) ? 0x101 : 0x108); break;
		case 1: library ? own() : mark(); break;
		case 2: library ? own() : flow(); break;
		default: process(chance(6) ? 0x100 : 0x106);
		}
	return fclose(out) | fclose(truth);
}
