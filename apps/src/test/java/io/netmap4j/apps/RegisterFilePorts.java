package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.ixgbe.IxgbeDriver;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import io.netmap4j.uio.UioBackend;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/** Our driver on two cards whose BAR 0 is a file: packets from one to the other. */
final class RegisterFilePorts implements AutoCloseable {
  private static final int SLOTS = 64;
  private static final int TDT = 0x06018;
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final NetmapPort[] ports = new NetmapPort[2];

  /**
   * @param hugetlbfs null for a region in a memfd
   */
  RegisterFilePorts(NicBackend backend, Path hugetlbfs, String... addresses) {
    MemoryOptions options = MemoryOptions.DEFAULT.buffers(1024, 2048).hugetlbfs(hugetlbfs);
    Region region = Region.create(options);
    undo.push(region::close);
    try {
      for (int i = 0; i < 2; i++) {
        ports[i] = open(backend.open(addresses[i]), region);
        undo.push(ports[i]::close);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private NetmapPort open(NicDevice device, Region region) {
    RingSet rings;
    try {
      assertThat(device.mappedRegister(TDT)).as("a doorbell is a store").isNotZero();
      NicOptions nic = NicOptions.DEFAULT.slots(SLOTS, SLOTS).dropWhenFull(false);
      rings = RingSet.start(new IxgbeDriver().attach(device, region, nic), region);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
    RingSet.Binding binding = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(binding);
    return TestPorts.open(device.name(), rings, binding, NetmapPort.Request.DEFAULT);
  }

  /** Sends numbered packets from the first card, and checks each that arrives at the second. */
  int transfer(int count) {
    NetmapRing tx = ports[0].tx(0);
    NetmapRing rx = ports[1].rx(0);
    byte[] frame = new byte[60];
    java.util.Arrays.fill(frame, 0, 6, (byte) 0xFF);
    int sent = 0;
    int received = 0;
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (received < count && System.nanoTime() < deadline) {
      for (; sent < count && !tx.isEmpty(); sent++) {
        frame[20] = (byte) sent;
        tx.put(tx.head(), frame);
        tx.advance(tx.next(tx.head()));
      }
      ports[0].txSync();
      ports[1].rxSync();
      for (; !rx.isEmpty(); received++) {
        byte[] got = rx.get(rx.head());
        assertThat(got).hasSize(60);
        assertThat(got[20]).isEqualTo((byte) received);
        rx.advance(rx.next(rx.head()));
      }
      Thread.yield();
    }
    return received;
  }

  @Override
  public void close() {
    while (!undo.isEmpty()) {
      undo.pop().run();
    }
  }

  /** In bench/fake-machine: prints how many of 1000 packets arrived. */
  public static void main(String[] arguments) {
    try (RegisterFilePorts ports =
        new RegisterFilePorts(
            new UioBackend(), Path.of("/dev/hugepages"), "0000:e0:00.0", "0000:e0:00.1")) {
      System.out.println("received " + ports.transfer(1000));
    }
  }
}
