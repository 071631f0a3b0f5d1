package io.netmap4j.linux;

import java.lang.reflect.Field;
import net.openhft.chronicle.core.cleaner.CleanerServiceLocator;
import net.openhft.chronicle.core.cleaner.spi.ByteBufferCleanerService;
import net.openhft.chronicle.core.internal.cleaner.Jdk9ByteBufferCleanerService;

/** What Chronicle needs to be told before it is used. */
final class Chronicle {
  private Chronicle() {}

  /**
   * Names the service that frees direct buffers, the one that Chronicle would choose on every JDK
   * from 9 on. Its own search also tries an older way, and how much memory a trial frees; both ask
   * internals of the JDK, and print a warning each when the JVM has not been told to open them.
   * That is when the first {@code PointerBytesStore} is made, which needs no such service.
   *
   * <p>There is no setting for it, hence the two private fields. Where they are not to be had the
   * search takes place, with its warnings.
   */
  static void chooseCleaner() {
    synchronized (CleanerServiceLocator.class) { // as its cleanerService()
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
