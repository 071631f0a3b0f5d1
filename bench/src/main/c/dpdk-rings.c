/*
 * DPDK's side of "bench compare": what DPDK's driver takes for a packet, in lock step with the model of the card, by
 * DPDK's public API alone. See bench/dpdk-rings, which builds and starts it.
 *
 *   dpdk-rings CONTROL PATH DOORBELL [ARGUMENT OF THE EAL ...]
 *
 * CONTROL is the model's control page, or "-" for ports that need none (--vdev=net_null0). PATH is vector, scalar, full
 * (transmit with offloads) or recycle (vector, and buffers go from the transmit ring straight to the receive ring).
 * DOORBELL is mov, or auto: then DPDK rings with MOVDIRI where the processor has it, which on registers that are
 * cached memory evicts the line and costs hundreds of cycles.
 *
 * It prints "ready tsc=HZ ...", or "error TEXT" and ends with 1. Then each line of input, "WHAT BATCH WINDOWS [bill]",
 * is answered with one line; "n/a TEXT" where the path cannot do it. WHAT is rx, tx or forward; rx-bare leaves out the
 * return of the buffers, and tx-bare their allocation, which costs more than it saves: the buffers are no longer in the
 * cache. A window is about 416 packets in bursts of BATCH. Before it the model completes what was sent and fills the
 * receive rings, and within it nothing moves. Timed, by the tsc, are DPDK's calls and the reading or writing of the
 * packets. A window counts if a block of fixed work just before it and just after it ran at its usual speed.
 *
 * With "bill" nothing is timed: the model looks at the tails after each call, and its counts are the answer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <rte_config.h>
#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define HAS_RECYCLE
#endif

#define CARDS 2
#define RING 512
#define WINDOW 416		/* of a ring of 512, vector receive keeps 64 to itself */
#define BUFFERS 8191	/* 2^n - 1 is what suits the pool's ring */
#define POOL_CACHE 512
#define MOST_BATCH 256
#define FRAME 60
#define LEAST_VECTOR_BATCH 4	/* DPDK's vector receive rounds down to a multiple of it */

#define IDLE_CALLS 100000
#define TRIES 4			/* windows to take at most for each that is asked for */
#define BLOCKS_FIRST 200	/* blocks of fixed work before the first window */
#define BLOCK_CYCLES 65536	/* slower blocks are as slow as this */

/* The control page */
#define REQUEST 0x00
#define COMMAND 0x04
#define LENGTH 0x08
#define CARD 0x0c
#define ANSWERED 0x40
#define STATUS 0x44
#define BILL 0x80
#define BILL_ITEMS 10

#define LOOK 0
#define TX_COMPLETE 1
#define RX_FILL 2
#define BILL_CLEAR 4
#define BOTH_CARDS 0xff

