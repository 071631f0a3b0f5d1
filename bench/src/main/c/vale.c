/*
 * A switch of netmap4j's design (io.netmap4j.compat.vswitch) for pair.h, with the same checks of indices and slots, the
 * same table, queues and lock, the same order of memory accesses, and memcpy.
 *
 *   gcc -O3 -march=native -pthread -o vale vale.c
 */
#define WINDOW 512
#define RETURNS_AT_ONCE 1
#include "pair.h"
#include <sys/mman.h>
#include <unistd.h>

#define BUFS 20480
#define FLAGS_DONE 0x0003
#define ENTRIES 1088
#define BATCH 1024
#define PORTS 254
#define RINGS 16
#define ALL (PORTS * RINGS)
#define NONE UINT32_MAX
#define MAC 0xffffffffffffull

/* what a sender sees of the receiving port */
struct queue {
	struct kring *k;
	_Atomic uint32_t tail __attribute__((aligned(128)));
	_Atomic uint32_t freed __attribute__((aligned(128)));
	_Atomic int locked __attribute__((aligned(128)));
	int closed;
	uint64_t drops, frames;
	_Atomic(void *) sleepers;
	uint32_t buffer[SLOTS];
} __attribute__((aligned(128)));

struct port {
	struct queue *queue;
	uint32_t rings;
};

static struct queue queue = { .k = &rx };
static struct port ports[2], *table[PORTS];
static uint64_t macs[1024];

static struct {
	uint8_t *from[ENTRIES];
	uint32_t sizes[ENTRIES], next[ENTRIES], count;
	uint32_t heads[ALL + 1], tails[ALL + 1], queues[ENTRIES + PORTS], queue_count;
	uint64_t frames;
} b;

static inline uint32_t hash(uint64_t mac)
{
	return mac * 0x9e3779b97f4a7c15ull >> 54;
}

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static inline void append(uint32_t queue, uint32_t entry)
{
	b.next[entry] = NONE;
	if (b.heads[queue] == NONE) {
		b.heads[queue] = entry;
		if (queue != ALL)
			b.queues[b.queue_count++] = queue;
	} else {
		b.next[b.tails[queue]] = entry;
	}
	b.tails[queue] = entry;
}

static inline void dispatch(uint32_t entry, const uint8_t *frame, uint32_t sender, uint32_t ring)
{
	uint64_t to = load(frame) & MAC, from = load(frame + 6) & MAC, e;
	struct port *p;
	uint32_t dst;

	b.frames++;
	if (!(from & 1)) {
		e = from | (uint64_t)(sender + 1) << 48;
		if (((volatile uint64_t *)macs)[hash(from)] != e)
			((volatile uint64_t *)macs)[hash(from)] = e;
	}
	e = ((volatile uint64_t *)macs)[hash(to)];
	if ((to & 1) || ((e ^ to) << 16)) {
		append(ALL, entry);
		return;
	}
	dst = (e >> 48) - 1;
	p = dst < PORTS ? table[dst] : NULL;
	if (!p || dst == sender)
		return;
	if (p->rings)
		append(dst * RINGS + (ring < p->rings ? ring : ring % p->rings), entry);
}

static uint32_t fill(struct queue *r, uint32_t own, uint32_t all, uint32_t tail)
{
	uint32_t slot = tail, space, i, len;
	uint64_t count = 0;

	space = distance(tail + 1 == SLOTS ? 0 : tail + 1, atomic_load_explicit(&r->freed, memory_order_acquire));
	while (own != all) {
		i = own < all ? own : all;
		if ((b.sizes[i] >> 16) > space) {
			for (i = own; i != NONE; i = b.next[i])
				r->drops++;
			for (i = all; i != NONE; i = b.next[i])
				r->drops++;
			break;
		}
		if (i == own)
			own = b.next[i];
		else
			all = b.next[i];
		if ((b.sizes[i] >> 16) != 1 || r->k->offset_mask)
			abort();
		len = b.sizes[i] & 0xffff;
		if (len > BUF_SIZE)
			continue;
		memcpy(r->k->bufs + (uint64_t)r->buffer[slot] * BUF_SIZE, b.from[i], len);
		struct slot *s = &r->k->ring->slot[slot];
		s->buf_idx = r->buffer[slot];
		s->len = len;
		s->flags = 1 << 8;
		slot = wrap(slot + 1);
		space--;
		count++;
	}
	r->frames += count;
	return slot;
}

