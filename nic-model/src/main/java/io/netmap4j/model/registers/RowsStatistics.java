package io.netmap4j.model.registers;

import io.netmap4j.model.registers.Register.Access;
import java.util.ArrayList;
import java.util.List;

/** Counters; a read clears each (docs/82599.md 7). */
final class RowsStatistics {
  private static final String FACT = "docs/82599.md 7";

  private RowsStatistics() {}

  static List<Register> rows() {
    List<Register> rows = new ArrayList<>();
    rows.addAll(errors());
    rows.addAll(frames());
    rows.addAll(queues());
    rows.addAll(others());
    return rows;
  }

  private static List<Register> errors() {
    return List.of(
        rc("CRCERRS", 0x04000),
        rc("ILLERRC", 0x04004),
        rc("ERRBC", 0x04008),
        rc("MSPDC", 0x04010),
        rc("MLFC", 0x04034),
        rc("MRFC", 0x04038),
        rc("RLEC", 0x04040),
        rc("RXMPC", 0x03FA0, 4, 8),
        rc("RUC", 0x040A4),
        rc("RFC", 0x040A8),
        rc("ROC", 0x040AC),
        rc("RJC", 0x040B0),
        rc("XEC", 0x04120),
        rc("SSVPC", 0x08780));
  }

  private static List<Register> frames() {
    return List.of(
        rc("PRC64", 0x0405C),
        rc("PRC127", 0x04060),
        rc("PRC255", 0x04064),
        rc("PRC511", 0x04068),
        rc("PRC1023", 0x0406C),
        rc("PRC1522", 0x04070),
        rc("GPRC", 0x04074),
        rc("BPRC", 0x04078),
        rc("MPRC", 0x0407C),
        rc("GPTC", 0x04080),
        rc("GORCL", 0x04088),
        rc("GORCH", 0x0408C),
        rc("GOTCL", 0x04090),
        rc("GOTCH", 0x04094),
        rc("MNGPRC", 0x040B4),
        rc("MNGPDC", 0x040B8),
        rc("MNGPTC", 0x0CF90),
        rc("TORL", 0x040C0),
        rc("TORH", 0x040C4),
        rc("TPR", 0x040D0),
        rc("TPT", 0x040D4),
        rc("PTC64", 0x040D8),
        rc("PTC127", 0x040DC),
        rc("PTC255", 0x040E0),
        rc("PTC511", 0x040E4),
        rc("PTC1023", 0x040E8),
        rc("PTC1522", 0x040EC),
        rc("MPTC", 0x040F0),
        rc("BPTC", 0x040F4));
  }

  /** The index is a counter's, chosen by RQSMR or TQSM, and not a queue's. */
  private static List<Register> queues() {
    return List.of(
        rc("QPRC", 0x01030, 0x40, 16),
        rc("QBRC_L", 0x01034, 0x40, 16),
        rc("QBRC_H", 0x01038, 0x40, 16),
        rc("QPRDC", 0x01430, 0x40, 16),
        rc("QPTC", 0x06030, 0x40, 16).alias(0x08680, 4, 16),
        rc("QBTC_L", 0x08700, 8, 16),
        rc("QBTC_H", 0x08704, 8, 16),
        rc("RXDGPC", 0x02F50),
        rc("RXDGBCL", 0x02F54),
        rc("RXDGBCH", 0x02F58),
        rc("TXDGPC", 0x087A0),
        rc("TXDGBCL", 0x087A4),
        rc("TXDGBCH", 0x087A8));
  }

  private static List<Register> others() {
    return List.of(
        rc("LXONTXC", 0x03F60),
        rc("LXOFFTXC", 0x03F68),
        rc("LXONRXCNT", 0x041A4),
        rc("LXOFFRXCNT", 0x041A8),
        rc("PXONTXC", 0x03F00, 4, 8),
        rc("PXOFFTXC", 0x03F20, 4, 8),
        rc("PXONRXCNT", 0x04140, 4, 8),
        rc("PXOFFRXCNT", 0x04160, 4, 8),
        rc("PXON2OFFCNT", 0x03240, 4, 8),
        rc("FDIRMATCH", 0x0EE58),
        rc("FDIRMISS", 0x0EE5C),
        rc("FCCRC", 0x05118),
        rc("FCOERPDC", 0x0241C),
        rc("FCLAST", 0x02424),
        rc("FCOEPRC", 0x02428),
        rc("FCOEDWRC", 0x0242C),
        rc("FCOEPTC", 0x08784),
        rc("FCOEDWTC", 0x08788),
        rc("LSECTX", 0x08A3C, 4, 5),
        rc("LSECRX", 0x08F40, 4, 17));
  }

  private static Register rc(String name, int offset) {
    return rc(name, offset, 4, 1);
  }

  private static Register rc(String name, int offset, int stride, int count) {
    return Register.array(name, Access.RC, offset, stride, count, FACT);
  }
}
