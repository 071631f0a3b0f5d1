package io.netmap4j.model.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.WireEnd;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client that says anything, to one of two cabled cards. Every now and then it is well-behaved
 * clients' turn, on both: they must be served as if nothing had been, with no descriptor, mapping
 * or thread left over, and no byte changed that was not mapped.
 *
 * <p>{@code -Dnetmap4j.fuzz=1000000} makes it long, {@code -Dnetmap4j.seed=N} another one.
 */
@Tag("once")
class VfioUserFuzzTest {
  private static final int CASES = Integer.getInteger("netmap4j.fuzz", 30_000);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);
  private static final int CHECK_EVERY = 2_000;
  private static final long PAGE = 4096;

  /** Pages of a guarded file; those in the middle may be mapped. */
  private static final int PAGES = 64;

  private static final int FIRST = 16;
  private static final int LAST = 48;
  private static final byte CANARY = 0x5A;
  private static final String NAME = "vfio-user-fuzz";

  /** Device addresses of the hostile client: few, so that they meet. */
  private static final long IOVA = 0x10_0000;

  @TempDir Path folder;
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final List<RegisterRow> rows = new ArrayList<>();
  private final int[] guarded = new int[3];
  private final long[] guards = new long[3];
  private final List<Integer> oddities = new ArrayList<>();
  private Nic82599[] cards;
  private VfioUserServer[] servers;
  private RawVfioUser hostile;
  private int victim;
  private int done;
  private int connections;
  private long sent;
  private long received;
  private long faults;

  private record RegisterRow(int offset, int count, int stride) {}

  @Test
  @Timeout(value = 12, unit = TimeUnit.HOURS)
  void randomMessagesDoNotHarmTheServer() throws Exception {
    prepare();
    long begin = System.nanoTime();
    for (int round = 0; done < CASES; round++) {
      // Strict cards stop at the first wrong step, lenient ones go on with nonsense.
      serve(round % 2 == 0);
    }
    System.out.printf(
        "fuzz: %d cases of seed %d in %d s, %d connections, %d frames sent and %d received,"
            + " %d DMA faults%n",
        done,
        SEED,
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin),
        connections,
        sent,
        received,
        faults);
    for (int i = 0; i < guarded.length; i++) {
      Libc.closeFd(guarded[i]);
      Libc.unmap(guards[i], PAGES * PAGE);
    }
    oddities.forEach(Libc::closeFd);
  }

  private void prepare() throws Exception {
    for (Register row : RegisterMap82599.rows()) {
      int stride = row.count() > 1 ? row.offset(1) - row.offset(0) : 4;
      rows.add(new RegisterRow(row.offset(0), row.count(), stride));
    }
    for (int i = 0; i < guarded.length; i++) {
      guarded[i] = Libc.memfd(NAME);
      Libc.truncate(guarded[i], PAGES * PAGE, "");
      guards[i] =
          Libc.mmap(
              PAGES * PAGE, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, guarded[i], 0, "");
      Mem.set(guards[i], PAGES * PAGE, CANARY);
    }
    int[] pair = new int[2];
    Sys.pipe(pair);
    oddities.addAll(List.of(pair[0], pair[1]));
    Sys.socketpair(1, 1, 0, pair);
    oddities.addAll(List.of(pair[0], pair[1]));
    Path file = Files.write(folder.resolve("file"), new byte[100_000]);
    oddities.add(Libc.open(file.toString(), Libc.O_RDONLY, 0, ""));
    oddities.add(Libc.open(file.toString(), 1, 0, ""));
    oddities.add(Libc.open(file.toString(), Libc.O_RDWR, 0, ""));
    oddities.add(Libc.open(file.toString(), 010000000, 0, "O_PATH"));
    oddities.add(Libc.open(folder.toString(), Libc.O_RDONLY, 0, ""));
    oddities.add(Libc.open("/dev/null", Libc.O_RDWR, 0, ""));
    oddities.add(Libc.open("/dev/zero", Libc.O_RDWR, 0, ""));
    oddities.add(Libc.open("/proc/self/status", Libc.O_RDONLY, 0, ""));
    for (int i = 0; i < 4; i++) {
      oddities.add(Libc.eventFd());
    }
    int empty = Libc.memfd(NAME);
    int huge = Libc.memfd(NAME);
    Libc.truncate(huge, 1L << 42, "");
    oddities.addAll(List.of(empty, huge));
  }

  /** Up to a quarter of the cases, on a fresh pair of cards. */
  private void serve(boolean strict) throws Exception {
    cards = new Nic82599[2];
    servers = new VfioUserServer[2];
    Cable cable = new Cable(random.nextBoolean() ? CableMode.LOSSY : CableMode.FLOW_CONTROLLED);
    for (int i = 0; i < 2; i++) {
      CardOptions options = CardOptions.port(i);
      cards[i] = new Nic82599(strict ? options : options.lenient());
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
      servers[i] = VfioUserServer.serve(cards[i], folder.resolve("s" + i));
    }
    int end = Math.min(CASES, done + Math.max(CHECK_EVERY, CASES / 4));
    try (ModelRunner runner = new ModelRunner(cards).start()) {
      assertThat(runner).isNotNull();
      while (done < end) {
        victim = random.nextInt(2);
        window(end);
        check();
      }
    } finally {
      for (int i = 0; i < 2; i++) {
        sent += cards[i].total("GPTC");
        received += cards[i].total("GPRC");
        faults += cards[i].memory().faults();
        servers[i].close();
        cards[i].close();
      }
    }
  }

  /** Some cases against one card, while the other one's client sends to it what it can. */
  private void window(int end) throws Exception {
    List<String> before = cards[1 - victim].violations();
    try (SocketDriver neighbour = new SocketDriver(open(1 - victim), 0x700000).start()) {
      for (int i = 0; i < CHECK_EVERY && done < end; i++, done++) {
        try {
          oneCase();
        } catch (LinuxException e) {
          // The server has had enough of this client, or takes no more until it is read from.
          hangUp();
        }
        if (i % 4 == 0) {
          neighbour.exchange(TestFrames.plain(i, 60 + random.nextInt(1400)));
        }
      }
      hangUp();
      assertThat(neighbour.client.readConfig(0, 2)).as(where()).isEqualTo(0x8086);
    }
    assertThat(cards[1 - victim].violations()).as(where()).isEqualTo(before);
  }

  private String where() {
    return "case " + done + " of seed " + SEED;
  }

  private void hangUp() {
    if (hostile != null) {
      hostile.close();
      hostile = null;
    }
  }

  // What is said.

  private void oneCase() throws Exception {
    if (hostile == null) {
      connections++;
      hostile = RawVfioUser.connect(servers[victim].path());
      if (random.nextInt(8) != 0) {
        say(1, RawVfioUser.version(0, 0, RawVfioUser.PROPOSAL));
      }
    }
    int kind = random.nextInt(400);
    switch (kind) {
      case 0 -> garbage();
      case 1 -> truncated();
      case 2 -> hangUp();
      case 3 -> reset();
      case 4 -> shortLived();
      case 5 -> vanishing(IOVA + random.nextInt(32) * PAGE);
      case 6 -> blocking();
      default -> sane(kind % 20);
    }
    if (hostile != null && random.nextInt(64) == 0) {
      hostile.discard();
    }
  }

  /** Whole messages, more or less. */
  private void sane(int kind) {
    switch (kind) {
      case 0 -> mutated();
      case 1 -> anyCommand();
      case 2, 3, 4 -> map();
      case 5 -> unmap();
      case 6, 7 -> irqs();
      case 8 -> config();
      case 9 -> anyAccess();
      case 10, 11, 12 -> ring();
      case 13, 14, 15 -> bell();
      default -> register();
    }
  }

  /** Most messages want no reply: nobody has to read it then. */
  private void say(int command, byte[] payload, int... fds) {
    int flags = random.nextInt(8) == 0 ? 0 : 0x10;
    hostile.raw(random.nextInt(1 << 16), command, 16 + payload.length, flags, payload, fds);
  }

  private int interesting() {
    return switch (random.nextInt(12)) {
      case 0 -> 0;
      case 1 -> -1;
      case 2 -> Integer.MAX_VALUE;
      case 3 -> Integer.MIN_VALUE;
      case 4 -> 1 << random.nextInt(32);
      case 5 -> (1 << random.nextInt(32)) - 1;
      case 6 -> random.nextInt();
      case 7 -> (int) (random.nextInt(64) * PAGE);
      default -> random.nextInt(70);
    };
  }

  private long interestingLong() {
    return switch (random.nextInt(8)) {
      case 0 -> (long) interesting() << 32 | interesting() & 0xFFFFFFFFL;
      case 1 -> -PAGE;
      case 2 -> Long.MAX_VALUE & -PAGE;
      case 3 -> Long.MIN_VALUE;
      case 4 -> interesting();
      default -> random.nextInt(64) * PAGE;
    };
  }

  private int[] anyFds() {
    int[] fds = new int[random.nextInt(4) == 0 ? random.nextInt(17) : random.nextInt(3)];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = oddities.get(random.nextInt(oddities.size()));
    }
    return fds;
  }

  private byte[] anyPayload(int length) {
    ByteBuffer payload = RawVfioUser.bytes((length + 3) / 4 * 4);
    while (payload.hasRemaining()) {
      payload.putInt(interesting());
    }
    return Arrays.copyOf(payload.array(), length);
  }

  private void garbage() {
    byte[] bytes = new byte[1 + random.nextInt(200)];
    random.nextBytes(bytes);
    hostile.rawBytes(bytes, anyFds());
    hangUp();
  }

  /** The rest never comes; the next message would be taken for it. */
  private void truncated() {
    byte[] payload = anyPayload(random.nextInt(64));
    int more = 1 + random.nextInt(1000);
    hostile.raw(1, random.nextInt(20), 16 + payload.length + more, 0, payload, anyFds());
    if (random.nextInt(4) == 0) {
      hostile.rawBytes(new byte[more], anyFds());
    } else {
      hangUp();
    }
  }

  private void anyCommand() {
    say(random.nextInt(20), anyPayload(random.nextInt(80)), anyFds());
  }

  /** A good message with some bytes changed. Never with a guarded file. */
  private void mutated() {
    byte[] payload =
        switch (random.nextInt(6)) {
          case 0 -> RawVfioUser.mapping(3, 0, IOVA, PAGE);
          case 1 -> RawVfioUser.unmapping(0, IOVA, PAGE);
          case 2 -> RawVfioUser.irqs(0x24, 2, 0, 1);
          case 3 -> RawVfioUser.access(0, 8, 4);
          case 4 -> RawVfioUser.access(7, 4, new byte[4]);
          default -> RawVfioUser.bytes(16).putInt(16).array();
        };
    int command = new int[] {2, 3, 8, 9, 10, 4, 5, 6, 7, 1}[random.nextInt(10)];
    for (int i = random.nextInt(4); i >= 0; i--) {
      payload[random.nextInt(payload.length)] = (byte) interesting();
    }
    int size = 16 + payload.length;
    int flags = random.nextInt(64) == 0 ? interesting() : 0x10;
    if (random.nextInt(64) == 0) {
      size = interesting();
    }
    hostile.raw(random.nextInt(1 << 16), command, size, flags, payload, anyFds());
  }

  private void map() {
    long iova = IOVA + random.nextInt(32) * PAGE;
    if (random.nextInt(4) != 0) {
      int pages = 1 + random.nextInt(random.nextInt(4) == 0 ? 16 : 2);
      long offset = (FIRST + random.nextInt(LAST - FIRST - pages + 1)) * PAGE;
      int file = guarded[random.nextInt(guarded.length)];
      say(2, RawVfioUser.mapping(1 + random.nextInt(3), offset, iova, pages * PAGE), file);
    } else {
      byte[] mapping =
          RawVfioUser.mapping(random.nextInt(5), interestingLong(), iova, interestingLong());
      say(2, mapping, anyFds());
    }
  }

  /** A file that is cut short once it is mapped. */
  private void vanishing(long iova) {
    int file = Libc.memfd(NAME);
    try {
      Libc.truncate(file, 8 * PAGE, "");
      say(2, RawVfioUser.mapping(3, 0, iova, 8 * PAGE), file);
      Libc.truncate(file, random.nextInt(8) * PAGE, "");
    } finally {
      Libc.closeFd(file);
    }
  }

  private void unmap() {
    if (random.nextInt(4) == 0) {
      say(3, RawVfioUser.unmapping(random.nextInt(4), interestingLong(), interestingLong()));
    } else if (random.nextInt(16) == 0) {
      say(3, RawVfioUser.unmapping(2, 0, 0));
    } else {
      long iova = IOVA + random.nextInt(32) * PAGE;
      say(3, RawVfioUser.unmapping(0, iova, (1 + random.nextInt(16)) * PAGE));
    }
  }

  private void irqs() {
    int index = random.nextInt(random.nextInt(8) == 0 ? 7 : 3);
    int data = 1 << random.nextInt(3);
    int action = 8 << random.nextInt(3);
    int flags = random.nextInt(16) == 0 ? interesting() : data | action;
    int start = index == 2 && random.nextBoolean() ? random.nextInt(66) : 0;
    int count = random.nextInt(random.nextInt(4) == 0 ? 70 : 3);
    int[] fds = data == 4 ? anyFds() : new int[0];
    if (data == 4 && random.nextInt(4) != 0) {
      Arrays.setAll(fds, i -> oddities.get(12 + random.nextInt(4))); // eventfds
      count = random.nextInt(4) == 0 ? count : Math.max(1, fds.length);
    }
    int[] bools = new int[data == 2 ? random.nextInt(8) : 0];
    Arrays.setAll(bools, i -> random.nextInt(2));
    say(8, RawVfioUser.irqs(flags, index, start, count, bools), fds);
  }

  private void config() {
    int[] places = {0x04, 0x06, 0x10, 0x20, 0x44, 0x45, 0x50, 0x52, 0x70, 0x72, 0x73, 0xA8, 0xA9};
    int at = random.nextInt(4) == 0 ? random.nextInt(4100) : places[random.nextInt(places.length)];
    byte[] data = new byte[1 + random.nextInt(random.nextInt(16) == 0 ? 4096 : 6)];
    random.nextBytes(data);
    if (random.nextInt(3) == 0) {
      at = 4;
      data = new byte[] {(byte) 0x06, 0}; // bus mastering
    }
    say(10, RawVfioUser.access(7, at, data));
  }

  private void anyAccess() {
    int region = random.nextInt(11) - 1;
    long offset = random.nextBoolean() ? random.nextInt(40) : interestingLong();
    if (random.nextBoolean()) {
      say(9, RawVfioUser.access(region, offset, interesting()));
    } else {
      say(10, RawVfioUser.access(region, offset, anyPayload(1 + random.nextInt(64))));
    }
  }

  private void reset() {
    say(13, new byte[0]);
  }

  /** One more client, that comes while the card is in use, and may not wait for its refusal. */
  private void shortLived() {
    try (RawVfioUser other = RawVfioUser.connect(servers[victim].path())) {
      if (random.nextBoolean()) {
        other.raw(1, random.nextInt(3), 16 + random.nextInt(3), 0, new byte[random.nextInt(3)]);
      }
    }
  }

  private void register() {
    RegisterRow row = rows.get(random.nextInt(rows.size()));
    int offset = row.offset + row.stride * random.nextInt(row.count);
    if (random.nextInt(4) == 0) {
      say(9, RawVfioUser.access(0, offset, 4));
    } else {
      say(10, RawVfioUser.access(0, offset, RawVfioUser.word(interesting())));
    }
  }

  private void poke(int offset, int value) {
    say(10, RawVfioUser.access(0, offset, RawVfioUser.word(value)));
  }

  private int block(boolean receive) {
    return (receive ? 0x01000 : 0x06000) + 0x40 * random.nextInt(2);
  }

  private void bell() {
    poke(block(random.nextBoolean()) + 0x18, random.nextInt(random.nextInt(8) == 0 ? 600 : 32));
  }

  /** An eventfd that takes no signal, and makes who signals it wait. */
  private void blocking() {
    if (random.nextInt(16) == 0) {
      int event = Libc.eventFd();
      try {
        say(8, RawVfioUser.irqs(0x21, 0, 0, 0));
        say(8, RawVfioUser.irqs(0x24, 2, 0, 1), event);
        hostile.discard();
        Sys.blocking(event);
        Sys.fill(event);
        say(8, RawVfioUser.irqs(0x21, 2, 0, 1));
      } finally {
        Libc.closeFd(event);
      }
    }
  }

  /** Rings at places that may be mapped, with descriptors that are whatever the pages hold. */
  private void ring() {
    fillDescriptors();
    if (random.nextInt(4) == 0) {
      poke(0, 1 << 26);
    }
    say(10, RawVfioUser.access(7, 4, new byte[] {0x06, 0}));
    boolean receive = random.nextBoolean();
    int block = block(receive);
    poke(block + 0x28, 0);
    poke(block, (int) IOVA + random.nextInt(32) * (int) PAGE + 128 * random.nextInt(4));
    poke(block + 0x04, random.nextInt(16) == 0 ? interesting() : 0);
    poke(block + 0x08, 128 * random.nextInt(random.nextInt(8) == 0 ? 5000 : 64));
    poke(block + 0x10, 0);
    poke(block + 0x18, 0);
    if (receive) {
      poke(block + 0x14, (random.nextInt(8) == 0 ? 0 : 0x02000000) | 1 + random.nextInt(16));
      poke(block + 0x0C, 0);
      poke(0x02F00, 0xA);
      for (int i = 1; i < 8; i++) {
        poke(0x03C00 + 4 * i, 0);
      }
      poke(0x05080, 1 << 10 | 3 << 8);
      poke(block + 0x28, 1 << 25 | (random.nextInt(8) == 0 ? 1 << 30 : 0));
      poke(0x03000, 1);
    } else {
      poke(0x04A80, 1);
      poke(block + 0x28, 1 << 25 | random.nextInt(random.nextInt(4) == 0 ? 1 << 25 : 1));
    }
    poke(block + 0x18, random.nextInt(64));
  }

  /** Descriptors in the pages that may be mapped, some of them sensible. */
  private void fillDescriptors() {
    long page = guards[random.nextInt(guards.length)] + PAGE * (FIRST + random.nextInt(32));
    for (int i = 0; i < 32; i++) {
      long descriptor = page + 16L * i;
      if (random.nextInt(4) == 0) {
        Mem.putLong(descriptor, random.nextLong());
        Mem.putLong(descriptor + 8, random.nextLong());
      } else {
        int length = random.nextInt(random.nextInt(8) == 0 ? 16384 : 1600);
        int type = random.nextInt(8) == 0 ? 0x20200000 : 0x2B300000;
        int extra = random.nextInt(4) == 0 ? random.nextInt() & 0xFF000000 : 0;
        Mem.putLong(descriptor, IOVA + random.nextInt(32) * PAGE + random.nextInt(4096));
        Mem.putInt(descriptor + 8, length | type | extra);
        Mem.putInt(descriptor + 12, length << 14 | random.nextInt(1 << 14));
      }
    }
  }

  // What must hold.

  private void check() throws Exception {
    for (int i = 0; i < guards.length; i++) {
      guarded(guards[i], 0, FIRST);
      guarded(guards[i], LAST, PAGES);
    }
    // Both open before either listens: then the last session is over, and nothing that it sent is
    // under way.
    try (SocketDriver a = new SocketDriver(open(0), 0x100000);
        SocketDriver b = new SocketDriver(open(1), 0x900000)) {
      a.start();
      b.start();
      for (int i = 0; i < 20; i++) {
        byte[] there = TestFrames.plain(i, 60 + i);
        byte[] back = TestFrames.plain(i, 1514 - i);
        a.send(there);
        assertThat(b.receive()).as(where()).isEqualTo(there);
        b.send(back);
        assertThat(a.receive()).as(where()).isEqualTo(back);
      }
      assertThat(Sys.mappings("vfio-user-test")).as(where()).isEqualTo(4);
    }
    open(0).close();
    open(1).close();
    assertThat(Sys.mappings(NAME)).as("mappings, %s", where()).isEqualTo(guards.length);
    assertThat(Sys.openFiles(NAME)).as("files, %s", where()).isEqualTo(guards.length + 2);
    assertThat(Sys.openFiles("eventfd")).as("eventfds, %s", where()).isLessThan(16);
    assertThat(Sys.openFiles("socket:")).as("sockets, %s", where()).isLessThan(16);
    assertThat(Sys.openFiles("vfio-user-test")).as(where()).isZero();
    // One that has told of its end may still be about to end.
    for (int i = 0; i < 100 && threads() > 4; i++) {
      LockSupport.parkNanos(50_000_000);
    }
    assertThat(threads()).as("threads, %s", where()).isLessThanOrEqualTo(4);
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("vfio-user"))
        .count();
  }

  private void guarded(long base, int from, int to) {
    for (long at = base + from * PAGE; at < base + to * PAGE; at += 8) {
      if (Mem.getLong(at) != 0x5A5A5A5A5A5A5A5AL) {
        throw new AssertionError(
            "a byte at " + (at - base) + " that was never mapped has changed, " + where());
      }
    }
  }

  /** The hostile client has gone, and nobody says EBUSY. */
  private RawVfioUser open(int card) {
    return RawVfioUser.open(servers[card].path());
  }
}
