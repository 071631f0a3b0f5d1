package io.netmap4j.ixgbe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract on two modelled cards: stepped with seeded interleaving, and run by a thread; at
 * several ring offsets.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("cases")
@Tag(SuiteRunner.TAG)
@Order(3)
class ModelContractTest extends PortContract {
  /** {@code offset}: slots between slot 0 and descriptor 0. */
  record Case(Long seed, int offset, int device) {
    Case(Long seed, int offset) {
      this(seed, offset, 0x10fb);
    }

    @Override
    public String toString() {
      return Integer.toHexString(device)
          + (seed == null ? ", threaded" : ", stepped, seed " + seed)
          + ", offset "
          + offset;
    }
  }

  static Stream<Case> cases() {
    if (Boolean.getBoolean(SuiteRunner.ONE_VARIANT)) {
      return Stream.of(new Case(2L, 1));
    }
    long more = Long.getLong("netmap4j.seed", 4711);
    return Stream.of(
        new Case(1L, 0),
        new Case(2L, 1),
        new Case(3L, SLOTS - 1),
        new Case(more, (int) Math.floorMod(more * 31, SLOTS)),
        new Case(null, 0),
        new Case(null, 1),
        new Case(null, SLOTS - 1),
        new Case(null, 29),
        new Case(4L, 1, 0x1528),
        new Case(null, 0, 0x1563));
  }

  private final Case how;

  ModelContractTest(Case how) {
    this.how = how;
  }

  @Override
  protected long seed() {
    return how.seed == null ? 1 : how.seed;
  }

  @Override
  protected Pair open() {
    return open(null);
  }

  @Override
  protected Pair open(Offsets offsets) {
    NicOptions nic = NicOptions.DEFAULT.slots(SLOTS, SLOTS).mtu(9000).dropWhenFull(false);
    ModelRig.Setup setup =
        ModelRig.Setup.DEFAULT
            .nic(nic)
            .extra(EXTRA)
            .offsets(offsets)
            .card(card -> card.deviceId(how.device));
    RigPair pair = new RigPair(new ModelRig(how.seed == null ? setup : setup.stepped(how.seed)));
    moveRings(pair, how.offset);
    for (int i = 0; i < 2; i++) {
      assertEquals(how.offset, pair.rig.rings[i].tx(0).hwOfs, "tx offset");
      assertEquals(how.offset, pair.rig.rings[i].rx(0).hwOfs, "rx offset");
    }
    return pair;
  }

  private record RigPair(ModelRig rig) implements Pair {
    @Override
    public NetmapPort a() {
      return rig.a;
    }

    @Override
    public NetmapPort b() {
      return rig.b;
    }

    @Override
    public void run() {
      rig.run();
    }

    @Override
    public void close() {
      String violations = rig.violations();
      rig.close();
      assertEquals("", violations, "rules of the card that were broken");
    }
  }
}
