package io.netmap4j.ixgbe;

/**
 * The registers that this driver touches, and no others, under their published names. Offsets and
 * bits: docs/82599.md 2, docs/x540.md 2; what is written to them and when: the function named where
 * it is used.
 */
final class Reg {
  // General
  static final int CTRL = 0x00000;
  static final int CTRL_GIO_DIS = 1 << 2;
  static final int CTRL_LRST = 1 << 3;
  static final int CTRL_RST = 1 << 26;
  static final int STATUS = 0x00008;
  static final int STATUS_LAN_ID_SHIFT = 2;
  static final int STATUS_GIO = 1 << 19;
  static final int CTRL_EXT = 0x00018;
  static final int CTRL_EXT_NS_DIS = 1 << 16;
  static final int CTRL_EXT_DRV_LOAD = 1 << 28;
  static final int ESDP = 0x00020;
  static final int ESDP_SDP2 = 1 << 2;
  static final int ESDP_SDP3 = 1 << 3;
  static final int ESDP_SDP5 = 1 << 5;
  static final int ESDP_SDP5_DIR = 1 << 13;
  static final int I2CCTL = 0x00028;
  static final int I2CCTL_CLK_IN = 1;
  static final int I2CCTL_CLK_OUT = 1 << 1;
  static final int I2CCTL_DATA_IN = 1 << 2;
  static final int I2CCTL_DATA_OUT = 1 << 3;
  static final int GCR_EXT = 0x11050;
  static final int GCR_EXT_BUFFERS_CLEAR = 1 << 30;

  // NVM, firmware
  static final int EEC = 0x10010;
  static final int EEC_PRES = 1 << 8;
  static final int EEC_ARD = 1 << 9;
  static final int EEC_SIZE_SHIFT = 11;
  static final int EERD = 0x10014;
  static final int EERD_START = 1;
  static final int EERD_DONE = 1 << 1;
  static final int SWSM = 0x10140;
  static final int SWSM_SMBI = 1;
  static final int SWSM_SWESMBI = 1 << 1;

  /** SW_FW_SYNC of X540 and X550. */
  static final int GSSR = 0x10160;

  static final int GSSR_REGSMP = 1 << 31;
  static final int FWSM = 0x10148;
  static final int FWSM_TS_ENABLED = 1;
  static final int FWSM_MODE = 7 << 1;
  static final int FWSM_MODE_PT = 2 << 1;
  static final int FWSM_RECOVERY = 1 << 5;
  static final int FWSM_FW_VALID = 1 << 15;
  static final int FWSM_EXT_ERR = 0x3f << 19;

  static final int HICR = 0x15f00;
  static final int HICR_EN = 1;
  static final int HICR_C = 1 << 1;
  static final int HICR_SV = 1 << 2;
  static final int FWSTS = 0x15f0c;
  static final int FWSTS_FWRI = 1 << 9;

  static int flexMng(int n) {
    return 0x15800 + 4 * n;
  }

  static final int FACTPS = 0x10150;
  static final int FACTPS_MNGCG = 1 << 29;
  static final int MANC = 0x05820;
  static final int MANC_RCV_TCO_EN = 1 << 17;
  static final int CORECTL = 0x14f00;
  static final int MMNGC = 0x042d0;
  static final int MMNGC_MNG_VETO = 1;

  // Interrupts
  static final int EICR = 0x00800;

  /** The thermal sensor, X540 and X550. */
  static final int EICR_TS = 1 << 23;

  static final int EIAC = 0x00810;
  static final int EICS = 0x00808;
  static final int EIMS = 0x00880;
  static final int EIMC = 0x00888;
  static final int EIAM = 0x00890;
  static final int GPIE = 0x00898;
  static final int GPIE_MSIX_MODE = 1 << 4;
  static final int GPIE_OCD = 1 << 5;
  static final int GPIE_EIAME = 1 << 30;
  static final int GPIE_PBA_SUPPORT = 1 << 31;
  static final int QUEUE_CAUSES = 0xffff;

  static int eitr(int vector) {
    return 0x00820 + 4 * vector;
  }

  static int eimsEx(int i) {
    return 0x00aa0 + 4 * i;
  }

  static int eimcEx(int i) {
    return 0x00ab0 + 4 * i;
  }

  static int eiamEx(int i) {
    return 0x00ad0 + 4 * i;
  }

  /** One byte each: RX(2n), TX(2n), RX(2n+1), TX(2n+1). */
  static int ivar(int n) {
    return 0x00900 + 4 * n;
  }

