package io.netmap4j.pipeline;

import java.util.List;

/**
 * What a pipeline has done, in packets. While it runs the figures are of moments close together,
 * and once it has stopped, {@code received = forwarded + consumed + full + refused} + what its
 * stages have dropped and failed at.
 *
 * @param received taken from the ports
 * @param receivedBytes without FCS
 * @param forwarded put into TX rings
 * @param forwardedBytes without FCS
 * @param consumed by a stage, or by the end of a pipeline without outputs
 * @param full dropped for a full output; with {@link WhenFull#DROP}
 * @param refused dropped because the output cannot send them: too short, too long, too many slots
 * @param held in the hands of stages now
 * @param batches rounds in which a packet was received
 * @param copies sent by {@link PacketSlot#copyTo}, beside the packets
 * @param sleeps waits for packets or room
 * @param stages in their order
 */
public record PipelineCounts(
    long received,
    long receivedBytes,
    long forwarded,
    long forwardedBytes,
    long consumed,
    long full,
    long refused,
    long held,
    long batches,
    long copies,
    long sleeps,
    List<StageCounts> stages) {

  /**
   * What a stage has done, over all workers.
   *
   * @param name as it was given to {@link Pipeline.Builder#stage}
   * @param dropped packets that it did not want, or still held at the end
   * @param faults exceptions that it has thrown
   * @param failed packets lost by them
   */
  public record StageCounts(String name, long dropped, long faults, long failed) {}

  /** Packets that have been dropped, whatever the reason. */
  public long dropped() {
    long sum = full + refused;
    for (StageCounts stage : stages) {
      sum += stage.dropped + stage.failed;
    }
    return sum;
  }
}
