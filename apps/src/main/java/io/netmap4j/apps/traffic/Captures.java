package io.netmap4j.apps.traffic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The capture files that several commands of one process read and write. */
public final class Captures {
  /** The argument that stands for standard input, or standard output. */
  static final Path STREAM = Path.of("-");

  private static final int TYPE = 0170000;
  private static final int CHARACTER_DEVICE = 0020000;

  /** A command with capture files. */
  public interface User {
    List<Path> reads();

    List<Path> writes();
  }

  private Captures() {}

  /**
   * Refuses what would write over a file that is to be read, two captures into one file, or two
   * readers of one stream.
   *
   * @throws ParameterException before anything has been opened
   */
  public static void check(List<User> users, CommandSpec spec) {
    if (users.stream().filter(user -> user.reads().contains(STREAM)).count() > 1) {
      throw new ParameterException(
          spec.commandLine(), "standard input would be read by two commands");
    }
    Map<Object, Path> written = new HashMap<>();
    for (User user : users) {
      for (Path file : user.writes()) {
        Object key = key(file, 1);
        if (key != null && written.put(key, file) != null) {
          throw new ParameterException(
              spec.commandLine(),
              file + " would be written by two commands: give each its own file");
        }
      }
    }
    for (User user : users) {
      for (Path file : user.reads()) {
        Path other = written.get(key(file, 0));
        if (other != null) {
          throw new ParameterException(
              spec.commandLine(),
              file
                  + " would be read and written"
                  + (other.equals(file) ? "" : " (as " + other + ")")
                  + " by the same run: the file would be truncated before it is read; choose another");
        }
      }
    }
  }

  /** True when one of them has standard output for its packets: no text may go there. */
  public static boolean writeStandardOutput(List<User> users) {
    return users.stream().anyMatch(user -> user.writes().contains(STREAM));
  }

  /** Equal for two names of a file, through links too; null for what may be shared, a device. */
  private static Object key(Path named, int descriptor) {
    Path file = named.equals(STREAM) ? Path.of("/proc/self/fd/" + descriptor) : named;
    try {
      Map<String, Object> all = Files.readAttributes(file, "unix:mode,dev,ino");
      boolean shared = ((int) all.get("mode") & TYPE) == CHARACTER_DEVICE;
      return shared ? null : List.of(all.get("dev"), all.get("ino"));
    } catch (IOException e) {
      // not there yet: it will be where its name says
    }
    try {
      Path absolute = file.toAbsolutePath();
      return absolute.getParent().toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      return file; // whoever opens it will say what is wrong
    }
  }
}
