package io.netmap4j.pipeline;

/**
 * A step that every packet passes. Each {@link Worker} has an instance of its own, called by its
 * thread alone, so that a stage needs no locks for what it counts or remembers.
 *
 * <p>What {@link #process} throws is contained: the packet is dropped, the stage's faults count it,
 * and the next packet comes. A stage that does not return holds its thread up; {@link
 * Pipeline#stop} then says so.
 */
@FunctionalInterface
public interface Stage {
  /**
   * Called once, on the worker's thread, before the first packet.
   *
   * @param worker whose stage this is
   * @throws Exception ends the pipeline: {@link Pipeline#failure} has it
   */
  default void start(Worker worker) throws Exception {}

  /**
   * Looks at a packet, may change it in place, and says what happens to it.
   *
   * @param packet valid during the call, and the same object every time
   * @return not null
   * @throws Exception counts as a fault, and drops the packet
   */
  Verdict process(PacketSlot packet) throws Exception;

  /**
   * Called between batches: after each, and at least as often as {@link Pipeline.Builder#tick}
   * says. For what depends on time, such as packets that are held, or flows that expire.
   *
   * @param nanos {@link System#nanoTime}
   * @throws Exception counts as a fault
   */
  default void tick(long nanos) throws Exception {}

  /**
   * Called once, on the worker's thread, after the last packet; stage after stage, also when {@link
   * #start} of a later one has failed. Packets that the stage still holds may be resumed here, and
   * pass the later stages before these are stopped; otherwise they are dropped.
   *
   * @throws Exception counts as a fault
   */
  default void stop() throws Exception {}
}
