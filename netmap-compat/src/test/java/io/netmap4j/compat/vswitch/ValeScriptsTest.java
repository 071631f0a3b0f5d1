package io.netmap4j.compat.vswitch;

import static io.netmap4j.compat.vswitch.Frames.BROADCAST;
import static io.netmap4j.compat.vswitch.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.vale.ValeCtl;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What netmap's scripts (utils/tests) and ctrl-api-test assert of VALE switches. */
@Timeout(60)
class ValeScriptsTest {
  private static final long MAC = 0x02000000aa01L;
  private final List<NetmapPort> open = new ArrayList<>();
  private final List<String> persistent = new ArrayList<>();

  private NetmapPort open(String name) {
    return open(name, NetmapPort.Request.DEFAULT);
  }

  private NetmapPort open(String name, NetmapPort.Request request) {
    NetmapPort port = Netmap.open(name, request);
    open.add(port);
    return port;
  }

  private void create(String name) {
    ValeCtl.newIf(name, RingCounts.DEFAULT, 0);
    persistent.add(name);
  }

  private void destroy(String name) {
    ValeCtl.delIf(name);
    persistent.remove(name);
  }

  @AfterEach
  void nothingIsLeft() {
    open.forEach(NetmapPort::close);
    for (ValeCtl.Port port : ValeCtl.list()) {
      ValeCtl.detach(port.name());
    }
    persistent.forEach(ValeCtl::delIf);
    assertThat(ValeCtl.list()).isEmpty();
  }

