/*
 * The control of "bench latency" and "bench scale": what netmap4j's driver of the 82599 does, in C, on the same memory.
 * A ring's addresses come from Java (io.netmap4j.bench.control.CRing), whose ports have made the ring and never sync
 * it. Layouts: docs/netmap-abi.md 2 and 3 (ring and slot), docs/82599.md 4.1, 4.4, 4.5 (descriptors).
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUF_CHANGED 1
#define FLAGS_DONE 0x23 /* NS_BUF_CHANGED, NS_REPORT, NS_MOREFRAG */
#define MOREFRAG 0x20
#define PAGE_SHIFT 21
#define DD 1
#define EOP 2
#define DAMAGED 0x3b000000
#define TX_WHOLE (3u << 20 | 1u << 24 | 1u << 25 | 1u << 29) /* data, EOP, IFCS, DEXT */
#define TX_RS (1u << 27)
#define REPORTS 8192 /* a power of two, no less than the slots of a ring */
#define PATIENCE 2000 /* looks without news after which a thread lets others run */

/* All words of 64 bits: Java writes the first eight. */
struct ring {
	uint8_t *shared;	/* struct netmap_ring */
	uint8_t *descs;
	uint32_t *doorbell;
	uint64_t *table;	/* device addresses of the region's pages of 2 MiB */
	uint8_t *bufs;		/* buffer 0 */
	uint64_t buf_offset;	/* of buffer 0 in the region */
	uint64_t buf_size, buf_total, slots;
	uint64_t hwcur, hwtail, report_head, report_tail, written, due;
	uint32_t *reports;	/* slots whose descriptors report, REPORTS of them */
};

struct slot {
	uint32_t buf_idx;
	uint16_t len, flags;
	uint64_t ptr;
};

static inline struct slot *slot(struct ring *r, uint32_t i)
{
	return (struct slot *)(r->shared + 256) + i;
}

static inline _Atomic uint32_t *head(struct ring *r)
{
	return (_Atomic uint32_t *)(r->shared + 20);
}

static inline _Atomic uint32_t *cur(struct ring *r)
{
	return (_Atomic uint32_t *)(r->shared + 24);
}

static inline _Atomic uint32_t *tail(struct ring *r)
{
	return (_Atomic uint32_t *)(r->shared + 28);
}

static inline uint32_t distance(struct ring *r, uint32_t a, uint32_t b)
{
	return b >= a ? b - a : b + r->slots - a;
}

static inline uint32_t next(struct ring *r, uint32_t i)
{
	return i + 1 == r->slots ? 0 : i + 1;
}

static inline uint32_t before(struct ring *r, uint32_t i)
{
	return i == 0 ? r->slots - 1 : i - 1;
}

static inline uint32_t space(struct ring *r)
{
	return distance(r, atomic_load_explicit(head(r), memory_order_relaxed), atomic_load_explicit(tail(r), memory_order_acquire));
}

static inline void advance(struct ring *r, uint32_t to)
{
	atomic_store_explicit(cur(r), to, memory_order_relaxed);
	atomic_store_explicit(head(r), to, memory_order_release);
}

/* The user's head, if what it asks for is the user's to give; a control that errs must not go on. */
static inline uint32_t accepted(struct ring *r)
{
	uint32_t h = atomic_load_explicit(head(r), memory_order_acquire);
	uint32_t c = atomic_load_explicit(cur(r), memory_order_relaxed);

	if (h >= r->slots || c >= r->slots || distance(r, r->hwcur, h) > distance(r, r->hwcur, r->hwtail))
		abort();
	return h;
}

static inline int good_index(struct ring *r, uint32_t index)
{
	return index - 2 < r->buf_total - 2;
}

static inline uint64_t device_address(struct ring *r, uint32_t index)
{
	uint64_t at = r->buf_offset + index * r->buf_size;

	return r->table[at >> PAGE_SHIFT] + (at & ((1u << PAGE_SHIFT) - 1));
}

