package io.netmap4j.model.vfiouser;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.concurrent.TimeUnit;

/**
 * The plainest driver, at the far end of a socket: one queue of 16 descriptors each way, in a
 * memfd. The rings are the file's page 0 (RX) and 1 (TX), the buffers of 2 KiB follow from page 2.
 */
final class SocketDriver implements AutoCloseable {
  static final int SIZE = 16;
  static final long PAGE = 4096;
  static final long TX_RING = PAGE;
  static final long RX_BUFFERS = 2 * PAGE;
  static final long TX_BUFFERS = RX_BUFFERS + SIZE * 2048;
  static final long BYTES = TX_BUFFERS + SIZE * 2048;

  final RawVfioUser client;
  final int file = Libc.memfd("vfio-user-test");
  final long memory;
  final long iova;
  int sent;
  int received;

  /** Makes the memory, and maps it under {@code iova}. */
  SocketDriver(RawVfioUser client, long iova) {
    this(client, iova, true);
  }

  SocketDriver(RawVfioUser client, long iova, boolean map) {
    this.client = client;
    this.iova = iova;
    Libc.truncate(file, BYTES, "");
    memory = Libc.mmap(BYTES, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file, 0, "");
    if (map) {
      client.map(file, 0, iova, BYTES);
    }
  }

  SocketDriver start() {
    client.writeConfig(0x04, 2, 6);
    receiver();
    transmitter();
    return this;
  }

  private void receiver() {
    for (int i = 0; i < SIZE; i++) {
      rearm(i);
    }
    client.write32(0x01000, (int) iova);
    client.write32(0x01004, (int) (iova >>> 32));
    client.write32(0x01008, 16 * SIZE);
    client.write32(0x01014, 0x02000002);
    client.write32(0x0100C, 0);
    client.write32(0x02F00, 0xA);
    for (int i = 1; i < 8; i++) {
      client.write32(0x03C00 + 4 * i, 0);
    }
    client.write32(0x05080, 1 << 10 | 3 << 8);
    client.write32(0x01028, 1 << 25);
    client.write32(0x03000, 1);
    client.write32(0x01018, SIZE - 1);
  }

  private void rearm(int index) {
    Mem.putLong(memory + 16L * index, iova + RX_BUFFERS + 2048L * index);
    Mem.putLong(memory + 16L * index + 8, 0);
  }

  private void transmitter() {
    long ring = iova + TX_RING;
    client.write32(0x06000, (int) ring);
    client.write32(0x06004, (int) (ring >>> 32));
    client.write32(0x06008, 16 * SIZE);
    client.write32(0x04A80, 1);
    client.write32(0x06028, 1 << 25);
  }

  /** Puts a frame into the ring and rings the bell. */
  void send(byte[] frame) {
    int at = sent++ % SIZE;
    Mem.copyIn(frame, 0, memory + TX_BUFFERS + 2048L * at, frame.length);
    Mem.putLong(memory + TX_RING + 16L * at, iova + TX_BUFFERS + 2048L * at);
    Mem.putInt(memory + TX_RING + 16L * at + 8, frame.length | 0x2B300000);
    Mem.putInt(memory + TX_RING + 16L * at + 12, frame.length << 14);
    client.write32(0x06018, sent % SIZE);
  }

  /** Waits until the last frame that was sent is reported. */
  void awaitSent() {
    await(memory + TX_RING + 16L * ((sent - 1) % SIZE) + 12);
  }

  /** The next frame; waits for it. */
  byte[] receive() {
    int at = received++ % SIZE;
    await(memory + 16L * at + 8);
    byte[] frame = new byte[Mem.getInt(memory + 16L * at + 12) & 0xFFFF];
    Mem.copyOut(memory + RX_BUFFERS + 2048L * at, frame, 0, frame.length);
    rearm(at);
    client.write32(0x01018, at);
    return frame;
  }

  /** Sends if there is room, and takes what has come. */
  void exchange(byte[] frame) {
    if (sent < SIZE - 1 || done(TX_RING + 16L * ((sent + 1) % SIZE) + 12)) {
      send(frame);
    }
    for (int i = 0; i < SIZE && done(16L * (received % SIZE) + 8); i++) {
      receive();
    }
  }

  private boolean done(long status) {
    return (Mem.getIntVolatile(memory + status) & 1) != 0;
  }

  private static void await(long address) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while ((Mem.getIntVolatile(address) & 1) == 0) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("no DD within 20 s");
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    client.close();
    Libc.unmap(memory, BYTES);
    Libc.closeFd(file);
  }
}
