package io.netmap4j.apps;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapIf;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.compat.Nm;
import io.netmap4j.layout.IfLayout;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import net.openhft.chronicle.bytes.PointerBytesStore;

/**
 * Random calls of the public API, with good, bad and stale objects and arguments, from several
 * threads that share them: {@code ApiFuzz SEED CALLS THREADS}. Exceptions of ours are fine. Others
 * end it with 2, a hang with 3, a change in the rings of ports that nobody here touches with 4.
 */
final class ApiFuzz {
  private static final int SHARED_OBJECTS = 24;
  private static final int[] NASTY = {
    0,
    0,
    1,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    60,
    63,
    64,
    65,
    100,
    127,
    128,
    255,
    256,
    511,
    512,
    1023,
    1024,
    2047,
    2048,
    2049,
    4096,
    8448,
    65_535,
    65_536,
    70_000,
    1 << 20,
    1 << 24,
    1 << 30,
    -1,
    -2,
    -8,
    -64,
    -65_536,
    Integer.MAX_VALUE,
    Integer.MAX_VALUE - 1,
    Integer.MIN_VALUE
  };
  private static final String[] NAMES = {
    "netmap:model0",
    "netmap:model1",
    "netmap:model0",
    "netmap:model1",
    "netmap:m2",
    "netmap:m3",
    "netmap:m2-0",
    "netmap:m2-1/R",
    "netmap:m3-0/T",
    "netmap:model0/R",
    "netmap:model1/T",
    "netmap:m4",
    "netmap:m5",
    "netmap:m6",
    "netmap:m7",
    "netmap:m8",
    "netmap:m9",
    "netmap:m8/R",
    "netmap:model0/x",
    "netmap:model0@7",
    "netmap:model0@1",
    "netmap:m2-7",
    "netmap:",
    "netmap:no",
    "model0",
    "",
    "netmap:model0{1",
    "netmap:m2@share=netmap:m3",
    "vale0:1",
    "netmap:m2-99999999999"
  };

  private final AtomicReferenceArray<NetmapPort> ports = new AtomicReferenceArray<>(SHARED_OBJECTS);
  private final AtomicReferenceArray<NetmapRing> rings = new AtomicReferenceArray<>(SHARED_OBJECTS);
  private final AtomicReferenceArray<NetmapIf> nifps = new AtomicReferenceArray<>(SHARED_OBJECTS);
  private final AtomicReferenceArray<NetmapMemory> regions = new AtomicReferenceArray<>(8);
  private final Map<String, long[]> outcomes = new TreeMap<>();
  private volatile Throwable failure;
  private volatile String failedIn;

  public static void main(String[] args) throws Exception {
    Path config = Files.createTempFile("api-fuzz", ".properties");
    StringBuilder lines = new StringBuilder();
    for (int i = 2; i < 10; i++) {
      lines.append(String.format("nic.m%d = model:%d%n", i, i));
    }
    for (int i = 0; i < 2; i++) {
      lines.append(String.format("nic.v%d = model:%d%nnic.w%d = model:%d%n", i, 10 + i, i, 12 + i));
    }
    Files.writeString(config, lines);
    System.setProperty("netmap4j.config", config.toString());
    int code;
    try {
      code = new ApiFuzz().run(Long.parseLong(args[0]), Long.parseLong(args[1]), args[2]);
    } finally {
      Files.delete(config);
    }
    System.exit(code);
  }

  private static MemoryOptions small() {
    return MemoryOptions.DEFAULT.buffers(4096, 2048).rings(16, 8448);
  }

  private int run(long seed, long calls, String threads) throws Exception {
    NetmapMemory.configureShared(MemoryOptions.DEFAULT.buffers(65_536, 2048));
    int n = Integer.parseInt(threads);
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < n; t++) {
      SplittableRandom random = new SplittableRandom(seed + t);
      long share = calls / n;
      all.add(new Thread(() -> new Caller(random).run(share), "caller-" + t));
    }
    long begin = System.nanoTime();
    all.forEach(Thread::start);
    int bystanders = 0;
    while (all.stream().anyMatch(Thread::isAlive)) {
      if (System.nanoTime() - begin > 120_000_000_000L + calls * 1_000_000) {
        all.forEach(t -> System.out.println("HANG: " + t + Arrays.toString(t.getStackTrace())));
        return 3;
      }
      if (!bystandersAreLeftAlone()) {
        System.out.println("CHANGED: a ring of a port that nobody touched");
        return 4;
      }
      bystanders++;
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (failure != null) {
      System.out.println("FAILED in " + failedIn);
      failure.printStackTrace(System.out);
      return 2;
    }
    outcomes.forEach(
        (call, o) -> System.out.printf("%-26s %9d calls, %9d refused%n", call, o[0], o[1]));
    System.out.printf(
        "survived: seed %d, %d calls, %d threads, %d sets of ports beside them, %.1f s%n",
        seed, calls, n, bystanders, seconds);
    return 0;
  }

