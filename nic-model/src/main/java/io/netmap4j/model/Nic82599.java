package io.netmap4j.model;

import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.dma.ForeignMemory;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.engine.Datapath;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.model.link.PartnerOptions;
import io.netmap4j.model.pci.InterruptSink;
import io.netmap4j.model.pci.Interrupts;
import io.netmap4j.model.pci.MsixTable;
import io.netmap4j.model.pci.PciConfig;
import io.netmap4j.model.peripherals.CopperMedium;
import io.netmap4j.model.peripherals.FibreMedium;
import io.netmap4j.model.peripherals.FibreMode;
import io.netmap4j.model.peripherals.GssrRules;
import io.netmap4j.model.peripherals.HostInterface;
import io.netmap4j.model.peripherals.I2cBus;
import io.netmap4j.model.peripherals.Link;
import io.netmap4j.model.peripherals.Medium;
import io.netmap4j.model.peripherals.Nvm;
import io.netmap4j.model.peripherals.Semaphores;
import io.netmap4j.model.peripherals.SendingPartner;
import io.netmap4j.model.peripherals.Timers;
import io.netmap4j.model.registers.Register;
import io.netmap4j.model.registers.RegisterFile;
import io.netmap4j.model.registers.RegisterLog;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.registers.RegisterRules;
import io.netmap4j.model.wire.Wire;
import io.netmap4j.model.wire.WireEnd;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;

/**
 * A software 82599, or one of its successors, as the PCI device id says: registers, configuration
 * space, interrupts and engines. It knows nothing of how a driver reaches it; {@link ModelDevice}
 * is one way.
 *
 * <p>Registers, configuration space and BAR 4 may be used from any thread. The engines run on one
 * thread, which runs all the cards of a wire: a {@link ModelRunner}'s, or a test's that steps them.
 * The card's lock is its {@link DeviceMemory}'s: a batch of engine work holds it, and so does every
 * register access but a doorbell (RDT, TDT), which is checked and stored without it.
 */
public final class Nic82599 implements AutoCloseable {
  private static final int CTRL = RegisterMap82599.find("CTRL").offset();
  private static final int HICR = RegisterMap82599.find("HICR").offset();
  private static final Register RXPBSIZE = RegisterMap82599.find("RXPBSIZE");
  private static final int RAL = RegisterMap82599.find("RAL").offset();
  private static final int RAH = RegisterMap82599.find("RAH").offset();
  private static final int GIO_DIS = 1 << 2;
  private static final int LRST = 1 << 3;
  private static final int RST = 1 << 26;
  private static final int ADDRESS_VALID = 1 << 31;

  private final CardOptions options;
  private final DeviceMemory memory = new DeviceMemory(this::dmaRefused);
  private final PcieBill bill = new PcieBill();
  private final RegisterLog log = new RegisterLog();
  private final Findings warnings = new Findings();
  private final RegisterFile registers;
  private final PciConfig config;
  private final IoWindow io;
  private final MsixTable msix = new MsixTable();
  private final Interrupts interrupts;
  private final Link link;
  private final I2cBus i2c;
  private final Nvm nvm;

  /** What the chip has of these two: the 82599 the first, its successors the other. */
  private final FibreMedium fibre;

  private final CopperMedium copper;
  private final Medium medium;
  private final HostInterface firmware;
  private final Semaphores semaphores;
  private final SendingPartner sending;
  private final Doorbells doorbells;
  private final CardParts parts;
  private final CardFaults faults = new CardFaults(new Slot());
  private final Datapath datapath;
  private final AtomicBoolean claimed = new AtomicBoolean();
  private final Violations violations = new Violations();
  private volatile boolean removed;
  private volatile Wire wire;
  private volatile Runnable wake = () -> {};
  private volatile ForeignMemory foreign;
  private volatile boolean faultFound;
  private WireEnd end;
  private boolean halted;

