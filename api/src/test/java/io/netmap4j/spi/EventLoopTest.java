package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A program that sleeps in an event loop of its own: NetmapPoll's descriptor. */
@Timeout(60)
class EventLoopTest {
  private static final int SLOTS = 64;
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(2048, 2048).rings(16, 8448));
  private final int event = Libc.eventFd();
  private final Sleepers sleepers = new Sleepers();
  private NetmapPort byDescriptor;
  private NetmapPort byCall;
  private NetmapPort byLooking;
  private FakeAdapter descriptorAdapter;
  private FakeAdapter callAdapter;

  @BeforeEach
  void open() {
    descriptorAdapter = adapter(event);
    callAdapter = adapter(Adapter.WAKES_BY_CALL);
    byDescriptor = open(descriptorAdapter);
    byCall = open(callAdapter);
    byLooking = open(adapter(-1));
  }

  private FakeAdapter adapter(int waitFd) {
    return new FakeAdapter(1, 1, SLOTS, SLOTS) {
      @Override
      public int waitFd(Kring kring) {
        return waitFd;
      }

      @Override
      public void arm(Kring kring, Runnable wake) {
        if (waitFd == WAKES_BY_CALL) {
          sleepers.add(wake);
        }
      }

      @Override
      public void disarm(Kring kring, Runnable wake) {
        sleepers.remove(wake);
      }
    };
  }

  private NetmapPort open(FakeAdapter adapter) {
    RingSet rings = RingSet.start(adapter, region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all);
    return TestPorts.open("netmap:w", rings, all, NetmapPort.Request.DEFAULT);
  }

  @AfterEach
  void close() {
    byDescriptor.close();
    byCall.close();
    byLooking.close();
    region.close();
    Libc.closeFd(event);
  }

  private static boolean readable(NetmapPoll poll) {
    return Libc.pollIn(new int[] {poll.descriptor()}, 0) > 0;
  }

  @Test
  void theDescriptorOfAPortReachesTheLoop() {
    try (NetmapPoll poll = new NetmapPoll().add(byDescriptor, NetmapPort.POLLIN)) {
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isFalse();
      assertThat(poll.armedMillis()).isEqualTo(1000);
      Libc.signal(event);
      descriptorAdapter.arriving = 1;
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isEqualTo(1);
      assertThat(poll.ready(0)).isEqualTo(NetmapPort.POLLIN);
    }
  }

  @Test
  void aCallReachesTheLoop() {
    try (NetmapPoll poll =
        new NetmapPoll().add(byCall, NetmapPort.POLLIN).add(byDescriptor, NetmapPort.POLLIN)) {
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isFalse();
      callAdapter.arriving = 1;
      sleepers.wake();
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isEqualTo(1);
      byCall.rx(0).advance(byCall.rx(0).tail());
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isFalse();
    }
  }

  @Test
  void whatCameBeforeArmingIsReadyAndLeavesNobodyArmed() {
    try (NetmapPoll poll = new NetmapPoll().add(byCall, NetmapPort.POLLIN)) {
      callAdapter.arriving = 1;
      assertThat(poll.arm()).isEqualTo(1);
      sleepers.wake();
      assertThat(readable(poll)).isFalse();
    }
  }

  @Test
  void aPortThatCanOnlyBeLookedAtShortensTheSleep() {
    try (NetmapPoll poll = new NetmapPoll().add(byLooking, NetmapPort.POLLIN)) {
      assertThat(poll.arm()).isZero();
      assertThat(poll.armedMillis()).isEqualTo(1);
    }
  }

  @Test
  void wakeUpsReachTheLoopWhetherTheyComeBeforeOrAfterArming() {
    try (NetmapPoll poll = new NetmapPoll().add(byCall, NetmapPort.POLLIN)) {
      poll.wakeup();
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isFalse();
      poll.wakeup();
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isZero();
      byCall.wakeup();
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isZero();
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isFalse();
      byCall.wakeup();
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isTrue();
    }
  }

  @Test
  void aWakeUpWaitsWhileThereAreNews() {
    try (NetmapPoll poll = new NetmapPoll().add(byCall, NetmapPort.POLLIN)) {
      poll.wakeup();
      callAdapter.arriving = 1;
      assertThat(poll.arm()).isEqualTo(1);
      byCall.rx(0).advance(byCall.rx(0).tail());
      assertThat(poll.arm()).isZero();
      assertThat(readable(poll)).isTrue();
    }
  }

  @Test
  void closingAPortReachesTheLoop() {
    try (NetmapPoll poll = new NetmapPoll().add(byCall, NetmapPort.POLLIN)) {
      assertThat(poll.arm()).isZero();
      byCall.close();
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isEqualTo(1);
      assertThat(poll.ready(0)).isEqualTo(NetmapPort.POLLERR);
    }
  }

  @Test
  void aNumberThatIsUsedAgainIsWatchedAgain() {
    int first = Libc.eventFd();
    try (NetmapPoll poll = new NetmapPoll().addDescriptor(first)) {
      assertThat(poll.arm()).isZero();
      poll.removeDescriptor(first);
      Libc.closeFd(first);
      int second = Libc.eventFd();
      poll.addDescriptor(second);
      assertThat(poll.arm()).isZero();
      Libc.signal(second);
      assertThat(readable(poll)).isTrue();
      assertThat(poll.arm()).isEqualTo(1);
      Libc.closeFd(second);
    }
  }

  @Test
  void pollTakesTheArmingBack() throws Exception {
    try (NetmapPoll poll = new NetmapPoll().add(byCall, NetmapPort.POLLIN)) {
      assertThat(poll.arm()).isZero();
      assertThat(poll.poll(0)).isZero();
      sleepers.wake();
      assertThat(readable(poll)).isFalse();
      FutureTask<Integer> wait = new FutureTask<>(() -> poll.poll(-1));
      new Thread(wait).start();
      callAdapter.arriving = 1;
      while (!wait.isDone()) {
        sleepers.wake();
        Thread.sleep(1);
      }
      assertThat(wait.get()).isEqualTo(1);
    }
  }
}