  /**
   * Ports of our own, in memory that others may just have had: in the shared region, whose buffers
   * are everybody's, and in a region apart, where nothing may change at all.
   */
  private static boolean bystandersAreLeftAlone() throws InterruptedException {
    try (NetmapMemory apart = NetmapMemory.create(small());
        NetmapPort v0 = Netmap.open("netmap:v0", NetmapPort.Request.DEFAULT.region(apart));
        NetmapPort v1 = Netmap.open("netmap:v1", NetmapPort.Request.DEFAULT.region(apart));
        NetmapPort w0 = Netmap.open("netmap:w0");
        NetmapPort w1 = Netmap.open("netmap:w1")) {
      byte[] region = bytes(apart.address(), (int) apart.size());
      List<byte[]> before = ringsOf(v0, v1, w0, w1);
      Thread.sleep(20); // the others go on
      List<byte[]> after = ringsOf(v0, v1, w0, w1);
      boolean same = Arrays.equals(region, bytes(apart.address(), (int) apart.size()));
      for (int i = 0; i < before.size(); i++) {
        same &= Arrays.equals(before.get(i), after.get(i));
      }
      return same;
    } catch (NetmapException e) {
      if (e.errno() != Libc.ENOMEM) {
        throw e;
      }
      Thread.sleep(1); // the others have all of it at the moment
      return true;
    }
  }

  private static byte[] bytes(long address, int count) {
    byte[] copy = new byte[count];
    Mem.copyOut(address, copy, 0, count);
    return copy;
  }

  /** Ring headers with slots, and interface objects. */
  private static List<byte[]> ringsOf(NetmapPort... ports) {
    List<byte[]> all = new ArrayList<>();
    for (NetmapPort port : ports) {
      for (NetmapRing ring : new NetmapRing[] {port.tx(0), port.rx(0)}) {
        all.add(bytes(ring.address(), RingLayout.sizeFor(ring.numSlots())));
      }
      all.add(bytes(port.nifp().address(), IfLayout.sizeFor(4)));
    }
    return all;
  }

  /** One thread's calls. Views, sets for polling and nm_desc are its own, as they must be. */
  private final class Caller {
    private final SplittableRandom random;
    private final Map<String, Runnable> hot = new LinkedHashMap<>();
    private final Map<String, Runnable> cold = new LinkedHashMap<>();
    private final Map<String, long[]> counts = new TreeMap<>();
    private final List<PointerBytesStore> views = new ArrayList<>();
    private final List<Nm> descriptors = new ArrayList<>();
    private NetmapPoll poll = new NetmapPoll();

    Caller(SplittableRandom random) {
      this.random = random;
      ringCalls();
      portCalls();
      memoryCalls();
    }

    void run(long calls) {
      List<Map.Entry<String, Runnable>> often = List.copyOf(hot.entrySet());
      List<Map.Entry<String, Runnable>> seldom = List.copyOf(cold.entrySet());
      for (long i = 0; i < calls && failure == null; i++) {
        List<Map.Entry<String, Runnable>> of = random.nextInt(40) == 0 ? seldom : often;
        Map.Entry<String, Runnable> call = of.get(random.nextInt(of.size()));
        long[] outcome = counts.computeIfAbsent(call.getKey(), key -> new long[2]);
        outcome[0]++;
        try {
          call.getValue().run();
        } catch (NetmapException
            | LinuxException
            | IllegalArgumentException
            | IndexOutOfBoundsException e) {
          outcome[1]++;
        } catch (Throwable e) {
          failedIn = call.getKey() + ", call " + i + " of " + Thread.currentThread().getName();
          failure = e;
        }
      }
      poll.close();
      synchronized (outcomes) {
        counts.forEach(
            (call, o) -> {
              long[] sum = outcomes.computeIfAbsent(call, key -> new long[2]);
              sum[0] += o[0];
              sum[1] += o[1];
            });
      }
    }

    private int nasty() {
      int kind = random.nextInt(8);
      return kind == 0 ? random.nextInt() : kind < 4 ? random.nextInt(520) : pick(NASTY);
    }

    private int pick(int[] of) {
      return of[random.nextInt(of.length)];
    }

    private <T> T any(AtomicReferenceArray<T> of) {
      return of.get(random.nextInt(of.length()));
    }

    private <T> void with(AtomicReferenceArray<T> of, Consumer<T> call) {
      T one = any(of);
      if (one != null) {
        call.accept(one);
      }
    }

    private void ring(String name, Consumer<NetmapRing> call) {
      hot.put("ring." + name, () -> with(rings, call));
    }