  /** A card without a driver, as after power-on: bus mastering is off. */
  public Nic82599(CardOptions options) {
    this.options = options;
    this.registers = new RegisterFile(options.chip(), this::registerViolation, warnings::add);
    this.config =
        new PciConfig(options.deviceId(), options.lanId(), options.mac(), this::functionReset);
    this.io = new IoWindow(this, config);
    this.interrupts = new Interrupts(registers, config, msix, options.clock());
    this.semaphores =
        new Semaphores(registers, options.shared(), options.link().firmware(), options.clock());
    this.nvm = new Nvm(registers, options.mac(), options.link());
    this.i2c = new I2cBus(registers);
    boolean hasPhy = options.chip().copper();
    this.fibre = hasPhy ? null : fibre();
    this.copper = hasPhy ? copper() : null;
    this.firmware = hasPhy ? new HostInterface(registers, nvm, options.lanId()) : null;
    this.medium = hasPhy ? copper : fibre;
    this.link = new Link(registers, interrupts, options.lanId(), medium);
    new Timers(registers, options.clock());
    new RegisterRules(registers);
    this.parts =
        new CardParts(
            registers,
            memory,
            bill,
            options.clock(),
            interrupts,
            link,
            medium,
            faults,
            this::engineViolation);
    this.datapath = new Datapath(parts);
    this.sending = new SendingPartner(datapath.port());
    this.doorbells = new Doorbells(registers, memory, config, bill, datapath::flush);
    registers.onWrite("CTRL", (i, value) -> writeCtrl(value));
    reset(Medium.Reset.POWER_ON);
  }

  private FibreMedium fibre() {
    FibreMedium made =
        new FibreMedium(
            registers,
            interrupts,
            semaphores,
            options.link(),
            options.lanId(),
            FibreMode.of(options.deviceId()),
            options.clock());
    i2c.module(options.link().module(), options.lanId(), made::laser, made::signal);
    return made;
  }

  private CopperMedium copper() {
    new GssrRules(registers, semaphores, options.lanId());
    return new CopperMedium(
        registers, interrupts, options.copper(), options.link().partner(), options.clock());
  }

  /** What the card was made as. */
  public CardOptions options() {
    return options;
  }

  /** The memory that this card can reach: map what its driver uses. */
  public DeviceMemory memory() {
    return memory;
  }

  /** What crossed PCIe so far. */
  public PcieBill bill() {
    return bill;
  }

  /** The register accesses, once switched on. */
  public RegisterLog log() {
    return log;
  }

  /** Rules that were broken, oldest first; the first 1000 are kept. */
  public List<String> violations() {
    return violations.list();
  }

  /**
   * What hardware accepts although it is not in the published order of steps, oldest first; the
   * first 1000 are kept. Drivers that work may do such things.
   */
  public List<String> warnings() {
    return warnings.list();
  }

  /**
   * What a statistics register, or all of an array of them, has counted since the card was made:
   * reads and resets clear the register, and not this.
   */
  public long total(String statisticsRegister) {
    boolean entered = memory.enter();
    try {
      return parts.total(statisticsRegister);
    } finally {
      unlock(entered);
    }
  }

  // Register space.

  /**
   * Reads a register of BAR 0.
   *
   * @return all ones while the card is pulled out
   * @throws ModelViolation from a strict card, for this access or for what its engines found since
   *     the last one
   */
  public int read(int offset) {
    if (removed) {
      return -1;
    }
    violations.throwPending();
    boolean entered = memory.enter();
    try {
      bill.registerRead();
      int value = registers.read(offset);
      log.add(false, offset, value);
      interrupts.deliver();
      return value;
    } finally {
      unlock(entered);
    }
  }

  /**
   * Writes a register of BAR 0. What this thread stored in memory before is visible to the engines.
   *
   * @throws ModelViolation as {@link #read}; a refused write changes nothing
   */
  public void write(int offset, int value) {
    if (removed) {
      return;
    }
    violations.throwPending();
    log.add(true, offset, value);
    if (doorbells.ring(offset, value)) {
      wake.run();
      return;
    }
    boolean entered = memory.enter();
    try {
      bill.registerWrite();
      registers.write(offset, value);
      if (concernsEngines(offset)) {
        datapath.configChanged();
      }
      interrupts.deliver();
    } finally {
      unlock(entered);
    }
    wake.run();
  }

