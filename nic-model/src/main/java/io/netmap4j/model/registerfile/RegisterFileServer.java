package io.netmap4j.model.registerfile;

import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Threads;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.vfiouser.VfioUserServer;
import io.netmap4j.model.wire.WireEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Serves cards to other processes as files: BAR 0 is shared memory, where a driver's loads and
 * stores trap nowhere, and which the cards' thread looks at again and again. So drivers that map
 * {@code resource0} run on it at full speed, DPDK's too, through the files that the kernel shows of
 * a card bound to uio_pci_generic; bench/fake-machine puts those into their places.
 *
 * <p>Quick, and not faithful. A poll sees what a word holds, not that it was read, nor how often or
 * in which order words were written. Counters that a read clears, and EICR, read as 0; a semaphore
 * is not set by reading it; EIMC takes effect when it is looked at; several writes of a tail
 * between two looks are one; registers that do not exist read as they were written; there are no
 * interrupts. The order of set-up cannot be judged, so the cards should be lenient ones, and what
 * they say of registers is a hint.
 */
public final class RegisterFileServer implements AutoCloseable {
  /** DPDK waits about 0.6 ms for a reset. */
  private static final long SCAN_NANOS = 100_000;

  private static final long SHOW_NANOS = 1_000_000;

  /** In lock-step, a window soon after a change is preceded by a scan. */
  private static final long SETTLED_NANOS = 50_000_000;

  /** After this time without a write or a request the thread parks between polls. */
  private static final long AWAKE_NANOS = 2_000_000_000L;

  private static final long PARK_NANOS = 50_000;
  private static final int WATCH_MILLIS = 100;

  /** Resets before the first driver comes, so that the first is as quick as the others. */
  private static final int WARM_UP = 60;

  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final List<PolledCard> cards = new ArrayList<>();
  private final List<ClientMemory> memories = new ArrayList<>();
  private final ControlPage control;
  private final boolean lockStep;
  private final int cpu;
  private volatile boolean closed;

  /**
   * How cards are served.
   *
   * @param folder on a tmpfs; created if missing
   * @param sockets where vfio-user clients find the cards, and map BAR 0 from; empty: drivers find
   *     them through the files of UIO
   * @param lockStep packets move only when the control page asks for a window; cards without a wire
   * @param cpu where the cards' thread runs; −1: anywhere
   */
  public record Options(Path folder, List<Path> sockets, boolean lockStep, int cpu) {}

  /**
   * Makes the files and starts the cards' thread.
   *
   * @param served one or two cards, joined by a wire or, in lock-step, without one; the caller
   *     closes them after this
   * @throws LinuxException the folder is not on a tmpfs or is in use, this process is not root, or
   *     the machine has no hugepages
   */
  public static RegisterFileServer serve(Options options, List<Nic82599> served) {
    Path folder = options.folder();
    if (options.sockets().isEmpty()) {
      requireRights();
    }
    requireTmpfs(folder);
    return new RegisterFileServer(options, served);
  }

  private static void requireRights() {
    HugePages hugePages = new HugePages();
    List<String> missing = new ArrayList<>(hugePages.missingRight());
    missing.addAll(hugePages.missingPages());
    if (!missing.isEmpty()) {
      throw new LinuxException(
          Libc.EPERM, "a card as a register file lacks " + String.join("; and ", missing));
    }
  }

  private static void requireTmpfs(Path folder) {
    try {
      Files.createDirectories(folder);
      String type = Files.getFileStore(folder).type();
      if (!type.equals("tmpfs")) {
        throw new LinuxException(
            Libc.EINVAL,
            folder
                + " is on "
                + type
                + ", which would write the registers to a disk: choose a folder on a tmpfs, such as"
                + " /dev/shm/cards");
      }
    } catch (IOException e) {
      throw FileErrors.exception("cannot use " + folder, e);
    }
  }

