package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class NicDeviceTest {
  private static final int COMMAND = 4;

  private final AtomicInteger command = new AtomicInteger(0x7);
  private final CountDownLatch reading = new CountDownLatch(1);

  private final NicDevice device =
      (NicDevice)
          Proxy.newProxyInstance(
              NicDeviceTest.class.getClassLoader(),
              new Class<?>[] {NicDevice.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "readConfig" -> slowRead();
                    case "writeConfig" -> {
                      command.set((int) args[2]);
                      yield null;
                    }
                    default -> InvocationHandler.invokeDefault(proxy, method, args);
                  });

  private int slowRead() throws InterruptedException {
    int value = command.get();
    reading.countDown();
    TimeUnit.MILLISECONDS.sleep(100);
    return value;
  }

  @Test
  void twoThreadsMayChangeOneRegister() throws Exception {
    Thread other = new Thread(() -> device.changeConfig(COMMAND, 2, 0x4, 0x400));
    other.start();
    reading.await();
    device.changeConfig(COMMAND, 2, 0x1, 0x10);
    other.join();
    assertThat(command).hasValue(0x412);
  }
}
