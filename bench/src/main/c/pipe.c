/*
 * A pipe of netmap4j's design (io.netmap4j.compat.pipe.Exchange) for pair.h, with the same checks of indices and slots,
 * the same copies of slots both ways and the same order of memory accesses.
 *
 *   gcc -O3 -march=native -pthread -o pipe pipe.c
 */
#define WINDOW INT64_MAX
#define RETURNS_AT_ONCE 0
#include "pair.h"

#define BUFS 8192
#define MOREFRAG 0x0020

struct index {
	_Atomic uint32_t at;
} __attribute__((aligned(128)));

static struct index sent_to, released_to;
static _Atomic(void *) sleepers;

/* the sender's */
static struct {
	uint32_t due, open, back, sent, filled;
} s __attribute__((aligned(128)));

static void wake(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&sleepers, memory_order_acquire))
		abort();
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
	uint32_t head = prologue(k, k->rhead, k->rtail);
	if (distance(k->hwcur, head) > distance(k->hwcur, k->hwtail))
		abort();
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
	uint32_t head = prologue(k, k->hwcur, k->hwtail);
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

static void init(void)
{
}

static void check(void)
{
}
