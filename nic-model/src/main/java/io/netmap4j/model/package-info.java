/**
 * The 82599, the X540 and the X550 in software: a card that a driver can be written and tested
 * against on a machine that has none. {@link io.netmap4j.model.registers.Chip} has what differs.
 *
 * <pre>{@code
 *  a driver in this process            a driver, or QEMU, in another process
 *             |                                        |
 *        ModelDevice                       vfiouser.VfioUserServer
 *             |                                        |
 * +-----------+----------------------------------------+----- Nic82599 -----+
 * |           | registers, configuration space, BAR 4  |                    |
 * |           v                                        v                    |
 * |   registers                 pci                        dma              |
 * |   +------------------+      +---------------+          +--------------+ |
 * |   | RegisterFile     |      | PciConfig     |          | DeviceMemory |<---> memory of
 * |   | RegisterMap82599 |      | MsixTable     |  causes  | PcieBill     | |    the driver
 * |   | QueueRules       |      | Interrupts    |<------+  | DmaLog       | |
 * |   +------------------+      +---------------+       |  +--------------+ |
 * |        ^  hooks                     |               |         ^         |
 * |        |                            v               |         |         |
 * |   peripherals               InterruptSink         engine      |         |
 * |   +------------------+      (an eventfd)          +---------------+     |
 * |   | Link, Nvm        |                            | TxEngine      |     |
 * |   | I2cBus, Timers   |                            | RxEngine      |     |
 * |   +------------------+                            +---------------+     |
 * |        ^                                            |           ^       |
 * +--------|--------------------------------------------|-----------|-------+
 *          | carrier                                    v           |
 *          +------------------------------------ wire: Cable, LoopbackWire,
 *                                                PcapWire, TapWire, FaultyWire
 *                                                               |
 *                               another Nic82599, a capture file, the Linux network stack
 * }</pre>
 *
 * <p>This package has the card itself ({@link io.netmap4j.model.Nic82599}), which joins the parts
 * and holds the rules about all of them (resets, removal, violations), and what puts cards to use:
 * {@link io.netmap4j.model.ModelBackend} opens {@code model:0} and {@code model:1}, {@link
 * io.netmap4j.model.ModelDevice} is a card as the driver sees it, {@link
 * io.netmap4j.model.ModelRunner} is the thread that runs the engines.
 *
 * <p>Packages use each other downwards only: {@code vfiouser}, then this one, then {@code engine}
 * and {@code peripherals}, then {@code pci}, {@code registers}, {@code dma}, {@code wire} and
 * {@code fault}. Where a part has to call up, it has an interface for that: the engines see {@link
 * io.netmap4j.model.engine.CardState}, which {@code CardParts} here implements.
 *
 * <p><b>A register access.</b> {@code Nic82599.write} first asks {@code Doorbells}: a tail is
 * checked against its ring and stored without a lock, and the engines' thread is woken. Any other
 * register is written under the card's lock, which is {@link io.netmap4j.model.dma.DeviceMemory}'s:
 * {@link io.netmap4j.model.registers.RegisterFile} looks the row up, tells of a broken rule, and
 * calls the hook of the part that the register belongs to, or stores the value. Then the engines
 * are told to look at their configuration again, and interrupts that became due are delivered.
 *
 * <p><b>A frame.</b> {@link io.netmap4j.model.ModelRunner}'s thread calls {@code Nic82599.run} of
 * each card in turn: the wire plays what it holds, the receive engine empties its packet buffer,
 * the transmit engine fetches descriptors and sends. {@code io.netmap4j.model.engine} and {@code
 * io.netmap4j.model.wire} say how a frame goes on from there.
 *
 * <p><b>A violation.</b> A driver that breaks a rule of the hardware gets a {@link
 * io.netmap4j.model.ModelViolation} from a strict card: at once from a register access, at its next
 * access when an engine found it. A lenient card only lists it.
 *
 * <p>Registers and rules are transcribed from published sources, never from our driver: a mistake
 * of either shows as a disagreement.
 */
package io.netmap4j.model;
