/*
 * The control of "bench frames": the headers of a frame as io.netmap4j.frames.Packet finds them, with the same checks, as
 * quick as we can write them in C. io.netmap4j.bench.FramesCommand calls it on the same frames, and compares what both
 * have found by a digest of it.
 */
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { NONE, TRUNCATED, LENGTH, VERSION };

struct packet {
	const uint8_t *at;
	int32_t payload, end, vlans, ether_type, protocol, problem;
	uint8_t fragment, first;
	const uint8_t *arp, *ipv4, *ipv6, *icmp, *udp, *tcp;
};

static inline uint16_t get16(const uint8_t *at)
{
	uint16_t v;
	memcpy(&v, at, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t get32(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, 4);
	return __builtin_bswap32(v);
}

static inline int fits(struct packet *p, int32_t bytes)
{
	if (bytes > p->end - p->payload) {
		p->problem = TRUNCATED;
		return 0;
	}
	return 1;
}

static inline int end_after(struct packet *p, int32_t counted, int32_t header)
{
	if (counted < header) {
		p->problem = LENGTH;
		return 0;
	}
	if (counted > p->end - p->payload)
		p->problem = TRUNCATED;
	else
		p->end = p->payload + counted;
	return 1;
}

static inline void icmp(struct packet *p)
{
	if (fits(p, 8)) {
		p->icmp = p->at + p->payload;
		p->payload += 8;
	}
}

static inline void transport(struct packet *p)
{
	const uint8_t *h = p->at + p->payload;

	if (!p->first)
		return;
	switch (p->protocol) {
	case 6:
		if (fits(p, 20)) {
			int32_t bytes = h[12] >> 4 << 2;

			if (bytes < 20)
				p->problem = LENGTH;
			else if (fits(p, bytes)) {
				p->tcp = h;
				p->payload += bytes;
			}
		}
		break;
	case 17:
		if (fits(p, 8)) {
			int32_t counted = get16(h + 4);

			if (counted == 0 && p->ipv6)
				counted = p->end - p->payload;
			if ((p->fragment && counted >= 8) || end_after(p, counted, 8)) {
				p->udp = h;
				p->payload += 8;
			}
		}
		break;
	case 1:
		if (p->ipv4)
			icmp(p);
		break;
	case 58:
		if (p->ipv6)
			icmp(p);
		break;
	}
}

static inline void ipv4(struct packet *p)
{
	const uint8_t *h = p->at + p->payload;
	int32_t bytes, total;

	if (!fits(p, 20))
		return;
	bytes = (h[0] & 0xf) << 2;
	total = get16(h + 2);
	if (h[0] >> 4 != 4)
		p->problem = VERSION;
	else if (bytes < 20)
		p->problem = LENGTH;
	else if (fits(p, bytes) && end_after(p, total == 0 ? p->end - p->payload : total, bytes)) {
		p->ipv4 = h;
		p->protocol = h[9];
		p->fragment = (get16(h + 6) & 0x3fff) != 0;
		p->first = (get16(h + 6) & 0x1fff) == 0;
		p->payload += bytes;
		transport(p);
	}
}

static inline void ipv6(struct packet *p)
{
	const uint8_t *h = p->at + p->payload;
	int32_t length;
	int next;

	if (!fits(p, 40))
		return;
	if (h[0] >> 4 != 6) {
		p->problem = VERSION;
		return;
	}
	p->ipv6 = h;
	length = get16(h + 4);
	if (length == 0 && h[6] == 0 && p->end - p->payload >= 48 && get16(h + 42) == 0xc204) {
		uint32_t jumbo = get32(h + 44);

		length = jumbo < INT32_MAX - 40 ? jumbo : INT32_MAX - 40;
	}
	end_after(p, 40 + length, 40);
	p->payload += 40;
	next = h[6];
	while (p->first && (next == 0 || next == 43 || next == 44 || next == 51 || next == 60)) {
		const uint8_t *e = p->at + p->payload;
		int32_t bytes;

		if (!fits(p, 8))
			return;
		bytes = next == 44 ? 8 : next == 51 ? 8 + (e[1] << 2) : 8 + (e[1] << 3);
		if (!fits(p, bytes))
			return;
		if (next == 44) {
			p->fragment |= (get16(e + 2) & 0xfff9) != 0;
			p->first = (get16(e + 2) & 0xfff8) == 0;
		}
		next = e[0];
		p->payload += bytes;
	}
	p->protocol = next;
	transport(p);
}

static inline void wrap(struct packet *p, const uint8_t *at, int32_t length)
{
	memset(p, 0, sizeof(*p));
	p->at = at;
	p->end = length;
	p->first = 1;
	p->protocol = -1;
	if (length < 14) {
		p->problem = TRUNCATED;
		return;
	}
	p->payload = 14;
	p->ether_type = get16(at + 12);
	while (p->ether_type == 0x8100 || p->ether_type == 0x88a8 || p->ether_type == 0x9100) {
		if (!fits(p, 4))
			return;
		p->ether_type = get16(at + p->payload + 2);
		p->payload += 4;
		p->vlans++;
	}
	switch (p->ether_type) {
	case 0x0800:
		ipv4(p);
		break;
	case 0x86dd:
		ipv6(p);
		break;
	case 0x0806:
		if (fits(p, 8)) {
			const uint8_t *h = at + p->payload;
			int32_t bytes = 8 + 2 * h[4] + 2 * h[5];

			if (fits(p, bytes)) {
				p->arp = h;
				p->payload += bytes;
			}
		}
		break;
	default:
		if (p->ether_type < 0x600)
			end_after(p, p->ether_type, 0);
	}
}

/* What a program would look at: addresses, ports, where the payload is. FramesCommand has the same. */
static inline uint32_t digest(const struct packet *p)
{
	uint32_t d = p->ether_type + 3 * p->protocol + 5 * p->payload + 7 * p->end + 11 * p->problem + 13 * p->vlans;

	if (p->ipv4)
		d += get32(p->ipv4 + 12) ^ get32(p->ipv4 + 16);
	if (p->ipv6)
		d += get32(p->ipv6 + 20) ^ get32(p->ipv6 + 36);
	if (p->tcp)
		d += get16(p->tcp) + 17 * get16(p->tcp + 2);
	if (p->udp)
		d += get16(p->udp) + 19 * get16(p->udp + 2);
	if (p->icmp)
		d += 23 * p->icmp[0];
	if (p->arp)
		d += 29 * get16(p->arp + 6);
	return d;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

/* Passes over all frames until they have taken so many ns. Returns ns for a frame; the digest is of the last pass. */
double frames_slice(const uint8_t *const *frames, const int32_t *lengths, int count, long nanos, uint32_t *result)
{
	int64_t begin = now(), spent;
	long passes = 0;
	uint32_t sum;

	do {
		struct packet p;

		sum = 0;
		for (int i = 0; i < count; i++) {
			wrap(&p, frames[i], lengths[i]);
			sum += digest(&p);
		}
		passes++;
		*(volatile uint32_t *)result = sum;
		spent = now() - begin;
	} while (spent < nanos);
	return (double)spent / passes / count;
}
