package io.netmap4j.ixgbe;

import java.util.Map;
import java.util.TreeMap;

/**
 * A device id of the family: chip, name and medium, and why the driver refuses it if it does. Ids:
 * docs/82599.md 1.1, docs/x540.md 1.
 *
 * @param refusal what this driver lacks for it, or null when it drives it
 */
record IxgbeId(String name, IxgbeChip chip, Medium medium, String refusal) {
  /** How the bits leave the card; decides how the link is brought up. */
  enum Medium {
    FIBRE,
    QSFP,
    BACKPLANE,
    CX4,
    COPPER
  }

  private static final Map<Integer, IxgbeId> IDS = new TreeMap<>();

  static {
    fibre(0x10fb, "82599ES SFP+");
    fibre(0x1507, "82599 SFP+ mezzanine");
    fibre(0x1529, "82599 SFP+ FCoE");
    fibre(0x154a, "82599 quad-port SFP+");
    fibre(0x154d, "82599 SFP+ (SF2)");
    fibre(0x1557, "82599EN SFP+");
    add(
        0x154f,
        "82599 LS",
        IxgbeChip.CHIP_82599,
        Medium.FIBRE,
        "it is fibre of a kind of its own (LCO), for which no source has a set-up");
    add(
        0x1558,
        "82599 QSFP+",
        IxgbeChip.CHIP_82599,
        Medium.QSFP,
        "its modules are identified otherwise than SFP+, on a bus that the ports share");
    backplane(0x10f7, "82599 KX4");
    backplane(0x1514, "82599 KX4 mezzanine");
    backplane(0x10f8, "82599 combined backplane");
    backplane(0x1517, "82599 KR");
    backplane(0x10fc, "82599 XAUI");
    backplane(0x152a, "82599 backplane FCoE");
    add(0x10f9, "82599 CX4", IxgbeChip.CHIP_82599, Medium.CX4, null);
    add(0x1528, "X540-AT2", IxgbeChip.X540, Medium.COPPER, null);
    add(0x1560, "X540-AT1", IxgbeChip.X540, Medium.COPPER, null);
    add(0x1563, "X550-AT2", IxgbeChip.X550, Medium.COPPER, null);
    add(0x15d1, "X550-AT1", IxgbeChip.X550, Medium.COPPER, null);
    add(
        0x151c,
        "82599 with an external PHY (T3)",
        IxgbeChip.CHIP_82599,
        Medium.COPPER,
        "that PHY, a TN1010, needs a set-up of its own");
    for (int id : new int[] {0x15aa, 0x15ab, 0x15ac, 0x15ad, 0x15ae, 0x15b0}) {
      other(id, "X552");
    }
    for (int id :
        new int[] {
          0x15c2, 0x15c3, 0x15c4, 0x15c6, 0x15c7, 0x15c8, 0x15ca, 0x15cc, 0x15ce, 0x15e4, 0x15e5
        }) {
      other(id, "X553");
    }
  }

  private static void fibre(int device, String name) {
    add(device, name, IxgbeChip.CHIP_82599, Medium.FIBRE, null);
  }

  private static void backplane(int device, String name) {
    add(device, name, IxgbeChip.CHIP_82599, Medium.BACKPLANE, null);
  }

  private static void other(int device, String name) {
    add(
        device,
        name,
        IxgbeChip.X550,
        Medium.BACKPLANE,
        "its link is behind registers (KRM, IOSF) that are another driver's work");
  }

  private static void add(int device, String name, IxgbeChip chip, Medium medium, String refusal) {
    IDS.put(device, new IxgbeId(name, chip, medium, refusal));
  }

  /** The row of a device id of Intel's; null for one of another family. */
  static IxgbeId of(int device) {
    return IDS.get(device);
  }
}
