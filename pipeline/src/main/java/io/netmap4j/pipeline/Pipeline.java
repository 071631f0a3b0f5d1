package io.netmap4j.pipeline;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.pipeline.PipelineCounts.StageCounts;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import net.openhft.affinity.Affinity;
import org.jspecify.annotations.Nullable;

/**
 * Takes packets from ports through stages, and to ports, on threads of its own: run to completion,
 * without queues between threads. Worker w has RX ring w of every port, and TX ring w of every port
 * that can send, so packets of one flow stay in order as long as the card keeps them on one ring.
 *
 * <pre>{@code
 * try (Pipeline pipeline =
 *     Pipeline.builder("filter")
 *         .port("netmap:eth0")
 *         .port("netmap:eth1")
 *         .stage("no-telnet", () -> packet -> {
 *             Tcp tcp = packet.packet().tcp();
 *             return tcp != null && tcp.destinationPort() == 23 ? Verdict.DROP : Verdict.NEXT;
 *         })
 *         .open()) {
 *   pipeline.start();
 *   pipeline.await();
 * }
 * }</pre>
 *
 * <p>A packet that no stage has stopped goes to the next port that can send ({@link
 * PacketSlot#sendTo} chooses another one): between two ports, to the other one; with one port, back
 * out of it; without any, it is consumed. Buffers are exchanged within one memory, and copied
 * between two.
 *
 * <p>All methods are for any thread.
 */
public final class Pipeline implements AutoCloseable {
  /** A port that the pipeline opens. */
  record PortSetup(String name, NetmapPort.Request request, boolean receives, boolean sends) {}

  /** A stage of every worker. */
  record StageSetup(String name, Supplier<? extends Stage> maker) {}

  /** Says what the pipeline is made of. For one thread. */
  public static final class Builder {
    final String name;
    final List<StageSetup> stages = new ArrayList<>();
    private final List<PortSetup> ports = new ArrayList<>();
    private int threads;
    private int hold;
    private int @Nullable [] cpus;
    int batch = 256;
    int tickMillis = 100;
    int drainMillis = 1000;
    WhenFull whenFull = WhenFull.WAIT;
    @Nullable WaitMode waitMode;

    private Builder(String name) {
      this.name = Objects.requireNonNull(name, "name");
    }

    /** A copy: the pipeline's, while the user's may change. */
    private Builder(Builder other) {
      name = other.name;
      ports.addAll(other.ports);
      stages.addAll(other.stages);
      threads = other.threads;
      hold = other.hold;
      cpus = other.cpus;
      batch = other.batch;
      tickMillis = other.tickMillis;
      drainMillis = other.drainMillis;
      whenFull = other.whenFull;
      waitMode = other.waitMode;
    }

    /**
     * A port that packets come from and go to.
     *
     * @param portName as for {@link Netmap#open}; with all of its rings, if there is to be more
     *     than one thread
     * @return this
     */
    public Builder port(String portName) {
      return port(portName, NetmapPort.Request.DEFAULT);
    }

    /**
     * A port that packets come from and go to.
     *
     * @param portName as for {@link Netmap#open}
     * @param request as for {@link Netmap#open}; its extra buffers are {@link #hold}'s
     * @return this
     */
    public Builder port(String portName, NetmapPort.Request request) {
      ports.add(new PortSetup(portName, request, true, true));
      return this;
    }

    /**
     * A port that packets only come from, such as a monitor.
     *
     * @param portName as for {@link #port(String)}
     * @return this
     */
    public Builder source(String portName) {
      NetmapPort.Request request = NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_RX_RINGS_ONLY);
      ports.add(new PortSetup(portName, request, true, false));
      return this;
    }