  private RegisterFileServer(Options options, List<Nic82599> served) {
    this.lockStep = options.lockStep();
    this.cpu = options.cpu();
    try {
      lock(options.folder());
      FakeMachine machine = new FakeMachine(options.folder());
      undo.push(machine::close);
      boolean uio = options.sockets().isEmpty();
      for (int i = 0; i < served.size(); i++) {
        if (lockStep) {
          served.get(i).attach(new SilentWire(), WireEnd.A);
        }
        if (uio) {
          addUio(machine, i, served.get(i));
        } else {
          add(served.get(i), machine.file("bar0." + i, PolledCard.BAR0_BYTES), null);
        }
      }
      this.control = new ControlPage(machine.file("control", ControlPage.BYTES), cards);
      undo.push(control::close);
      warmUp();
      ModelRunner runner = new ModelRunner(new Polling(), served.toArray(Nic82599[]::new));
      undo.push(runner::close);
      runner.start();
      for (int i = 0; i < options.sockets().size(); i++) {
        VfioUserServer server =
            VfioUserServer.serve(served.get(i), options.sockets().get(i), cards.get(i));
        undo.push(server::close);
      }
      startWatch();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The kernel releases the lock when this process ends. */
  private void lock(Path folder) {
    Path file = folder.resolve("lock");
    int fd = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CREAT, 0600, "run as root");
    undo.push(() -> Libc.closeFd(fd));
    try {
      if (!Libc.tryLock(fd)) {
        throw new LinuxException(
            Libc.EBUSY,
            folder
                + " is in use by process "
                + Files.readString(file).trim()
                + ": end it, or choose another folder");
      }
      Files.writeString(file, ProcessHandle.current().pid() + "\n");
    } catch (IOException e) {
      throw FileErrors.exception("cannot lock " + file, e);
    }
  }

  private void add(Nic82599 card, SharedFile registers, SharedFile config) {
    PolledCard polled = new PolledCard(card, registers, config);
    cards.add(polled);
    undo.push(polled::close);
  }

  private void addUio(FakeMachine machine, int number, Nic82599 card) {
    SharedFile[] files = machine.add(number, card.options());
    add(card, files[0], files[1]);
    ClientMemory memory =
        new ClientMemory(FakeMachine.address(number), card.memory(), files[0].state());
    memories.add(memory);
    undo.push(memory::close);
  }

  private void warmUp() {
    for (PolledCard card : cards) {
      for (int i = 0; i < WARM_UP; i++) {
        card.reset();
        card.scan();
      }
    }
  }

  /** The cards' thread. */
  private final class Polling implements ModelRunner.Poll {
    private boolean pinned = cpu < 0;
    private long lastScan = System.nanoTime();
    private long lastShow = lastScan;
    private long lastChange = lastScan;
    private long lastUse = lastScan;
    private long rung;

    @Override
    public boolean poll() {
      pin();
      boolean asked = control.asked();
      long now = System.nanoTime();
      boolean scan =
          now - lastScan >= (lockStep ? SHOW_NANOS : SCAN_NANOS)
              || asked && now - lastChange < SETTLED_NANOS;
      for (PolledCard card : cards) {
        if ((card.doorbells() | scan) && card.scan()) {
          lastChange = now;
        }
      }
      lastScan = scan ? now : lastScan;
      noticeUse(asked, now);
      if (asked) {
        control.answer(lockStep);
      } else if (now - lastShow >= SHOW_NANOS) {
        lastShow = now;
        cards.forEach(PolledCard::show);
        control.writeBill();
      }
      return !lockStep;
    }

    private void noticeUse(boolean asked, long now) {
      long before = rung;
      rung = 0;
      for (PolledCard card : cards) {
        rung += card.rxDoorbells() + card.txDoorbells();
      }
      if (asked || rung != before || lastChange == now) {
        lastUse = now;
      }
    }

    private void pin() {
      if (!pinned) {
        pinned = true;
        Threads.pin(cpu);
      }
    }

    @Override
    public long parkNanos() {
      return System.nanoTime() - lastUse < AWAKE_NANOS ? 0 : PARK_NANOS;
    }
  }

  private void startWatch() {
    Thread watch = new Thread(this::watch, "register-file watch");
    watch.setDaemon(true);
    undo.push(
        () -> {
          watch.interrupt();
          Threads.join(watch);
        });
    watch.start();
  }

  /** Finds out which of the drivers' processes have ended. */
  private void watch() {
    while (!closed) {
      try {
        Thread.sleep(WATCH_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
      for (int i = 0; i < memories.size(); i++) {
        if (memories.get(i).dropEnded()) {
          cards.get(i).masterOff();
        }
      }
    }
  }

  /** Stops the cards' thread and removes the files. Idempotent. */
  @Override
  public void close() {
    closed = true;
    while (!undo.isEmpty()) {
      undo.pop().run();
    }
  }
}
