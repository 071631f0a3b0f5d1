/*
 * What PipeBench does, in C: a pipe of netmap4j's design (io.netmap4j.compat.pipe.Exchange), with the same checks of
 * indices and slots, the same copies of slots both ways and the same order of memory accesses.
 *
 *   gcc -O3 -march=native -pthread -o pipe pipe.c
 *
 * Each line of input, "lockstep|threads BATCH PACKETS", is answered with ns for a packet: of processor time with
 * one thread, of the clock with two. See bench/pipe-vs-c.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS 1024
#define BUFS 8192
#define BUF_SIZE 2048
#define BYTES 60
#define PATIENCE 2000
#define BUF_CHANGED 0x0001
#define MOREFRAG 0x0020

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
	uint32_t hwcur, hwtail, rhead, rcur, rtail;
	_Atomic int state;
} __attribute__((aligned(128)));

struct index {
	_Atomic uint32_t at;
} __attribute__((aligned(128)));

static struct ring txring, rxring;
static struct kring tx = { .ring = &txring, .hwtail = SLOTS - 1, .rtail = SLOTS - 1 }, rx = { .ring = &rxring };
static struct index sent_to, released_to;
static _Atomic(void *) sleepers;

/* the sender's */
static struct {
	uint32_t due, open, back, sent, filled;
} s __attribute__((aligned(128)));

static uint64_t received;
static uint32_t batch;

static inline uint32_t distance(uint32_t a, uint32_t b)
{
	return b >= a ? b - a : b + SLOTS - a;
}

static inline uint32_t wrap(uint32_t i)
{
	return i >= SLOTS ? i - SLOTS : i;
}

static inline uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline int legal(uint32_t from, uint32_t head, uint32_t cur, uint32_t to)
{
	return head < SLOTS && cur < SLOTS && distance(from, head) <= distance(from, cur) &&
	       distance(from, cur) <= distance(from, to);
}

static void wake(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&sleepers, memory_order_acquire))
		abort();
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

static void copy(const struct slot *from, struct slot *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = from[i];
}

static uint32_t fill(uint32_t slot, uint32_t run)
{
	struct slot *from = &txring.slot[slot], *to = &rxring.slot[s.filled];
	uint32_t i, whole = 0;

	for (i = 0; i < run; i++) {
		struct slot v = from[i];
		if (v.buf_idx - 2 >= BUFS - 2 || v.len > BUF_SIZE)
			break;
		to[i] = v;
		if (v.flags & BUF_CHANGED)
			from[i].flags = v.flags & ~BUF_CHANGED;
		if (!(v.flags & MOREFRAG))
			whole = i + 1;
	}
	if (whole) {
		s.open = wrap(slot + whole);
		s.sent = wrap(s.filled + whole);
	}
	s.filled = wrap(s.filled + i);
	return i;
}

static int txsync(void)
{
	struct kring *k = &tx;
	uint32_t released, slot, todo;

	if (!lock(k))
		return -1;
	uint32_t head = ((volatile struct ring *)k->ring)->head;
	atomic_thread_fence(memory_order_acquire);
	uint32_t cur = ((volatile struct ring *)k->ring)->cur;
	if (!legal(k->rhead, head, cur, k->rtail) || distance(k->hwcur, head) > distance(k->hwcur, k->hwtail))
		abort();
	k->rhead = head;
	k->rcur = cur;
	released = atomic_load_explicit(&released_to.at, memory_order_acquire);
	while (s.back != released) {
		uint32_t run = min((s.back < released ? released : SLOTS) - s.back, SLOTS - s.due);
		copy(&rxring.slot[s.back], &txring.slot[s.due], run);
		s.back = wrap(s.back + run);
		s.due = wrap(s.due + run);
	}
	for (slot = k->hwcur, todo = distance(slot, head); todo > 0;) {
		uint32_t run = min(todo, SLOTS - (slot > s.filled ? slot : s.filled));
		if (fill(slot, run) < run)
			abort();
		slot = wrap(slot + run);
		todo -= run;
	}
	k->hwcur = slot;
	if (s.sent != atomic_load_explicit(&sent_to.at, memory_order_relaxed)) {
		atomic_store_explicit(&sent_to.at, s.sent, memory_order_release);
		wake();
	}
	k->hwtail = s.due == 0 ? SLOTS - 1 : s.due - 1;
	unlock(k);
	return 0;
}

