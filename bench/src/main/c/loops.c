/*
 * The bare loops of the driver in C, as quick as we can write them: slots to TX descriptors, RX descriptors to slots,
 * released slots to RX descriptors. The same checks as IxgbeTxRing and IxgbeRxRing (flags, range of the length, range of
 * the buffer index), the same table of buffers' device addresses, the same way out for a slot that is anything unusual, the same
 * reports and doorbells, the same look at the reports when the ring is full. docs/82599.md 4.1, 4.4, 4.5.
 *
 *   gcc -O3 -march=native -shared -fPIC -o libloops.so loops.c
 *
 * io.netmap4j.bench.loops.CLoops calls it, on the same memory as the driver's. What it may do that the driver may not:
 * nothing else can hold the ring, and no slot has an offset.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUF_CHANGED 0x0001
#define REPORT 0x0002
#define MOREFRAG 0x0020
#define FLAGS_DONE (BUF_CHANGED | REPORT | MOREFRAG)

#define MIN_PAYLEN 17
#define MIN_FRAME 14
#define MAX_FRAME 1518
#define MAX_SEGMENTS 40
#define REPORT_EVERY 32
#define ANNOUNCE_EVERY 32
#define IFCS (1ul << 25)
#define EOP (1ul << 24)
#define RS (1u << 27)
#define FRAGMENT (3ul << 20 | 1ul << 29 | IFCS)
#define WHOLE (FRAGMENT | EOP)
#define PAYLEN_SHIFT 46
#define NONE UINT32_MAX
#define DISTURBED 100000 /* ns of a pass: longer, and somebody else had the processor */

#define DD 1u
#define RX_EOP 2u
#define DAMAGED (1u << 24 | 1u << 25 | 1u << 27 | 1u << 28 | 1u << 29)
#define JUDGED (DD | RX_EOP | DAMAGED)
#define MAX_RX_FRAME 15872

#define unlikely(x) __builtin_expect(!!(x), 0)

struct slot {
	uint64_t word; /* buf_idx, len, flags */
	uint64_t ptr;
};

struct desc {
	uint64_t low, high;
};

#define REPORTS 8192 /* a power of two, no less than the slots of a ring */

struct ring {
	struct slot *slots;
	struct desc *descs;
	const uint64_t *addresses; /* of buffers, for the card; 0 for what it must not get */
	volatile uint32_t *tail;
	uint8_t *buffers;
	uint32_t buf_size, buf_total, n, max_len, rx_bytes;
	uint32_t hwcur, hwtail, hwofs, rhead;
	uint32_t unreported, unannounced; /* as in IxgbeTxRing and IxgbeRxRing */
	uint32_t report_head, report_tail;
	uint32_t reports[REPORTS], reported_slots[REPORTS];
};

static inline uint32_t distance(const struct ring *r, uint32_t a, uint32_t b)
{
	return b >= a ? b - a : b + r->n - a;
}

static inline uint32_t wrap(const struct ring *r, uint32_t i)
{
	return i >= r->n ? i - r->n : i;
}

static inline uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint32_t before(const struct ring *r, uint32_t slot)
{
	return slot == 0 ? r->n - 1 : slot - 1;
}

/* 0 for an index that the card must not get */
static inline uint64_t address(const struct ring *r, uint64_t word)
{
	return (uint32_t)word < r->buf_total ? r->addresses[(uint32_t)word] : 0;
}

static inline uint32_t len_of(uint64_t word)
{
	return (uint32_t)(word >> 32) & 0xffff;
}

static inline void doorbell(struct ring *r, uint32_t desc)
{
	__atomic_signal_fence(__ATOMIC_RELEASE);
	*r->tail = desc;
}

static inline void flags_to(struct slot *s, uint16_t flags)
{
	((uint16_t *)s)[3] = flags;
}

/* Whole packets with no flag but BUF_CHANGED. */
static inline uint32_t fill(const struct ring *r, uint32_t slot, uint32_t desc, uint32_t run)
{
	struct slot *restrict from = r->slots + slot;
	struct desc *restrict to = r->descs + desc;
	const uint64_t *restrict addresses = r->addresses;
	const uint32_t total = r->buf_total, lengths = r->max_len - MIN_PAYLEN;

	for (uint32_t i = 0; i < run; i++) {
		uint32_t s = ((uint32_t *)&from[i])[0], lf = ((uint32_t *)&from[i])[1], len = lf & ~(BUF_CHANGED << 16);
		if (unlikely(len - MIN_PAYLEN > lengths || (uint32_t)s >= total))
			return i;
		uint64_t at = addresses[(uint32_t)s];
		if (unlikely(!at))
			return i;
		to[i].low = at;
		to[i].high = WHOLE | len | (uint64_t)len << PAYLEN_SHIFT;
		if (lf != len)
			((uint32_t *)&from[i])[1] = len;
	}
	return run;
}

