/*
 * What PairBench does, in C, for pipe.c and vale.c: the ring of netmap, the program's two halves, one thread or two.
 * The includer defines txsync() and rxsync() on the krings tx and rx, init() and, if it has something to say, check().
 *
 * Each line of input, "lockstep|threads BATCH PACKETS", is answered with ns for a packet: of processor time with one
 * thread, of the clock with two. See bench/pair-vs-c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS 1024
#define BUF_SIZE 2048
#define BYTES 60
#define PATIENCE 2000
#define BUF_CHANGED 0x0001

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

static struct ring txring, rxring;
static struct kring tx = { .ring = &txring, .hwtail = SLOTS - 1, .rtail = SLOTS - 1 }, rx = { .ring = &rxring };

static uint64_t received;
static _Atomic uint64_t taken __attribute__((aligned(128)));
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

/* Kring.txPrologue and rxPrologue: the accepted head. */
static uint32_t prologue(struct kring *k, uint32_t from, uint32_t to)
{
	uint32_t head = ((volatile struct ring *)k->ring)->head;
	atomic_thread_fence(memory_order_acquire);
	uint32_t cur = ((volatile struct ring *)k->ring)->cur;
	if (!legal(from, head, cur, to))
		abort();
	k->rhead = head;
	k->rcur = cur;
	return head;
}

static int txsync(void);
static int rxsync(void);
static void init(void);
static void check(void);

static uint32_t give(uint32_t most)
{
	uint32_t slot = txring.head;
	uint32_t n = min(most, distance(slot, atomic_load_explicit(&txring.tail, memory_order_acquire)));

	for (uint32_t i = 0; i < n; i++) {
		txring.slot[slot].len = BYTES;
		txring.slot[slot].flags = 0;
		slot = wrap(slot + 1);
	}
	txring.cur = slot;
	atomic_store_explicit((_Atomic uint32_t *)&txring.head, slot, memory_order_release);
	return n;
}

static uint32_t take(void)
{
	uint32_t slot = rxring.head;
	uint32_t n = distance(slot, atomic_load_explicit(&rxring.tail, memory_order_acquire));
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
	uint64_t packets = *(uint64_t *)arg;
	int idle = 0;

	for (uint64_t sent = 0; sent < packets;) {
		if ((int64_t)(sent + batch - atomic_load_explicit(&taken, memory_order_acquire)) > WINDOW) {
			idle = pause_(idle);
			continue;
		}
		uint32_t n = give(packets - sent < batch ? packets - sent : batch);
		sent += n;
		txsync();
		idle = n ? 0 : pause_(idle);
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
			if (RETURNS_AT_ONCE)
				rxsync();
			atomic_store_explicit(&taken, n, memory_order_release);
		}
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
	init();
	while (scanf("%15s %u %llu", mode, &batch, &packets) == 3) {
		int two = !strcmp(mode, "threads");
		clockid_t clock = two ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
		uint64_t begin = now(clock);
		if (two) {
			pthread_t other;
			uint64_t n = packets;
			atomic_store(&taken, 0);
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
				if (RETURNS_AT_ONCE)
					rxsync();
			}
		}
		check();
		printf("%.3f\n", (double)(now(clock) - begin) / packets);
		fflush(stdout);
	}
	return received == 0;
}
