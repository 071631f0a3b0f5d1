package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.RingCounts;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** lb step by step, with a pipe as its input, small pipes behind it and consumers of ours. */
@Timeout(60)
class BalancerTest {
  private static final int SLOTS = 64;

  private final List<NetmapPort> opened = new ArrayList<>();
  private final List<NetmapPort> outputs = new ArrayList<>();
  private final List<List<LbPipe>> groups = new ArrayList<>();
  private NetmapPort source;
  private NetmapPort input;
  private SlotQueue free;
  private Balancer lb;
  private int freeBefore;
  private int number;

  @BeforeEach
  void countBuffers() {
    freeBefore = NetmapMemory.shared().freeBuffers();
  }

  private NetmapPort pipe(String name, int slots, int extra) {
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT
            .counts(RingCounts.DEFAULT.slots(slots, slots))
            .extraBuffers(extra);
    NetmapPort port = Netmap.open("netmap:" + name, request);
    opened.add(port);
    return port;
  }

  /** Groups of so many pipes each. */
  private void start(int extra, int... pipes) {
    source = pipe("in{0", 1024, 0);
    input = pipe("in}0", 1024, extra);
    free = extra == 0 ? null : new SlotQueue(extra);
    for (int b = input.nifp().bufsHead(); b != 0; b = input.memory().nextExtraBuffer(b)) {
      free.add(b);
    }
    input.nifp().bufsHead(0);
    for (int g = 0; g < pipes.length; g++) {
      List<LbPipe> group = new ArrayList<>();
      for (int i = 0; i < pipes[g]; i++) {
        String name = "g" + g + "{" + i;
        NetmapPort port = pipe(name, SLOTS, 0);
        outputs.add(port);
        group.add(new LbPipe(name, port.tx(0), extra, g < pipes.length - 1));
      }
      groups.add(group);
    }
    lb = new Balancer(input, outputs, groups, free, 2048);
  }

  @AfterEach
  void nothingIsLost() {
    lb.end();
    if (free != null) {
      assertThat(free.size()).isEqualTo(input.extraBuffers());
      while (!free.isEmpty()) {
        int buffer = free.take();
        input.memory().nextExtraBuffer(buffer, input.nifp().bufsHead());
        input.nifp().bufsHead(buffer);
      }
    }
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    assertThat(NetmapMemory.shared().freeBuffers()).isEqualTo(freeBefore);
  }

  /** Puts one into the source's ring, over so many slots; its number is in each of them. */
  private void put(int slots) {
    NetmapRing ring = source.tx(0);
    assertThat(ring.space()).isGreaterThanOrEqualTo(slots);
    for (int k = 1; k <= slots; k++) {
      byte[] frame = new byte[60];
      frame[12] = 8;
      frame[14] = 0x45;
      ring.put(ring.head(), frame, 0, 60, k < slots ? Netmap.NS_MOREFRAG : 0);
      ring.putInt(ring.head(), 26, number * 31);
      ring.putInt(ring.head(), 50, number);
      ring.advance(ring.next(ring.head()));
    }
    number++;
  }

  /** Everything that does not need a consumer. */
  private void balance() {
    source.txSync();
    input.rxSync();
    outputs.forEach(NetmapPort::txSync);
    lb.step();
    input.rxSync();
    outputs.forEach(NetmapPort::txSync);
  }

  /** Takes what has arrived, up to so many slots, and checks that packets are whole. */
  private List<Integer> take(NetmapPort consumer, int most) {
    consumer.rxSync();
    NetmapRing ring = consumer.rx(0);
    List<Integer> numbers = new ArrayList<>();
    int slot = ring.head();
    for (int left = Math.min(most, ring.space()); left > 0; left--, slot = ring.next(slot)) {
      int is = ring.getInt(slot, 50);
      if ((ring.slotFlags(slot) & Netmap.NS_MOREFRAG) == 0) {
        numbers.add(is);
      } else if (left > 1) {
        assertThat(ring.getInt(ring.next(slot), 50)).as("the packet's next slot").isEqualTo(is);
      }
    }
    ring.advance(slot);
    consumer.rxSync();
    return numbers;
  }

  private LbPipe.Counts all() {
    long[] sum = new long[4];
    for (LbPipe p : groups.stream().flatMap(List::stream).toList()) {
      LbPipe.Counts c = p.counts();
      sum[0] += c.packets();
      sum[1] += c.bytes();
      sum[2] += c.dropped();
      sum[3] += c.queued();
    }
    return new LbPipe.Counts(sum[0], sum[1], sum[2], 0, (int) sum[3]);
  }

