package dev.ocelli.net;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;

/** Which addresses belong to the open internet: those that IANA's special-purpose registries (RFC 6890) don't set apart. */
public final class PublicAddresses {
  /** A network: its first bytes, and how many bits of them count. */
  private record Block(int[] bytes, int bits) {
    boolean contains(byte[] address) {
      for (int i = 0; i < bits; i++) {
        int mask = 0x80 >> i % 8;
        int here = i / 8 < bytes.length ? bytes[i / 8] : 0;
        if ((here & mask) != (address[i / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  private static Block block(int bits, int... bytes) {
    return new Block(bytes, bits);
  }

  private static final List<Block> SPECIAL_4 =
      List.of(
          block(8, 0), // this host
          block(8, 10),
          block(10, 100, 64), // carriers; a cloud's metadata service
          block(8, 127),
          block(32, 168, 63, 129, 16), // a cloud's own services at an address that looks public
          block(16, 169, 254), // link-local: metadata services
          block(12, 172, 16),
          block(24, 192, 0, 0),
          block(24, 192, 0, 2),
          block(24, 192, 88, 99),
          block(16, 192, 168),
          block(15, 198, 18),
          block(24, 198, 51, 100),
          block(24, 203, 0, 113),
          block(4, 224), // multicast
          block(4, 240)); // reserved, broadcast

  /** Of IPv6, only 2000::/3 is given out; of that, these are special. Two of them carry an IPv4 address that could be any. */
  private static final Block GLOBAL_6 = block(3, 0x20);

  private static final List<Block> SPECIAL_6 =
      List.of(
          block(23, 0x20, 0x01, 0x00), // protocols; Teredo
          block(32, 0x20, 0x01, 0x0d, 0xb8), // documentation
          block(16, 0x20, 0x02), // 6to4
          block(20, 0x3f, 0xff, 0x00)); // documentation

  private PublicAddresses() {}

  /** Whether a server on the open internet may have this address. Java has already made IPv4 of an IPv4-mapped one. */
  public static boolean contains(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (address instanceof Inet4Address) {
      return SPECIAL_4.stream().noneMatch(block -> block.contains(bytes));
    }
    return address instanceof Inet6Address && GLOBAL_6.contains(bytes) && SPECIAL_6.stream().noneMatch(block -> block.contains(bytes));
  }
}
