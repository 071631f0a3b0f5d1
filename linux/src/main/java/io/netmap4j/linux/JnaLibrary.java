package io.netmap4j.linux;

import com.sun.jna.Native;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Binds native methods to the C library, and says what helps when JNA cannot. */
final class JnaLibrary {
  private JnaLibrary() {}

  /**
   * Binds the native methods of a class.
   *
   * @throws UnsatisfiedLinkError JNA unpacks a library of its own into a folder, and could not
   *     write it there or load it from there
   */
  static void bind(Class<?> holder) {
    // It prints a stack trace before it throws what says the same.
    Logger logger = Logger.getLogger("com.sun.jna.Native");
    Level level = logger.getLevel();
    logger.setLevel(Level.OFF);
    try {
      Native.register(holder, "c");
    } catch (UnsatisfiedLinkError e) {
      UnsatisfiedLinkError told = new UnsatisfiedLinkError(text(e));
      told.initCause(e);
      throw told;
    } finally {
      logger.setLevel(level);
    }
  }

  private static String text(UnsatisfiedLinkError e) {
    String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason");
    return "JNA cannot load its native library, which makes the system calls: "
        + reason
        + "; it needs a folder that is writable and not mounted noexec: -Djna.tmpdir=FOLDER names one"
        + " (for the commands: NETMAP4J_JAVA_OPTS=-Djna.tmpdir=FOLDER)";
  }
}
