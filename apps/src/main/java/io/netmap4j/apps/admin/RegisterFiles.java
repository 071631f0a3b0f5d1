package io.netmap4j.apps.admin;

import io.netmap4j.model.Nic82599;
import io.netmap4j.model.registerfile.RegisterFileServer;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of {@code nic-model} that serve two cards as files, and what they serve. */
final class RegisterFiles {
  @Option(
      names = "--register-file",
      paramLabel = "FOLDER",
      description =
          "Serves two cards as files in this folder, on a tmpfs, for drivers that use UIO: ours, or DPDK. The driver runs"
              + " inside bench/fake-machine FOLDER COMMAND. Needs root and hugepages. Quick, but counters, interrupts and"
              + " the order of register writes are not seen; broken rules are hints. With -s twice: for vfio-user clients,"
              + " which map BAR 0; needs neither root nor hugepages.")
  Path folder;

  @Option(
      names = "--lock-step",
      description =
          "With --register-file: packets move only when FOLDER/control asks for a window; the cards are not joined.")
  boolean lockStep;

  @Option(
      names = "--cpu",
      paramLabel = "N",
      defaultValue = "-1",
      description = "With --register-file: the CPU that the cards run on.")
  int cpu;

  /**
   * @return what is wrong with the options, null for nothing
   */
  String wrong(int sockets, boolean wire) {
    if (sockets == 0 && folder == null) {
      return "-s SOCKET or --register-file FOLDER: where to serve cards";
    }
    if (sockets == 1 && folder != null) {
      return "--register-file has two cards: give -s twice, or not at all";
    }
    if (folder == null && (lockStep || cpu >= 0)) {
      return (lockStep ? "--lock-step" : "--cpu") + " is for --register-file";
    }
    return lockStep && wire ? "--lock-step has no wire: leave --wire out" : null;
  }

  RegisterFileServer serve(List<Nic82599> cards, List<Path> sockets) {
    return RegisterFileServer.serve(
        new RegisterFileServer.Options(folder, sockets, lockStep, cpu), cards);
  }
}