static uint32_t segments(const struct ring *r, uint32_t slot, uint32_t todo)
{
	for (uint32_t i = 1; i <= todo; i++, slot = wrap(r, slot + 1))
		if (!(r->slots[slot].word >> 48 & MOREFRAG))
			return i;
	return 0;
}

/* 0 when it is refused: it has no descriptor. */
static __attribute__((noinline)) uint32_t unusual_tx(struct ring *r, uint32_t first, uint32_t count, int *wanted)
{
	uint64_t packet[MAX_SEGMENTS];
	uint32_t total = 0, slot = first, last = wrap(r, first + count - 1);
	int good = count <= MAX_SEGMENTS;

	*wanted = 0;
	for (uint32_t i = 0; i < count && good; i++, slot = wrap(r, slot + 1)) {
		uint64_t s = packet[i] = ((volatile struct slot *)r->slots)[slot].word;
		good = address(r, s) && len_of(s) > 0 && len_of(s) <= r->buf_size;
		total += len_of(s);
		*wanted |= (s >> 48 & REPORT) != 0;
	}
	good &= total >= MIN_FRAME && total <= MAX_FRAME;
	if (good && total < MIN_PAYLEN) {
		uint64_t end = packet[count - 1];
		uint32_t padding = MIN_PAYLEN - total;
		memset(r->buffers + (uint64_t)(uint32_t)end * r->buf_size + len_of(end), 0, padding);
		packet[count - 1] += (uint64_t)padding << 32;
		total = MIN_PAYLEN;
	}
	slot = first;
	for (uint32_t i = 0; i < count && good; i++, slot = wrap(r, slot + 1)) {
		struct desc *d = r->descs + distance(r, r->hwofs, slot);
		d->low = address(r, packet[i]);
		d->high = FRAGMENT | (i == count - 1 ? EOP : 0) | len_of(packet[i]) |
			  (i == 0 ? (uint64_t)total << PAYLEN_SHIFT : 0);
	}
	flags_to(&r->slots[last], (r->slots[last].word >> 48) & ~FLAGS_DONE);
	if (good)
		return 1;
	r->hwofs = wrap(r, r->hwofs + count);
	*wanted = 0;
	return 0;
}

static inline void report(struct ring *r, uint32_t end, uint32_t next)
{
	if (end != NONE) {
		r->unreported = 0;
		uint32_t *command = (uint32_t *)&r->descs[end].high;
		*command |= RS;
		r->reports[r->report_tail & (REPORTS - 1)] = end;
		r->reported_slots[r->report_tail++ & (REPORTS - 1)] = before(r, next);
	} else if (r->unreported > 0) {
		return;
	} else if (r->report_head != r->report_tail) {
		r->reported_slots[(r->report_tail - 1) & (REPORTS - 1)] = before(r, next);
	} else {
		r->hwtail = before(r, next);
	}
}

static inline void send(struct ring *r)
{
	if (r->slots[before(r, r->rhead)].word >> 48 & MOREFRAG)
		return;
	uint32_t slot = r->hwcur, desc = distance(r, r->hwofs, slot), todo = distance(r, slot, r->rhead), end = NONE;
	while (todo > 0) {
		uint32_t run = min(min(todo, REPORT_EVERY - r->unreported), r->n - max(slot, desc));
		uint32_t done = fill(r, slot, desc, run), descriptors = done;
		int wanted = 0;
		if (unlikely(done < run)) {
			uint32_t first = slot + done, length = segments(r, first, todo - done);
			if (length == 0)
				todo = done;
			else if (unusual_tx(r, first, length, &wanted))
				descriptors += length;
			done += length;
		}
		slot = wrap(r, slot + done);
		desc = wrap(r, desc + descriptors);
		todo -= done;
		if (descriptors > 0)
			end = before(r, desc);
		r->unreported += descriptors;
		if (wanted || r->unreported >= REPORT_EVERY) {
			report(r, end, slot);
			end = NONE;
		}
	}
	if (slot != r->hwcur) {
		if (end == NONE || distance(r, r->rhead, r->hwtail) <= REPORT_EVERY)
			report(r, end, slot);
		r->hwcur = slot;
		doorbell(r, desc);
	}
}

