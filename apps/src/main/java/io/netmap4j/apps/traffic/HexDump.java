package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapRing;
import java.io.PrintStream;
import java.util.Locale;

/** Slots in hex, in pkt-gen's format. */
final class HexDump {
  private static final int COLUMNS = 16;

  private HexDump() {}

  /** Prints one slot and the bytes of the packet, or of the part of one, in it. */
  static void print(PrintStream out, NetmapRing ring, int slot) {
    int length = Math.min(ring.len(slot), ring.bufSize() - ring.offset(slot));
    byte[] bytes = new byte[length];
    ring.getBytes(slot, 0, bytes, 0, length);
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "ring 0x%x cur %5d [buf %6d flags 0x%04x len %5d]",
            ring.address(),
            slot,
            ring.bufIdx(slot),
            ring.slotFlags(slot),
            ring.len(slot)));
    for (int line = 0; line < length; line += COLUMNS) {
      text.append(System.lineSeparator()).append(String.format(Locale.ROOT, "%5d: ", line));
      for (int i = line; i < line + COLUMNS; i++) {
        text.append(i < length ? String.format(Locale.ROOT, "%02x ", bytes[i]) : "   ");
      }
      for (int i = line; i < Math.min(length, line + COLUMNS); i++) {
        text.append(bytes[i] > ' ' - 1 && bytes[i] < 0x7f ? (char) bytes[i] : '.');
      }
    }
    out.println(text); // at once: others print too
  }
}