static uint8_t *control;
static struct rte_mempool *pool;
static const char *path, *broken;
static int cards, vector_rx, movdiri_allowed, movdiri_given;
static uint64_t touched, recycled;
static uint32_t blocks[BLOCK_CYCLES], blocks_taken;
#ifdef HAS_RECYCLE
static struct rte_eth_recycle_rxq_info recycle_info;
#endif

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("error ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static void check(int error, const char *what, uint16_t port)
{
	if (error)
		fail("%s of port %u: %s", what, port, strerror(-error));
}

/* In DPDK's stead: drivers ask at their first doorbell. */
int rte_cpu_get_flag_enabled(enum rte_cpu_flag_t flag)
{
	static int (*dpdk)(enum rte_cpu_flag_t);

	if (!dpdk)
		dpdk = (int (*)(enum rte_cpu_flag_t))dlsym(RTLD_NEXT, "rte_cpu_get_flag_enabled");
	if (flag != RTE_CPUFLAG_MOVDIRI && flag != RTE_CPUFLAG_MOVDIR64B)
		return dpdk(flag);
	if (!movdiri_allowed || dpdk(flag) <= 0)
		return 0;
	movdiri_given = 1;
	return 1;
}

static inline _Atomic uint32_t *word(uint32_t offset)
{
	return (_Atomic uint32_t *)(control + offset);
}

/* Has the model do this, and waits until it has. */
static void request(uint32_t command)
{
	static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER; /* the EAL has threads of its own */
	uint32_t number;
	time_t since = time(NULL);

	if (!control)
		return;
	pthread_mutex_lock(&alone);
	number = atomic_load_explicit(word(REQUEST), memory_order_relaxed) + 1;
	atomic_store_explicit(word(COMMAND), command, memory_order_relaxed);
	atomic_store_explicit(word(LENGTH), FRAME, memory_order_relaxed);
	atomic_store_explicit(word(CARD), BOTH_CARDS, memory_order_relaxed);
	atomic_store_explicit(word(REQUEST), number, memory_order_release);
	for (uint32_t i = 1; atomic_load_explicit(word(ANSWERED), memory_order_acquire) != number; i++) {
		sched_yield();
		if (i % 1024 == 0 && time(NULL) > since + 10)
			fail("the model has not answered request %u in 10 s: it has ended, or is stopped", number);
	}
	if (atomic_load_explicit(word(STATUS), memory_order_relaxed))
		fail("the model answers command %u with status %u", command,
		     atomic_load_explicit(word(STATUS), memory_order_relaxed));
	pthread_mutex_unlock(&alone);
}

/*
 * In DPDK's stead: the driver looks for the end of a reset 10 times, this long apart, and gives up; on a busy machine
 * the model has not even begun by then.
 */
void rte_delay_us_sleep(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
	request(LOOK);
}

static inline uint64_t clock_begin(void)
{
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
}

static inline uint64_t clock_end(void)
{
	unsigned cpu;
	uint64_t t = __rdtscp(&cpu);

	_mm_lfence();
	return t;
}

/* Work that depends on nothing but the speed of the core. */
static uint32_t block(void)
{
	uint64_t t = clock_begin(), x = t | 1;

	for (int i = 0; i < 300; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		__asm__ volatile("" : "+r"(x));
	}
	t = clock_end() - t;
	if (t >= BLOCK_CYCLES)
		t = BLOCK_CYCLES - 1;
	blocks[t]++;
	blocks_taken++;
	return t;
}

/* What a block may take: 1.1 times the quickest tenth. */
static uint32_t usual(void)
{
	uint32_t seen = 0, cycles = 0;

	while (cycles < BLOCK_CYCLES - 1 && (seen += blocks[cycles]) * 10 < blocks_taken)
		cycles++;
	return cycles * 11 / 10;
}

enum what { RX, RX_BARE, TX, TX_BARE, FORWARD, FORWARD_RECYCLE };
static const char *const names[] = { "rx", "rx-bare", "tx", "tx-bare", "forward" };

static struct rte_mbuf *held[RING];

/* Inlined with constants for all but the batch. */
#define always_inline inline __attribute__((always_inline))

static always_inline void recycle_buffers(void)
{
#ifdef HAS_RECYCLE
	recycled += rte_eth_recycle_mbufs(0, 0, 1, 0, &recycle_info);
#endif
}

static always_inline uint32_t receive(struct rte_mbuf **pkts, uint32_t n, int bill)
{
	uint32_t got;

	for (uint32_t idle = 0; !(got = rte_eth_rx_burst(0, 0, pkts, n)); idle++)
		if (idle == IDLE_CALLS)
			fail("%d calls received nothing, though the model says that it has filled the ring", idle);
	if (bill)
		request(LOOK);
	return got;
}

static always_inline void send_all(uint16_t card, struct rte_mbuf **pkts, uint32_t n, int bill)
{
	for (uint32_t sent = 0, idle = 0; sent < n;) {
		uint32_t k = rte_eth_tx_burst(card, 0, pkts + sent, n - sent);

		sent += k;
		idle = k ? 0 : idle + 1;
		if (idle == IDLE_CALLS)
			fail("%d calls sent nothing, though the model says that it has completed the ring", idle);
		if (bill)
			request(LOOK);
	}
}

static always_inline void allocate(struct rte_mbuf **pkts, uint32_t n)
{
	if (rte_pktmbuf_alloc_bulk(pool, pkts, n))
		fail("no %u buffers in the pool", n);
}

static always_inline void rx_packets(uint32_t batch, uint32_t packets, int bare, int bill)
{
	uint64_t sum = 0;

	for (uint32_t done = 0; done < packets;) {
		struct rte_mbuf **pkts = bare ? held + done : held;
		uint32_t n = receive(pkts, RTE_MIN(batch, packets - done), bill);

		for (uint32_t i = 0; i < n; i++)
			sum += pkts[i]->data_len ^ rte_pktmbuf_mtod(pkts[i], uintptr_t);
		if (!bare)
			rte_pktmbuf_free_bulk(pkts, n);
		done += n;
	}
	touched += sum;
}

static always_inline void tx_packets(uint32_t batch, uint32_t packets, int bare, int bill)
{
	for (uint32_t done = 0; done < packets; done += batch) {
		struct rte_mbuf **pkts = bare ? held + done : held;

		if (!bare)
			allocate(pkts, batch);
		for (uint32_t i = 0; i < batch; i++)
			pkts[i]->pkt_len = pkts[i]->data_len = FRAME;
		send_all(0, pkts, batch, bill);
	}
}

static always_inline void forward_packets(uint32_t batch, uint32_t packets, int recycle, int bill)
{
	for (uint32_t done = 0; done < packets;) {
		if (recycle)
			recycle_buffers();
		uint32_t n = receive(held, RTE_MIN(batch, packets - done), bill);

		for (uint32_t i = 0; i < n; i++)
			*rte_pktmbuf_mtod(held[i], uint8_t *) ^= 1;
		send_all(1, held, n, bill);
		done += n;
	}
}

static always_inline void run(enum what what, uint32_t batch, uint32_t packets, int bill)
{
	switch (what) {
	case RX: rx_packets(batch, packets, 0, bill); break;
	case RX_BARE: rx_packets(batch, packets, 1, bill); break;
	case TX: tx_packets(batch, packets, 0, bill); break;
	case TX_BARE: tx_packets(batch, packets, 1, bill); break;
	case FORWARD: forward_packets(batch, packets, 0, bill); break;
	case FORWARD_RECYCLE: forward_packets(batch, packets, 1, bill); break;
	}
}

/*
 * The buffers that go from the transmit ring to the receive ring must be those that were sent first. In 24.11 they are
 * not: ixgbe's vector transmit keeps entries of 8 bytes, which its recycling reads as entries of 16, so that it takes
 * every other buffer, and from the ring's second half none at all, and crashes. Then nothing is measured.
 */
static void check_recycling(void)
{
#ifdef HAS_RECYCLE
	static struct rte_mbuf *sent[2 * RING];
	uint32_t n = 0, given = 0, head = 0;

	check(rte_eth_recycle_rx_queue_info_get(0, 0, &recycle_info), "rte_eth_recycle_rx_queue_info_get", 0);
	while (!given && n <= RING) {
		request(TX_COMPLETE | RX_FILL);
		head = *recycle_info.refill_head;
		given = rte_eth_recycle_mbufs(0, 0, 1, 0, &recycle_info);
		if (!given) {
			uint32_t got = receive(sent + n, 32, 0);

			send_all(1, sent + n, got, 0);
			n += got;
		}
	}
	if (!given)
		fail("rte_eth_recycle_mbufs has given nothing back of %u buffers that were sent", n);
	for (uint32_t i = 0; i < given; i++)
		if (recycle_info.mbuf_ring[head + i] != sent[i])
			broken = "it_recycles_the_wrong_buffers,_so_this_path_cannot_be_measured";
#endif
}

/* One window: the cycles that it took, or 0 if the core was slow just before or after. */
static uint64_t window(enum what what, uint32_t batch, uint32_t packets, int bill)
{
	request(TX_COMPLETE | RX_FILL);
	if (what == TX_BARE)
		allocate(held, packets);
	block(); /* warms up for the next */
	uint32_t before = block();
	uint64_t t = clock_begin();
	if (bill)
		run(what, batch, packets, 1);
	else
		run(what, batch, packets, 0);
	t = clock_end() - t;
	uint32_t after = block();
	if (what == RX_BARE)
		rte_pktmbuf_free_bulk(held, packets);
	return before <= usual() && after <= usual() ? t : 0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t clock_overhead(void)
{
	uint64_t t[101];

	for (int i = 0; i < 101; i++) {
		t[i] = clock_begin();
		t[i] = clock_end() - t[i];
	}
	qsort(t, 101, sizeof t[0], by_size);
	return t[50];
}

static void time_windows(enum what what, uint32_t batch, uint32_t packets, uint32_t windows)
{
	uint64_t *t = calloc(windows, sizeof t[0]);
	uint32_t taken = 0, tries = 0;
	double sum = 0;

	memset(blocks, 0, sizeof blocks);
	blocks_taken = 0;
	for (int i = 0; i < BLOCKS_FIRST; i++)
		block();
	for (int i = 0; i < 10; i++) /* fills caches, and the rings to where they stay */
		window(what, batch, packets, 0);
	for (recycled = 0; taken < windows && tries < TRIES * windows; tries++) {
		uint64_t cycles = window(what, batch, packets, 0);

		if (cycles) {
			t[taken++] = cycles;
			sum += cycles;
		}
	}
	if (!taken)
		fail("none of %u windows counts: the machine is busy", tries);
	qsort(t, taken, sizeof t[0], by_size);
#define PER_PACKET(fraction) ((double)t[(uint32_t)((taken - 1) * (fraction) + 0.5)] / packets)
	printf("median=%.2f mean=%.2f low=%.2f high=%.2f min=%.2f max=%.2f windows=%u dropped=%u packets=%u clock=%" PRIu64
	       " doorbell=%s", PER_PACKET(0.5), sum / taken / packets, PER_PACKET(0.05), PER_PACKET(0.95), PER_PACKET(0),
	       PER_PACKET(1), taken, tries - taken, packets, clock_overhead(), movdiri_given ? "movdiri" : "mov");
	if (what == FORWARD_RECYCLE)
		printf(" recycled=%.2f", (double)recycled / tries / packets);
	printf("\n");
	free(t);
}

static void count_bill(enum what what, uint32_t batch, uint32_t packets, uint32_t windows)
{
	if (!control) {
		printf("n/a there is no model that counts\n");
		return;
	}
	for (int i = 0; i < 10; i++)
		window(what, batch, packets, 1);
	request(TX_COMPLETE | BILL_CLEAR);
	for (uint32_t i = 0; i < windows; i++)
		window(what, batch, packets, 1);
	request(TX_COMPLETE);
	printf("packets=%" PRIu64, (uint64_t)packets * windows);
	for (int card = 0; card < CARDS; card++)
		for (int i = 0; i < BILL_ITEMS; i++)
			printf("%s%" PRIu64, i ? "," : card ? " bill1=" : " bill0=",
			       *(volatile uint64_t *)(control + BILL + 0x80 * card + 8 * i));
	printf("\n");
}

static void answer(char *line)
{
	char name[16], bill[8] = "";
	uint32_t batch, windows, packets;
	int what = 0;

	if (sscanf(line, "%15s %u %u %7s", name, &batch, &windows, bill) < 3 || batch < 1 || batch > MOST_BATCH ||
	    windows < 1 || windows > 10000000 || (*bill && strcmp(bill, "bill")))
		fail("a request is \"WHAT BATCH WINDOWS [bill]\", batch 1 to %d: %s", MOST_BATCH, line);
	while (what < FORWARD_RECYCLE && strcmp(name, names[what]))
		what++;
	if (what == FORWARD_RECYCLE)
		fail("%s is none of rx, rx-bare, tx, tx-bare, forward", name);
	packets = batch * RTE_MAX(1u, WINDOW / batch);
	if (broken) {
		printf("n/a %s\n", broken);
	} else if (what != TX && what != TX_BARE && vector_rx && batch % LEAST_VECTOR_BATCH) {
		printf("n/a DPDK's vector receive takes %d packets at least\n", LEAST_VECTOR_BATCH);
	} else if (what == FORWARD && cards < CARDS) {
		printf("n/a there is one port only\n");
	} else {
		if (what == FORWARD && !strcmp(path, "recycle"))
			what = FORWARD_RECYCLE;
		(*bill ? count_bill : time_windows)(what, batch, packets, windows);
	}
	fflush(stdout);
}

static void open_port(uint16_t port)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	struct rte_eth_link link = { 0 };
	uint16_t rx = RING, tx = RING;

	check(rte_eth_dev_info_get(port, &info), "rte_eth_dev_info_get", port);
	if (!strcmp(path, "full"))
		conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa;
	check(rte_eth_dev_configure(port, 1, 1, &conf), "rte_eth_dev_configure", port);
	check(rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx), "rte_eth_dev_adjust_nb_rx_tx_desc", port);
	if (rx != RING || tx != RING)
		fail("port %u takes no rings of %d", port, RING);
	info.default_txconf.offloads = conf.txmode.offloads;
	check(rte_eth_rx_queue_setup(port, 0, rx, rte_eth_dev_socket_id(port), NULL, pool), "rte_eth_rx_queue_setup", port);
	check(rte_eth_tx_queue_setup(port, 0, tx, rte_eth_dev_socket_id(port), &info.default_txconf),
	      "rte_eth_tx_queue_setup", port);
	check(rte_eth_dev_start(port), "rte_eth_dev_start", port);
	check(rte_eth_promiscuous_enable(port), "rte_eth_promiscuous_enable", port);
	for (int i = 0; i < 500 && !link.link_status; i++) {
		check(rte_eth_link_get_nowait(port, &link), "rte_eth_link_get_nowait", port);
		if (!link.link_status)
			rte_delay_us_sleep(10000);
	}
	if (!link.link_status)
		fail("port %u has no link after 5 s", port);
}