static inline uint64_t load(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline void store(void *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static inline void doorbell(struct ring *r, uint32_t v)
{
	atomic_store_explicit((_Atomic uint32_t *)r->doorbell, v, memory_order_release);
}

/* Descriptors for the slots from hwcur up to head, in straight runs; then one doorbell; then what is done. */
static inline void nic_tx_sync(struct ring *r)
{
	uint32_t end = accepted(r);

	if (r->hwcur != end) {
		for (uint32_t at = r->hwcur; at != end;) {
			uint32_t to = at < end ? end : r->slots;
			for (; at < to; at++) {
				struct slot *s = slot(r, at);
				uint64_t v = load(s);
				uint64_t len = v >> 32 & 0xffff;
				if ((v >> 48 & ~FLAGS_DONE) || len < 14 || len > r->buf_size || !good_index(r, v))
					abort();
				store(r->descs + 16 * (uint64_t)at, device_address(r, v));
				store(r->descs + 16 * (uint64_t)at + 8, TX_WHOLE | len | len << 46);
				if (v >> 48)
					s->flags = 0;
			}
			at = at == r->slots ? 0 : at;
		}
		uint32_t last = before(r, end);
		*(uint32_t *)(r->descs + 16 * (uint64_t)last + 8) |= TX_RS;
		r->reports[r->report_tail] = last;
		r->report_tail = (r->report_tail + 1) & (REPORTS - 1);
		r->hwcur = end;
		doorbell(r, end);
	}
	while (r->report_head != r->report_tail) {
		uint32_t at = r->reports[r->report_head];
		if (!(*(volatile uint32_t *)(r->descs + 16 * (uint64_t)at + 12) & DD))
			break;
		r->hwtail = at;
		r->report_head = (r->report_head + 1) & (REPORTS - 1);
	}
	atomic_store_explicit(tail(r), r->hwtail, memory_order_release);
}

/* Takes in what the card has written back; gives the slots from hwcur up to head back with one doorbell. */
static inline void nic_rx_sync(struct ring *r)
{
	uint32_t end = accepted(r), at = r->hwtail;
	uint32_t left = r->slots - 1 - distance(r, r->hwcur, r->hwtail);

	while (left > 0) {
		uint32_t run = left < r->slots - at ? left : r->slots - at, i;
		for (i = 0; i < run; i++) {
			uint64_t d = load(r->descs + 16 * (uint64_t)(at + i) + 8);
			uint32_t len = d >> 32 & 0xffff;
			if ((d & (DD | EOP | DAMAGED)) != (DD | EOP) || len - 1 >= r->buf_size)
				break;
			memcpy((uint8_t *)slot(r, at + i) + 4, &len, 4);
		}
		at = at + i == r->slots ? 0 : at + i;
		left -= i;
		if (i < run)
			break;
	}
	if (at != r->hwtail) {
		atomic_thread_fence(memory_order_acquire);
		r->hwtail = at;
	}
	if (r->hwcur != end) {
		for (at = r->hwcur; at != end;) {
			uint32_t to = at < end ? end : r->slots;
			for (; at < to; at++) {
				struct slot *s = slot(r, at);
				/* by halves: a word loaded just after a part of it was stored waits for the store */
				uint32_t index = s->buf_idx, flags = s->flags;
				if (!good_index(r, index))
					abort();
				store(r->descs + 16 * (uint64_t)at, device_address(r, index));
				store(r->descs + 16 * (uint64_t)at + 8, 0);
				if (flags & BUF_CHANGED)
					s->flags = flags & ~BUF_CHANGED;
			}
			at = at == r->slots ? 0 : at;
		}
		r->hwcur = end;
		doorbell(r, before(r, end));
	}
	atomic_store_explicit(tail(r), r->hwtail, memory_order_release);
}

/* netmap's zero-copy forwarding of one slot. */
static inline void swap(struct slot *from, struct slot *to)
{
	uint64_t mine = load(from), theirs = to->buf_idx;

	store(to, (mine & 0x0000ffffffffffffull) | (uint64_t)((mine >> 48 & MOREFRAG) | BUF_CHANGED) << 48);
	store(from, (mine & 0x0000ffff00000000ull) | theirs | (uint64_t)BUF_CHANGED << 48);
}

/* Moves what there is and what there is room for, most at most. */
static inline uint32_t forward(struct ring *rx, struct ring *tx, uint32_t most, uint64_t *sum)
{
	uint32_t n = space(rx), room = space(tx), from = *head(rx), to = *head(tx);

	n = n < room ? n : room;
	n = n < most ? n : most;
	for (uint32_t i = 0; i < n; i++) {
		struct slot *s = slot(rx, from);
		*sum += rx->bufs[s->buf_idx * rx->buf_size];
		swap(s, slot(tx, to));
		from = next(rx, from);
		to = next(tx, to);
	}
	advance(rx, from);
	advance(tx, to);
	return n;
}

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t); /* what System.nanoTime reads */
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static inline uint32_t pause_(uint32_t idle)
{
	if (idle < PATIENCE) {
#if defined(__x86_64__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("isb");
#endif
		return idle + 1;
	}
	sched_yield();
	return 0;
}

/* For Java: whether both mean the same block of memory. */
uint64_t ring_bytes(void)
{
	return sizeof(struct ring);
}
