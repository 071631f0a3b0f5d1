/*
 * The control of "bench latency": the two loops of io.netmap4j.bench.latency.JavaExchange in C, on the same modelled
 * cards, with the same wait loop and the same hand-overs. And a wake-up by poll(2), the least that the kernel takes.
 */
#define _GNU_SOURCE
#include "rings.h"
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NUMBER 16 /* where a frame has its number */

static uint64_t seen; /* so that no read is left out */

/* Sends back what has come. */
static inline uint32_t answer(struct ring *rx, struct ring *tx)
{
	nic_rx_sync(rx);
	uint32_t n = space(rx);
	if (n) {
		uint32_t done = forward(rx, tx, n, &seen);
		nic_tx_sync(tx);
		return done;
	}
	if (tx->hwtail != before(tx, tx->hwcur))
		nic_tx_sync(tx); /* room for the next answers */
	return 0;
}

/* The far port, until *stop. */
void echo(struct ring *rx, struct ring *tx, _Atomic int32_t *stop)
{
	uint32_t idle = 0;

	while (!atomic_load_explicit(stop, memory_order_acquire))
		idle = answer(rx, tx) ? 0 : pause_(idle);
}

/*
 * The near port: frame i is due at start + i * gap; the time until it is back counts from then, and goes to times[i].
 * far_rx is NULL when the far port has a thread of its own. Returns how many came back.
 */
uint64_t ping(struct ring *rx, struct ring *tx, struct ring *far_rx, struct ring *far_tx, _Atomic int32_t *stop,
	      uint64_t count, double gap, uint64_t window, uint64_t patience, int64_t *times)
{
	uint64_t sent = 0, got = 0, start = now(), last = start;
	uint32_t idle = 0;

	while (got < count && !atomic_load_explicit(stop, memory_order_acquire)) {
		int news = 0;
		uint64_t t = now();
		uint32_t at = *head(tx), room = space(tx), n = 0;
		while (sent < count && n < room && sent - got < window && start + (uint64_t)(sent * gap) <= t) {
			struct slot *s = slot(tx, at);
			store(tx->bufs + s->buf_idx * tx->buf_size + NUMBER, sent);
			s->len = 60;
			s->flags = 0;
			at = next(tx, at);
			sent++;
			n++;
		}
		if (n || tx->hwtail != before(tx, tx->hwcur)) {
			advance(tx, at);
			nic_tx_sync(tx);
			news |= n > 0;
		}
		if (far_rx)
			news |= answer(far_rx, far_tx) > 0;
		nic_rx_sync(rx);
		n = space(rx);
		if (n) {
			t = last = now();
			at = *head(rx);
			for (uint32_t i = 0; i < n; i++) {
				struct slot *s = slot(rx, at);
				uint64_t number = load(rx->bufs + s->buf_idx * rx->buf_size + NUMBER);
				if (number >= count)
					abort();
				times[number] = t - (start + (uint64_t)(number * gap));
				at = next(rx, at);
			}
			got += n;
			advance(rx, at);
			news = 1;
		} else if (sent > got && t > last + patience && t > start + (uint64_t)((sent - 1) * gap) + patience) {
			break; /* lost */
		}
		idle = news ? 0 : pause_(idle);
	}
	return got;
}

static struct {
	int fd;
	uint64_t count;
	_Atomic int32_t *stop;
	_Atomic uint64_t woken, at;
} w;

static void *sleeper(void *arg)
{
	struct pollfd p = { .fd = w.fd, .events = POLLIN };

	(void)arg;
	for (uint64_t i = 0; i < w.count; i++) {
		uint64_t value;
		while (poll(&p, 1, -1) != 1)
			;
		atomic_store(&w.at, now());
		if (read(w.fd, &value, 8) != 8)
			abort();
		atomic_store(&w.woken, i + 1);
	}
	return NULL;
}

/* A thread that sleeps in poll(2) on an eventfd; another writes to it after each gap. times[] from just before that. */
uint64_t wake_ups(uint64_t count, uint64_t gap, _Atomic int32_t *stop, int64_t *times)
{
	pthread_t thread;
	uint64_t i, one = 1;

	w.fd = eventfd(0, EFD_NONBLOCK);
	w.count = count;
	atomic_store(&w.woken, 0);
	if (w.fd < 0 || pthread_create(&thread, NULL, sleeper, NULL))
		return 0;
	for (i = 0; i < count; i++) {
		struct timespec t = { .tv_nsec = gap + i * 7919 % gap };
		if (!atomic_load(stop))
			nanosleep(&t, NULL);
		uint64_t begin = now();
		if (write(w.fd, &one, 8) != 8)
			abort();
		while (atomic_load(&w.woken) == i)
			sched_yield();
		times[i] = atomic_load(&w.at) - begin;
	}
	pthread_join(thread, NULL);
	close(w.fd);
	return i;
}
