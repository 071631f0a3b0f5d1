package io.netmap4j.model.engine;

/**
 * The registers that the datapath reads, by their published names (docs/82599.md 2.3 to 2.6 and 7).
 */
final class DatapathRegisters {
  static final int QUEUES = 128;

  // Receive queue blocks: add to rx(queue).
  static final int RDBAL = 0x00;
  static final int RDBAH = 0x04;
  static final int RDLEN = 0x08;
  static final int DCA_RXCTRL = 0x0C;
  static final int RDH = 0x10;
  static final int SRRCTL = 0x14;
  static final int RDT = 0x18;
  static final int RXDCTL = 0x28;

  // Transmit queue blocks: add to tx(queue).
  static final int TDBAL = 0x00;
  static final int TDBAH = 0x04;
  static final int TDLEN = 0x08;
  static final int TDH = 0x10;
  static final int TDT = 0x18;
  static final int TXDCTL = 0x28;
  static final int TDWBAL = 0x38;
  static final int TDWBAH = 0x3C;

  static final int QUEUE_ENABLE = 1 << 25;

  static final int RXCTRL = 0x03000;
  static final int RQSMR = 0x02300;
  static final int RXPBSIZE = 0x03C00;
  static final int HLREG0 = 0x04240;
  static final int MAXFRS = 0x04268;
  static final int MFLCN = 0x04294;
  static final int RXCSUM = 0x05000;
  static final int FCTRL = 0x05080;
  static final int VLNCTRL = 0x05088;
  static final int MCSTCTRL = 0x05090;
  static final int ETQF = 0x05128;
  static final int MTA = 0x05200;
  static final int MRQC = 0x05818;
  static final int RETA = 0x05C00;
  static final int RSSRK = 0x05C80;
  static final int VFTA = 0x0A000;
  static final int RAL = 0x0A200;
  static final int ETQS = 0x0EC00;

  static final int DMATXCTL = 0x04A80;
  static final int DTXTCPFLGL = 0x04A88;
  static final int DTXTCPFLGH = 0x04A8C;
  static final int TQSM = 0x08600;

  static final int RXCTRL_RXEN = 1;
  static final int DMATXCTL_TE = 1;
  static final int HLREG0_RXCRCSTRP = 1 << 1;
  static final int HLREG0_JUMBOEN = 1 << 2;
  static final int HLREG0_TXPADEN = 1 << 10;
  static final int HLREG0_LPBK = 1 << 15;
  static final int SRRCTL_DROP_EN = 1 << 28;
  static final int RXDCTL_VME = 1 << 30;
  static final int DCA_RXCTRL_MUST_BE_ZERO = 1 << 12;

  // Statistics.
  static final int RXMPC = 0x03FA0;
  static final int PRC64 = 0x0405C;
  static final int GPRC = 0x04074;
  static final int BPRC = 0x04078;
  static final int MPRC = 0x0407C;
  static final int GPTC = 0x04080;
  static final int GORC = 0x04088;
  static final int GOTC = 0x04090;
  static final int RUC = 0x040A4;
  static final int ROC = 0x040AC;
  static final int TOR = 0x040C0;
  static final int TPR = 0x040D0;
  static final int TPT = 0x040D4;
  static final int PTC64 = 0x040D8;
  static final int MPTC = 0x040F0;
  static final int BPTC = 0x040F4;
  static final int QPRC = 0x01030;
  static final int QBRC = 0x01034;
  static final int QPRDC = 0x01430;
  static final int QPTC = 0x06030;
  static final int QBTC = 0x08700;

  /** Bytes of the frame check sequence, which no wire here carries. */
  static final int CRC = 4;

  /** Least frame without CRC; a shorter one is a runt (docs/82599.md 4.9). */
  static final int LEAST_FRAME = 60;

  private DatapathRegisters() {}

  static int rx(int queue) {
    return queue < 64 ? 0x01000 + 0x40 * queue : 0x0D000 + 0x40 * (queue - 64);
  }

  static int tx(int queue) {
    return 0x06000 + 0x40 * queue;
  }

  /**
   * The longest frame, CRC included, without a VLAN tag: MFS counts only with JUMBOEN
   * (docs/82599.md 4.9).
   */
  static int longestFrame(CardState card) {
    boolean jumbo = (card.reg(HLREG0) & HLREG0_JUMBOEN) != 0;
    return jumbo ? card.reg(MAXFRS) >>> 16 : 1518;
  }

  /** Which of the 16 statistics counters a queue has: 4 queues to a register, 8 bits each. */
  static int counterOf(CardState card, int mapRegister, int queue) {
    return card.reg(mapRegister + (queue & ~3)) >>> (8 * (queue & 3)) & 0xF;
  }
}