    private void port(String name, Consumer<NetmapPort> call) {
      hot.put("port." + name, () -> with(ports, call));
    }

    private void memory(String name, Consumer<NetmapMemory> call) {
      hot.put("memory." + name, () -> call.accept(region()));
    }

    private NetmapMemory region() {
      NetmapMemory region = any(regions);
      return region == null || random.nextInt(4) == 0 ? NetmapMemory.shared() : region;
    }

    private void ringCalls() {
      ring("head", r -> r.head(nasty()));
      ring("cur", r -> r.cur(nasty()));
      ring("advance", r -> r.advance(nasty()));
      ring("advance legally", r -> r.advance(r.plus(r.head(), r.space() / 2)));
      ring("flags", r -> r.flags(nasty() | r.flags()));
      ring("bufIdx", r -> r.bufIdx(nasty(), nasty()));
      ring("len", r -> r.len(nasty(), nasty()));
      ring("slotFlags", r -> r.slotFlags(nasty(), nasty()));
      ring("lenAndFlags", r -> r.lenAndFlags(nasty(), nasty(), nasty()));
      ring("ptr", r -> r.ptr(nasty(), r.ptr(nasty()) + nasty()));
      ring("swap", r -> with(rings, to -> r.swap(nasty(), to, nasty())));
      ring("buffer", r -> Mem.putLong(r.buffer(nasty()), nasty()));
      ring("put", r -> r.put(nasty(), new byte[Math.abs(nasty() % 5000)]));
      ring("get", r -> r.get(nasty()));
      ring("looks", r -> look(r.toString(), r.isEmpty(), r.txPending(), r.dir()));
      ring("next", r -> r.next(r.plus(nasty(), nasty())));
      ring("time", NetmapRing::timestampMicros);
      ring("sem", r -> Mem.putLong(r.sem(), r.address()));
      ring(
          "view",
          r -> {
            PointerBytesStore view = r.buffer(nasty(), new PointerBytesStore());
            views.add(view);
            if (views.size() > 50) {
              views.remove(random.nextInt(views.size()));
            }
          });
      hot.put(
          "view.write",
          () -> {
            if (!views.isEmpty()) {
              views.get(random.nextInt(views.size())).writeLong(8 * random.nextInt(8), nasty());
            }
          });
      hot.put("if.bufsHead", () -> with(nifps, f -> f.bufsHead(nasty())));
      hot.put("if.ringOfs", () -> with(nifps, f -> f.ringOfs(nasty())));
      hot.put(
          "if.looks", () -> with(nifps, f -> look(f.name(), f.flags(), f.txRings(), f.bufsHead())));
    }

    private void portCalls() {
      port("txSync", NetmapPort::txSync);
      port("rxSync", NetmapPort::rxSync);
      port("poll", p -> p.poll(nasty(), random.nextInt(2)));
      port("tx", p -> rings.set(random.nextInt(SHARED_OBJECTS), p.tx(Math.abs(nasty() % 3))));
      port("rx", p -> rings.set(random.nextInt(SHARED_OBJECTS), p.rx(Math.abs(nasty() % 3))));
      port("tx any", p -> p.tx(nasty()));
      port("nifp", p -> nifps.set(random.nextInt(SHARED_OBJECTS), p.nifp()));
      port("looks", p -> look(p.name(), p.extraBuffers(), p.maxFrame(), p.unsent()));
      port("wakeup", NetmapPort::wakeup);
      cold.put("port.counters", () -> with(ports, NetmapPort::counters));
      cold.put("port.link", () -> with(ports, NetmapPort::link));
      cold.put("port.drain", () -> with(ports, p -> p.drain(random.nextInt(3))));
      cold.put("port.awaitLink", () -> with(ports, p -> p.awaitLink(random.nextInt(3))));
      cold.put("port.close", () -> with(ports, NetmapPort::close));
      cold.put("port.memory", () -> with(ports, p -> p.memory().address()));
      cold.put("nic.address", () -> with(ports, p -> p.nic().addAddress(new byte[mac()])));
      cold.put("nic.removeAddress", () -> with(ports, p -> p.nic().removeAddress(new byte[mac()])));
      cold.put("nic.promiscuous", () -> with(ports, p -> p.nic().promiscuous(mac() == 6)));
      cold.put("nic.reset", () -> with(ports, p -> p.nic().reset()));
      cold.put("nic.rss", () -> with(ports, p -> p.nic().rss(key(), table())));
      for (int i = 0; i < 3; i++) {
        cold.put("open " + i, () -> keep(open()));
        cold.put("nmOpen " + i, () -> nm(Nm.nmOpen(name(), request())));
      }
      hot.put("nm.inject", () -> nm(d -> inject(d, random.nextInt(6000))));
      hot.put("nm.dispatch", () -> nm(d -> d.nmDispatch(nasty() % 100, (header, buffer) -> {})));
      hot.put("nm.nextpkt", () -> nm(d -> d.nmNextpkt(new Nm.Header())));
      cold.put("nm.close", () -> nm(Nm::nmClose));
      cold.put("poll.add", () -> with(ports, p -> poll.add(p, nasty())));
      cold.put("poll.events", () -> with(ports, p -> poll.events(p, nasty())));
      cold.put("poll.remove", () -> with(ports, p -> poll.remove(p)));
      cold.put("poll.poll", () -> poll.mode(mode()).poll(random.nextInt(3)));
      cold.put("poll.ready", () -> poll.ready(nasty()));
      cold.put("poll.wakeup", () -> poll.wakeup());
      cold.put(
          "poll.new",
          () -> {
            poll.close();
            poll = new NetmapPoll();
          });
    }

