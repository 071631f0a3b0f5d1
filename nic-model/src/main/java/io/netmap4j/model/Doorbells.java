package io.netmap4j.model;

import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.pci.PciConfig;
import io.netmap4j.model.registers.QueueRules;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterMap82599;

/** The tail registers, which are checked and stored without the card's lock. Thread safe. */
final class Doorbells {
  private final RegisterMap82599 map = RegisterMap82599.map();
  private final RegisterFile registers;
  private final DeviceMemory memory;
  private final PciConfig config;
  private final PcieBill bill;
  private final QueueRules rx;
  private final QueueRules tx;

  /**
   * @param onFlush hears of a transmit queue's software flush
   */
  Doorbells(
      RegisterFile registers,
      DeviceMemory memory,
      PciConfig config,
      PcieBill bill,
      QueueRules.OnFlush onFlush) {
    this.registers = registers;
    this.memory = memory;
    this.config = config;
    this.bill = bill;
    this.rx = new QueueRules(registers, 'R', queue -> {});
    this.tx = new QueueRules(registers, 'T', onFlush);
  }

  /**
   * Writes a tail register.
   *
   * @return false when {@code offset} is that of another register: nothing was done
   * @throws ModelViolation from a strict card, for a tail that its queue cannot have
   */
  boolean ring(int offset, int value) {
    QueueRules rules = rules(offset);
    if (rules == null) {
      return false;
    }
    bill.doorbell();
    int queue = map.index(offset >> 2);
    if (rules.checkTail(queue, value, config.busMaster()) != null) {
      // The engine may have written a status back and not moved the head yet: look again between
      // batches.
      boolean entered = memory.enter();
      try {
        String broken = rules.checkTail(queue, value, config.busMaster());
        if (broken != null) {
          registers.refuse(offset, value, broken);
        }
      } finally {
        if (entered) {
          memory.exit();
        }
      }
    }
    registers.set(offset, value);
    return true;
  }

  /** RDT: 0x01018 and 0x0D018 + 0x40 n; TDT: 0x06018 + 0x40 n (docs/82599.md 2.3, 2.5). */
  private QueueRules rules(int offset) {
    if ((offset & 0x3F) != 0x18) {
      return null;
    }
    int page = offset >> 12;
    return page == 0x1 || page == 0xD ? rx : page == 0x6 || page == 0x7 ? tx : null;
  }
}