/* The name of a path as the driver gives it, as one word; null if it gives none, as ixgbe before 24.11. */
static const char *mode_of(int (*get)(uint16_t, uint16_t, struct rte_eth_burst_mode *), struct rte_eth_burst_mode *mode)
{
	if (get(0, 0, mode))
		return NULL;
	for (char *c = mode->info; *c; c++)
		if (*c == ' ')
			*c = '_';
	return mode->info;
}

/* Which path DPDK chose, told or found out: "ready" must not claim another. */
static void check_paths(const char **rx, const char **tx)
{
	static struct rte_eth_burst_mode rx_mode, tx_mode;
	int wanted = strcmp(path, "scalar") != 0;

	*rx = mode_of(rte_eth_rx_burst_mode_get, &rx_mode);
	*tx = mode_of(rte_eth_tx_burst_mode_get, &tx_mode);
	if (!*rx && control) { /* a full ring, of which only vector receive refuses less than 4 */
		request(RX_FILL);
		uint32_t one = rte_eth_rx_burst(0, 0, held, 1);
		rte_pktmbuf_free_bulk(held, one);
		*rx = one ? "scalar" : "vector";
	}
	if (!*rx)
		*rx = "unknown";
	vector_rx = strcasestr(*rx, "vector") != NULL;
	if (control && vector_rx != wanted)
		fail("asked for the %s path, DPDK receives by %s", path, *rx);
	if (*tx && strcmp(path, "full") && (strcasestr(*tx, "vector") != NULL) != wanted)
		fail("asked for the %s path, DPDK sends by %s", path, *tx);
	if (!*tx)
		*tx = "unknown";
}

