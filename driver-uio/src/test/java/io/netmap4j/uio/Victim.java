package io.netmap4j.uio;

import io.netmap4j.memory.Region;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process that uses cards and is killed: {@code Victim ROOT REAL CARD...}. */
final class Victim {
  private Victim() {}

  public static void main(String[] args) throws Exception {
    UioRig rig = new UioRig(Path.of(args[0]), Boolean.parseBoolean(args[1]));
    Region region = rig.region();
    List<NicDevice> devices = new ArrayList<>();
    for (String card : List.of(args).subList(2, args.length)) {
      NicDevice device = rig.open(card);
      device.domain().map(region);
      device.allocateDma(8192);
      device.writeConfig(UioRig.COMMAND, 2, rig.command(card) | UioRig.MASTER);
      devices.add(device);
    }
    Files.createFile(rig.root.resolve("ready"));
    Thread.sleep(60_000);
    System.exit(devices.size());
  }

  /** Starts one and kills it when it has everything. */
  static void live(UioRig rig, boolean real, String... cards) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Victim.class.getName(), rig.root.toString(), Boolean.toString(real)));
    command.addAll(List.of(cards));
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      Path ready = rig.root.resolve("ready");
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (!Files.exists(ready) && process.isAlive() && System.nanoTime() < deadline) {
        Thread.sleep(10);
      }
      if (!Files.deleteIfExists(ready)) {
        throw new AssertionError("the victim did not come to use its cards");
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