/* As IxgbeTxRing.sync. */
static inline void tx_sync(struct ring *r)
{
	if (r->hwcur != r->rhead)
		send(r);
	if (r->rhead == r->hwtail)
		while (r->report_head != r->report_tail &&
		       ((volatile struct desc *)r->descs)[r->reports[r->report_head & (REPORTS - 1)]].high >> 32 & DD)
			r->hwtail = r->reported_slots[r->report_head++ & (REPORTS - 1)];
}

/* Packets of one descriptor. */
static inline uint32_t take(const struct ring *r, uint32_t slot, uint32_t desc, uint32_t run)
{
	const struct desc *restrict from = r->descs + desc;
	struct slot *restrict to = r->slots + slot;
	const uint32_t most = r->rx_bytes;

	for (uint32_t i = 0; i < run; i++) {
		uint64_t d = from[i].high;
		uint32_t len = len_of(d);
		if (unlikely(((uint32_t)d & JUDGED) != (DD | RX_EOP) || len - 1 >= most))
			return i;
		((uint32_t *)&to[i])[1] = len;
	}
	return run;
}

/* Slots of the packet, or 0 when it is not whole yet. */
static __attribute__((noinline)) uint32_t unusual_rx(struct ring *r, uint32_t first, uint32_t left)
{
	uint32_t length = 0, most = MAX_RX_FRAME / r->rx_bytes + 1;
	int good = 1, ended = 0;

	for (uint32_t slot = first; !ended; slot = wrap(r, slot + 1)) {
		uint64_t d = length < left ? r->descs[distance(r, r->hwofs, slot)].high : 0;
		if (!(d & DD))
			return 0;
		int last = (d & RX_EOP) != 0;
		good &= len_of(d) > 0 && len_of(d) <= r->rx_bytes && !(last && (d & DAMAGED));
		length++;
		ended = last || length == most;
		good &= !ended || last;
	}
	for (uint32_t i = 0, slot = first; i < length; i++, slot = wrap(r, slot + 1)) {
		uint32_t len = len_of(r->descs[distance(r, r->hwofs, slot)].high);
		((uint32_t *)&r->slots[slot])[1] =
			good ? min(len, r->rx_bytes) | (i < length - 1 ? MOREFRAG << 16 : 0) : 0;
	}
	return length;
}

static inline void receive(struct ring *r)
{
	uint32_t left = r->n - 1 - distance(r, r->hwcur, r->hwtail), slot = r->hwtail;

	while (left > 0) {
		uint32_t desc = distance(r, r->hwofs, slot);
		uint32_t run = min(left, r->n - max(slot, desc));
		uint32_t done = take(r, slot, desc, run);
		if (done < run) {
			uint32_t length = unusual_rx(r, wrap(r, slot + done), left - done);
			if (length == 0) {
				slot = wrap(r, slot + done);
				break;
			}
			done += length;
		}
		slot = wrap(r, slot + done);
		left -= done;
	}
	if (slot != r->hwtail) {
		__atomic_signal_fence(__ATOMIC_ACQUIRE);
		r->hwtail = slot;
	}
}

static inline uint32_t give(const struct ring *r, uint32_t slot, uint32_t desc, uint32_t run)
{
	const struct slot *restrict from = r->slots + slot;
	struct desc *restrict to = r->descs + desc;
	const uint64_t *restrict addresses = r->addresses;
	const uint32_t total = r->buf_total;

	for (uint32_t i = 0; i < run; i++) {
		uint32_t index = from[i].word;
		if (unlikely(index >= total))
			return i;
		uint64_t at = addresses[index];
		if (unlikely(!at))
			return i;
		to[i].low = at;
		to[i].high = 0;
	}
	return run;
}

static inline int arrived(const struct ring *r, uint32_t desc)
{
	return r->descs[desc].high & DD;
}

static inline void announce(struct ring *r, uint32_t armed)
{
	uint32_t more = r->unannounced + armed;

	if (more >= ANNOUNCE_EVERY || 2 * more + distance(r, r->hwcur, r->hwtail) >= r->n - 1) {
		more = 0;
		doorbell(r, before(r, distance(r, r->hwofs, r->hwcur)));
	}
	r->unannounced = more;
}

static inline void release(struct ring *r)
{
	uint32_t slot = r->hwcur, desc = distance(r, r->hwofs, slot), released = distance(r, slot, r->rhead), todo = released;

	while (todo > 0) {
		uint32_t run = min(todo, r->n - max(slot, desc));
		uint32_t done = give(r, slot, desc, run);
		slot = wrap(r, slot + done);
		desc = wrap(r, desc + done);
		todo -= done;
		if (done < run)
			break;
	}
	if (todo != released) {
		r->hwcur = slot;
		announce(r, released - todo);
	}
}

