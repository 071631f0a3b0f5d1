package io.netmap4j.model.wire;

import io.netmap4j.linux.Mem;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Frames for tests, with checksums made by their own plain arithmetic. */
public final class TestFrames {
  public static final int TCP = 6;
  public static final int UDP = 17;

  private TestFrames() {}

  /** From 02:..:01 to the test card, with a payload that says its number. */
  public static byte[] plain(int number, int length) {
    ByteBuffer frame = ByteBuffer.allocate(length);
    frame.put(new byte[] {0, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 1}).putShort((short) 0x88B5);
    frame.putInt(number);
    while (frame.hasRemaining()) {
      frame.put((byte) (number + frame.position()));
    }
    return frame.array();
  }

  public static byte[] ip(String from, int sport, String to, int dport, int protocol, int payload) {
    try {
      byte[] source = InetAddress.getByName(from).getAddress();
      byte[] destination = InetAddress.getByName(to).getAddress();
      int l4 = protocol == TCP ? 20 : 8;
      ByteBuffer frame = ByteBuffer.allocate(14 + (source.length == 4 ? 20 : 40) + l4 + payload);
      frame.put(new byte[] {0, 2, 3, 4, 5, 6, 2, 0, 0, 0, 0, 1});
      if (source.length == 4) {
        frame.putShort((short) 0x0800).putShort((short) 0x4500);
        frame.putShort((short) (20 + l4 + payload)).putShort((short) 0x1234).putShort((short) 0);
        frame.put((byte) 64).put((byte) protocol).putShort((short) 0);
        frame.put(source).put(destination);
        frame.putShort(24, (short) ~sum(frame.array(), 14, 20, 0));
      } else {
        frame.putShort((short) 0x86DD).putInt(0x60000000).putShort((short) (l4 + payload));
        frame.put((byte) protocol).put((byte) 64).put(source).put(destination);
      }
      int start = frame.position();
      frame.putShort((short) sport).putShort((short) dport);
      if (protocol == TCP) {
        frame.putInt(1000).putInt(2000).put((byte) 0x50).put((byte) 0x18).putShort((short) 512);
        frame.putInt(0);
      } else {
        frame.putShort((short) (8 + payload)).putShort((short) 0);
      }
      for (int i = 0; i < payload; i++) {
        frame.put((byte) (i * 7));
      }
      int field = start + (protocol == TCP ? 16 : 6);
      frame.putShort(field, (short) ~l4Sum(frame.array(), start, frame.capacity() - start));
      return frame.array();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The sum over pseudo header and L4 part at {@code start}: 0xFFFF when its checksum is right. */
  public static int l4Sum(byte[] frame, int start, int length) {
    boolean v4 = frame[12] == 8;
    int protocol = frame[v4 ? 23 : 20];
    int addresses = v4 ? sum(frame, 26, 8, 0) : sum(frame, 22, 32, 0);
    return sum(frame, start, length, addresses + protocol + length);
  }

  public static int sum(byte[] bytes, int from, int length, int start) {
    int sum = start;
    for (int i = 0; i < length; i++) {
      sum += (bytes[from + i] & 0xFF) << ((i & 1) == 0 ? 8 : 0);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xFFFF) + (sum >>> 16);
    }
    return sum;
  }

  public static byte[] tagged(byte[] frame, int tag) {
    ByteBuffer tagged = ByteBuffer.allocate(frame.length + 4);
    tagged.put(frame, 0, 12).putShort((short) 0x8100).putShort((short) tag);
    return tagged.put(frame, 12, frame.length - 12).array();
  }

  public static boolean receive(FrameSink sink, byte[] frame) {
    long at = Mem.allocate(Math.max(1, frame.length));
    try {
      Mem.copyIn(frame, 0, at, frame.length);
      return sink.receive(at, frame.length);
    } finally {
      Mem.free(at);
    }
  }
}
