package io.netmap4j.ixgbe;

import static io.netmap4j.ixgbe.ModelTraffic.NIC;
import static io.netmap4j.ixgbe.ModelTraffic.STEPPED;
import static io.netmap4j.ixgbe.ModelTraffic.assertNoViolations;
import static io.netmap4j.ixgbe.ModelTraffic.frame;
import static io.netmap4j.ixgbe.ModelTraffic.put;
import static io.netmap4j.ixgbe.ModelTraffic.receive;
import static io.netmap4j.ixgbe.ModelTraffic.until;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which frames are received, and into which ring. */
@Timeout(60)
@Tag(SuiteRunner.TAG)
@Order(1)
class FilterTest {
  @Test
  void pauseFramesAreNeitherObeyedNorDelivered() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.dropWhenFull(false)))) {
      byte[] pause = new byte[60];
      int[] head = {1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0x08, 0, 1, 0xff, 0xff};
      for (int i = 0; i < head.length; i++) {
        pause[i] = (byte) head[i];
      }
      for (int i = 0; i < 20; i++) {
        put(rig.a.tx(0), i % 2 == 0 ? pause : frame(i, 80));
        put(rig.b.tx(0), frame(i, 90));
      }
      assertEquals(0, rig.a.txSync());
      assertEquals(0, rig.b.txSync());
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(frame(i, 90), receive(rig, rig.a));
      }
      for (int i = 1; i < 20; i += 2) {
        assertArrayEquals(frame(i, 80), receive(rig, rig.b));
      }
      assertNoViolations(rig);
    }
  }

  @Test
  void vlanTagsAreKeptAndTheCrcIsStripped() {
    try (ModelRig rig = new ModelRig(STEPPED)) {
      byte[] tagged = frame(1, 1518);
      tagged[12] = (byte) 0x81;
      tagged[13] = 0;
      tagged[14] = 0x20;
      tagged[15] = 100;
      put(rig.a.tx(0), tagged);
      rig.a.txSync();
      assertArrayEquals(tagged, receive(rig, rig.b));
      assertNoViolations(rig);
    }
  }

  @Test
  void onlyConfiguredAddressesAreReceivedWithoutPromiscuousMode() {
    try (ModelRig rig = new ModelRig(STEPPED.nic(NIC.promiscuous(false)))) {
      byte[] own = rig.b.nic().macAddress();
      byte[] other = {2, 9, 9, 9, 9, 9};
      byte[] group = {1, 0, 0x5e, 0, 0, 7};
      assertTrue(arrives(rig, own));
      assertFalse(arrives(rig, other));
      assertFalse(arrives(rig, group));
      assertTrue(arrives(rig, new byte[] {-1, -1, -1, -1, -1, -1}), "broadcast");
      rig.b.nic().addAddress(other);
      rig.b.nic().addAddress(group);
      assertTrue(arrives(rig, other));
      assertTrue(arrives(rig, group));
      rig.b.nic().reset();
      until(rig, "link", () -> rig.b.link().up());
      assertTrue(arrives(rig, other), "after a reset as well");
      assertTrue(arrives(rig, group), "after a reset as well");
      rig.b.nic().removeAddress(other);
      rig.b.nic().removeAddress(group);
      assertFalse(arrives(rig, other));
      assertFalse(arrives(rig, group));
      rig.b.nic().allMulticast(true);
      assertTrue(arrives(rig, group));
      assertFalse(arrives(rig, other));
      rig.b.nic().promiscuous(true);
      assertTrue(arrives(rig, other));
      assertNoViolations(rig);
    }
  }

  private static boolean arrives(ModelRig rig, byte[] to) {
    byte[] f = frame(1, 60);
    System.arraycopy(to, 0, f, 0, 6);
    put(rig.a.tx(0), f);
    put(rig.a.tx(0), frame(2, 77)); // a broadcast behind it, which always arrives
    rig.a.txSync();
    byte[] got = receive(rig, rig.b);
    return got.length == 60 && receive(rig, rig.b).length == 77;
  }

  @Test
  void theRssTableSelectsTheRing() {
    NicOptions four = NIC.rings(4, 4);
    try (ModelRig rig = new ModelRig(STEPPED.nic(four))) {
      byte[] key = new byte[40];
      new Random(1).nextBytes(key);
      for (int target = 0; target < 4; target++) {
        int[] table = new int[128];
        Arrays.fill(table, target);
        rig.b.nic().rss(key, table);
        put(rig.a.tx(0), Flows.udp(target, 0));
        rig.a.txSync();
        int ring = target;
        until(
            rig, "a frame in ring " + ring, () -> rig.b.rxSync() == 0 && !rig.b.rx(ring).isEmpty());
        rig.b.rx(ring).advance(rig.b.rx(ring).tail());
      }
      assertThatThrownBy(() -> rig.b.nic().rss(key, new int[] {1}))
          .isInstanceOf(NetmapException.class)
          .hasMessageContaining("table of 128");
      int[] wrong = new int[128];
      wrong[5] = 4;
      assertThatThrownBy(() -> rig.b.nic().rss(key, wrong)).hasMessageContaining("rings 0 to 3");
      assertNoViolations(rig);
    }
  }
}
