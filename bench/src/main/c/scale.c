/*
 * The control of "bench scale": what the Java loops of io.netmap4j.bench.scale and the driver, the pipe and the switch
 * under them do, in C, on rings, descriptors and buffers that lie in memory as theirs do.
 */
#define _GNU_SOURCE
#include "rings.h"

#define RECEIVED (DD | EOP | 60ull << 32)

static uint64_t seen;

/* Of this thread: then what else runs on the machine does not count. */
static uint64_t used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The card's half: frames into a batch of descriptors; the report of the last one sent. */
static inline void write_back(struct ring *r, uint32_t batch)
{
	uint32_t at = r->written;

	for (uint32_t i = 0; i < batch; i++) {
		store(r->descs + 16 * (uint64_t)at + 8, RECEIVED);
		at = next(r, at);
	}
	r->written = at;
}

static inline void complete(struct ring *r)
{
	uint32_t *status = (uint32_t *)(r->descs + 16 * (uint64_t)before(r, *head(r)) + 8);

	if (status[0] & TX_RS)
		status[1] = DD;
}

static inline uint32_t give(struct ring *tx, uint32_t batch, uint32_t len)
{
	uint32_t n = space(tx), at = *head(tx);

	n = n < batch ? n : batch;
	for (uint32_t i = 0; i < n; i++) {
		struct slot *s = slot(tx, at);
		uint32_t v = len;
		memcpy(&s->len, &v, 4);
		at = next(tx, at);
	}
	advance(tx, at);
	return n;
}

static inline uint32_t take(struct ring *rx)
{
	uint32_t n = space(rx), at = *head(rx);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		sum += slot(rx, at)->len;
		at = next(rx, at);
	}
	seen += sum;
	advance(rx, at);
	return n;
}

/* what: 0 rx, 1 tx, 2 forward. Packets that were moved; *nanos takes the processor time of that. */
uint64_t nic(struct ring **rx, struct ring **tx, uint32_t rings, uint32_t what, uint32_t batch, uint64_t rounds, uint64_t *nanos)
{
	uint64_t begin = used(), moved = 0;

	for (uint64_t k = 0; k < rounds; k++) {
		if (what != 1) {
			for (uint32_t i = 0; i < rings; i++)
				write_back(rx[i], batch);
			for (uint32_t i = 0; i < rings; i++)
				nic_rx_sync(rx[i]);
		}
		for (uint32_t i = 0; i < rings; i++)
			moved += what == 0 ? take(rx[i]) : what == 1 ? give(tx[i], batch, 60) : forward(rx[i], tx[i], batch, &seen);
		if (what != 0) {
			for (uint32_t i = 0; i < rings; i++)
				nic_tx_sync(tx[i]);
			for (uint32_t i = 0; i < rings; i++)
				complete(tx[i]);
		}
	}
	*nanos = used() - begin;
	return moved;
}

/* Slots that the receiver has released come back, then slots from hwcur up to head go across. */
static inline void pipe_tx_sync(struct ring *tx, struct ring *rx)
{
	uint32_t end = accepted(tx);

	while (rx->written != rx->hwcur) {
		*slot(tx, tx->due) = *slot(rx, rx->written);
		rx->written = next(rx, rx->written);
		tx->due = next(tx, tx->due);
	}
	for (uint32_t at = tx->hwcur; at != end; at = next(tx, at)) {
		struct slot *s = slot(tx, at), v = *s;
		if (!good_index(tx, v.buf_idx) || v.len > tx->buf_size)
			abort();
		*slot(rx, rx->due) = v;
		if (v.flags & BUF_CHANGED)
			s->flags = v.flags & ~BUF_CHANGED;
		rx->due = next(rx, rx->due);
	}
	tx->hwcur = end;
	tx->hwtail = before(tx, tx->due);
	atomic_store_explicit(tail(tx), tx->hwtail, memory_order_release);
}

static inline void check_released(struct ring *rx, uint32_t end)
{
	for (uint32_t at = rx->hwcur; at != end; at = next(rx, at))
		if (!good_index(rx, slot(rx, at)->buf_idx) || slot(rx, at)->len > rx->buf_size)
			abort();
	rx->hwcur = end;
}

static inline void copy_rx_sync(struct ring *rx)
{
	uint32_t end = accepted(rx);

	rx->hwtail = rx->due;
	check_released(rx, end);
	atomic_store_explicit(tail(rx), rx->hwtail, memory_order_release);
}

uint64_t pipes(struct ring **rx, struct ring **tx, uint32_t count, uint32_t batch, uint64_t rounds, uint64_t *nanos)
{
	uint64_t begin = used(), moved = 0;

	for (uint64_t k = 0; k < rounds; k++)
		for (uint32_t i = 0; i < count; i++) {
			give(tx[i], batch, 60);
			pipe_tx_sync(tx[i], rx[i]);
			copy_rx_sync(rx[i]);
			moved += take(rx[i]);
		}
	*nanos = used() - begin;
	return moved;
}