  @Test
  void withoutExtraBuffersAFullPipeDropsAndOthersGoOn() {
    start(0, 2);
    NetmapPort one = pipe("g0}1", 0, 0);
    List<Integer> seen = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      IntStream.range(0, 40).forEach(i -> put(1));
      balance();
      seen.addAll(take(one, SLOTS));
    }
    LbPipe.Counts stalled = groups.get(0).get(0).counts();
    LbPipe.Counts good = groups.get(0).get(1).counts();
    assertThat(stalled.packets()).isEqualTo(SLOTS - 1);
    assertThat(stalled.packets() + stalled.dropped() + good.packets()).isEqualTo(800);
    assertThat(good.dropped()).isZero();
    assertThat(seen).hasSize((int) good.packets()).isSorted().doesNotHaveDuplicates();
    assertThat(stalled.droppedBytes()).isEqualTo(stalled.dropped() * 60);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void extraBuffersHoldWhatIsTooMuchAndTheLongestQueueLosesItsOldest(int stalls) {
    start(400, 2);
    NetmapPort zero = pipe("g0}" + stalls, 0, 0);
    NetmapPort one = pipe("g0}" + (1 - stalls), 0, 0);
    for (int round = 0; round < 3; round++) {
      IntStream.range(0, 100).forEach(i -> put(1));
      balance();
    }
    assertThat(all().dropped()).isZero();
    assertThat(all().queued()).isEqualTo(300 - 2 * (SLOTS - 1));
    assertThat(all().queued() + free.size()).isEqualTo(400);
    List<Integer> first = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      first.addAll(take(one, SLOTS)); // only this one reads
      IntStream.range(0, 100).forEach(i -> put(1));
      balance();
    }
    LbPipe.Counts stalled = groups.get(0).get(stalls).counts();
    assertThat(groups.get(0).get(1 - stalls).counts().dropped())
        .as("the reader loses nothing")
        .isZero();
    assertThat(stalled.dropped()).isPositive();
    List<Integer> late = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      first.addAll(take(one, SLOTS));
      late.addAll(take(zero, SLOTS));
      balance();
    }
    assertThat(all().queued()).isZero();
    assertThat(first).isSorted().doesNotHaveDuplicates();
    assertThat(late).isSorted().doesNotHaveDuplicates();
    assertThat(first.size() + late.size() + stalled.dropped()).isEqualTo(number);
    assertThat(late.get(late.size() - 1)).as("the newest is there").isGreaterThan(number - 20);
  }

  @Test
  void packetsOfSeveralSlotsGoOrAreDroppedAsAWhole() {
    start(200, 3);
    List<NetmapPort> consumers =
        IntStream.range(0, 3).mapToObj(i -> pipe("g0}" + i, 0, 0)).toList();
    Random random = new Random(5);
    List<List<Integer>> seen = IntStream.range(0, 3).mapToObj(i -> numbers()).toList();
    for (int round = 0; round < 300; round++) {
      IntStream.range(0, random.nextInt(40)).forEach(i -> put(1 + random.nextInt(9)));
      balance();
      int who = random.nextInt(3);
      seen.get(who).addAll(take(consumers.get(who), random.nextInt(3) == 0 ? 3 : SLOTS));
    }
    for (int round = 0; round < 40; round++) {
      balance();
      for (int i = 0; i < 3; i++) {
        seen.get(i).addAll(take(consumers.get(i), SLOTS));
      }
    }
    for (List<Integer> one : seen) {
      assertThat(one).as("none overtakes another").isSorted().doesNotHaveDuplicates();
    }
    assertThat(all().dropped()).isPositive();
    assertThat(seen.stream().mapToLong(List::size).sum() + all().dropped()).isEqualTo(number);
  }

  private static List<Integer> numbers() {
    return new ArrayList<>();
  }

  /** More slots than the ring has: it would never get out of the queue. */
  @Test
  void aPacketThatNoRingTakesIsDropped() {
    start(200, 1);
    put(SLOTS);
    put(1);
    balance();
    assertThat(all()).isEqualTo(new LbPipe.Counts(1, 60, 1, 0, 0));
  }

  @Test
  void eachGroupGetsEachPacketWhenTheOneBeforeHasGivenItBack() {
    start(0, 2, 1, 3);
    List<NetmapPort> consumers = new ArrayList<>();
    for (String name : "g0}0 g0}1 g1}0 g2}0 g2}1 g2}2".split(" ")) {
      consumers.add(pipe(name, 0, 0));
    }
    List<List<Integer>> seen = IntStream.range(0, 3).mapToObj(i -> numbers()).toList();
    Random random = new Random(6);
    for (int round = 0; round < 400; round++) {
      if (round < 300) {
        IntStream.range(0, random.nextInt(5)).forEach(i -> put(1 + random.nextInt(3)));
      }
      balance();
      for (int i = 0; i < consumers.size(); i++) {
        // one slot at a time now and then, so that packets come back in parts
        int most = round < 300 && random.nextBoolean() ? 1 + random.nextInt(20) : SLOTS;
        seen.get(i < 2 ? 0 : i < 3 ? 1 : 2).addAll(take(consumers.get(i), most));
      }
    }
    assertThat(all().dropped()).isZero();
    for (List<Integer> group : seen) {
      assertThat(group.stream().sorted().toList())
          .isEqualTo(IntStream.range(0, number).boxed().toList());
    }
    assertThat(seen.get(1)).as("in the order in which they came back").hasSize(number);
  }

  /** Full pipes, and packets that come back in parts: their slots must not be used before. */
  @Test
  void aGroupUnderLoadPassesOnWhatItsConsumerGivesBack() {
    start(300, 1, 1);
    NetmapPort first = pipe("g0}0", 0, 0);
    NetmapPort second = pipe("g1}0", 0, 0);
    Random random = new Random(8);
    List<Integer> one = numbers();
    List<Integer> two = numbers();
    for (int round = 0; round < 1000; round++) {
      if (round < 900) {
        IntStream.range(0, random.nextInt(20)).forEach(i -> put(1 + random.nextInt(9)));
      }
      balance();
      one.addAll(take(first, round < 900 ? 1 + random.nextInt(40) : SLOTS));
      two.addAll(take(second, SLOTS));
    }
    assertThat(one).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(1000);
    assertThat(two).isEqualTo(one);
    assertThat(groups.get(0).get(0).counts().dropped()).isEqualTo(number - one.size());
  }

  /** Also while it sleeps, which is longer than this may take. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void countsAreOfNow(boolean busy) throws Exception {
    start(0, 1);
    Stop stop = new Stop();
    Thread loop = new Thread(() -> lb.run(busy, stop));
    loop.start();
    long begin = System.nanoTime();
    for (int round = 1; round <= 50; round++) {
      put(3);
      source.txSync();
      while (source.tx(0).txPending() && System.nanoTime() - begin < 10_000_000_000L) {
        source.txSync(); // until it has been taken
      }
      Balancer.Counts counts = lb.counts();
      assertThat(counts.received()).isEqualTo(round);
      assertThat(counts.bytes()).isEqualTo(round * 180L);
      LbPipe.Counts pipe = counts.pipes().get(0);
      assertThat(pipe.packets() + pipe.dropped()).isEqualTo(round);
    }
    stop.request();
    loop.join();
    assertThat(lb.counts().received()).isEqualTo(50);
    assertThat(lb.counts()).isSameAs(lb.counts());
  }

  /** The packets stay in the buffer that the input had: only indices move. */
  @Test
  void nothingIsCopied() {
    start(0, 1);
    put(1);
    source.txSync();
    input.rxSync();
    int buffer = input.rx(0).bufIdx(input.rx(0).head());
    lb.step();
    outputs.get(0).txSync();
    NetmapPort consumer = pipe("g0}0", 0, 0);
    consumer.rxSync();
    assertThat(consumer.rx(0).bufIdx(consumer.rx(0).head())).isEqualTo(buffer);
    assertThat(Arrays.asList(take(consumer, 9))).containsExactly(List.of(0));
  }

  /** Over pipes, through queues and to a second group. */
  @Test
  void nothingIsAllocatedForAPacket() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    start(200, 2, 1);
    NetmapPort[] consumers = {pipe("g0}0", 0, 0), pipe("g0}1", 0, 0), pipe("g1}0", 0, 0)};
    IntStream.range(0, 512).forEach(i -> put(1)); // fills the buffers with frames of many flows
    int batches = 10_000;
    long before = 0;
    for (int i = 0; i < 2 * batches; i++) {
      if (i == batches) {
        before = threads.getThreadAllocatedBytes(self);
      }
      NetmapRing tx = source.tx(0);
      for (int n = Math.min(10, tx.space()); n > 0; n--) {
        tx.lenAndFlags(tx.head(), 60, n % 4 == 2 ? Netmap.NS_MOREFRAG : 0);
        tx.advance(tx.next(tx.head()));
      }
      balance();
      for (int k = 0; k < 3; k++) {
        if ((i >> 5 & 1) == 0 || k > 0) { // the first one stalls at times
          consumers[k].rxSync();
          NetmapRing rx = consumers[k].rx(0);
          rx.advance(rx.tail());
          consumers[k].rxSync();
        }
      }
    }
    assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(batches / 4);
    assertThat(groups.get(1).get(0).counts().packets()).isGreaterThan(batches);
    assertThat(groups.get(0).get(0).counts().packets()).isGreaterThan(batches / 2);
  }
}
