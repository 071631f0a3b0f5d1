package io.netmap4j.compat.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.linux.Libc;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * No wake-up is lost: a frame that comes between any two looks of a wait, or during its sleep, ends
 * it at once.
 */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(4)
class HostWakeUpTest {
  private static final long PROMPT_NANOS = 700_000_000; // a sleep looks again after 1 s

  private int looks;
  private int at;
  private long sent;

  @Test
  void aFrameBetweenAnyTwoLooksEndsTheWait() {
    for (int step = 0; ; step++) {
      try (HostRig rig = new HostRig(1, 1, 1, false);
          NetmapPort port = rig.host()) {
        looks = 0;
        at = step;
        rig.stack.between =
            () -> {
              // Before this look: after the one before it.
              if (looks++ == at) {
                sent = System.nanoTime();
                rig.stack.send(0, HostRig.frame(1, 60));
              }
            };
        int ready = port.poll(NetmapPort.POLLIN, 900);
        if (looks <= step) {
          assertThat(step).as("looks of a wait").isGreaterThan(1);
          return; // there is no such look: it sleeps
        }
        assertThat(ready).as("look %d", step).isEqualTo(NetmapPort.POLLIN);
        assertThat(System.nanoTime() - sent).as("look %d", step).isLessThan(PROMPT_NANOS);
      }
    }
  }

  @Test
  void aFrameDuringTheSleepEndsIt() throws Exception {
    try (HostRig rig = new HostRig(1, 1, 1, false);
        NetmapPort port = rig.host()) {
      Thread stack =
          new Thread(
              () -> {
                pause();
                rig.stack.send(0, HostRig.frame(1, 60));
              });
      long begin = System.nanoTime();
      stack.start();
      assertThat(port.poll(NetmapPort.POLLIN, 5000)).isEqualTo(NetmapPort.POLLIN);
      assertThat(System.nanoTime() - begin).isLessThan(PROMPT_NANOS);
      stack.join();
    }
  }

  /** Of a ring that was full when the wait began: its own look has given slots back. */
  @Test
  void slotsThatTheWaitItselfGivesBackAreFilled() {
    try (HostRig rig = new HostRig(1, 1, 1, false);
        NetmapPort port = rig.host()) {
      NetmapRing rx = port.rx(1);
      for (int i = 0; i < 2 * HostRig.SLOTS; i++) {
        rig.stack.send(0, HostRig.frame(i, 60));
      }
      port.rxSync();
      assertThat(rx.space()).isEqualTo(HostRig.SLOTS - 1);
      rx.advance(rx.tail());
      long begin = System.nanoTime();
      assertThat(port.poll(NetmapPort.POLLIN, 5000)).isEqualTo(NetmapPort.POLLIN);
      assertThat(System.nanoTime() - begin).isLessThan(PROMPT_NANOS);
    }
  }

  /** A frame that the stack could not take is offered again, and POLLOUT is no reason to spin. */
  @Test
  void aFrameThatTheStackHadNoRoomForIsOfferedAgain() throws Exception {
    try (HostRig rig = new HostRig(1, 1, 1, false);
        NetmapPort port = rig.host()) {
      NetmapRing tx = port.tx(1);
      rig.stack.refusal = -Libc.EAGAIN;
      tx.lenAndFlags(0, 60, Netmap.NS_REPORT);
      tx.advance(1);
      assertThat(port.txSync()).isZero();
      assertThat(tx.txPending()).isTrue();
      Thread stack =
          new Thread(
              () -> {
                pause();
                rig.stack.refusal = 0;
              });
      stack.start();
      long begin = System.nanoTime();
      assertThat(port.drain(5000)).isTrue();
      assertThat(System.nanoTime() - begin).isLessThan(PROMPT_NANOS);
      stack.join();
      assertThat(rig.stack.received).hasSize(1);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