  /**
   * What {@link #read} would give, without what it would change, and uncounted; for a face that
   * shows registers before they are asked for. Not for EICR. The caller holds the card's lock.
   */
  public int peek(int offset) {
    return registers.peek(offset);
  }

  /**
   * Not the interrupt registers and EITR: written often, and nothing that the engines read. A
   * command to the firmware may switch the receiver off.
   */
  private static boolean concernsEngines(int offset) {
    return (offset < 0x00800 || offset >= 0x00B00) && offset < 0x10000 || offset == HICR;
  }

  private void unlock(boolean entered) {
    if (entered) {
      memory.exit();
    }
  }

  /** Holds the lock for {@code work}, then delivers the interrupts that it caused. */
  private void locked(Runnable work) {
    boolean entered = memory.enter();
    try {
      work.run();
      interrupts.deliver();
    } finally {
      unlock(entered);
    }
  }

  // Configuration space and BAR 4.

  /** Reads 1, 2 or 4 bytes, zero extended; all ones while the card is pulled out. */
  public int readConfig(int offset, int bytes) {
    boolean entered = memory.enter();
    try {
      int value = config.read(offset, bytes);
      return removed ? (int) ((1L << 8 * bytes) - 1) : value;
    } finally {
      unlock(entered);
    }
  }

  /**
   * Writes 1, 2 or 4 bytes. Function-level reset and bus mastering take effect before this returns.
   */
  public void writeConfig(int offset, int bytes, int value) {
    locked(
        () -> {
          if (!removed) {
            config.write(offset, bytes, value);
            refreshDma();
          }
        });
    wake.run();
  }

  /**
   * Reads a word of BAR 2, an 82599's I/O window to its registers: IOADDR at 0, IODATA at 4.
   *
   * @return all ones without such a BAR, or while the command register's bit 0 is off
   * @throws ModelViolation as {@link #read}
   */
  public int readIo(int offset) {
    return removed ? -1 : io.read(offset);
  }

  /** Writes a word of BAR 2. @throws ModelViolation as {@link #write} */
  public void writeIo(int offset, int value) {
    if (!removed) {
      io.write(offset, value);
    }
  }

  /** Reads a word of BAR 4: the MSI-X table and its pending bits. */
  public int readMsix(int offset) {
    boolean entered = memory.enter();
    try {
      return removed ? -1 : msix.read(offset);
    } finally {
      unlock(entered);
    }
  }

  /** Writes a word of BAR 4. An unmasked vector that is pending fires before this returns. */
  public void writeMsix(int offset, int value) {
    locked(
        () -> {
          if (!removed) {
            msix.write(offset, value);
          }
        });
  }

  /**
   * Unmasks MSI-X entries 0 to {@code count} − 1, masks the others, and sends messages to {@code
   * sink}.
   */
  public void connectInterrupts(InterruptSink sink, int count) {
    locked(
        () -> {
          interrupts.sink(sink);
          msix.arm(count);
        });
  }

  // Resets.

  private void writeCtrl(int value) {
    if ((value & (RST | LRST)) != 0) {
      // The reset wins over GIO_DIS in the same write (docs/82599.md 3.3).
      reset((value & LRST) != 0 ? Medium.Reset.LINK : Medium.Reset.SOFT);
    } else {
      // GIO_DIS stays until a reset (docs/82599.md 2.1).
      registers.set(CTRL, value | registers.get(CTRL) & GIO_DIS);
      refreshDma();
    }
  }

  /**
   * CTRL.RST: registers and engines, but neither configuration space nor the MSI-X table
   * (docs/82599.md 3.3).
   */
  private void reset(Medium.Reset kind) {
    registers.reset();
    for (int i = 0; i < RXPBSIZE.count(); i++) {
      registers.set(RXPBSIZE.offset(i), options.chip().packetBuffer() << 10);
    }
    nvm.reset();
    if (firmware != null) {
      firmware.reset();
    }
    loadMac();
    semaphores.reset(kind == Medium.Reset.POWER_ON);
    i2c.reset();
    interrupts.reset();
    link.reset(kind);
    datapath.reset();
    halted = false;
    refreshDma();
  }

