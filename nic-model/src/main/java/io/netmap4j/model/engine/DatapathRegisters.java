package io.netmap4j.model.engine;

/**
 * The registers that the datapath reads, by their published names (docs/82599.md 2.3 to 2.6 and 7).
 */
public final class DatapathRegisters {
  public static final int QUEUES = 128;

  // Receive queue blocks: add to rx(queue).
  public static final int RDBAL = 0x00;
  public static final int RDBAH = 0x04;
  public static final int RDLEN = 0x08;
  public static final int DCA_RXCTRL = 0x0C;
  public static final int RDH = 0x10;
  public static final int SRRCTL = 0x14;
  public static final int RDT = 0x18;
  public static final int RXDCTL = 0x28;

  // Transmit queue blocks: add to tx(queue).
  public static final int TDBAL = 0x00;
  public static final int TDBAH = 0x04;
  public static final int TDLEN = 0x08;
  public static final int TDH = 0x10;
  public static final int TDT = 0x18;
  public static final int TXDCTL = 0x28;
  public static final int TDWBAL = 0x38;
  public static final int TDWBAH = 0x3C;

  public static final int QUEUE_ENABLE = 1 << 25;

  public static final int RXCTRL = 0x03000;
  public static final int RQSMR = 0x02300;
  public static final int RXPBSIZE = 0x03C00;
  public static final int HLREG0 = 0x04240;
  public static final int MAXFRS = 0x04268;
  public static final int MFLCN = 0x04294;
  public static final int RXCSUM = 0x05000;
  public static final int FCTRL = 0x05080;
  public static final int VLNCTRL = 0x05088;
  public static final int MCSTCTRL = 0x05090;
  public static final int ETQF = 0x05128;
  public static final int MTA = 0x05200;
  public static final int MRQC = 0x05818;
  public static final int RETA = 0x05C00;
  public static final int ERETA = 0x0EE80;
  public static final int RSSRK = 0x05C80;
  public static final int VFTA = 0x0A000;
  public static final int RAL = 0x0A200;
  public static final int ETQS = 0x0EC00;

  public static final int DMATXCTL = 0x04A80;
  public static final int DTXTCPFLGL = 0x04A88;
  public static final int DTXTCPFLGH = 0x04A8C;
  public static final int TQSM = 0x08600;

  public static final int RXCTRL_RXEN = 1;
  public static final int DMATXCTL_TE = 1;
  public static final int HLREG0_RXCRCSTRP = 1 << 1;
  public static final int HLREG0_JUMBOEN = 1 << 2;
  public static final int HLREG0_TXPADEN = 1 << 10;
  public static final int HLREG0_LPBK = 1 << 15;
  public static final int SRRCTL_DROP_EN = 1 << 28;
  public static final int RXDCTL_VME = 1 << 30;
  public static final int DCA_RXCTRL_MUST_BE_ZERO = 1 << 12;

  // Statistics.
  public static final int RXMPC = 0x03FA0;
  public static final int CRCERRS = 0x04000;
  public static final int PRC64 = 0x0405C;
  public static final int GPRC = 0x04074;
  public static final int BPRC = 0x04078;
  public static final int MPRC = 0x0407C;
  public static final int GPTC = 0x04080;
  public static final int GORC = 0x04088;
  public static final int GOTC = 0x04090;
  public static final int RUC = 0x040A4;
  public static final int ROC = 0x040AC;
  public static final int TOR = 0x040C0;
  public static final int TPR = 0x040D0;
  public static final int TPT = 0x040D4;
  public static final int PTC64 = 0x040D8;
  public static final int MPTC = 0x040F0;
  public static final int BPTC = 0x040F4;
  public static final int QPRC = 0x01030;
  public static final int QBRC = 0x01034;
  public static final int QPRDC = 0x01430;
  public static final int QPTC = 0x06030;
  public static final int QBTC = 0x08700;

  /** Bytes of the frame check sequence, which no wire here carries. */
  public static final int CRC = 4;

  private DatapathRegisters() {}

  public static int rx(int queue) {
    return queue < 64 ? 0x01000 + 0x40 * queue : 0x0D000 + 0x40 * (queue - 64);
  }

  public static int tx(int queue) {
    return 0x06000 + 0x40 * queue;
  }

  /**
   * The longest frame, CRC included, without a VLAN tag: MFS counts only with JUMBOEN
   * (docs/82599.md 4.9).
   */
  public static int longestFrame(CardState card) {
    boolean jumbo = (card.reg(HLREG0) & HLREG0_JUMBOEN) != 0;
    return jumbo ? card.reg(MAXFRS) >>> 16 : 1518;
  }

  /** Which of the 16 statistics counters a queue has: 4 queues to a register, 8 bits each. */
  public static int counterOf(CardState card, int mapRegister, int queue) {
    return card.reg(mapRegister + (queue & ~3)) >>> (8 * (queue & 3)) & 0xF;
  }
}
