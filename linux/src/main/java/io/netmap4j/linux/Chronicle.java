package io.netmap4j.linux;

import java.lang.reflect.Field;
import net.openhft.chronicle.core.cleaner.CleanerServiceLocator;
import net.openhft.chronicle.core.cleaner.spi.ByteBufferCleanerService;
import net.openhft.chronicle.core.internal.cleaner.Jdk9ByteBufferCleanerService;

/** Settings of Chronicle that have to be made before its first use. */
final class Chronicle {
  private Chronicle() {}

  /**
   * Names the service that frees direct buffers, the one that Chronicle would choose on every JDK
   * from 9 on. Its own search, which runs when the first {@code PointerBytesStore} is made, also
   * tries the service for older JDKs, and measures how much memory a trial frees. Both use
   * internals of the JDK, and each prints a warning unless the JVM opens them.
   *
   * <p>Chronicle has no setting for it, hence the two private fields. When they are not accessible,
   * the search takes place, with its warnings.
   */
  @SuppressWarnings("LockOnNonEnclosingClassLiteral") // the lock that guards its fields
  static void chooseCleaner() {
    synchronized (CleanerServiceLocator.class) { // as cleanerService() does
      try {
        Field chosen = CleanerServiceLocator.class.getDeclaredField("instance");
        Field done = CleanerServiceLocator.class.getDeclaredField("initialised");
        chosen.setAccessible(true);
        done.setAccessible(true);
        ByteBufferCleanerService service = new Jdk9ByteBufferCleanerService();
        if (!done.getBoolean(null)) {
          chosen.set(null, service);
          done.setBoolean(null, true);
        }
      } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
        // Another version of Chronicle: only noisier.
      }
    }
  }
}