#define MACS 1024
#define MAC 0xffffffffffffull
#define FRAME 1024 /* frames of a batch at most */

static uint64_t macs[MACS];
static uint32_t queue[256], chain[FRAME], first[FRAME], slots_of[FRAME];

static inline uint32_t hash(uint64_t mac)
{
	return mac * 0x9e3779b97f4a7c15ull >> 54;
}

/* Copies the frames of a port's chain into its slots, as far as there is room. */
static inline void deliver(struct ring *tx, struct ring *rx, uint32_t frame)
{
	for (; frame != UINT32_MAX; frame = chain[frame]) {
		uint32_t at = first[frame];
		if (distance(rx, rx->due, before(rx, rx->hwcur)) < slots_of[frame])
			return; /* dropped: the caller sees fewer packets */
		for (uint32_t i = 0; i < slots_of[frame]; i++) {
			struct slot *s = slot(tx, at), *d = slot(rx, rx->due);
			memcpy(rx->bufs + d->buf_idx * rx->buf_size, tx->bufs + s->buf_idx * tx->buf_size, s->len);
			d->len = s->len;
			d->flags = (s->flags & MOREFRAG) | 1 << 8;
			rx->due = next(rx, rx->due);
			at = next(tx, at);
		}
	}
}

/* Port 0 of a switch sends; the others' addresses are known, and lead to their number (from 1). */
static inline void switch_tx_sync(struct ring *tx, struct ring **rx, uint32_t ports)
{
	uint32_t end = accepted(tx), frames = 0, last[256];

	for (uint32_t p = 0; p < ports; p++)
		queue[p] = UINT32_MAX;
	for (uint32_t at = tx->hwcur; at != end; frames++) {
		struct slot *s = slot(tx, at);
		uint32_t n = 1;
		if (s->len > tx->buf_size || !good_index(tx, s->buf_idx))
			abort();
		uint8_t *bytes = tx->bufs + s->buf_idx * tx->buf_size;
		uint64_t to = load(bytes) & MAC, from = load(bytes + 6) & MAC;
		for (; s->flags & MOREFRAG; n++) {
			s = slot(tx, next(tx, s - slot(tx, 0)));
			if (s->len > tx->buf_size || !good_index(tx, s->buf_idx))
				abort();
		}
		if (macs[hash(from)] != (from | 1ull << 48))
			macs[hash(from)] = from | 1ull << 48;
		uint64_t e = macs[hash(to)];
		if ((e ^ to) << 16)
			abort(); /* unknown */
		uint32_t p = (e >> 48) - 2;
		chain[frames] = UINT32_MAX;
		first[frames] = at;
		slots_of[frames] = n;
		if (queue[p] == UINT32_MAX)
			queue[p] = frames;
		else
			chain[last[p]] = frames;
		last[p] = frames;
		for (; n > 0; n--)
			at = next(tx, at);
	}
	for (uint32_t p = 0; p < ports; p++)
		deliver(tx, rx[p], queue[p]);
	tx->hwcur = end;
	tx->hwtail = before(tx, end);
	atomic_store_explicit(tail(tx), tx->hwtail, memory_order_release);
}

/* An address that belongs to receiving port p. */
void learn(uint64_t mac, uint32_t p)
{
	macs[hash(mac)] = mac | (uint64_t)(p + 2) << 48;
}

/*
 * A switch: one port sends frames of len bytes to the others by turns, batch to each at a time. The frames are in the
 * buffers already; only lengths and flags are written. Returns frames that arrived.
 */
uint64_t vale(struct ring *tx, struct ring **rx, uint32_t ports, uint32_t len, uint32_t batch, uint64_t rounds, uint64_t *nanos)
{
	uint64_t begin = used(), moved = 0;
	uint32_t per_frame = (len + tx->buf_size - 1) / tx->buf_size;

	for (uint64_t k = 0; k < rounds; k++) {
		uint32_t at = *head(tx);
		for (uint32_t i = 0; i < batch * ports; i++) {
			uint32_t left = len;
			for (; left > tx->buf_size; left -= tx->buf_size, at = next(tx, at)) {
				uint32_t v = tx->buf_size | MOREFRAG << 16;
				memcpy(&slot(tx, at)->len, &v, 4);
			}
			memcpy(&slot(tx, at)->len, &left, 4);
			at = next(tx, at);
		}
		advance(tx, at);
		switch_tx_sync(tx, rx, ports);
		for (uint32_t p = 0; p < ports; p++) {
			copy_rx_sync(rx[p]);
			moved += take(rx[p]) / per_frame;
			copy_rx_sync(rx[p]);
		}
	}
	*nanos = used() - begin;
	return moved;
}
