package io.netmap4j.ixgbe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.SuiteRunner;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** 32 and 36-bit clear-on-read registers become totals that only grow. */
@Tag(SuiteRunner.TAG)
class CountersTest {
  private static final int GPRC = 0x04074;
  private static final int GORCL = 0x04088;
  private static final int GORCH = 0x0408c;
  private static final int QPRDC1 = 0x01470;
  private final Map<Integer, Integer> registers = new HashMap<>();

  /** Registers that clear when read, and nothing else. */
  private final NicDevice nic =
      (NicDevice)
          Proxy.newProxyInstance(
              CountersTest.class.getClassLoader(),
              new Class<?>[] {NicDevice.class},
              (proxy, method, args) -> {
                assertEquals("read32", method.getName());
                Integer value = registers.remove(args[0]);
                return value == null ? 0 : value;
              });

  @Test
  void theUpperHalfOfThe32BitRangeIsNotNegative() {
    IxgbeCounters counters = new IxgbeCounters(2);
    registers.put(GPRC, 0x8000_0000);
    counters.read(nic);
    assertEquals(2_147_483_648L, counters.totals().get("GPRC"), "GPRC");
    registers.put(GPRC, 0xffff_ffff);
    counters.read(nic);
    assertEquals(2_147_483_648L + 4_294_967_295L, counters.totals().get("GPRC"), "GPRC");
  }

  @Test
  void octetsHave36Bits() {
    IxgbeCounters counters = new IxgbeCounters(2);
    registers.put(GORCL, 0xffff_ffff);
    registers.put(GORCH, 0xffff_fffa);
    counters.read(nic);
    assertEquals(0xa_ffff_ffffL, counters.totals().get("GORC"));
    counters.read(nic);
    assertEquals(
        0xa_ffff_ffffL, counters.totals().get("GORC"), "reading twice loses and doubles nothing");
  }

  @Test
  void dropsOfAllQueuesAreSummed() {
    IxgbeCounters counters = new IxgbeCounters(2);
    registers.put(0x01430, 5);
    registers.put(QPRDC1, 7);
    counters.read(nic);
    assertEquals(5, counters.totals().get("QPRDC0"));
    assertEquals(7, counters.totals().get("QPRDC1"));
    assertEquals(12, counters.totals().get("QPRDC"));
  }
}