/* As IxgbeRxRing.sync. */
static inline void rx_sync(struct ring *r)
{
	if (arrived(r, distance(r, r->hwofs, r->hwtail)))
		receive(r);
	if (r->hwcur != r->rhead)
		release(r);
	else if (r->unannounced)
		announce(r, 0);
}

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* What two readings of the clock lie apart with nothing between them. */
static uint64_t clock_cost(void)
{
	static uint64_t least;

	if (!least) {
		least = UINT64_MAX;
		for (int i = 0; i < 10000; i++) {
			uint64_t begin = now(), cost = now() - begin;
			least = cost < least ? cost : least;
		}
	}
	return least;
}

enum loop { TX, TAKE, GIVE }; /* io.netmap4j.bench.loops.Loop */

static void start(struct ring *r, uint32_t hwcur, uint32_t hwtail, uint32_t hwofs)
{
	r->hwcur = r->rhead = hwcur;
	r->hwtail = hwtail;
	r->hwofs = hwofs;
	r->unreported = r->unannounced = 0;
	r->report_head = r->report_tail = 0;
}

static inline __attribute__((always_inline)) double slice(struct ring *r, enum loop loop, const void *slots,
	const void *descs, uint32_t batch, int64_t limit)
{
	const int64_t cost = clock_cost();
	const uint32_t batches = r->n / batch - 1, end = batches * batch;
	int64_t spent = 0, all = 0, passes = 0;

	while (spent < limit) {
		memcpy(r->slots, slots, r->n * sizeof(struct slot));
		memcpy(r->descs, descs, r->n * sizeof(struct desc));
		start(r, 0, loop == TAKE ? 0 : r->n - 1, 0);
		int64_t begin = now(), pass;
		for (uint32_t i = 0; i < batches; i++) {
			if (loop == TAKE) { /* all slots are the user's but for a batch: a batch is taken */
				r->hwcur = r->rhead = wrap(r, r->hwtail + batch + 1);
				rx_sync(r);
			} else {
				r->rhead += batch;
				if (loop == TX)
					tx_sync(r);
				else
					rx_sync(r);
			}
		}
		pass = now() - begin - cost;
		all += pass;
		if (pass < DISTURBED || all > 20 * limit) {
			spent += pass;
			passes++;
		}
		if ((loop == TAKE ? r->hwtail : r->hwcur) != end)
			return __builtin_nan("");
	}
	return (double)spent / (passes * end);
}

/*
 * What Java calls.
 */

struct ring *ring_new(void *slots, void *descs, void *addresses, void *tail, void *buffers, uint32_t buf_size,
	uint32_t buf_total, uint32_t n)
{
	struct ring *r = calloc(1, sizeof *r);

	if (r) {
		r->slots = slots;
		r->descs = descs;
		r->addresses = addresses;
		r->tail = tail;
		r->buffers = buffers;
		r->buf_size = buf_size;
		r->buf_total = buf_total;
		r->n = n;
		r->max_len = min(buf_size, MAX_FRAME);
		r->rx_bytes = min(buf_size / 1024 * 1024, 16 * 1024);
	}
	return r;
}

void ring_free(struct ring *r)
{
	free(r);
}

void ring_start(struct ring *r, uint32_t hwcur, uint32_t hwtail, uint32_t hwofs)
{
	start(r, hwcur, hwtail, hwofs);
}

void ring_sync(struct ring *r, int loop, uint32_t rhead)
{
	r->rhead = rhead;
	if (loop == TX)
		tx_sync(r);
	else
		rx_sync(r);
}

uint32_t ring_get(struct ring *r, int which)
{
	return which == 0 ? r->hwcur : which == 1 ? r->hwtail : r->hwofs;
}

/*
 * A slice of measurement: passes over the ring, each begun from the same slots and descriptors, until they have taken
 * limit ns; what is prepared is not timed. As DriverLoops.slice does in Java. ns for a packet; NaN when a pass did not
 * end where it should.
 */
double ring_slice(struct ring *r, int loop, const void *slots, const void *descs, uint32_t batch, int64_t limit)
{
	switch (loop) {
	case TX:
		return slice(r, TX, slots, descs, batch, limit);
	case TAKE:
		return slice(r, TAKE, slots, descs, batch, limit);
	default:
		return slice(r, GIVE, slots, descs, batch, limit);
	}
}