int main(int argc, char **argv)
{
	char **eal = calloc(argc + 2, sizeof *eal), *line = NULL;
	const char *rx, *tx;
	size_t size = 0;
	int n = 0;

	if (argc < 4)
		fail("usage: dpdk-rings CONTROL|- vector|scalar|full|recycle mov|auto [ARGUMENT OF THE EAL ...]");
	path = argv[2];
	if (strcmp(path, "vector") && strcmp(path, "scalar") && strcmp(path, "full") && strcmp(path, "recycle"))
		fail("%s is none of vector, scalar, full, recycle", path);
#ifndef HAS_RECYCLE
	if (!strcmp(path, "recycle"))
		fail("%s has no rte_eth_recycle_mbufs: it takes 23.11 or newer (bench/dpdk-rings --trixie)", rte_version());
#endif
	movdiri_allowed = !strcmp(argv[3], "auto");
	if (strcmp(argv[1], "-")) {
		int fd = open(argv[1], O_RDWR | O_CLOEXEC);

		if (fd < 0)
			fail("the model's control page %s: %s", argv[1], strerror(errno));
		control = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (control == MAP_FAILED)
			fail("mmap of %s: %s", argv[1], strerror(errno));
		close(fd);
	}
	eal[n++] = argv[0];
	if (!strcmp(path, "scalar"))
		eal[n++] = (char *)"--force-max-simd-bitwidth=64";
	for (int i = 4; i < argc; i++)
		eal[n++] = argv[i];
	/* The EAL and its drivers print to stdout, which is for answers. */
	int out = dup(STDOUT_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	int error = rte_eal_init(n, eal) < 0 ? rte_errno : 0;
	cards = rte_eth_dev_count_avail();
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	if (error)
		fail("rte_eal_init: %s", rte_strerror(error));
	if (!cards)
		fail("DPDK finds no port");
	cards = RTE_MIN(cards, CARDS);
	pool = rte_pktmbuf_pool_create("buffers", BUFFERS, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (!pool)
		fail("a pool of %d buffers: %s", BUFFERS, rte_strerror(rte_errno));
	for (int port = 0; port < cards; port++)
		open_port(port);
	check_paths(&rx, &tx);
	if (!strcmp(path, "recycle"))
		check_recycling();
	printf("ready tsc=%" PRIu64 " version=%d.%02d.%d path=%s rx=%s tx=%s doorbell=%s%s%s\n", rte_get_tsc_hz(),
	       RTE_VER_YEAR, RTE_VER_MONTH, RTE_VER_MINOR, path, rx, tx,
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_MOVDIRI) ? "movdiri" : "mov", broken ? " note=" : "",
	       broken ? broken : "");
	movdiri_given = 0;
	fflush(stdout);
	while (getline(&line, &size, stdin) > 0)
		answer(line);
	if (broken)
		_exit(0); /* its rings are beyond a decent end */
	for (int port = 0; port < cards; port++) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	rte_eal_cleanup();
	return touched == 1; /* never: so that the reads stay */
}