    private int mac() {
      return random.nextInt(3) == 0 ? random.nextInt(8) : 6;
    }

    private byte[] key() {
      return new byte[random.nextInt(3) == 0 ? random.nextInt(42) : 40];
    }

    private int[] table() {
      int[] table = new int[random.nextInt(3) == 0 ? random.nextInt(130) : 128];
      Arrays.setAll(table, i -> random.nextInt(500) == 0 ? nasty() : 0);
      return table;
    }

    private WaitMode mode() {
      return WaitMode.values()[random.nextInt(WaitMode.values().length)];
    }

    private String name() {
      return NAMES[random.nextInt(NAMES.length)];
    }

    private NetmapPort.Request request() {
      NetmapPort.Request request = NetmapPort.Request.DEFAULT;
      int kind = random.nextInt(8);
      if (kind == 0) {
        request = request.extraBuffers(nasty());
      } else if (kind == 1) {
        request = request.addFlags(nasty());
      } else if (kind == 2) {
        request = request.nic(NicOptions.DEFAULT.rings(nasty() % 20, 1).mtu(nasty()));
      } else if (kind == 3) {
        request = request.nic(NicOptions.DEFAULT.rings(2, 2).slots(64, 128).waitMode(mode()));
      } else if (kind > 4) {
        request = request.region(any(regions)).extraBuffers(random.nextInt(20));
      }
      return request;
    }

    private NetmapPort open() {
      NetmapPort port = Netmap.open(name(), request());
      if (random.nextInt(3) == 0) {
        port.close();
      }
      return port;
    }

    /** Most of those that it takes the place of are closed, not all. */
    private void keep(NetmapPort port) {
      NetmapPort old = ports.getAndSet(random.nextInt(SHARED_OBJECTS), port);
      if (old != null && random.nextInt(8) > 0) {
        old.close();
      }
    }

    private void nm(Nm opened) {
      descriptors.add(opened);
      keep(opened.port());
      if (descriptors.size() > 3) {
        descriptors.remove(0).nmClose();
      }
    }

    private void nm(Consumer<Nm> call) {
      if (!descriptors.isEmpty()) {
        call.accept(descriptors.get(random.nextInt(descriptors.size())));
      }
    }

    private void inject(Nm to, int size) {
      long packet = Mem.allocate(6000);
      try {
        to.nmInject(packet, size);
      } finally {
        Mem.free(packet);
      }
    }

    private void memoryCalls() {
      memory("bufAddress", m -> Mem.getLong(m.bufAddress(nasty())));
      memory("looks", m -> look(m.options(), m.isBuffer(nasty()), m.freeRings()));
      memory("extra buffers", m -> look(m.nextExtraBuffer(nasty())));
      cold.put("memory.shared.close", () -> NetmapMemory.shared().close());
      cold.put("memory.close", () -> with(regions, NetmapMemory::close));
      for (int i = 0; i < 2; i++) {
        cold.put("memory.create " + i, () -> create(NetmapMemory.create(small())));
      }
      cold.put("memory.create any", () -> create(NetmapMemory.create(options())));
      cold.put("memory.configure", () -> NetmapMemory.configureShared(options()));
    }

    private MemoryOptions options() {
      return MemoryOptions.DEFAULT
          .buffers(nasty() % 10_000, nasty() % 10_000)
          .rings(nasty() % 200, nasty() % 10_000);
    }

    private void create(NetmapMemory region) {
      NetmapMemory old = regions.getAndSet(random.nextInt(regions.length()), region);
      if (old != null) {
        old.close(); // or it is in use, and stays as long as the process
      }
    }
  }

  /** Nothing is made of what is seen. */
  private static void look(Object... seen) {
    if (seen.length == 0) {
      throw new IllegalArgumentException("nothing to look at");
    }
  }
}
