import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Libc;
import java.util.Random;

/**
 * Sends good packets and bad ones in any order: Mixture PORT COUNT SEED. Prints the good ones,
 * source address and length on the wire; the number of the packet is in the address. For MTU 1500.
 */
final class Mixture {
  private static final int MOST = 1514;
  private static final int MOST_SLOTS = 40;

  private final NetmapPort port;
  private final NetmapRing tx;
  private final Random random;
  private final StringBuilder good = new StringBuilder();
  private final int[] spoilt;
  private int slot;
  private long refused;

  private Mixture(NetmapPort port, long seed) {
    this.port = port;
    this.tx = port.tx(0);
    this.random = new Random(seed);
    this.spoilt = new int[tx.numSlots()];
  }

  public static void main(String[] args) {
    try (NetmapPort port = Netmap.open(args[0])) {
      if (!port.awaitLink(20_000)) {
        throw new IllegalStateException("no link");
      }
      new Mixture(port, Long.parseLong(args[2])).send(Integer.parseInt(args[1]));
    }
  }

  private void send(int count) {
    for (int number = 0; number < count; ) {
      long before = refused;
      slot = tx.head();
      for (int batch = 1 + random.nextInt(20); batch > 0 && number < count; batch--) {
        if (room() <= MOST_SLOTS) {
          break;
        }
        packet(number++);
      }
      tx.advance(slot);
      int status = port.txSync();
      check(status == (refused == before ? 0 : Libc.EINVAL), "txSync: " + status);
      check(port.unsent() == refused, "unsent: " + port.unsent() + ", refused: " + refused);
      restore();
      if (room() <= MOST_SLOTS) {
        // Only when all of the ring is free again: buffers are not to be looked at one by one here.
        check(port.drain(60_000), "drain");
      }
    }
    check(port.drain(60_000), "drain at the end");
    System.out.print(good);
    System.err.println("refused " + refused + ", counters " + port.counters());
  }

  private int room() {
    int n = tx.tail() - slot;
    return n < 0 ? n + tx.numSlots() : n;
  }

  private void packet(int number) {
    int slots = random.nextInt(3) > 0 ? 1 : 2 + random.nextInt(4);
    int kind = random.nextInt(10);
    slots = kind == 9 ? MOST_SLOTS + 1 : slots;
    int length = Math.max(14 + random.nextInt(MOST - 13), 20 * slots);
    int[] parts = new int[slots];
    for (int i = 0, left = length; i < slots; i++) {
      parts[i] = i == slots - 1 ? left : 1 + random.nextInt(left / (slots - i));
      left -= parts[i];
    }
    int which = random.nextInt(slots);
    switch (kind) {
      case 5 -> parts[which] = 0;
      case 6 -> parts[which] = 2049 + random.nextInt(60_000);
      case 7 -> parts[which] = slots == 1 ? random.nextInt(14) : 1519;
      default -> {}
    }
    boolean bad = kind >= 5;
    byte[] head = new byte[14];
    java.util.Arrays.fill(head, 0, 6, (byte) 0xff);
    for (int i = 0; i < 4; i++) {
      head[8 + i] = (byte) (number >>> 8 * (3 - i));
    }
    head[6] = 2;
    head[12] = (byte) 0x88;
    head[13] = (byte) 0xb5;
    for (int i = 0, at = 0; i < slots; i++) {
      long buffer = tx.buffer(slot);
      for (int b = 0; b < Math.min(parts[i], 2048); b++) {
        io.netmap4j.linux.Mem.putByte(buffer + b, at + b < 14 ? head[at + b] : (byte) (number + b));
      }
      at += parts[i];
      int report = random.nextInt(8) == 0 ? Netmap.NS_REPORT : 0;
      tx.lenAndFlags(slot, parts[i], report | (i < slots - 1 ? Netmap.NS_MOREFRAG : 0));
      if (kind == 8 && i == which) {
        spoilt[slot] = tx.bufIdx(slot);
        tx.bufIdx(slot, random.nextBoolean() ? 0 : port.memory().bufTotal() + random.nextInt(99));
      }
      slot = tx.next(slot);
    }
    if (bad) {
      refused++;
    } else {
      good.append(
          String.format(
              "02:00:%02X:%02X:%02X:%02X %d%n",
              head[8], head[9], head[10], head[11], Math.max(60, length)));
    }
  }

  private void restore() {
    for (int i = 0; i < spoilt.length; i++) {
      if (spoilt[i] != 0) {
        tx.bufIdx(i, spoilt[i]);
        spoilt[i] = 0;
      }
    }
  }

  private static void check(boolean good, String what) {
    if (!good) {
      throw new IllegalStateException(what);
    }
  }
}
