/*
 * What ValeBench does, in C: a switch of netmap4j's design (io.netmap4j.compat.vswitch), with the same checks of
 * indices and slots, the same table, queues and lock, the same order of memory accesses, and memcpy.
 *
 *   gcc -O3 -march=native -pthread -o vale vale.c
 *
 * Each line of input, "lockstep|threads BATCH PACKETS", is answered with ns for a packet: of processor time in
 * lock-step, of time between threads. See bench/vale-vs-c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 1024
#define BUFS 20480
#define BUF_SIZE 2048
#define BYTES 60
#define WINDOW 512
#define PATIENCE 2000
#define FLAGS_DONE 0x0003
#define BUF_CHANGED 0x0001
#define ENTRIES 1088
#define BATCH 1024
#define PORTS 254
#define RINGS 16
#define ALL (PORTS * RINGS)
#define NONE UINT32_MAX
#define MAC 0xffffffffffffull

struct slot {
	uint32_t buf_idx;
	uint16_t len;
	uint16_t flags;
	uint64_t ptr;
};

struct ring {
	uint8_t pad[20];
	uint32_t head, cur;
	_Atomic uint32_t tail;
	uint8_t rest[224];
	struct slot slot[SLOTS];
} __attribute__((aligned(128)));

struct kring {
	struct ring *ring;
	uint8_t *bufs;
	uint64_t offset_mask;
	uint32_t hwcur, hwtail, rhead, rcur, rtail;
	_Atomic int state;
} __attribute__((aligned(128)));

struct rx {
	struct kring k;
	_Atomic uint32_t tail __attribute__((aligned(128)));
	_Atomic uint32_t freed __attribute__((aligned(128)));
	_Atomic int locked __attribute__((aligned(128)));
	int closed;
	uint64_t drops, frames;
	_Atomic(void *) sleepers;
	uint32_t buffer[SLOTS];
} __attribute__((aligned(128)));

struct port {
	struct rx *rx;
	uint32_t rings;
};

static struct kring tx;
static struct rx rx;
static struct ring rings[3];
static struct port ports[2], *table[PORTS];
static uint64_t macs[1024];

static struct {
	uint8_t *from[ENTRIES];
	uint32_t sizes[ENTRIES], next[ENTRIES], count;
	uint32_t heads[ALL + 1], tails[ALL + 1], queues[ENTRIES + PORTS], queue_count;
	uint64_t frames;
} b;

static uint64_t received;
static _Atomic uint64_t taken __attribute__((aligned(128)));
static uint32_t batch;

static inline uint32_t distance(uint32_t a, uint32_t to)
{
	return to >= a ? to - a : to + SLOTS - a;
}

static inline uint32_t next(uint32_t i)
{
	return i + 1 == SLOTS ? 0 : i + 1;
}

static inline int legal(uint32_t from, uint32_t head, uint32_t cur, uint32_t to)
{
	return head < SLOTS && cur < SLOTS && distance(from, head) <= distance(from, cur) &&
	       distance(from, cur) <= distance(from, to);
}

static int lock(struct kring *k)
{
	int idle = 0;
	return atomic_compare_exchange_strong(&k->state, &idle, 1);
}

static void unlock(struct kring *k)
{
	k->rtail = k->hwtail;
	atomic_store_explicit(&k->ring->tail, k->hwtail, memory_order_release);
	atomic_store_explicit(&k->state, 0, memory_order_release);
}

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

static uint32_t fill(struct rx *r, uint32_t own, uint32_t all, uint32_t tail)
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
		if ((b.sizes[i] >> 16) != 1 || r->k.offset_mask)
			abort();
		len = b.sizes[i] & 0xffff;
		if (len > BUF_SIZE)
			continue;
		memcpy(r->k.bufs + (uint64_t)r->buffer[slot] * BUF_SIZE, b.from[i], len);
		struct slot *s = &r->k.ring->slot[slot];
		s->buf_idx = r->buffer[slot];
		s->len = len;
		s->flags = 1 << 8;
		slot = next(slot);
		space--;
		count++;
	}
	r->frames += count;
	return slot;
}

static void deliver(struct rx *r, uint32_t own, uint32_t all)
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
			deliver(p->rx, b.heads[queue], ring ? NONE : all);
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
	uint32_t head = ((volatile struct ring *)k->ring)->head;
	atomic_thread_fence(memory_order_acquire);
	uint32_t cur = ((volatile struct ring *)k->ring)->cur;
	if (!legal(k->rhead, head, cur, k->rtail) || distance(k->hwcur, head) > distance(k->hwcur, k->hwtail))
		abort();
	k->rhead = head;
	k->rcur = cur;
	for (uint32_t slot = k->hwcur; slot != head; slot = next(slot)) {
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
	struct kring *k = &rx.k;

	if (!lock(k))
		return -1;
	uint32_t head = ((volatile struct ring *)k->ring)->head;
	atomic_thread_fence(memory_order_acquire);
	uint32_t cur = ((volatile struct ring *)k->ring)->cur;
	if (!legal(k->hwcur, head, cur, k->hwtail))
		abort();
	k->rhead = head;
	k->rcur = cur;
	k->hwtail = atomic_load_explicit(&rx.tail, memory_order_acquire);
	if (k->hwcur != head) {
		for (uint32_t slot = k->hwcur; slot != head; slot = next(slot)) {
			struct slot *s = &k->ring->slot[slot], v = *s;
			if (v.buf_idx - 2 >= BUFS - 2)
				abort();
			if (v.flags & BUF_CHANGED)
				s->flags = v.flags & ~BUF_CHANGED;
			rx.buffer[slot] = v.buf_idx;
		}
		k->hwcur = head;
		atomic_store_explicit(&rx.freed, head, memory_order_release);
	}
	unlock(k);
	return 0;
}

static uint32_t give(uint32_t most)
{
	struct ring *r = tx.ring;
	uint32_t slot = r->head;
	uint32_t room = distance(slot, atomic_load_explicit(&r->tail, memory_order_acquire));
	uint32_t n = most < room ? most : room;

	for (uint32_t i = 0; i < n; i++) {
		r->slot[slot].len = BYTES;
		r->slot[slot].flags = 0;
		slot = next(slot);
	}
	r->cur = slot;
	atomic_store_explicit((_Atomic uint32_t *)&r->head, slot, memory_order_release);
	return n;
}

static uint32_t take(void)
{
	struct ring *r = rx.k.ring;
	uint32_t slot = r->head;
	uint32_t n = distance(slot, atomic_load_explicit(&r->tail, memory_order_acquire));
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		sum += r->slot[slot].len;
		slot = next(slot);
	}
	received += sum;
	r->cur = slot;
	atomic_store_explicit((_Atomic uint32_t *)&r->head, slot, memory_order_release);
	return n;
}

static int pause_(int idle)
{
	if (idle < PATIENCE) {
		__builtin_ia32_pause();
		return idle + 1;
	}
	sched_yield();
	return 0;
}

static void *send_all(void *arg)
{
	uint64_t packets = *(uint64_t *)arg;
	int idle = 0;

	for (uint64_t sent = 0; sent < packets;) {
		if ((int64_t)(sent + batch - atomic_load_explicit(&taken, memory_order_acquire)) > WINDOW) {
			idle = pause_(idle);
			continue;
		}
		idle = 0;
		sent += give(packets - sent < batch ? packets - sent : batch);
		txsync();
	}
	return NULL;
}

static void receive_all(uint64_t packets)
{
	int idle = 0;

	for (uint64_t n = 0; n < packets;) {
		rxsync();
		uint32_t got = take();
		n += got;
		idle = got ? 0 : pause_(idle);
		if (got) {
			rxsync();
			atomic_store_explicit(&taken, n, memory_order_release);
		}
	}
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
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

int main(void)
{
	static const uint8_t frame[12] = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa };
	char mode[16];
	unsigned long long packets;

	tx.ring = &rings[0];
	rx.k.ring = &rings[1];
	tx.bufs = region();
	rx.k.bufs = region();
	tx.ring->tail = tx.hwtail = tx.rtail = SLOTS - 1;
	for (uint32_t i = 0; i < SLOTS; i++) {
		tx.ring->slot[i].buf_idx = 2 + i;
		rx.k.ring->slot[i].buf_idx = rx.buffer[i] = 2 + i;
		memset(tx.bufs + (size_t)(2 + i) * BUF_SIZE, 0, BYTES);
		memcpy(tx.bufs + (size_t)(2 + i) * BUF_SIZE, frame, sizeof frame);
	}
	for (uint32_t i = 0; i <= ALL; i++)
		b.heads[i] = NONE;
	ports[0].rings = 1;
	ports[0].rx = NULL;
	ports[1].rings = 1;
	ports[1].rx = &rx;
	table[0] = &ports[0];
	table[1] = &ports[1];
	macs[hash(load(frame) & MAC)] = (load(frame) & MAC) | 2ull << 48;
	while (scanf("%15s %u %llu", mode, &batch, &packets) == 3) {
		int threads = !strcmp(mode, "threads");
		clockid_t clock = threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
		uint64_t begin = now(clock);
		if (threads) {
			pthread_t other;
			uint64_t n = packets;
			atomic_store(&taken, 0);
			pthread_create(&other, NULL, send_all, &n);
			receive_all(packets);
			pthread_join(other, NULL);
		} else {
			for (uint64_t n = 0; n < packets; n += batch) {
				give(batch);
				txsync();
				rxsync();
				take();
				rxsync();
			}
		}
		if (rx.drops)
			abort();
		printf("%.3f\n", (double)(now(clock) - begin) / packets);
		fflush(stdout);
	}
	return received == 0;
}