static int rxsync(void)
{
	struct kring *k = &rx;
	uint32_t slot, todo;

	if (!lock(k))
		return -1;
	uint32_t head = ((volatile struct ring *)k->ring)->head;
	atomic_thread_fence(memory_order_acquire);
	uint32_t cur = ((volatile struct ring *)k->ring)->cur;
	if (!legal(k->hwcur, head, cur, k->hwtail))
		abort();
	k->rhead = head;
	k->rcur = cur;
	k->hwtail = atomic_load_explicit(&sent_to.at, memory_order_acquire);
	if (k->hwcur != head) {
		for (slot = k->hwcur, todo = distance(slot, head); todo > 0; slot = wrap(slot + 1), todo--)
			if (rxring.slot[slot].buf_idx - 2 >= BUFS - 2 || rxring.slot[slot].len > BUF_SIZE)
				abort();
		k->hwcur = head;
		atomic_store_explicit(&released_to.at, head, memory_order_release);
		wake();
	}
	unlock(k);
	return 0;
}

static uint32_t give(uint32_t most)
{
	uint32_t slot = txring.head;
	uint32_t tail = atomic_load_explicit(&txring.tail, memory_order_acquire);
	uint32_t n = min(most, distance(slot, tail));

	for (uint32_t i = 0; i < n; i++) {
		struct slot *t = &txring.slot[slot];
		t->len = BYTES;
		t->flags = 0;
		slot = wrap(slot + 1);
	}
	txring.cur = slot;
	atomic_store_explicit((_Atomic uint32_t *)&txring.head, slot, memory_order_release);
	return n;
}

static uint32_t take(void)
{
	uint32_t slot = rxring.head;
	uint32_t tail = atomic_load_explicit(&rxring.tail, memory_order_acquire);
	uint32_t n = distance(slot, tail);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		sum += rxring.slot[slot].len;
		slot = wrap(slot + 1);
	}
	received += sum;
	rxring.cur = slot;
	atomic_store_explicit((_Atomic uint32_t *)&rxring.head, slot, memory_order_release);
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
	int idle = 0;

	for (uint64_t left = *(uint64_t *)arg; left > 0;) {
		uint32_t n = give(left < batch ? left : batch);
		left -= n;
		txsync();
		idle = n ? 0 : pause_(idle);
	}
	return NULL;
}

static void receive_all(uint64_t left)
{
	int idle = 0;

	while (left > 0) {
		rxsync();
		uint32_t n = take();
		left -= n;
		idle = n ? 0 : pause_(idle);
	}
	rxsync();
}

/* Of the clock, or of this thread: then what else runs on the machine does not count. */
static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int main(void)
{
	char mode[16];
	unsigned long long packets;

	txring.tail = SLOTS - 1;
	for (uint32_t i = 0; i < SLOTS; i++)
		rxring.slot[i].buf_idx = txring.slot[i].buf_idx = 2 + i;
	while (scanf("%15s %u %llu", mode, &batch, &packets) == 3) {
		int two = !strcmp(mode, "threads");
		clockid_t clock = two ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
		uint64_t begin = now(clock);
		if (two) {
			pthread_t other;
			uint64_t n = packets;
			pthread_create(&other, NULL, send_all, &n);
			receive_all(packets);
			pthread_join(other, NULL);
			txsync();
		} else {
			for (uint64_t n = 0; n < packets; n += batch) {
				give(batch);
				txsync();
				rxsync();
				take();
			}
		}
		printf("%.3f\n", (double)(now(clock) - begin) / packets);
		fflush(stdout);
	}
	return received == 0;
}
