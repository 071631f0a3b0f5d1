package io.netmap4j.model;

/** Placeholder until the card arrives. */
public final class PcieBill {
  void descriptorReads(int n) {}

  void descriptorWrites(int n) {}

  void packetRead(long bytes) {}

  void packetWritten(long bytes) {}
}