  private void loadMac() {
    long mac = Long.reverseBytes(options.mac() << 16);
    if (!options.link().nvm().mac()) {
      return;
    }
    registers.set(RAL, (int) mac);
    registers.set(RAH, (int) (mac >>> 32) & 0xFFFF | ADDRESS_VALID);
  }

  /** Function-level reset: configuration space has been reset, now the rest. */
  private void functionReset() {
    functionReset(Medium.Reset.SOFT);
  }

  private void functionReset(Medium.Reset kind) {
    msix.reset();
    io.reset();
    violations.pend(null);
    reset(kind);
  }

  private void refreshDma() {
    memory.allow(!removed && !halted && config.busMaster() && (registers.get(CTRL) & GIO_DIS) == 0);
  }

  // The wire.

  /** Joins the card to an end of a wire; null takes it off. Not while engines run. */
  public void attach(Wire newWire, WireEnd newEnd) {
    if (wire != null) {
      wire.connect(end, null);
    }
    if (newWire != null) {
      newWire.connect(newEnd, datapath.port());
    }
    locked(
        () -> {
          wire = newWire;
          end = newEnd;
          datapath.attach(newWire, newEnd);
          link.carrier(newWire == null ? null : () -> newWire.rates(newEnd));
        });
  }

  /** What the card is attached to, or null. */
  public Wire wire() {
    return wire;
  }

  /** Plugs the cable in (true, as at first) or pulls it. A change raises LSC. */
  public void setLink(boolean plugged) {
    locked(() -> link.plugged(plugged));
    wake.run();
  }

  /**
   * Makes the PHY of an X540 or X550 too hot, or lets it cool: TS is raised, the link drops.
   *
   * @throws IllegalArgumentException on an 82599
   */
  public void setHot(boolean tooHot) {
    has(copper, "PHY");
    locked(
        () -> {
          copper.heat(tooHot);
          link.refresh();
        });
    wake.run();
  }

  private void has(Medium medium, String what) {
    if (medium == null) {
      throw new IllegalArgumentException("an " + options.chip().published() + " has no " + what);
    }
  }

  /**
   * Puts another module into the cage; {@link ModuleKind#ABSENT} pulls what is there out.
   *
   * @throws IllegalArgumentException on an X540 or X550
   */
  public void module(ModuleKind kind) {
    has(fibre, "cage");
    locked(
        () -> {
          fibre.module(kind);
          i2c.module(kind, options.lanId(), fibre::laser, fibre::signal);
          link.refresh();
        });
    wake.run();
  }

  /** Puts another partner at the other end of the cable. */
  public void partner(PartnerOptions options) {
    locked(
        () -> {
          medium.partner(options);
          link.refresh();
        });
    wake.run();
  }

  /** Ways of breaking the card. */
  public CardFaults faults() {
    return faults;
  }

  private final class Slot implements CardFaults.Slot {
    @Override
    public void pulledOut() {
      locked(
          () -> {
            removed = true;
            link.powered(false);
            interrupts.reset();
            refreshDma();
          });
    }

    @Override
    public void pluggedIn() {
      locked(
          () -> {
            removed = false;
            link.powered(true);
            config.reset();
            functionReset(Medium.Reset.POWER_ON);
          });
    }
  }

  /** Claims the card for one user. @return false when it is claimed already */
  public boolean claim() {
    return claimed.compareAndSet(false, true);
  }

  /** Ends {@link #claim}. */
  public void release() {
    claimed.set(false);
  }

  /** Sets what is called after anything that may give the engines work. */
  void onWork(Runnable wakeUp) {
    wake = wakeUp;
  }

  /** Who gave the card its memory; null: this process. */
  public void foreignMemory(ForeignMemory owner) {
    foreign = owner;
  }

  /**
   * After a batch of {@code moved} packets, for the engines' thread: true when an access in it may
   * have met memory that is gone, which the JVM has not reported yet.
   */
  boolean mayHaveFaulted(int moved) {
    if (faultFound) {
      faultFound = false;
      return true;
    }
    return moved > 0 && foreign != null;
  }