  static final int IVAR_VALID = 1 << 7;

  // Receive
  static final int RXCTRL = 0x03000;
  static final int RXCTRL_RXEN = 1;
  static final int RDRXCTL = 0x02f00;
  static final int RDRXCTL_CRCSTRIP = 1 << 1;
  static final int RDRXCTL_DMAIDONE = 1 << 3;
  static final int RDRXCTL_RSCFRSTSIZE = 0x1f << 17;
  static final int RDRXCTL_RSCACKC = 1 << 25;
  static final int RDRXCTL_FCOE_WRFIX = 1 << 26;
  static final int RDRXCTL_MBINTEN = 1 << 28;
  static final int RDRXCTL_MDP_EN = 1 << 29;
  static final int FCTRL = 0x05080;
  static final int FCTRL_MPE = 1 << 8;
  static final int FCTRL_UPE = 1 << 9;
  static final int FCTRL_BAM = 1 << 10;
  static final int VLNCTRL = 0x05088;
  static final int RXCSUM = 0x05000;
  static final int RXCSUM_PCSD = 1 << 13;
  static final int RFCTL = 0x05008;
  static final int RFCTL_RSC_DIS = 1 << 5;
  static final int RFCTL_NFSW_DIS = 1 << 6;
  static final int RFCTL_NFSR_DIS = 1 << 7;
  static final int MRQC = 0x05818;
  static final int MCSTCTRL = 0x05090;
  static final int MCSTCTRL_MFE = 1 << 2;
  static final int RTRUP2TC = 0x03020;
  static final int SECRXCTRL = 0x08d00;
  static final int SECRXCTRL_RX_DIS = 1 << 1;
  static final int SECRXSTAT = 0x08d04;
  static final int SECRXSTAT_RDY = 1;
  static final int FCRTV = 0x032a0;
  static final int FCCFG = 0x03d00;
  static final int MFLCN = 0x04294;
  static final int MFLCN_DPF = 1 << 1;

  static int rdbal(int q) {
    return rxQueue(0x00, q);
  }

  static int rdbah(int q) {
    return rxQueue(0x04, q);
  }

  static int rdlen(int q) {
    return rxQueue(0x08, q);
  }

  static int dcaRxctrl(int q) {
    return rxQueue(0x0c, q);
  }

  static final int DCA_RXCTRL_RESERVED = 1 << 12;
  static final int DCA_RXCTRL_DATA_WRO = 1 << 13;
  static final int DCA_RXCTRL_HEAD_WRO = 1 << 15;

  static int rdh(int q) {
    return rxQueue(0x10, q);
  }

  static int srrctl(int q) {
    return rxQueue(0x14, q);
  }

  static final int SRRCTL_DESCTYPE_ADV_ONEBUF = 1 << 25;
  static final int SRRCTL_DROP_EN = 1 << 28;

  static int rdt(int q) {
    return rxQueue(0x18, q);
  }

  static int rxdctl(int q) {
    return rxQueue(0x28, q);
  }

  static final int RXDCTL_ENABLE = 1 << 25;

  static int rscctl(int q) {
    return rxQueue(0x2c, q);
  }

  /** Queues 64 to 127 live in a second block. */
  private static int rxQueue(int register, int q) {
    return (q < 64 ? 0x01000 + 0x40 * q : 0x0d000 + 0x40 * (q - 64)) + register;
  }

  static int rxpbsize(int n) {
    return 0x03c00 + 4 * n;
  }

  static int fcttv(int n) {
    return 0x03200 + 4 * n;
  }

  static int fcrtl(int n) {
    return 0x03220 + 4 * n;
  }

  static int fcrth(int n) {
    return 0x03260 + 4 * n;
  }

  static int rqsmr(int n) {
    return 0x02300 + 4 * n;
  }

  static int mta(int n) {
    return 0x05200 + 4 * n;
  }

  static int ral(int n) {
    return 0x0a200 + 8 * n;
  }

  static int rah(int n) {
    return 0x0a204 + 8 * n;
  }

  static final int RAH_AV = 1 << 31;

  static int mpsar(int n) {
    return 0x0a600 + 4 * n;
  }

  static int vfta(int n) {
    return 0x0a000 + 4 * n;
  }

  static int vlvf(int n) {
    return 0x0f100 + 4 * n;
  }

  static int vlvfb(int n) {
    return 0x0f200 + 4 * n;
  }

  static int pfuta(int n) {
    return 0x0f400 + 4 * n;
  }

  static int ftqf(int n) {
    return 0x0e600 + 4 * n;
  }