  private static void fails(int errno, ThrowingCallable what) {
    assertThatThrownBy(what)
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertEquals(errno, e.errno(), e.getMessage()));
  }

  private void exclusive() {
    open("vale0:v0/x");
    fails(Errno.EBUSY, () -> Netmap.open("vale0:v0"));
    fails(Errno.EBUSY, () -> Netmap.open("vale0:v0/x"));
  }

  @Test
  void script001_exclusiveOpenOfAnEphemeralPort() {
    exclusive();
  }

  @Test
  void script002_exclusiveOpenOfAPersistentPort() {
    create("v0");
    ValeCtl.attach("vale0:v0");
    exclusive();
  }

  /** Sends frames from extra buffers, which are swapped into the slots. */
  private void sendFromExtraBuffers() {
    NetmapPort v1 = open("vale0:v1");
    NetmapPort v2 = open("vale0:v2");
    NetmapPort v0 = open("vale0:v0", NetmapPort.Request.DEFAULT.extraBuffers(12));
    assertEquals(12, v0.extraBuffers());
    NetmapRing tx = v0.tx(0);
    int spare = v0.nifp().bufsHead();
    List<byte[]> sent = new ArrayList<>();
    int back = 0;
    for (int i = 0; i < 12; i++) {
      int following = v0.memory().nextExtraBuffer(spare);
      int slot = tx.head();
      int old = tx.bufIdx(slot);
      tx.bufIdx(slot, spare);
      byte[] f = frame(BROADCAST, MAC, 274 + i, 'c' + i);
      sent.add(f);
      tx.put(slot, f, 0, f.length, Netmap.NS_BUF_CHANGED);
      tx.advance(tx.next(slot));
      v0.memory().nextExtraBuffer(old, back);
      back = old;
      spare = following;
    }
    v0.nifp().bufsHead(back);
    assertEquals(0, v0.txSync());
    assertThat(v0.drain(0)).isTrue();
    assertThat(Frames.receive(v1)).usingRecursiveComparison().isEqualTo(sent);
    assertThat(Frames.receive(v2)).usingRecursiveComparison().isEqualTo(sent);
  }

  @Test
  void script004_framesFromExtraBuffersOfAnEphemeralPort() {
    sendFromExtraBuffers();
  }

  private void createAndAttach() {
    for (String name : new String[] {"v0", "v1", "v2"}) {
      create(name);
      ValeCtl.attach("vale0:" + name);
    }
  }

  @Test
  void script005_framesFromExtraBuffersOfAPersistentPort() {
    createAndAttach();
    sendFromExtraBuffers();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void script007_aBroadcastTeachesWhereItsSenderIs(int seed) {
    long mac = MAC + seed * 0x01040100L;
    NetmapPort v0 = open("vale0:v0");
    NetmapPort v1 = open("vale0:v1");
    NetmapPort v2 = open("vale0:v2");
    byte[] broadcast = frame(BROADCAST, mac, 150, 'd');
    Frames.send(v2, broadcast);
    assertThat(Frames.receive(v0)).containsExactly(broadcast);
    assertThat(Frames.receive(v1)).containsExactly(broadcast);
    assertThat(Frames.receive(v2)).isEmpty();
    byte[] unicast = frame(mac, 0x020000000001L, 150, 'd');
    Frames.send(v0, unicast);
    assertThat(Frames.receive(v2)).containsExactly(unicast);
    assertThat(Frames.receive(v1)).isEmpty();
    assertThat(Frames.receive(v0)).isEmpty();
  }

  @Test
  void script009_aPersistentPortIsDestroyedOnlyWhenItIsInNoSwitch() {
    create("v0");
    destroy("v0");
    create("v0");
    ValeCtl.attach("vale0A:v0");
    fails(Errno.EBUSY, () -> ValeCtl.delIf("v0"));
    ValeCtl.attach("vale0B:v0");
    fails(Errno.EBUSY, () -> ValeCtl.delIf("v0"));
    fails(Errno.EBUSY, () -> ValeCtl.detach("vale0A:v0"));
    ValeCtl.detach("vale0B:v0");
    fails(Errno.EBUSY, () -> ValeCtl.delIf("v0"));
    ValeCtl.detach("vale0A:v0");
    destroy("v0");
    fails(Errno.ENXIO, () -> ValeCtl.delIf("v0"));
  }

  @Test
  void script010_aPersistentPortIsAttachedOnceToOneSwitchAndAlsoToAnother() {
    create("v0");
    ValeCtl.attach("vale0A:v0");
    fails(Errno.EBUSY, () -> ValeCtl.attach("vale0A:v0"));
    ValeCtl.attach("vale0B:v0");
    ValeCtl.detach("vale0B:v0");
  }

  @Test
  void script011_aNameIsCreatedOnce() {
    create("v0");
    fails(Errno.EEXIST, () -> ValeCtl.newIf("v0", RingCounts.DEFAULT, 0));
    ValeCtl.attach("vale0A:v0");
    fails(Errno.EEXIST, () -> ValeCtl.newIf("v0", RingCounts.DEFAULT, 0));
    ValeCtl.attach("vale0B:v0");
    fails(Errno.EEXIST, () -> ValeCtl.newIf("v0", RingCounts.DEFAULT, 0));
    ValeCtl.detach("vale0B:v0");
  }

  private void sendAndReceive() {
    NetmapPort v0 = open("vale0:v0");
    NetmapPort v1 = open("vale0:v1");
    NetmapPort v2 = open("vale0:v2");
    for (int length : new int[] {50, 60, 274, 2048}) {
      byte[] f = frame(BROADCAST, MAC, length, 'c');
      Frames.send(v2, f);
      assertThat(Frames.receive(v0)).containsExactly(f);
      assertThat(Frames.receive(v1)).containsExactly(f);
      Frames.send(v0, f);
      assertThat(Frames.receive(v1)).containsExactly(f);
      assertThat(Frames.receive(v2)).containsExactly(f);
      assertThat(Frames.receive(v0)).isEmpty();
    }
  }

  @Test
  void script021_aBroadcastOfAnEphemeralPortReachesTheOthers() {
    sendAndReceive();
  }

  @Test
  void script022_aBroadcastOfAPersistentPortReachesTheOthers() {
    createAndAttach();
    sendAndReceive();
  }

  @Test
  void cat10_theHeaderLengthOfAnEphemeralPortIsSetAndRead() {
    open("vale:eph0");
    for (int length : new int[] {12, 0, 10}) {
      ValeCtl.setHeader("vale:eph0", length);
      assertEquals(length, ValeCtl.header("vale:eph0"));
    }
    fails(Errno.EINVAL, () -> ValeCtl.setHeader("vale:eph0", 11));
    fails(Errno.ENXIO, () -> ValeCtl.setHeader("vale:eph1", 10));
    fails(Errno.EIO, () -> Netmap.open("vale:eph0"));
    open("vale:eph0", NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_ACCEPT_VNET_HDR));
  }

  @Test
  void cat11_aPersistentPortIsMadeAttachedDetachedAndEnded() {
    RingCounts asked = RingCounts.DEFAULT.rings(2, 3).slots(100, 200);
    ValeCtl.NewIf made = ValeCtl.newIf("per4", asked, 0);
    persistent.add("per4");
    assertEquals(asked, made.counts());
    assertTrue(made.memId() > 1);
    int index = ValeCtl.attach("vale1:per4");
    assertEquals(index, ValeCtl.detach("vale1:per4"));
    destroy("per4");
    fails(Errno.ENXIO, () -> ValeCtl.attach("vale1:per4"));
  }
}
