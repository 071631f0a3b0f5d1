package io.netmap4j.linux;

import java.util.Locale;

/**
 * What configuration space says a function is. {@code classCode} is 24 bits: class, subclass,
 * interface.
 */
public record PciId(
    int vendor, int device, int subsystemVendor, int subsystemDevice, int classCode, int revision) {
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%04x:%04x", vendor, device);
  }
}