  /**
   * The JVM has reported an access to memory that is mapped and gone; a card behind an IOMMU would
   * meet a fault. When it is this card's memory, the card stops until a reset.
   *
   * @return true when it was this card's
   */
  public boolean memoryFault() {
    memory.abandon();
    ForeignMemory owner = foreign;
    if (owner == null || owner.intact()) {
      return false;
    }
    violations.add("DMA fault: memory that the driver has mapped is gone: its file was cut short");
    locked(
        () -> {
          halted = true;
          refreshDma();
        });
    faultFound = true;
    owner.gone();
    return true;
  }

  /** Gives up the burst under way, after an error; for the engines' thread. */
  void abandonBurst() {
    memory.abandon();
    datapath.abandonBurst();
  }

  // The engines; for the thread that runs the cards of a wire.

  /**
   * Receives and sends up to {@code budget} packets each and delivers interrupts. Violations wait
   * for the next register access.
   *
   * @return how many packets moved
   */
  public int run(int budget) {
    memory.yieldToWaiters();
    Wire joined = wire;
    int done = 0;
    try {
      done = joined == null ? 0 : joined.run(budget);
      done += runEngines(budget);
    } catch (RuntimeException e) {
      keep(e);
    }
    return done;
  }

  /**
   * Puts copies of one frame into the descriptors of receive queue 0 that the card owns, as if they
   * came from the wire; for the engines' thread.
   *
   * @param frame its address
   * @param length bytes without FCS
   * @return how many
   */
  public int fill(long frame, int length) {
    boolean entered = memory.enter();
    try {
      link.refresh();
      int done = datapath.fill(frame, length);
      interrupts.deliver();
      return done;
    } catch (RuntimeException e) {
      keep(e);
      return 0;
    } finally {
      unlock(entered);
    }
  }

  private int runEngines(int budget) {
    boolean entered = memory.enter();
    try {
      refreshLink();
      int done = datapath.run(budget);
      interrupts.deliver();
      return done;
    } finally {
      unlock(entered);
    }
  }

  private void refreshLink() {
    link.refresh();
    if (medium.partnerSends()) {
      sending.send();
    }
  }

  /**
   * Keeps what an engine threw for the driver's next access. A violation was kept already, under
   * the lock; kept again here, without it, it might reach the driver that comes after a reset.
   */
  private void keep(RuntimeException e) {
    if (!(e instanceof ModelViolation)) {
      violations.pend(e);
    }
  }

  /**
   * One small unit of work, chosen by {@code random}, of the engines or the wire.
   *
   * @return false when there was none
   * @throws ModelViolation what the unit found
   */
  public boolean step(RandomGenerator random) {
    Wire joined = wire;
    boolean entered = memory.enter();
    try {
      refreshLink();
      boolean worked = (joined != null && joined.run(1) > 0) || datapath.step(random);
      interrupts.deliver();
      return worked;
    } catch (ModelViolation e) {
      e.card().violations.pend(null);
      throw e;
    } finally {
      unlock(entered);
    }
  }

  /** Frees the engines' memory. The card is not used again. */
  @Override
  public void close() {
    attach(null, null);
    locked(
        () -> {
          removed = true;
          refreshDma();
          memory.unmapAll();
        });
    sending.close();
    datapath.close();
  }

  // Violations.

  private void registerViolation(String rule) {
    violations.add(rule);
    if (options.strict()) {
      throw new ModelViolation(this, rule);
    }
  }

  /** Writes are posted: the card does not hear that one was refused. */
  private void dmaRefused(DmaLog.Kind kind, long iova, long length, long from, String words) {
    if (!kind.write()) {
      config.masterAbort();
    }
    ForeignMemory owner = foreign;
    if (owner != null) {
      owner.refused(kind.write(), iova, length, from);
    }
    if (!faults.strayedTo(iova)) {
      engineViolation(words);
    }
  }

  private void engineViolation(String rule) {
    violations.add(rule);
    if (options.strict()) {
      halted = true;
      refreshDma();
      ModelViolation violation = new ModelViolation(this, rule);
      violations.pend(violation);
      throw violation;
    }
  }
}