    /**
     * A port that packets only go to.
     *
     * @param portName as for {@link #port(String)}
     * @return this
     */
    public Builder sink(String portName) {
      NetmapPort.Request request = NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_TX_RINGS_ONLY);
      ports.add(new PortSetup(portName, request, false, true));
      return this;
    }

    /**
     * Adds a stage behind those that there are.
     *
     * @param stageName for counts and messages
     * @param maker called once for each worker, by {@link #open}; must return a new stage each time
     *     unless the stage keeps nothing
     * @return this
     */
    public Builder stage(String stageName, Supplier<? extends Stage> maker) {
      stages.add(
          new StageSetup(
              Objects.requireNonNull(stageName, "stageName"),
              Objects.requireNonNull(maker, "maker")));
      return this;
    }

    /**
     * Sets how many threads there are. By default one for each RX ring of the port that has most,
     * but no more than a sending port has TX rings. With fewer, a thread has several RX rings.
     *
     * @param count 1 or more
     * @return this
     * @throws IllegalArgumentException for fewer
     */
    public Builder threads(int count) {
      threads = atLeast(1, count, "threads");
      return this;
    }

    /**
     * Pins the threads to processors.
     *
     * @param processors one for each thread, as the system numbers them; without any, the last ones
     *     that this process may use
     * @return this
     */
    public Builder pin(int... processors) {
      cpus = processors.clone();
      return this;
    }

    /**
     * Sets how many slots a worker takes from a ring before it looks at its other rings.
     *
     * @param slots 1 or more; 256 by default. Packets are never split
     * @return this
     * @throws IllegalArgumentException for fewer
     */
    public Builder batch(int slots) {
      batch = atLeast(1, slots, "slots in a batch");
      return this;
    }

    /**
     * Sets how many slots of packets can be held ({@link PacketSlot#hold}).
     *
     * @param buffers for each worker and port; 0 by default
     * @return this
     * @throws IllegalArgumentException for a negative number
     */
    public Builder hold(int buffers) {
      hold = atLeast(0, buffers, "buffers to hold packets in");
      return this;
    }

    /**
     * Sets what happens to packets whose output is full.
     *
     * @param policy {@link WhenFull#WAIT} by default
     * @return this
     */
    public Builder whenFull(WhenFull policy) {
      whenFull = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /**
     * Sets the longest time between two calls of {@link Stage#tick}.
     *
     * @param millis 1 or more; 100 by default
     * @return this
     * @throws IllegalArgumentException for less
     */
    public Builder tick(int millis) {
      tickMillis = atLeast(1, millis, "milliseconds between ticks");
      return this;
    }

    /**
     * Sets how long {@link Pipeline#stop} lets a worker send what is left.
     *
     * @param millis 0 or more; 1000 by default, for each port
     * @return this
     * @throws IllegalArgumentException for less
     */
    public Builder drain(int millis) {
      drainMillis = atLeast(0, millis, "milliseconds to send what is left");
      return this;
    }

    /**
     * Sets how workers wait for packets.
     *
     * @param mode in place of {@code nic.NAME.wait} of the configuration
     * @return this
     */
    public Builder waitMode(WaitMode mode) {
      waitMode = Objects.requireNonNull(mode, "mode");
      return this;
    }

    private static int atLeast(int least, int number, String what) {
      if (number < least) {
        throw new IllegalArgumentException(number + " " + what + "; at least " + least);
      }
      return number;
    }

    /**
     * Opens the ports and makes the stages. {@link Pipeline#start} starts.
     *
     * @return a pipeline, the caller's to close
     * @throws IllegalArgumentException when no port receives, two ports are the same rings, or
     *     there are more threads than rings or processors for them; nothing stays open
     * @throws NetmapException as for {@link Netmap#open}; ENOBUFS when the memory has fewer buffers
     *     to hold packets in; nothing stays open
     */
    public Pipeline open() {
      return new Pipeline(new Builder(this));
    }
  }

  private final String name;
  private final List<String> stageNames;
  private final long joinMillis;

  /** Opened; first to last. */
  private final List<NetmapPort> opened = new ArrayList<>();

  private final List<HoldPool> pools = new ArrayList<>();
  private final List<NetmapPort> ports = new ArrayList<>();
  private final List<Worker> workers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  private final AtomicReference<Throwable> lastFault = new AtomicReference<>();

  // Under the lock.
  private boolean started;
  private boolean stopped;
  private boolean closed;
  private int starting;
  private @Nullable Throwable failure;

  private Pipeline(Builder setup) {
    this.name = setup.name;
    this.stageNames = setup.stages.stream().map(StageSetup::name).toList();
    this.joinMillis = (long) setup.drainMillis * (setup.ports.size() + 1);
    try {
      build(setup);
    } catch (Throwable e) {
      release();
      throw e;
    }
  }

  /**
   * Begins to describe a pipeline.
   *
   * @param name of its threads, with their number behind it, and in messages
   * @return a description without ports and stages
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  private void build(Builder setup) {
    if (setup.ports.stream().noneMatch(PortSetup::receives)) {
      throw new IllegalArgumentException(name + ": no port that packets come from");
    }
    for (PortSetup port : setup.ports) {
      ports.add(open(port, port.request.extraBuffers(port.receives ? setup.hold : 0)));
    }
    requireDifferent();
    int count = threads(setup);
    int[] cpus = cpus(setup, count);
    for (int w = 0; w < count; w++) {
      PortEnd[] ends = new PortEnd[ports.size()];
      for (int p = 0; p < ends.length; p++) {
        ends[p] = end(setup, p, w, count);
      }
      Stage[] stages = new Stage[setup.stages.size()];
      for (int s = 0; s < stages.length; s++) {
        StageSetup stage = setup.stages.get(s);
        stages[s] = Objects.requireNonNull(stage.maker.get(), "stage " + stage.name);
      }
      Worker worker = new Worker(w, setup, ends, stages, cpus == null ? -1 : cpus[w], lastFault);
      workers.add(worker);
      threads.add(new Thread(() -> run(worker), name + "-" + w));
    }
  }

  /** One thread receives and sends on a port, so a wait for packets must not send. */
  private NetmapPort open(PortSetup setup, NetmapPort.Request request) {
    NetmapPort port = Netmap.open(setup.name, request.addFlags(Netmap.NR_NO_TX_POLL));
    opened.add(port);
    return port;
  }

  private void requireDifferent() {
    for (int a = 0; a < ports.size(); a++) {
      for (int b = 0; b < a; b++) {
        if (sameRings(ports.get(a), ports.get(b))) {
          throw new IllegalArgumentException(
              name
                  + ": ports "
                  + b
                  + " and "
                  + a
                  + " are the same rings of "
                  + ports.get(a).name());
        }
      }
    }
  }

  private static boolean sameRings(NetmapPort a, NetmapPort b) {
    for (int r = a.firstRxRing(); r < a.endRxRing(); r++) {
      for (int q = b.firstRxRing(); q < b.endRxRing(); q++) {
        if (a.rx(r).address() == b.rx(q).address()) {
          return true;
        }
      }
    }
    for (int r = a.firstTxRing(); r < a.endTxRing(); r++) {
      for (int q = b.firstTxRing(); q < b.endTxRing(); q++) {
        if (a.tx(r).address() == b.tx(q).address()) {
          return true;
        }
      }
    }
    return false;
  }

  private int threads(Builder setup) {
    int rx = 0;
    int tx = Integer.MAX_VALUE;
    String narrow = "";
    for (int p = 0; p < ports.size(); p++) {
      NetmapPort port = ports.get(p);
      if (setup.ports.get(p).receives) {
        rx = Math.max(rx, port.endRxRing() - port.firstRxRing());
      }
      int rings = port.endTxRing() - port.firstTxRing();
      if (setup.ports.get(p).sends && rings < tx) {
        tx = rings;
        narrow = port.name();
      }
    }
    if (rx == 0 || tx == 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: %s; a source has RX rings, a sink TX rings, and any other port both",
              name,
              rx == 0 ? "no port has an RX ring" : narrow + " has no TX ring"));
    }
    int most = Math.min(rx, tx);
    if (setup.threads > most) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: %d threads, but only %d%s; nic.NAME.rings or --nic rings= makes more",
              name,
              setup.threads,
              most,
              tx < rx ? " TX rings of " + narrow : " RX rings"));
    }
    return setup.threads == 0 ? most : setup.threads;
  }

  /** Null without pinning. */
  private int @Nullable [] cpus(Builder setup, int count) {
    if (setup.cpus == null) {
      return null;
    }
    BitSet allowed = Affinity.getAffinity();
    int[] cpus = setup.cpus;
    if (cpus.length == 0 && allowed.cardinality() >= count) {
      cpus = new int[count];
      for (int w = count - 1, cpu = allowed.length(); w >= 0; w--) {
        cpu = allowed.previousSetBit(cpu - 1);
        cpus[w] = cpu;
      }
    }
    if (cpus.length < count) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: %d threads to pin, and %d processors for them (this process may use %s)",
              name,
              count,
              setup.cpus.length == 0 ? allowed.cardinality() : cpus.length,
              allowed));
    }
    for (int cpu : cpus) {
      if (cpu < 0 || !allowed.get(cpu)) {
        throw new IllegalArgumentException(
            name
                + ": processor "
                + cpu
                + " is none of those that this process may use: "
                + allowed);
      }
    }
    return cpus;
  }

  /** The part of port {@code p} that worker {@code w} of {@code count} has. */
  private PortEnd end(Builder setup, int p, int w, int count) {
    PortSetup portSetup = setup.ports.get(p);
    NetmapPort whole = ports.get(p);
    int hold = portSetup.receives ? setup.hold : 0;
    NetmapPort own = count == 1 ? whole : openRing(portSetup, whole, w, w == 0 ? 0 : hold);
    List<NetmapPort> all = new ArrayList<>(List.of(own));
    List<NetmapRing> rx = new ArrayList<>();
    for (int r = whole.firstRxRing() + w; portSetup.receives && r < whole.endRxRing(); r += count) {
      if (r >= own.endRxRing()) {
        all.add(openRing(portSetup, whole, r - whole.firstRxRing(), 0));
      }
      rx.add(all.get(all.size() - 1).rx(r));
    }
    NetmapRing tx = portSetup.sends ? own.tx(own.firstTxRing()) : null;
    HoldPool pool = portSetup.receives ? pool(p, w == 0 ? whole : own, hold) : null;
    return new PortEnd(
        p,
        all.toArray(NetmapPort[]::new),
        rx.toArray(NetmapRing[]::new),
        tx,
        pool,
        defaultOutput(setup, p));
  }

  /** A port on one ring, the {@code n}th of those that the whole port has. */
  private NetmapPort openRing(PortSetup setup, NetmapPort whole, int n, int hold) {
    boolean receives = setup.receives;
    int ring = (receives ? whole.firstRxRing() : whole.firstTxRing()) + n;
    int hardware = receives ? whole.nifp().rxRings() : whole.nifp().txRings();
    NetmapPort.Request request = setup.request.extraBuffers(hold);
    if (receives && n >= whole.endTxRing() - whole.firstTxRing()) {
      request = request.addFlags(Netmap.NR_RX_RINGS_ONLY);
    }
    return open(
        setup,
        ring < hardware
            ? request.mode(Netmap.NR_REG_ONE_NIC, ring)
            : request.mode(Netmap.NR_REG_ONE_SW, ring - hardware));
  }

  private HoldPool pool(int input, NetmapPort owner, int hold) {
    if (owner.extraBuffers() < hold) {
      throw new NetmapException(
          Errno.ENOBUFS,
          String.format(
              Locale.ROOT,
              "%s: %d of %d buffers to hold packets in are free in the memory of %s; memory.buf-num"
                  + " makes more",
              name,
              owner.extraBuffers(),
              hold,
              owner.name()));
    }
    HoldPool pool = new HoldPool(input, owner);
    pools.add(pool);
    return pool;
  }

  private static int defaultOutput(Builder setup, int input) {
    int ports = setup.ports.size();
    for (int k = 1; k <= ports; k++) {
      int p = (input + k) % ports;
      if (setup.ports.get(p).sends) {
        return p;
      }
    }
    return -1;
  }

  /**
   * Starts the threads and their stages.
   *
   * @throws IllegalStateException when it was started before, or was stopped or closed; or when a
   *     stage or a port has failed meanwhile, or the system gives no thread, which is the cause.
   *     Then all workers are told to stop
   */
  public void start() {
    synchronized (this) {
      if (started || stopped || closed) {
        throw new IllegalStateException(
            name + ": " + (closed ? "closed" : started ? "started before" : "stopped"));
      }
      started = true;
      startThreads();
      boolean interrupted = false;
      while (starting > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (failure != null) {
        throw new IllegalStateException(name + " did not start: " + failure, failure);
      }
    }
  }

  private void startThreads() {
    for (Thread thread : threads) {
      starting++;
      try {
        thread.start();
      } catch (OutOfMemoryError e) { // the system's limit of threads
        starting--;
        fail(e);
        return;
      }
    }
  }

  private void run(Worker worker) {
    try {
      try {
        worker.start();
      } catch (Throwable e) {
        fail(e);
        throw e;
      } finally {
        hasStarted();
      }
      worker.run();
      fail(worker.failure());
    } catch (Throwable e) {
      fail(e);
    }
    try {
      worker.end();
      fail(worker.failure());
    } catch (Throwable e) {
      fail(e);
    }
  }

  private synchronized void hasStarted() {
    starting--;
    notifyAll();
  }

  /**
   * The first failure stops all workers.
   *
   * @param e null: nothing has failed
   */
  private void fail(@Nullable Throwable e) {
    if (e == null) {
      return;
    }
    synchronized (this) {
      failure = failure == null ? e : failure;
    }
    workers.forEach(Worker::requestStop);
  }

  /**
   * Tells the workers to stop, and waits for them: each takes no more packets, stops its stages,
   * and sends what is left.
   *
   * @return true when all have ended, and all that was to be sent has left; false also when a stage
   *     does not return, which {@link #running} shows. Calling it again waits again. A stage may
   *     call this too: it does not wait then, and returns false. A pipeline that was stopped does
   *     not start any more
   */
  public boolean stop() {
    synchronized (this) {
      stopped = true;
    }
    workers.forEach(Worker::requestStop);
    if (threads.contains(Thread.currentThread())) {
      return false;
    }
    boolean ended = join(TimeUnit.MILLISECONDS.toNanos(joinMillis) + 1_000_000_000L);
    return ended && workers.stream().allMatch(Worker::drained);
  }

  /**
   * @return false when the time was over first
   */
  private boolean join(long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean interrupted = false;
    for (Thread thread : threads) {
      long left;
      while (thread.isAlive() && (left = deadline - System.nanoTime()) > 0) {
        try {
          thread.join(1 + TimeUnit.NANOSECONDS.toMillis(left));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return running() == 0;
  }

  /**
   * Waits until all workers have ended: after {@link #stop} by another thread, or a failure.
   *
   * @throws InterruptedException when this thread is interrupted; the workers go on
   * @throws IllegalStateException when a stage calls it, on a worker's thread
   */
  public void await() throws InterruptedException {
    if (threads.contains(Thread.currentThread())) {
      throw new IllegalStateException(name + ": a worker cannot wait for its own end");
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /**
   * How many workers are running.
   *
   * @return 0 to {@link #threads}
   */
  public int running() {
    return (int) threads.stream().filter(Thread::isAlive).count();
  }

  /** The name that the builder was given. */
  public String name() {
    return name;
  }

  /**
   * How many workers there are.
   *
   * @return 1 or more
   */
  public int threads() {
    return workers.size();
  }

  /**
   * What has ended the pipeline: a port whose device is gone, a stage that did not start, a JVM
   * without memory. Faults of {@link Stage#process} are none.
   *
   * @return the first one, if there was any
   */
  public synchronized Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * The exception that a stage has thrown last, of any worker.
   *
   * @return it, if there was any
   */
  public Optional<Throwable> lastFault() {
    return Optional.ofNullable(lastFault.get());
  }

  /**
   * The ports, with all of their rings, in the order in which they were given to the builder: for
   * their names, counters and link. Their packets are the workers'.
   *
   * @return open until {@link #close}
   */
  public List<NetmapPort> ports() {
    return List.copyOf(ports);
  }

  /**
   * What has been done, over all workers.
   *
   * @return a moment's figures
   */
  public PipelineCounts counts() {
    List<StageCounts> stages = new ArrayList<>();
    for (int s = 0; s < stageNames.size(); s++) {
      int at = Worker.STAGES + Worker.PER_STAGE * s;
      stages.add(
          new StageCounts(
              stageNames.get(s),
              sum(at + Worker.DROPPED),
              sum(at + Worker.FAULTS),
              sum(at + Worker.FAILED)));
    }
    return new PipelineCounts(
        sum(Worker.RECEIVED),
        sum(Worker.RECEIVED_BYTES),
        sum(Worker.FORWARDED),
        sum(Worker.FORWARDED_BYTES),
        sum(Worker.CONSUMED),
        sum(Worker.FULL),
        sum(Worker.REFUSED),
        sum(Worker.HELD),
        sum(Worker.BATCHES),
        sum(Worker.COPIES),
        sum(Worker.SLEEPS),
        stages);
  }

  private long sum(int count) {
    return workers.stream().mapToLong(worker -> worker.count(count)).sum();
  }

  /**
   * Stops, if that was not done, and closes the ports. A worker that does not end is left alone.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    if (running() > 0) {
      stop();
    }
    release();
  }

  /** In reverse order. Buffers of a worker that still runs cannot be given back. */
  private void release() {
    if (running() == 0) {
      pools.forEach(HoldPool::giveBack);
    }
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
  }
}
