package io.netmap4j.bench.compare;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The driver's side of the lock-step with {@code nic-model --register-file}: the model moves
 * packets only when asked through this page. For one thread. Both sides give the processor away
 * while they wait, so that they can share one.
 */
final class ControlPage implements AutoCloseable {
  /** Everything that was handed over for transmission goes out, and is reported. */
  static final int COMPLETE_TX = 1;

  /** A frame goes into every receive descriptor that a card owns. */
  static final int REFILL_RX = 2;

  /** The bill starts from 0. */
  static final int CLEAR_BILL = 4;

  /** A bill's items, in the page's order. */
  static final int BILL_ITEMS = 10;

  private static final int BYTES = 4096;
  private static final int REQUEST = 0x00;
  private static final int COMMAND = 0x04;
  private static final int FRAME_LENGTH = 0x08;
  private static final int CARD = 0x0c;
  private static final int ANSWERED = 0x40;
  private static final int STATUS = 0x44;
  private static final int BILL = 0x80;
  private static final int BOTH_CARDS = 0xff;
  private static final long LIMIT_NANOS = 10_000_000_000L;

  private final Path file;
  private final long page;

  /**
   * @param file which the model has made
   * @throws io.netmap4j.linux.LinuxException it cannot be mapped
   */
  ControlPage(Path file) {
    this.file = file;
    int fd = Libc.open(file.toString(), Libc.O_RDWR, 0, "does nic-model --register-file run?");
    try {
      page =
          Libc.mmap(
              BYTES, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, file.toString());
    } finally {
      Libc.closeFd(fd);
    }
  }

  /**
   * Has both cards do something, and waits until they have.
   *
   * @param command sum of the constants above; 0 has the model look at the tails and no more
   * @param frameBytes length of the frames that are received, without FCS
   */
  @SuppressWarnings("ThreadPriorityCheck") // the model may be on this processor
  void ask(int command, int frameBytes) {
    int number = Mem.getInt(page + REQUEST) + 1;
    Mem.putInt(page + COMMAND, command);
    Mem.putInt(page + FRAME_LENGTH, frameBytes);
    Mem.putInt(page + CARD, BOTH_CARDS);
    Mem.putIntRelease(page + REQUEST, number);
    Mem.fullFence();
    long start = System.nanoTime();
    for (int i = 1; Mem.getIntVolatile(page + ANSWERED) != number; i++) {
      Thread.yield();
      if ((i & 0xff) == 0 && System.nanoTime() - start > LIMIT_NANOS) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "the model has not answered request %d (command %d) in %s for 10 s: does it run?",
                number,
                command,
                file));
      }
    }
    int status = Mem.getInt(page + STATUS);
    if (status != 0) {
      throw new IllegalStateException(
          "the model refused request " + number + " (command " + command + "): status " + status);
    }
  }

  /**
   * What a card's driver made cross PCIe since {@link #CLEAR_BILL}.
   *
   * @param card 0 or 1
   * @return {@link #BILL_ITEMS} counts
   */
  long[] bill(int card) {
    long[] items = new long[BILL_ITEMS];
    for (int i = 0; i < items.length; i++) {
      items[i] = Mem.getLong(page + BILL + (long) card * BILL + 8L * i);
    }
    return items;
  }

  @Override
  public void close() {
    Libc.unmap(page, BYTES);
  }
}