static void deliver(struct queue *r, uint32_t own, uint32_t all)
{
	uint32_t tail, end;
	int zero = 0;

	while (!atomic_compare_exchange_weak_explicit(&r->locked, &zero, 1, memory_order_acquire, memory_order_relaxed)) {
		zero = 0;
		sched_yield();
	}
	tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	end = r->closed ? tail : fill(r, own, all, tail);
	if (end != tail)
		atomic_store_explicit(&r->tail, end, memory_order_release);
	atomic_store_explicit(&r->locked, 0, memory_order_release);
	if (end == tail)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&r->sleepers, memory_order_acquire))
		abort();
}

static void flush(uint32_t sender)
{
	uint32_t all = b.heads[ALL];

	if (all != NONE)
		for (uint32_t p = 0; p < 2; p++)
			if (p != sender && b.heads[p * RINGS] == NONE)
				b.queues[b.queue_count++] = p * RINGS;
	for (uint32_t i = 0; i < b.queue_count; i++) {
		uint32_t queue = b.queues[i], ring = queue % RINGS;
		struct port *p = table[queue / RINGS];
		if (p && ring < p->rings)
			deliver(p->queue, b.heads[queue], ring ? NONE : all);
		b.heads[queue] = NONE;
	}
	b.heads[ALL] = NONE;
	b.queue_count = b.count = 0;
}

static int txsync(void)
{
	struct kring *k = &tx;

	if (!lock(k))
		return -1;
	uint32_t head = prologue(k, k->rhead, k->rtail);
	if (distance(k->hwcur, head) > distance(k->hwcur, k->hwtail))
		abort();
	for (uint32_t slot = k->hwcur; slot != head; slot = wrap(slot + 1)) {
		struct slot *s = &k->ring->slot[slot], v = *(volatile struct slot *)s;
		if (k->offset_mask || (v.flags & ~FLAGS_DONE) || v.len < 14 || v.len > BUF_SIZE || v.buf_idx - 2 >= BUFS - 2)
			abort();
		if (v.flags)
			s->flags = 0;
		uint32_t e = b.count++;
		b.from[e] = k->bufs + (uint64_t)v.buf_idx * BUF_SIZE;
		b.sizes[e] = v.len | 1 << 16;
		dispatch(e, b.from[e], 0, 0);
		if (b.count >= BATCH)
			flush(0);
	}
	if (b.count)
		flush(0);
	k->hwcur = head;
	k->hwtail = head == 0 ? SLOTS - 1 : head - 1;
	unlock(k);
	return 0;
}

static int rxsync(void)
{
	struct kring *k = &rx;

	if (!lock(k))
		return -1;
	uint32_t head = prologue(k, k->hwcur, k->hwtail);
	k->hwtail = atomic_load_explicit(&queue.tail, memory_order_acquire);
	if (k->hwcur != head) {
		for (uint32_t slot = k->hwcur; slot != head; slot = wrap(slot + 1)) {
			struct slot *s = &k->ring->slot[slot], v = *s;
			if (v.buf_idx - 2 >= BUFS - 2)
				abort();
			if (v.flags & BUF_CHANGED)
				s->flags = v.flags & ~BUF_CHANGED;
			queue.buffer[slot] = v.buf_idx;
		}
		k->hwcur = head;
		atomic_store_explicit(&queue.freed, head, memory_order_release);
	}
	unlock(k);
	return 0;
}

/* as a region of ours */
static uint8_t *region(void)
{
	size_t size = (size_t)BUFS * BUF_SIZE;
	int fd = memfd_create("vale", 0);
	void *at = fd < 0 || ftruncate(fd, size) ? MAP_FAILED :
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

static void init(void)
{
	static const uint8_t frame[12] = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa };

	tx.bufs = region();
	rx.bufs = region();
	for (uint32_t i = 0; i < SLOTS; i++) {
		queue.buffer[i] = 2 + i;
		memset(tx.bufs + (size_t)(2 + i) * BUF_SIZE, 0, BYTES);
		memcpy(tx.bufs + (size_t)(2 + i) * BUF_SIZE, frame, sizeof frame);
	}
	for (uint32_t i = 0; i <= ALL; i++)
		b.heads[i] = NONE;
	ports[0].rings = 1;
	ports[0].queue = NULL;
	ports[1].rings = 1;
	ports[1].queue = &queue;
	table[0] = &ports[0];
	table[1] = &ports[1];
	macs[hash(load(frame) & MAC)] = (load(frame) & MAC) | 2ull << 48;
}

static void check(void)
{
	if (queue.drops)
		abort();
}
