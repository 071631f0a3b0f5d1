package io.netmap4j.model.registerfile;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Two polled cards in this process, and what a driver does to them by loads and stores. */
final class RegisterFileRig implements AutoCloseable {
  static final long IOVA = 0x1_4000_0000L;
  static final int SLOTS = 64;
  static final int MEMORY = 1 << 20;
  static final int BUFFER = 2048;

  static final int CTRL = 0x00000;
  static final int STATUS = 0x00008;
  static final int RXCTRL = 0x03000;
  static final int DMATXCTL = 0x04A80;
  static final int RDT = 0x01018;
  static final int TDT = 0x06018;
  static final int RXDCTL = 0x01028;
  static final int TXDCTL = 0x06028;
  static final int ENABLE = 1 << 25;

  /** Places in a card's memory. */
  static final int RX_RING = 0;

  static final int TX_RING = 4096;
  static final int RX_BUFFERS = 8192;
  static final int TX_BUFFERS = RX_BUFFERS + SLOTS * BUFFER;

  final List<Nic82599> nics = new ArrayList<>();
  final List<PolledCard> cards = new ArrayList<>();
  final long[] bar = new long[2];
  final long[] config = new long[2];
  final long[] memory = new long[2];
  final long page;
  final ControlPage control;
  private final FakeMachine machine;
  private final long raw = Mem.allocate(2 * MEMORY + 4096);

  RegisterFileRig(Path folder) {
    machine = new FakeMachine(folder);
    for (int i = 0; i < 2; i++) {
      Nic82599 nic = new Nic82599(CardOptions.port(i).lenient());
      nics.add(nic);
      SharedFile[] files = machine.add(i, nic.options());
      bar[i] = files[0].address();
      config[i] = files[1].address();
      cards.add(new PolledCard(nic, files[0], files[1]));
      memory[i] = (raw + 4095 & -4096) + (long) i * MEMORY;
      nic.memory().map(IOVA, MEMORY, memory[i]);
    }
    SharedFile file = machine.file("control", ControlPage.BYTES);
    page = file.address();
    control = new ControlPage(file, cards);
  }

  int read(int card, int register) {
    return Mem.getIntVolatile(bar[card] + register);
  }

  void write(int card, int register, int value) {
    Mem.putIntRelease(bar[card] + register, value);
  }

  void master(int card) {
    Mem.putShort(config[card] + 4, (short) 0x0406);
  }

  /** What a driver writes, in one go: nobody looks in between. */
  void setUp(int card) {
    master(card);
    write(card, 0x01000, (int) (IOVA + RX_RING));
    write(card, 0x01004, (int) (IOVA + RX_RING >>> 32));
    write(card, 0x01008, SLOTS * 16);
    write(card, 0x01014, 0x02000002); // SRRCTL: 2 KB, advanced, one buffer
    write(card, 0x0100C, 0);
    write(card, RXDCTL, ENABLE);
    for (int i = 0; i < SLOTS; i++) {
      Mem.putLong(memory[card] + RX_RING + 16L * i, IOVA + RX_BUFFERS + (long) i * BUFFER);
    }
    write(card, RDT, SLOTS - 1);
    write(card, 0x05080, 0x700); // FCTRL: everything is for us
    write(card, RXCTRL, 1);
    write(card, 0x06000, (int) (IOVA + TX_RING));
    write(card, 0x06004, (int) (IOVA + TX_RING >>> 32));
    write(card, 0x06008, SLOTS * 16);
    write(card, DMATXCTL, read(card, DMATXCTL) | 1);
    write(card, TXDCTL, ENABLE);
  }

  /** One frame for each descriptor from {@code first} on, with RS on the last; no doorbell. */
  void send(int card, int first, int count, int length) {
    for (int i = first; i < first + count; i++) {
      long buffer = TX_BUFFERS + (long) i * BUFFER;
      Mem.set(memory[card] + buffer, 6, (byte) 0xFF);
      Mem.putInt(memory[card] + buffer + 14, i);
      int report = i == first + count - 1 ? 0x08000000 : 0;
      Mem.putLong(memory[card] + TX_RING + 16L * i, IOVA + buffer);
      long command = 0x23300000L | report | length;
      Mem.putLong(memory[card] + TX_RING + 16L * i + 8, command | (long) length << 46);
    }
  }

  boolean done(int card, int ring, int index) {
    return (Mem.getInt(memory[card] + ring + 16L * index + (ring == RX_RING ? 8 : 12)) & 1) != 0;
  }

  /** One look at everything. */
  void poll() {
    for (PolledCard card : cards) {
      card.doorbells();
      card.scan();
    }
  }

  int word(int offset) {
    return Mem.getInt(page + offset);
  }

  long bill(int card, int item) {
    return Mem.getLong(page + 0x80 + 0x80L * card + 8L * item);
  }

  @Override
  public void close() {
    control.close();
    cards.forEach(PolledCard::close);
    nics.forEach(Nic82599::close);
    machine.close();
    Mem.free(raw);
  }
}
