package io.netmap4j.compat.pipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.SuiteRunner;
import io.netmap4j.linux.Libc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random calls on one direction of a pipe, compared with a queue of packets after each. */
@Order(2)
@Tag(SuiteRunner.TAG)
@Timeout(300)
class PipeModelTest {
  /** Calls for each length of the ring. */
  private static final int CALLS = Integer.getInteger("netmap4j.pipe.calls", 500);

  private static final long SEED = Long.getLong("netmap4j.seed", 1);

  @Test
  void aPipeIsAQueueOfPacketsWhateverIsCalledWhen() {
    for (int slots = 2; slots < 12; slots++) {
      try (PipeRig rig = new PipeRig()) {
        new Run(rig, slots).calls();
      }
    }
  }

  /** One slot's state in a TX ring: what has become of it since it was sent. */
  private enum State {
    WITH_PIPE,
    REFUSED,
    RELEASED
  }

  private static final class Run {
    private final PipeRig rig;
    private final int slots;
    private final Random random;
    private NetmapPort from;
    private NetmapPort to;
    private final String what;

    /** What the receiver must see, as parts: all that is published and not taken yet. */
    private final Deque<byte[]> published = new ArrayDeque<>();

    /** Slots that the sender has not got back, in order. */
    private final Deque<State> inFlight = new ArrayDeque<>();

    /** Parts of the packet without an end that were given; whether a bad one is among them. */
    private final List<byte[]> open = new ArrayList<>();

    private boolean openIsBad;
    private long unsent;
    private int number;
    private int inFlightOpen;

    Run(PipeRig rig, int slots) {
      this.rig = rig;
      this.slots = slots;
      this.random = new Random(SEED * 1000 + slots);
      this.what = "seed " + SEED + ", " + slots + " slots";
      this.from = rig.open("netmap:model{1", rig.slots(slots));
      this.to = rig.open("netmap:model}1", rig.request());
    }

    void calls() {
      for (int i = 0; i < CALLS; i++) {
        switch (random.nextInt(24)) {
          case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> send();
          case 10, 11, 12 -> assertEquals(0, from.txSync(), what);
          case 13, 14, 15, 16, 17, 18, 19, 20, 21, 22 -> take();
          default -> reopen();
        }
        if (random.nextInt(16) == 0) {
          buffersAreEachInOnePlace();
        }
      }
    }

    /** Some slots of packets of any number of parts, of which some are bad. */
    private void send() {
      assertEquals(0, from.txSync(), what);
      landed();
      NetmapRing tx = from.tx(0);
      assertEquals(slots - 1 - inFlight.size(), tx.space(), what);
      boolean refuses = false;
      List<int[]> spoilt = new ArrayList<>();
      for (int n = random.nextInt(tx.space() + 1); n > 0; n--) {
        byte[] part = PipeRig.bytes(number++, random.nextInt(60));
        boolean bad = random.nextInt(12) == 0;
        boolean more = random.nextInt(3) == 0;
        int slot = tx.head();
        tx.put(slot, part, 0, part.length, more ? Netmap.NS_MOREFRAG : 0);
        if (bad && random.nextBoolean()) {
          spoilt.add(new int[] {slot, tx.bufIdx(slot)});
          tx.bufIdx(slot, random.nextBoolean() ? 0 : rig.memory.bufTotal() + random.nextInt(9));
        } else if (bad) {
          tx.len(slot, 2049);
        }
        tx.advance(tx.next(slot));
        refuses |= given(part, bad, more);
      }
      if (!open.isEmpty() && !openIsBad && open.size() == slots - 1) {
        refuses = true; // it has every slot
        refuseOpen();
      }
      assertEquals(refuses ? Libc.EINVAL : 0, from.txSync(), what);
      assertEquals(unsent, from.unsent(), what);
      for (int[] s : spoilt) {
        from.tx(0).bufIdx(s[0], s[1]);
      }
      landed();
      assertEquals(slots - 1 - inFlight.size(), from.tx(0).space(), what);
    }

    /**
     * @return true when the packet is refused for this slot
     */
    private boolean given(byte[] part, boolean bad, boolean more) {
      boolean refuses = bad && !openIsBad;
      inFlight.add(openIsBad ? State.REFUSED : State.WITH_PIPE);
      open.add(part);
      inFlightOpen++;
      if (refuses) {
        refuseOpen();
      }
      if (!more) {
        if (!openIsBad) {
          published.addAll(open);
        }
        open.clear();
        inFlightOpen = 0;
        openIsBad = false;
      }
      return refuses;
    }

    /** The last slots given belong to a packet that does not go. */
    private void refuseOpen() {
      openIsBad = true;
      unsent++;
      for (int i = 0; i < inFlightOpen; i++) {
        inFlight.removeLast();
      }
      for (int i = 0; i < inFlightOpen; i++) {
        inFlight.add(State.REFUSED);
      }
    }

    /** Slots at the front that are done come back at a sync. */
    private void landed() {
      while (!inFlight.isEmpty() && inFlight.peek() != State.WITH_PIPE) {
        inFlight.remove();
      }
    }

    private void take() {
      assertEquals(0, to.rxSync(), what);
      NetmapRing rx = to.rx(0);
      assertEquals(published.size(), rx.space(), what);
      int slot = rx.head();
      for (byte[] part : published) {
        assertArrayEquals(part, rx.get(slot), what);
        slot = rx.next(slot);
      }
      int n = random.nextInt(rx.space() + 1);
      for (int i = 0; i < n; i++) {
        published.remove();
        int other = rx.plus(rx.head(), random.nextInt(n - i));
        int mine = rx.bufIdx(rx.head()); // back to other slots than they came from
        rx.bufIdx(rx.head(), rx.bufIdx(other));
        rx.bufIdx(other, mine);
        rx.advance(rx.next(rx.head()));
      }
      assertEquals(0, to.rxSync(), what);
      Deque<State> after = new ArrayDeque<>();
      for (State s : inFlight) {
        after.add(s == State.WITH_PIPE && n-- > 0 ? State.RELEASED : s);
      }
      inFlight.clear();
      inFlight.addAll(after);
    }

    /** One end goes and comes back; rings stay as they are. */
    private void reopen() {
      if (random.nextBoolean()) {
        long before = from.unsent();
        from.close();
        from = rig.open("netmap:model{1", rig.request());
        assertEquals(before, from.unsent(), what);
      } else {
        to.close();
        to = rig.open("netmap:model}1", rig.request());
      }
    }

    private void buffersAreEachInOnePlace() {
      assertEquals(0, from.txSync(), what);
      landed();
      Set<Integer> seen = new HashSet<>();
      NetmapRing tx = from.tx(0);
      for (int i = tx.head(), n = tx.space(); n > 0; n--, i = tx.next(i)) {
        assertTrue(seen.add(tx.bufIdx(i)), what + ": buffer " + tx.bufIdx(i) + " twice");
      }
      assertEquals(0, to.rxSync(), what);
      NetmapRing rx = to.rx(0);
      for (int i = rx.head(), n = rx.space(); n > 0; n--, i = rx.next(i)) {
        assertTrue(seen.add(rx.bufIdx(i)), what + ": buffer " + rx.bufIdx(i) + " twice");
      }
    }
  }
}