  static int reta(int n) {
    return 0x05c00 + 4 * n;
  }

  static int ereta(int n) {
    return 0x0ee80 + 4 * n;
  }

  static int rssrk(int n) {
    return 0x05c80 + 4 * n;
  }

  // Transmit
  static final int DMATXCTL = 0x04a80;
  static final int DMATXCTL_TE = 1;
  static final int DMATXCTL_MDP_EN = 1 << 5;
  static final int DMATXCTL_MBINTEN = 1 << 6;
  static final int DTXMXSZRQ = 0x08100;
  static final int RTTDCS = 0x04900;
  static final int RTTDCS_ARBDIS = 1 << 6;
  static final int RTTDQSEL = 0x04904;
  static final int RTTDT1C = 0x04908;
  static final int RTTBCNRC = 0x04984;
  static final int MTQC = 0x08120;

  static int tdbal(int q) {
    return 0x06000 + 0x40 * q;
  }

  static int tdbah(int q) {
    return 0x06004 + 0x40 * q;
  }

  static int tdlen(int q) {
    return 0x06008 + 0x40 * q;
  }

  static int dcaTxctrl(int q) {
    return 0x0600c + 0x40 * q;
  }

  static final int DCA_TXCTRL_WRO = 1 << 11;

  static int tdh(int q) {
    return 0x06010 + 0x40 * q;
  }

  static int tdt(int q) {
    return 0x06018 + 0x40 * q;
  }

  static int txdctl(int q) {
    return 0x06028 + 0x40 * q;
  }

  static final int TXDCTL_ENABLE = 1 << 25;
  static final int TXDCTL_SWFLSH = 1 << 26;

  static int tdwbal(int q) {
    return 0x06038 + 0x40 * q;
  }

  static int tqsm(int n) {
    return 0x08600 + 4 * n;
  }

  static int txpbsize(int n) {
    return 0x0cc00 + 4 * n;
  }

  static int txpbthresh(int n) {
    return 0x04950 + 4 * n;
  }

  // MAC, link
  static final int HLREG0 = 0x04240;
  static final int HLREG0_TXCRCEN = 1;
  static final int HLREG0_RXCRCSTRP = 1 << 1;
  static final int HLREG0_JUMBOEN = 1 << 2;
  static final int HLREG0_TXPADEN = 1 << 10;
  static final int HLREG0_LPBK = 1 << 15;
  static final int MSCA = 0x0425c;
  static final int MSCA_MMD_SHIFT = 16;
  static final int MSCA_PHY_SHIFT = 21;
  static final int MSCA_ADDRESS = 0;
  static final int MSCA_WRITE = 1 << 26;
  static final int MSCA_READ = 3 << 26;
  static final int MSCA_MDI_COMMAND = 1 << 30;
  static final int MSRWD = 0x04260;
  static final int MSRWD_READ_SHIFT = 16;
  static final int MAXFRS = 0x04268;
  static final int AUTOC = 0x042a0;
  static final int AUTOC_FLU = 1;
  static final int AUTOC_1G_PMA = 1 << 9;
  static final int AUTOC_AN_RESTART = 1 << 12;
  static final int AUTOC_LMS = 7 << 13;
  static final int AUTOC_LMS_1G_AN = 2 << 13;
  static final int AUTOC_LMS_10G_SERIAL = 3 << 13;
  static final int AUTOC_LMS_KX4_KX_KR = 4 << 13;
  static final int AUTOC_LMS_KX4_KX_KR_1G_AN = 6 << 13;
  static final int AUTOC_LMS_KX4_KX_KR_SGMII = 7 << 13;

  /** The one bit that a pipeline reset inverts. */
  static final int AUTOC_LMS_TOP = 4 << 13;

  static final int AUTOC_KR = 1 << 16;
  static final int AUTOC_PAUSE = 3 << 28;
  static final int AUTOC_KX = 1 << 30;
  static final int AUTOC_KX4 = 1 << 31;
  static final int AUTOC2 = 0x042a8;
  static final int AUTOC2_SERIAL = 3 << 16;
  static final int AUTOC2_SERIAL_SFI = 2 << 16;
  static final int AUTOC2_LINK_DISABLE = 7 << 28;
  static final int ANLP1 = 0x042b0;
  static final int ANLP1_AN_STATE = 0xf << 16;
  static final int LINKS = 0x042a4;
  static final int LINKS_NON_STANDARD = 1 << 27;
  static final int LINKS_UP = 1 << 30;
  static final int LINKS_SPEED_SHIFT = 28;

  private Reg() {}
}
